import type { TargetId } from "../config/config.ts";
import { UNKNOWN_COMMIT } from "../plan/relations.ts";
import { MAX_LOST, startBuild, startOnTarget } from "./attempts.ts";
import { buildKey, type Draft, must } from "./draft.ts";
import type { Event, Observed } from "./events.ts";
import { becameLive, enter, markGood, markServing } from "./ledger.ts";
import { askRenders } from "./renders.ts";
import type { AttemptRow, StepRow } from "./rows.ts";
import { release, setStatus } from "./steps.ts";

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
  if (event.outcome === "succeeded") {
    becameLive(d, attempt, event.url);
    setStatus(d, row.run, row.id, "succeeded");
  } else if (event.outcome === "failed") {
    if (event.changed) {
      becameLive(d, attempt, event.url);
      d.setTarget({ ...d.target(target), health: "degraded" });
    } else {
      enter(d, attempt, { live: false });
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
    markServing(d, target, false);
    failed(d, row, event);
  }
  release(d, target, row.run);
}

function failed(d: Draft, row: StepRow, event: Ended): void {
  setStatus(d, row.run, row.id, event.outcome === "failed" ? "failed" : "errored", { code: "attempt", message: event.message ?? "no message" });
}

/** A person or a rollback cut it short: which of the two says how the step ends. */
function cutShort(d: Draft, row: StepRow, attempt: AttemptRow): void {
  const stop = d.runOf(row.run).stopped;
  const environment = d.planned(row.run, row.id).environment;
  const rollback = environment === null ? null : d.environment(environment).rollback;
  if (stop) setStatus(d, row.run, row.id, "cancelled", { code: stop.how, by: stop.by, reason: stop.reason });
  else if (rollback !== null && rollback !== row.run) setStatus(d, row.run, row.id, "superseded", { code: "rolled-back", run: rollback });
  else setStatus(d, row.run, row.id, "errored", { code: "attempt", message: `attempt ${attempt.id} was cut off` });
}

/** What is on the target is not known: its driver says before anything else happens there. */
function observeFirst(d: Draft, row: StepRow, attempt: AttemptRow): void {
  const target = must(attempt.target, "target of a deploy");
  d.setTarget({ ...d.target(target), unknown: { attempt: attempt.id, since: d.at }, health: "unknown" });
  setStatus(d, row.run, row.id, "running", { code: "observing", target });
  d.emit({ type: "target.observe", key: `observe:${target}/${attempt.id}`, target, definition: d.member(row.run, target).definition, attempt: attempt.id });
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
  d.setStep({ ...d.stepOf(row.run, row.id), lost });
  if (lost >= MAX_LOST) setStatus(d, row.run, row.id, "errored", { code: "lost-too-often", times: lost });
  else if (stop?.how === "cancelled" && attempt.kind !== "verify") setStatus(d, row.run, row.id, "cancelled", { code: "cancelled", by: stop.by, reason: stop.reason });
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
  d.setTarget({ ...there, busy: null, queue: [{ run: row.run, step: row.id }, ...there.queue] });
}

/** The driver's word on what is there: for a target met for the first time, and after an attempt that was cut off or lost. */
export function targetObserved(d: Draft, target: TargetId, observed: Observed): void {
  const there = d.target(target);
  if (there.unknown) return afterUnknown(d, target, there.unknown.attempt, observed);
  if (there.observed) return;
  d.setTarget({ ...there, observed: true });
  if (observed.kind === "live" && !there.live) imported(d, target, observed, "imported");
}

function afterUnknown(d: Draft, target: TargetId, id: string, observed: Observed): void {
  const attempt = must(d.attempt(id), `attempt ${id}`);
  const row = d.step(attempt.run, attempt.step);
  const mine = row?.status === "running" && row.attempt === id ? row : null;
  if (observed.kind === "unobservable" || observed.kind === "error") {
    // the target stays unknown until a person says what is true (settle)
    if (mine) setStatus(d, mine.run, mine.id, "errored", { code: "unobservable", target });
    release(d, target, attempt.run);
    return;
  }
  d.setTarget({ ...d.target(target), unknown: null, observed: true });
  if (isApplied(d, target, attempt, observed)) {
    becameLive(d, attempt, observed.kind === "live" ? observed.url : null);
    if (mine) setStatus(d, mine.run, mine.id, "succeeded");
    return;
  }
  const { live } = d.target(target);
  if (observed.kind === "live" && observed.commit !== live?.commit) imported(d, target, observed, live ? "external" : "imported");
  else d.setTarget({ ...d.target(target), health: observed.kind === "live" ? observed.health : "none" });
  if (observed.kind === "absent" && live) d.setTarget({ ...d.target(target), serving: false });
  if (!mine) return release(d, target, attempt.run);
  if (attempt.outcome === "lost") return again(d, mine, attempt);
  cutOrErrored(d, mine, attempt);
  release(d, target, attempt.run);
}

function cutOrErrored(d: Draft, row: StepRow, attempt: AttemptRow): void {
  if (attempt.outcome === "errored") setStatus(d, row.run, row.id, "errored", { code: "attempt", message: attempt.message ?? "no message" });
  else cutShort(d, row, attempt);
}

/** The fence tells; where the driver cannot see it, a commit that was not there before does. */
function isApplied(d: Draft, target: TargetId, attempt: AttemptRow, observed: Observed): boolean {
  if (observed.kind !== "live") return false;
  if (observed.attempt !== null) return observed.attempt === attempt.id;
  const commit = d.run(attempt.run) ? d.member(attempt.run, target).commit : null;
  return observed.commit !== null && observed.commit === commit && d.target(target).live?.commit !== commit;
}

function imported(d: Draft, target: TargetId, observed: Extract<Observed, { readonly kind: "live" }>, source: "imported" | "external"): void {
  const seq = d.seq();
  const commit = observed.commit ?? UNKNOWN_COMMIT;
  const live = { entry: seq, commit, digest: observed.digest, fingerprint: "", definition: "", needs: [], attempt: observed.attempt, run: null, since: d.at };
  d.addLedger({ seq, target, commit, digest: observed.digest, fingerprint: "", definition: null, attempt: observed.attempt, run: null, source, live: true, serving: false, good: false, at: d.at });
  d.setTarget({ ...d.target(target), live, serving: false, good: false, health: observed.health, url: observed.url });
}

/** A person says what is true where no driver can. */
export function settleTarget(d: Draft, target: TargetId, applied: boolean): boolean {
  const { unknown } = d.target(target);
  if (!unknown) return false;
  d.setTarget({ ...d.target(target), unknown: null, observed: true });
  const attempt = d.attempt(unknown.attempt);
  if (applied && attempt) becameLive(d, attempt, d.target(target).url);
  release(d, target, attempt?.run ?? "");
  return true;
}
