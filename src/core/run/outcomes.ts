import type { TargetId } from "../config/config.ts";
import { UNKNOWN_COMMIT } from "../plan/relations.ts";
import { MAX_LOST, startBuild, startOnTarget } from "./attempts.ts";
import { buildKey, type Draft } from "./draft.ts";
import { must } from "./overlay.ts";
import type { Event, Observed } from "./events.ts";
import { becameLive, enter, leftBy, markGood, markServing } from "./ledger.ts";
import { askRenders } from "./renders.ts";
import type { AttemptRow, RunId, StepRow, TargetRow } from "./rows.ts";
import { splitKey } from "./state.ts";
import { release, reopenGate, setStatus } from "./steps.ts";

type Unknown = NonNullable<TargetRow["unknown"]>;
/** The driver could tell. */
type There = Extract<Observed, { readonly kind: "live" | "absent" }>;
type Ended = Extract<Event, { readonly type: "attempt.ended" }>;

/** An attempt's outcome; what comes twice, late or for a step that has ended since changes nothing else. */
export function attemptEnded(d: Draft, event: Ended): void {
  const attempt = d.attempt(event.attempt);
  if (!attempt || attempt.outcome !== null) return;
  d.setAttempt({ ...attempt, outcome: event.outcome, message: event.message, endedAt: d.at });
  const row = d.step(attempt.run, attempt.step);
  if (!row || row.status !== "running" || row.attempt !== attempt.id) return;
  if (attempt.kind === "build") buildEnded(d, row, attempt, event);
  else if (attempt.kind === "deploy") deployEnded(d, row, attempt, event);
  else checksEnded(d, row, attempt, event);
}

function buildEnded(d: Draft, row: StepRow, attempt: AttemptRow, event: Ended): void {
  if (event.outcome === "succeeded" && event.digest !== null) {
    const artifact = must(d.planned(row.run, row.id).artifact, "artifact of a build");
    const commit = d.runOf(row.run).commit;
    d.setBuild({ key: buildKey(artifact, commit), artifact, commit, digest: event.digest, attempt: attempt.id, at: d.at });
    setStatus(d, row.run, row.id, "succeeded");
    askRenders(d, row.run, artifact);
  } else if (event.outcome === "cut") cutShort(d, row, attempt);
  else failed(d, row, event);
}

function deployEnded(d: Draft, row: StepRow, attempt: AttemptRow, event: Ended): void {
  const target = must(attempt.target, "target of a deploy");
  const left = leftBy(d, attempt);
  if (event.outcome === "succeeded") {
    becameLive(d, target, left, event.url);
    setStatus(d, row.run, row.id, "succeeded");
  } else if (event.outcome === "failed") {
    if (event.changed) {
      becameLive(d, target, left, event.url);
      d.setTarget({ ...d.target(target), health: "degraded" });
    } else {
      enter(d, target, left, { live: false });
      d.setTarget({ ...d.target(target), health: d.target(target).live ? (d.target(target).serving ? "healthy" : "degraded") : "none" });
    }
    failed(d, row, event);
    release(d, target, row.run);
  } else observeFirst(d, row, attempt);
}

/** Verify and soak judge what is live and change nothing. */
function checksEnded(d: Draft, row: StepRow, attempt: AttemptRow, event: Ended): void {
  const target = must(attempt.target, "target of a check");
  if (event.outcome === "succeeded") {
    setStatus(d, row.run, row.id, "succeeded");
    if (attempt.kind === "verify") markServing(d, target, true);
    const soaks = attempt.kind === "verify" && d.plan(row.run).step.has(`soak:${target}`);
    if (soaks) return; // the soak holds the target on
    markGood(d, target);
  } else if (event.outcome === "cut") cutShort(d, row, attempt);
  else {
    // a soak that could not be told says nothing against what was verified
    if (event.outcome === "failed" || attempt.kind === "verify") markServing(d, target, false);
    failed(d, row, event);
  }
  release(d, target, row.run);
}

function failed(d: Draft, row: StepRow, event: Ended): void {
  setStatus(d, row.run, row.id, event.outcome === "failed" ? "failed" : "errored", {
    code: "attempt",
    message: event.message ?? "no message",
  });
}

/** A person or a rollback cut it short: which of the two says how the step ends. */
function cutShort(d: Draft, row: StepRow, attempt: AttemptRow): void {
  const stop = d.runOf(row.run).stopped;
  const rollback = rollbackOver(d, row);
  if (stop) setStatus(d, row.run, row.id, "cancelled", { code: stop.how, by: stop.by, reason: stop.reason });
  else if (rollback !== null) setStatus(d, row.run, row.id, "superseded", { code: "rolled-back", run: rollback });
  else setStatus(d, row.run, row.id, "errored", { code: "attempt", message: `attempt ${attempt.id} was cut off` });
}

/** The rollback of a step's environment by another run: what has not begun there yields to it. */
function rollbackOver(d: Draft, row: StepRow): RunId | null {
  const { environment, target } = d.planned(row.run, row.id);
  const rollback = environment === null || target === null ? null : d.environment(environment).rollback;
  return rollback === row.run ? null : rollback;
}

/** What is on the target is not known: its driver says before anything else happens there. */
function observeFirst(d: Draft, row: StepRow, attempt: AttemptRow): void {
  const target = must(attempt.target, "target of a deploy");
  d.setTarget({ ...d.target(target), unknown: { attempt: attempt.id, since: d.at, live: leftBy(d, attempt) }, health: "unknown" });
  setStatus(d, row.run, row.id, "running", { code: "observing", target });
  d.emit({
    type: "target.observe",
    key: `observe:${target}/${attempt.id}`,
    target,
    definition: d.member(row.run, target).definition,
    attempt: attempt.id,
  });
}

/** The process of an attempt is gone and left no outcome. */
export function attemptLost(d: Draft, event: Extract<Event, { readonly type: "attempt.lost" }>): void {
  const attempt = d.attempt(event.attempt);
  if (!attempt || attempt.outcome !== null) return;
  d.setAttempt({ ...attempt, outcome: "lost", endedAt: d.at });
  const row = d.step(attempt.run, attempt.step);
  if (!row || row.status !== "running" || row.attempt !== attempt.id) return;
  if (attempt.kind === "deploy") observeFirst(d, row, attempt);
  else again(d, row, attempt);
}

/** A lost attempt that is known to have changed nothing, or whose act can be repeated, is made again. */
function again(d: Draft, row: StepRow, attempt: AttemptRow): void {
  const stop = d.runOf(row.run).stopped;
  const lost = row.lost + 1;
  const rollback = rollbackOver(d, row);
  d.setStep({ ...d.stepOf(row.run, row.id), lost });
  if (lost >= MAX_LOST) setStatus(d, row.run, row.id, "errored", { code: "lost-too-often", times: lost });
  else if (stop?.how === "cancelled" && attempt.kind !== "verify")
    setStatus(d, row.run, row.id, "cancelled", { code: "cancelled", by: stop.by, reason: stop.reason });
  else if (rollback !== null && attempt.kind !== "verify")
    setStatus(d, row.run, row.id, "superseded", { code: "rolled-back", run: rollback });
  else if (attempt.kind === "build") return startBuild(d, row.run, row.id);
  else if (attempt.kind === "deploy") return fromTheStart(d, row, attempt);
  else {
    startOnTarget(d, row.run, row.id, attempt.kind);
    return;
  }
  if (attempt.target !== null) release(d, attempt.target, row.run);
}

/** Whatever guards the target may have changed since: the deploy passes it all again, first in the queue. */
function fromTheStart(d: Draft, row: StepRow, attempt: AttemptRow): void {
  const target = must(attempt.target, "target of a deploy");
  const there = d.target(target);
  setStatus(d, row.run, row.id, "pending");
  reopenGate(d, row.run, d.planned(row.run, row.id).environment);
  d.setTarget({ ...there, busy: null, queue: [{ run: row.run, step: row.id }, ...there.queue] });
}

/** The driver's word on what is there: for a target met for the first time, and after an attempt that was cut off or lost. */
export function targetObserved(d: Draft, target: TargetId, observed: Observed): void {
  const there = d.target(target);
  if (there.unknown) return afterUnknown(d, target, there.unknown, observed);
  if (there.observed) return;
  if (observed.kind === "error") return unseen(d, target, observed.message);
  d.setTarget({ ...there, observed: true });
  if (observed.kind === "live" && !there.live) imported(d, target, observed, "imported");
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
  const { run, row } = waitingFor(d, target, unknown);
  if (row) setStatus(d, run, row.id, "errored", { code: "unobservable", target });
  release(d, target, run);
}

/** Whether the attempt in doubt was applied is known now, by its driver's word or a person's (`observed` is null). */
function learned(d: Draft, target: TargetId, unknown: Unknown, applied: boolean, observed: There | null): void {
  const { run, row } = waitingFor(d, target, unknown);
  d.setTarget({ ...d.target(target), unknown: null, observed: true });
  if (applied) {
    becameLive(d, target, unknown.live, observed?.kind === "live" ? observed.url : null);
    if (row) setStatus(d, run, row.id, "succeeded");
    else release(d, target, run);
    return;
  }
  if (observed) notApplied(d, target, observed);
  if (!row) return release(d, target, run);
  const attempt = must(d.attempt(unknown.attempt), `attempt ${unknown.attempt}`);
  if (attempt.outcome === "lost") return again(d, row, attempt);
  cutOrErrored(d, row, attempt);
  release(d, target, run);
}

function notApplied(d: Draft, target: TargetId, observed: There): void {
  const { live } = d.target(target);
  if (observed.kind === "live" && observed.commit !== live?.commit) imported(d, target, observed, live ? "external" : "imported");
  else if (observed.kind === "live") d.setTarget({ ...d.target(target), health: observed.health });
  else d.setTarget({ ...d.target(target), health: "none", serving: false, good: false });
}

/** The step that waits for that word; null where it has ended without it. */
function waitingFor(d: Draft, target: TargetId, unknown: Unknown): { readonly run: RunId; readonly row: StepRow | null } {
  const run = must(unknown.live.run, "run of an attempt");
  const row = d.step(run, `deploy:${target}`);
  return { run, row: row?.status === "running" && row.attempt === unknown.attempt ? row : null };
}

function cutOrErrored(d: Draft, row: StepRow, attempt: AttemptRow): void {
  if (attempt.outcome === "errored")
    setStatus(d, row.run, row.id, "errored", { code: "attempt", message: attempt.message ?? "no message" });
  else cutShort(d, row, attempt);
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
  if (there.live?.entry !== entry || there.busy || there.unknown) return;
  if (observed.kind === "live") {
    const other = observed.commit !== null && observed.commit !== there.live.commit;
    if (other) imported(d, target, observed, "external");
    else if (observed.health !== there.health || observed.url !== there.url)
      d.setTarget({ ...there, health: observed.health, url: observed.url });
  } else {
    const health = observed.kind === "absent" ? "none" : "unknown";
    if (there.health !== health) d.setTarget({ ...there, health });
  }
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
  d.setTarget({ ...d.target(target), live, serving: false, good: false, health: observed.health, url: observed.url });
}

/** A person says what is true where no driver can. */
export function settleTarget(d: Draft, target: TargetId, applied: boolean): boolean {
  const { unknown } = d.target(target);
  if (unknown) learned(d, target, unknown, applied, null);
  return unknown !== null;
}
