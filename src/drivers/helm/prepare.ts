import { isClusterError } from "../../cluster/errors.ts";
import type { ApplyResult } from "../../engine/ports/driver.ts";
import { rollbackArguments, uninstallArguments } from "./arguments.ts";
import { markOf, rollbackMarks, takenMarks } from "./marks.ts";
import { conclude, isPending, label, readHistory, type Stored, watchHistory } from "./releases.ts";
import { decide } from "./repair.ts";
import { retained } from "./retained.ts";
import { runHelm } from "./run.ts";
import type { Session } from "./session.ts";
import { handOver } from "./words.ts";
import { isBusy } from "./standing.ts";

/** The release as it is when Helm can be asked to change it; or why that will not happen. */
export type Prepared =
  | { readonly kind: "ready"; readonly history: readonly Stored[]; readonly install: boolean }
  | { readonly kind: "done"; readonly revision: Stored }
  | { readonly kind: "refused"; readonly result: ApplyResult };

/** Each repair ends with another state; more than these are one that comes back again and again. */
const ROUNDS = 6;
/** How long somebody else's Helm is waited for, at most; and never longer than half of what is left. */
const OTHERS_MS = 5 * 60_000;
const REPAIR_MS = 120_000;

/** Waits for others and sets right what an attempt that is gone has left. Rejects where it could not tell, or a repair did not come to its end. */
export async function prepare(session: Session): Promise<Prepared> {
  const { input, title, context } = session;
  const { service, environment } = input.definition;
  for (let round = 1; round <= ROUNDS; round++) {
    const history = await readWhatCounts(session);
    const goesBack = input.direction === "rollback" && retained(history, input.fingerprint).revision !== null;
    const step = decide(history, {
      ...input,
      service,
      environment,
      title,
      goesBack,
      handOver: (revision) => handOver(session.settings.place, revision),
    });
    switch (step.kind) {
      case "go":
        if (step.said !== null) context.log(step.said);
        return { kind: "ready", history, install: step.install };
      case "done":
        return { kind: "done", revision: must(history, step.revision) };
      case "refuse":
        return { kind: "refused", result: { ok: false, changed: false, message: step.message } };
      case "wait": {
        const late = await waitForOther(session, must(history, step.revision), history);
        if (late !== null) return { kind: "refused", result: { ok: false, changed: false, message: late } };
        break;
      }
      case "conclude":
        context.log(step.said);
        await conclude(
          session.cluster,
          session.settings.place,
          step.revision,
          `sluice: the attempt ${input.attempt} found it without its Helm`,
        );
        break;
      case "uninstall":
        context.log(step.said);
        await runHelm(
          session,
          uninstallArguments(session.settings, { place: session.place, timeoutMs: Math.min(REPAIR_MS, session.left()) }),
        );
        break;
      case "restore":
        context.log(step.said);
        await restore(session, must(history, step.to), step.from + 1);
        await conclude(session.cluster, session.settings.place, step.from, "sluice: its attempt was cut off");
        break;
    }
  }
  throw new Error(
    `${title} is left in another unfinished state after each repair: \`helm history ${session.settings.place.release}\` shows them`,
  );
}

/** Where nothing is wrong the current revision says enough; what is superseded counts for repairs and ways back. */
async function readWhatCounts({ cluster, settings: { place }, input }: Session): Promise<readonly Stored[]> {
  if (input.direction === "rollback") return await readHistory(cluster, place, "all");
  const current = await readHistory(cluster, place, "current");
  return current.at(-1)?.status === "deployed" ? current : await readHistory(cluster, place, "all");
}

/** Back to a revision that was good, without hooks and without waiting: what is deployed next brings both. */
async function restore(session: Session, to: Stored, next: number): Promise<void> {
  const { cluster, settings, place, version, input } = session;
  const { attempt, by } = markOf(to);
  // what was live before is live again, by the attempt that made it; a revision of somebody else has none, and must not seem to be of this one
  await label(cluster, settings.place, to.revision, {
    ...(by === null ? takenMarks(input) : {}),
    ...rollbackMarks(to, { attempt: attempt ?? "restored", run: input.run }, next),
  });
  const options = { version, place, timeoutMs: Math.min(REPAIR_MS, session.left()), wait: false };
  await runHelm(session, rollbackArguments({ ...settings, hooks: false }, to.revision, options));
}

/** null when it has ended; else what to say. */
async function waitForOther(session: Session, busy: Stored, history: readonly Stored[]): Promise<string | null> {
  const { cluster, settings, context, title } = session;
  const limitMs = Math.floor(Math.min(OTHERS_MS, session.left() / 2));
  const since = new Date(busy.at).toISOString();
  context.log(
    `${title} is being changed by somebody else (revision ${busy.revision}, ${busy.status} since ${since}): waiting up to ${Math.round(limitMs / 1000)} s`,
  );
  const limit = AbortSignal.timeout(limitMs);
  try {
    for await (const seen of watchHistory(cluster, settings.place, AbortSignal.any([limit, context.signal]))) {
      const latest = seen.at(-1);
      if (latest === undefined || !isBusy(latest)) return null;
    }
  } catch (error) {
    if (!isClusterError(error, "forbidden")) throw error;
  }
  context.signal.throwIfAborted();
  return `${title} is being changed by somebody else: revision ${busy.revision} is ${busy.status} since ${since}, and no attempt of Sluice began that. Wait for its end; where nobody is at work any more, run \`${remedy(session, busy, history)}\` and retry`;
}

function remedy({ settings: { place } }: Session, { status }: Stored, history: readonly Stored[]): string {
  const where = `--namespace ${place.namespace}${place.context === undefined ? "" : ` --kube-context ${place.context}`}`;
  const back = isPending(status) ? history.findLast((one) => one.status === "deployed") : undefined;
  return back === undefined ? `helm uninstall ${place.release} ${where}` : `helm rollback ${place.release} ${back.revision} ${where}`;
}

function must(history: readonly Stored[], revision: number): Stored {
  const found = history.find((one) => one.revision === revision);
  if (found === undefined) throw new Error(`there is no revision ${revision}`);
  return found;
}
