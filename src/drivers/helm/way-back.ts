import type { LookContext, RenderInput, WayBack } from "../../engine/ports/driver.ts";
import { lookAt } from "./look.ts";
import { otherTarget } from "./marks.ts";
import { readHistory } from "./releases.ts";
import { template } from "./render.ts";
import { retained } from "./retained.ts";
import { handOver } from "./words.ts";

/** By the recorded revision where it is still there and holds what is recorded, else by the chart of the commit. */
export async function wayBack(input: RenderInput & { readonly fingerprint: string }, context: LookContext): Promise<WayBack> {
  const { cluster, settings } = await lookAt(input.definition, context);
  const { place } = settings;
  const history = await readHistory(cluster, place, "all");
  const latest = history.at(-1);
  const other = otherTarget(latest, { ...input.definition, project: input.project });
  if (latest !== undefined && other !== null)
    return {
      ok: false,
      message: `the release ${place.release} in ${place.namespace} belongs to ${other} by now: two targets cannot go back on one release`,
      hint: `Leave one of them out; or hand the release over first: \`${handOver(place, latest.revision)}\``,
    };
  const way = retained(history, input.fingerprint);
  if (way.revision !== null) return { ok: true, means: `helm rollback to revision ${way.revision.revision}` };
  try {
    const { title } = await template(input, context);
    return { ok: true, means: `helm upgrade by the chart ${title} of commit ${input.commit.slice(0, 12)}: ${way.why}` };
  } catch (error) {
    context.signal.throwIfAborted();
    const message = error instanceof Error ? error.message : String(error);
    return {
      ok: false,
      message: `${way.why}, and the chart of commit ${input.commit.slice(0, 12)} cannot be used: ${message}`,
      hint: "Deploy a commit with the change taken back instead, or fetch that commit (`git fetch --all`); a larger `historyMax` keeps more revisions for the next time",
    };
  }
}
