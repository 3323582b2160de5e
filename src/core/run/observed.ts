import type { TargetId } from "../config/config.ts";
import { UNKNOWN_COMMIT } from "../plan/relations.ts";
import { holders } from "./attempts.ts";
import type { Draft } from "./draft.ts";
import type { Observed } from "./events.ts";
import { becameLive, becameNothing } from "./ledger.ts";
import { again, cutShort, type Steps } from "./outcomes.ts";
import { must } from "./overlay.ts";
import type { AttemptRow, Live, TargetRow } from "./rows.ts";
import { splitKey } from "./state.ts";
import { release, setStatus } from "./steps.ts";

type Unknown = NonNullable<TargetRow["unknown"]>;
/** The driver could tell. */
type There = Extract<Observed, { readonly kind: "live" | "absent" }>;

/** The driver's word on what is there: for a target met for the first time since the store was opened, and after an attempt that was cut off or lost. */
export function targetObserved(d: Draft, target: TargetId, observed: Observed): void {
  const there = d.target(target);
  if (there.unknown) return afterUnknown(d, target, there.unknown, observed);
  if (there.observed) return;
  if (observed.kind === "error") return unseen(d, target, observed.message);
  d.setTarget({ ...there, observed: true });
  // an attempt that is under way may have removed it, to put something in its place
  if (there.live && !(observed.kind === "absent" && there.busy)) seen(d, target, there.live, observed);
  else if (there.live) return;
  else if (observed.kind === "live") imported(d, target, observed, "imported");
}

/** Nothing is decided over a target that could not be looked at; the next run looks again. */
function unseen(d: Draft, target: TargetId, message: string): void {
  for (const key of d.watchers(`target:${target}`)) {
    const { run, step } = splitKey(key);
    if (d.stepOf(run, step).reason?.code === "observing")
      setStatus(d, run, step, "errored", { code: "attempt", message: `${target} could not be observed: ${message}` });
  }
}

function afterUnknown(d: Draft, target: TargetId, unknown: Unknown, observed: Observed): void {
  if (observed.kind === "live" || observed.kind === "absent")
    return learned(d, target, unknown, isApplied(d, target, unknown, observed), observed);
  // the target stays unknown until a person says what is true (settle)
  for (const row of waitingFor(d, unknown)) setStatus(d, row.run, row.id, "errored", { code: "unobservable", target });
  release(d, target, unknown.attempt);
  // where the driver could tell another time, whoever comes next asks it again
  if (observed.kind === "error") unseen(d, target, observed.message);
}

/** Whether the attempt in doubt was applied is known now, by its driver's word or a person's (`observed` is null). */
function learned(d: Draft, target: TargetId, unknown: Unknown, applied: boolean, observed: There | null): void {
  const steps = waitingFor(d, unknown);
  d.setTarget({ ...d.target(target), unknown: null, observed: true });
  if (applied) {
    becameLive(d, target, unknown.live, observed?.kind === "live" ? observed.url : null);
    for (const row of steps) setStatus(d, row.run, row.id, "succeeded");
    if (steps.length === 0) release(d, target, unknown.attempt);
    return;
  }
  if (observed) notApplied(d, target, observed, d.attempt(unknown.attempt));
  if (steps.length === 0) return release(d, target, unknown.attempt);
  const attempt = must(d.attempt(unknown.attempt), `attempt ${unknown.attempt}`);
  if (attempt.outcome === "lost") return again(d, steps, attempt);
  cutOrErrored(d, steps, attempt);
  release(d, target, attempt.id);
}

function notApplied(d: Draft, target: TargetId, observed: There, attempt: AttemptRow | null): void {
  const { live } = d.target(target);
  // No commit is there as a whole: that is this attempt's doing, and no change from outside.
  const half = observed.kind === "live" && observed.commit === null && live !== null;
  if (half) d.setTarget({ ...d.target(target), health: observed.health, serving: false, good: false });
  else if (observed.kind === "live" && observed.commit !== live?.commit) imported(d, target, observed, live ? "external" : "imported");
  else if (observed.kind === "live") d.setTarget({ ...d.target(target), health: observed.health });
  else if (!isJob(d, target, attempt)) becameNothing(d, target);
}

/** A job counts by its last success: what it has left may be gone, and it is never live. */
const isJob = (d: Draft, target: TargetId, attempt: AttemptRow | null): boolean =>
  attempt !== null && d.member(attempt.run, target).definition.job;

/** The steps that wait for that word; none where they have ended without it. */
function waitingFor(d: Draft, unknown: Unknown): Steps {
  const attempt = d.attempt(unknown.attempt);
  return attempt ? holders(d, attempt) : [];
}

function cutOrErrored(d: Draft, steps: Steps, attempt: AttemptRow): void {
  if (attempt.outcome !== "errored") return cutShort(d, steps, attempt);
  for (const row of steps) setStatus(d, row.run, row.id, "errored", { code: "attempt", message: attempt.message ?? "no message" });
}

/** The fence tells; where the driver cannot see it, a commit that was not there before does. */
function isApplied(d: Draft, target: TargetId, unknown: Unknown, observed: Observed): boolean {
  if (observed.kind !== "live") return false;
  if (observed.attempt !== null) return observed.attempt === unknown.attempt;
  const { commit } = unknown.live;
  return observed.commit === commit && d.target(target).live?.commit !== commit;
}

/** Between runs: whether it is healthy now, and whether somebody else has changed it. A look that began before what is live now says nothing. */
export function targetWatched(d: Draft, target: TargetId, entry: number, observed: Observed): void {
  const there = d.target(target);
  if (there.busy || there.unknown) return;
  if (there.live?.entry === entry) seen(d, target, there.live, observed);
  else if (!there.live && there.gone?.entry === entry && observed.kind === "live") imported(d, target, observed, "external");
}

/** What is there is compared with what the ledger says is live. */
function seen(d: Draft, target: TargetId, live: Live, observed: Observed): void {
  const there = d.target(target);
  if (observed.kind === "unobservable") return;
  if (observed.kind === "live") {
    const other = observed.commit !== null && observed.commit !== live.commit;
    // no commit is there as a whole any more
    const half = observed.commit === null && observed.health === "degraded";
    if (other) imported(d, target, observed, "external");
    else if (half && (there.serving || there.good))
      d.setTarget({ ...there, serving: false, good: false, health: observed.health, url: observed.url });
    else if (observed.health !== there.health || observed.url !== there.url)
      d.setTarget({ ...there, health: observed.health, url: observed.url });
  } else if (observed.kind === "absent") becameNothing(d, target);
  else if (there.health !== "unknown") d.setTarget({ ...there, health: "unknown" });
}

function imported(
  d: Draft,
  target: TargetId,
  observed: Extract<Observed, { readonly kind: "live" }>,
  source: "imported" | "external",
): void {
  const seq = d.seq();
  const commit = observed.commit ?? UNKNOWN_COMMIT;
  const live = {
    entry: seq,
    commit,
    digest: observed.digest,
    fingerprint: "",
    definition: "",
    needs: [],
    attempt: observed.attempt,
    run: null,
    since: d.at,
  };
  d.addLedger({
    seq,
    target,
    commit,
    digest: observed.digest,
    fingerprint: "",
    definition: null,
    attempt: observed.attempt,
    run: null,
    source,
    live: true,
    serving: false,
    good: false,
    at: d.at,
  });
  d.setTarget({ ...d.target(target), live, gone: null, serving: false, good: false, health: observed.health, url: observed.url });
}

/** A person says what is true where no driver can. */
export function settleTarget(d: Draft, target: TargetId, applied: boolean): boolean {
  const { unknown } = d.target(target);
  if (unknown) learned(d, target, unknown, applied, null);
  return unknown !== null;
}
