import { awaitHealthy } from "../../cluster/health/await.ts";
import type { ApplyInput, ApplyResult, AttemptContext } from "../../engine/ports/driver.ts";
import { type Outcome, rollBack, upgrade } from "./change.ts";
import { manifestMark, markOf } from "./marks.ts";
import { prepare } from "./prepare.ts";
import { refsOf } from "./refs.ts";
import { label, manifestHash, type Stored } from "./releases.ts";
import { retained } from "./retained.ts";
import { openSession, type Session } from "./session.ts";

/** How often it is asked again where another Helm was quicker, or the API server went away. */
const TRIES = 4;

/**
 * Helm applies, and this waits: by watches that explain what is missing and end as soon as it is certain that it will not come. What an attempt that is gone has left is set right before.
 * Rejects where it could not tell what has become of it.
 */
export async function apply(input: ApplyInput, context: AttemptContext): Promise<ApplyResult> {
  const session = await openSession(input, context);
  for (let tries = 1; ; tries++) {
    const prepared = await prepare(session);
    if (prepared.kind === "refused") return prepared.result;
    const outcome: Outcome =
      prepared.kind === "done"
        ? { kind: "applied", revision: prepared.revision }
        : await change(session, prepared.history, prepared.install);
    if (outcome.kind === "applied") return await serve(session, outcome.revision);
    if (outcome.kind === "failed") return { ok: false, changed: outcome.changed, message: outcome.message };
    if (tries === TRIES) throw new Error(`${session.title}: ${outcome.why}, and that ${TRIES} times`);
    context.log(outcome.why);
  }
}

async function change(session: Session, history: readonly Stored[], install: boolean): Promise<Outcome> {
  const { input, context, title } = session;
  if (input.takeBack) context.log("what others have changed since is taken back");
  if (input.direction === "deploy") return await upgrade(session, history, install);
  const way = retained(history, input.fingerprint);
  if (way.revision === null) {
    context.log(`${title} goes back by the chart of commit ${input.commit}: ${way.why}`);
    return await upgrade(session, history, install);
  }
  context.log(`${title} goes back to its revision ${way.revision.revision}, which holds what is recorded`);
  return await rollBack(session, history, way.revision);
}

async function serve(session: Session, revision: Stored): Promise<ApplyResult> {
  const { input, cluster, context, title, left } = session;
  const objects = await refsOf(revision);
  if (objects.length === 0) context.log(`the chart renders nothing: ${title} has nothing that could serve`);
  const [found] = await Promise.all([
    awaitHealthy(cluster, objects, { signal: context.signal, log: context.log, timeoutMs: left() }),
    seal(session, revision),
  ]);
  if (found.health === "healthy") {
    context.log(`${title} serves commit ${input.commit} (revision ${revision.revision}): ${found.summary}`);
    return { ok: true, url: null };
  }
  if (found.health === "unknown") throw new Error(`${title} is applied, and whether it serves cannot be told: ${found.summary}`);
  const text = [found.summary, ...found.problems].join("\n");
  return {
    ok: false,
    changed: true,
    message: found.certain ? text : `${title} does not serve after ${Math.round(input.definition.timeoutMs / 1000)} s: ${text}`,
  };
}

/** Notes what the revision holds, so that a way back can tell whether it still does. */
async function seal({ cluster, settings: { place } }: Session, revision: Stored): Promise<void> {
  const hash = manifestHash(revision);
  if (markOf(revision).manifest !== hash) await label(cluster, place, revision.revision, manifestMark(hash));
}
