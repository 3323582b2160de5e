import { voidFor } from "./approvals.ts";
import { holders, join, MAX_LOST, startBuild, startOnTarget } from "./attempts.ts";
import { buildKey, type Draft } from "./draft.ts";
import { must } from "./overlay.ts";
import type { Event } from "./events.ts";
import { becameLive, enter, leftBy, markGood, markServing } from "./ledger.ts";
import { askRenders } from "./renders.ts";
import { askRestore } from "./restore.ts";
import type { AttemptRow, RunId, StepRow } from "./rows.ts";
import { release, reopenGate, setStatus } from "./steps.ts";

type Ended = Extract<Event, { readonly type: "attempt.ended" }>;
/** The steps that go by an attempt: all end as it does. */
export type Steps = readonly StepRow[];

/** An attempt's outcome; what comes twice, late or for steps that have ended since changes nothing else. */
export function attemptEnded(d: Draft, event: Ended): void {
  const attempt = d.attempt(event.attempt);
  if (!attempt || attempt.outcome !== null) return;
  d.setAttempt({ ...attempt, outcome: event.outcome, message: event.message, endedAt: d.at });
  const steps = holders(d, attempt);
  if (steps.length === 0) return;
  if (attempt.kind === "build") buildEnded(d, steps, attempt, event);
  else if (attempt.kind === "deploy") deployEnded(d, steps, attempt, event);
  else checksEnded(d, steps, attempt, event);
}

function buildEnded(d: Draft, steps: Steps, attempt: AttemptRow, event: Ended): void {
  if (event.outcome === "succeeded" && event.digest !== null) {
    const artifact = must(d.planned(attempt.run, attempt.step).artifact, "artifact of a build");
    const commit = d.runOf(attempt.run).commit;
    d.setBuild({ key: buildKey(artifact, commit), artifact, commit, digest: event.digest, attempt: attempt.id, at: d.at });
    for (const row of steps) {
      setStatus(d, row.run, row.id, "succeeded");
      askRenders(d, row.run, artifact);
    }
  } else if (event.outcome === "cut") cutShort(d, steps, attempt);
  else failed(d, steps, event);
}

function deployEnded(d: Draft, steps: Steps, attempt: AttemptRow, event: Ended): void {
  const target = must(attempt.target, "target of a deploy");
  const left = leftBy(d, attempt);
  if (event.outcome === "succeeded") {
    becameLive(d, target, left, event.url);
    for (const row of steps) setStatus(d, row.run, row.id, "succeeded");
  } else if (event.outcome === "failed") {
    if (event.changed) {
      becameLive(d, target, left, event.url);
      d.setTarget({ ...d.target(target), health: "degraded" });
    } else {
      enter(d, target, left, { live: false });
      d.setTarget({ ...d.target(target), health: d.target(target).live ? (d.target(target).serving ? "healthy" : "degraded") : "none" });
    }
    failed(d, steps, event);
    release(d, target, attempt.id);
    askRestore(d, attempt);
  } else observeFirst(d, steps, attempt);
}

/** Verify and soak judge what is live and change nothing. */
function checksEnded(d: Draft, steps: Steps, attempt: AttemptRow, event: Ended): void {
  const target = must(attempt.target, "target of a check");
  if (event.outcome === "succeeded") {
    for (const row of steps) setStatus(d, row.run, row.id, "succeeded");
    if (attempt.kind === "verify") markServing(d, target, true);
    const soaks = attempt.kind === "verify" && steps.some((row) => d.plan(row.run).step.has(`soak:${target}`));
    if (soaks) return; // the soak holds the target on
    markGood(d, target);
  } else if (event.outcome === "cut") cutShort(d, steps, attempt);
  else {
    // a soak that could not be told says nothing against what was verified
    if (event.outcome === "failed" || attempt.kind === "verify") markServing(d, target, false);
    failed(d, steps, event);
  }
  release(d, target, attempt.id);
  if (event.outcome === "failed") askRestore(d, attempt);
}

function failed(d: Draft, steps: Steps, event: Ended): void {
  for (const row of steps) {
    setStatus(d, row.run, row.id, event.outcome === "failed" ? "failed" : "errored", {
      code: "attempt",
      message: event.message ?? "no message",
    });
    voidEarly(d, row);
  }
}

/** Section 6: what was decided before it had arrived is void for members that fail on their way. */
function voidEarly(d: Draft, { run, id }: StepRow): void {
  const { target } = d.planned(run, id);
  const failed = target === null ? null : d.member(run, target);
  for (const member of failed ? Object.values(d.plan(run).plan.members) : [])
    if (member.service === failed?.service && member.environment !== failed.environment)
      voidFor(d, member.commit, member.target, "it failed on its way there", "early");
}

/** A person or a rollback cut it short: which of the two says how each step ends. */
export function cutShort(d: Draft, steps: Steps, attempt: AttemptRow): void {
  for (const row of steps) {
    const stop = d.runOf(row.run).stopped;
    const rollback = rollbackOver(d, row);
    if (stop) setStatus(d, row.run, row.id, "cancelled", { code: stop.how, by: stop.by, reason: stop.reason });
    else if (rollback !== null) setStatus(d, row.run, row.id, "superseded", { code: "rolled-back", run: rollback });
    else setStatus(d, row.run, row.id, "errored", { code: "attempt", message: `attempt ${attempt.id} was cut off` });
  }
}

/** The rollback of a step's environment by another run: what has not begun there yields to it. */
function rollbackOver(d: Draft, row: StepRow): RunId | null {
  const { environment, target } = d.planned(row.run, row.id);
  const rollback = environment === null || target === null ? null : d.environment(environment).rollback;
  return rollback === row.run ? null : rollback;
}

/** What is on the target is not known: its driver says before anything else happens there. */
function observeFirst(d: Draft, steps: Steps, attempt: AttemptRow): void {
  const target = must(attempt.target, "target of a deploy");
  d.setTarget({ ...d.target(target), unknown: { attempt: attempt.id, since: d.at, live: leftBy(d, attempt) }, health: "unknown" });
  for (const row of steps) setStatus(d, row.run, row.id, "running", { code: "observing", target });
  d.emit({
    type: "target.observe",
    key: `observe:${target}/${attempt.id}`,
    target,
    definition: d.member(attempt.run, target).definition,
    attempt: attempt.id,
  });
}

/** The process of an attempt is gone and left no outcome. */
export function attemptLost(d: Draft, event: Extract<Event, { readonly type: "attempt.lost" }>): void {
  const attempt = d.attempt(event.attempt);
  if (!attempt || attempt.outcome !== null) return;
  d.setAttempt({ ...attempt, outcome: "lost", endedAt: d.at });
  const steps = holders(d, attempt);
  if (steps.length === 0) return;
  if (attempt.kind === "deploy") observeFirst(d, steps, attempt);
  else again(d, steps, attempt);
}

/** A lost attempt that is known to have changed nothing, or whose act can be repeated, is made again for those who still want it. */
export function again(d: Draft, steps: Steps, attempt: AttemptRow): void {
  const wanting = steps.filter((row) => wants(d, row, attempt)).map((row) => d.stepOf(row.run, row.id));
  const [first, ...others] = wanting;
  if (first && attempt.kind === "deploy") return fromTheStart(d, wanting, attempt);
  if (!first) {
    if (attempt.target !== null) release(d, attempt.target, attempt.id);
    return;
  }
  const id = attempt.kind === "build" ? startBuild(d, first.run, first.id) : startOnTarget(d, first.run, first.id, attempt.kind);
  for (const row of others) join(d, row, must(d.attempt(id), `attempt ${id}`));
}

/** Whether a step is to be tried again after its attempt was lost; where not, it ends here. */
function wants(d: Draft, row: StepRow, attempt: AttemptRow): boolean {
  const stop = d.runOf(row.run).stopped;
  const rollback = rollbackOver(d, row);
  const lost = row.lost + 1;
  d.setStep({ ...d.stepOf(row.run, row.id), lost });
  if (lost >= MAX_LOST) setStatus(d, row.run, row.id, "errored", { code: "lost-too-often", times: lost });
  else if (stop?.how === "cancelled" && attempt.kind !== "verify")
    setStatus(d, row.run, row.id, "cancelled", { code: "cancelled", by: stop.by, reason: stop.reason });
  else if (rollback !== null && attempt.kind !== "verify")
    setStatus(d, row.run, row.id, "superseded", { code: "rolled-back", run: rollback });
  else return true;
  return false;
}

/** Whatever guards the target may have changed since: the deploy passes it all again, first in the queue. */
function fromTheStart(d: Draft, steps: Steps, attempt: AttemptRow): void {
  const target = must(attempt.target, "target of a deploy");
  for (const row of steps) {
    setStatus(d, row.run, row.id, "pending");
    reopenGate(d, row.run, d.planned(row.run, row.id).environment);
  }
  const there = d.target(target);
  d.setTarget({ ...there, busy: null, queue: [...steps.map((row) => ({ run: row.run, step: row.id })), ...there.queue] });
}
