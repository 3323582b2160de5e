import { assess } from "../../cluster/health/assess.ts";
import type { Observed } from "../../core/run/events.ts";
import type { ObserveInput } from "../../engine/ports/driver.ts";
import { currentHistory, lookAt } from "./look.ts";
import { otherTarget } from "./marks.ts";
import { refsOf } from "./refs.ts";
import { isBusy, standingOf } from "./standing.ts";

/** What the release's Secrets say is live, and how its workloads are: one request, and one for each folder of workloads. */
export async function observe(
  { project, target, definition }: ObserveInput,
  context: { readonly signal: AbortSignal; readonly home: string },
): Promise<Observed> {
  if (definition === null) return { kind: "unobservable" };
  try {
    const look = await lookAt(definition, context);
    const history = await currentHistory(look);
    // what another target has taken over is live there, and not here as well
    if (otherTarget(history.at(-1), { ...definition, project }) !== null) return { kind: "absent" };
    const standing = standingOf(history);
    if (standing.kind === "absent") return { kind: "absent" };
    // no commit is there as a whole, and no attempt has brought one
    if (standing.kind === "half")
      return {
        kind: "live",
        commit: null,
        digest: null,
        attempt: null,
        health: isBusy(standing.revision) ? "progressing" : "degraded",
        url: null,
      };
    const { commit, digest, attempt, revision } = standing;
    const { health } = await assess(look.cluster, await refsOf(revision));
    return { kind: "live", commit, digest, attempt, health, url: null };
  } catch (error) {
    context.signal.throwIfAborted();
    return { kind: "error", message: `${target}: ${error instanceof Error ? error.message : String(error)}` };
  }
}
