import { admitDeploy, admitRollback } from "./admit.ts";
import { holders, stopAttempt } from "./attempts.ts";
import { artifactAsked, artifactFound } from "./awaited.ts";
import type { Change } from "./changes.ts";
import { decide } from "./decide.ts";
import { Draft } from "./draft.ts";
import type { Effect } from "./effects.ts";
import { evaluateBuild } from "./evaluate/build.ts";
import { evaluateDeploy } from "./evaluate/deploy.ts";
import { evaluateSoak, evaluateVerify } from "./evaluate/follow.ts";
import { evaluateGate } from "./evaluate/gate.ts";
import { evaluateRollback } from "./evaluate/rollback.ts";
import type { Answer, Event } from "./events.ts";
import { settleTarget, targetObserved, targetWatched } from "./observed.ts";
import { attemptEnded, attemptLost } from "./outcomes.ts";
import { renderAgain } from "./renders.ts";
import type { Cause, RunRow, RunStatus, StepRow } from "./rows.ts";
import { compared, noteWhatStayed, takeSnapshot } from "./snapshots.ts";
import { splitKey, type State, type StepKey, stepKey } from "./state.ts";
import { hasEnded, runEnded, stepEnded } from "./status.ts";
import { reopenGate } from "./steps.ts";
import { endLocks, stop } from "./stops.ts";

export type Outcome = { readonly changes: readonly Change[]; readonly effects: readonly Effect[]; readonly answer: Answer };
const DONE: Answer = { ok: true };

/**
 * What an event changes and asks for. Pure: no clock, no I/O, no randomness; `state` is read, not written (`state.apply` takes the changes over).
 * A refused command changes nothing.
 */
export function transition(state: State, event: Event): Outcome {
  const d = new Draft(state, event.at);
  const answer = handle(d, event);
  if (!answer.ok) return { changes: [], effects: [], answer };
  settle(d);
  return { changes: d.changes(), effects: d.effects(), answer };
}

function handle(d: Draft, event: Event): Answer {
  switch (event.type) {
    case "deploy.admitted":
      return admitDeploy(d, event);
    case "rollback.admitted":
      return admitRollback(d, event);
    case "attempt.ended":
      attemptEnded(d, event);
      return DONE;
    case "attempt.lost":
      attemptLost(d, event);
      return DONE;
    case "artifact.found":
      artifactFound(d, event);
      return DONE;
    case "artifact.asked":
      artifactAsked(d, event);
      return DONE;
    case "target.observed":
      targetObserved(d, event.target, event.observed);
      return DONE;
    case "target.watched":
      targetWatched(d, event.target, event.entry, event.observed);
      return DONE;
    case "relation.known":
      d.setRelation(event.relation);
      compared(d, event.relation);
      return DONE;
    case "render.known":
      return rendered(d, event);
    case "gate.decided":
      return decide(d, event);
    case "run.cancelled":
      return cancel(d, event);
    case "run.retried":
      return retry(d, event);
    case "target.settled":
      return settleTarget(d, event.target, event.applied)
        ? DONE
        : { ok: false, code: "conflict", message: `${event.target} is not unknown`, hint: "sluice status shows what is live" };
    case "environment.held":
    case "environment.unheld":
    case "target.locked":
    case "target.unlocked":
    case "environment.locked":
    case "environment.unlocked":
    case "target.pinned":
    case "target.unpinned":
    case "environment.frozen":
    case "environment.thawed":
      return stop(d, event);
    case "rollback.declined":
      declined(d, event);
      return DONE;
    case "tick":
      d.work.add(d.dueTimers());
      endLocks(d);
      for (const decision of d.expiredDecisions()) d.setDecision({ ...decision, voided: "it has expired" });
      return DONE;
    case "reevaluate":
      for (const run of d.activeRuns()) {
        d.work.add(d.openSteps(run.id));
        d.work.addRun(run.id);
      }
      return DONE;
  }
}

function rendered(d: Draft, event: Extract<Event, { readonly type: "render.known" }>): Answer {
  const run = d.run(event.run);
  if (!run || runEnded(run.status)) return DONE;
  for (const [target, render] of Object.entries(event.renders)) {
    const id = target as keyof typeof event.renders;
    const row = {
      run: event.run,
      target: id,
      fingerprint: "fingerprint" in render ? render.fingerprint : null,
      problem: "problem" in render ? render.problem : null,
    };
    const before = d.render(event.run, id);
    if (before?.fingerprint !== row.fingerprint || before?.problem !== row.problem) d.setRender(row);
  }
  return DONE;
}

/** Running attempts finish, nothing more starts; `now` cuts them short too. */
function cancel(d: Draft, event: Extract<Event, { readonly type: "run.cancelled" }>): Answer {
  const run = d.run(event.run);
  if (!run) return { ok: false, code: "not-found", message: `no open run ${event.run}`, hint: "open runs: sluice runs" };
  if (runEnded(run.status)) return { ok: false, code: "ended", message: hasEnded(run) };
  const shared = event.now ? sharedWork(d, run) : null;
  if (shared) return shared;
  d.setRun({ ...run, stopped: { by: event.by, at: d.at, how: "cancelled", now: event.now, reason: event.reason } });
  for (const step of d.plan(run.id).plan.steps) {
    const row = d.stepOf(run.id, step.id);
    // what was applied is always verified
    if (event.now && row.status === "running" && row.attempt !== null && row.kind !== "verify") stopAttempt(d, row.attempt);
    if (!stepEnded(row.status)) d.work.add([stepKey(run.id, step.id)]);
  }
  d.work.addRun(run.id);
  return { ok: true, run: run.id };
}

/** What others have joined belongs to them too: it is not cut short over their heads. */
function sharedWork(d: Draft, run: RunRow): Answer | null {
  for (const { id } of d.plan(run.id).plan.steps) {
    const { status, attempt, kind } = d.stepOf(run.id, id);
    const row = status === "running" && kind !== "verify" && attempt !== null ? d.attempt(attempt) : null;
    const others = row ? holders(d, row).filter((h) => h.run !== run.id && d.runOf(h.run).stopped?.how !== "cancelled") : [];
    if (others.length === 0) continue;
    const runs = [...new Set(others.map((h) => h.run))].join(", ");
    return {
      ok: false,
      code: "conflict",
      message: `${id} is also the work of run ${runs}`,
      hint: `cancel without --now, or cancel run ${runs} first`,
    };
  }
  return null;
}

/** In an open run: whatever failed, and what that blocked, is looked at again. */
function retry(d: Draft, event: Extract<Event, { readonly type: "run.retried" }>): Answer {
  const run = d.run(event.run);
  if (!run || runEnded(run.status) || run.stopped)
    return { ok: false, code: "ended", message: `run ${event.run} is not open`, hint: "its retry is a new run" };
  renderAgain(d, run.id);
  d.askAgain(run.commit);
  const lanes = new Set<string>();
  for (const step of d.plan(run.id).plan.steps) {
    const row = d.stepOf(run.id, step.id);
    const member = step.target === null ? [] : (d.plan(run.id).of.get(step.target) ?? []);
    const bad = (id: string) => ["failed", "errored", "blocked"].includes(d.stepOf(run.id, id).status);
    const redo = step.kind === "build" ? bad(step.id) : step.kind !== "gate" && member.some(bad);
    if (!redo) continue;
    if (step.environment !== null) lanes.add(step.environment);
    if (step.target !== null) d.setTarget({ ...d.target(step.target), queue: d.target(step.target).queue.filter((q) => q.run !== run.id) });
    d.setStep({ ...row, status: "pending", reason: null, since: d.at, lost: 0, startedAt: null, endedAt: null });
  }
  for (const environment of lanes) reopenGate(d, run.id, environment);
  // whatever went on without them may have to wait for them again
  d.work.add(d.openSteps(run.id));
  return lanes.size > 0
    ? { ok: true, run: run.id }
    : { ok: false, code: "conflict", message: `nothing in run ${run.id} has failed`, hint: `sluice run show ${run.id}` };
}

/** What failed could not be brought back to good: its target says so until something becomes live there. */
function declined(d: Draft, { cause, message }: Extract<Event, { readonly type: "rollback.declined" }>): void {
  const row = d.target(cause.target);
  const said = row.unrestored?.run === cause.run && row.unrestored.message === message;
  if (row.live?.entry === cause.entry && !said) d.setTarget({ ...row, unrestored: { run: cause.run, at: d.at, message } });
}

/** Looks at whatever was woken until nothing changes any more. */
function settle(d: Draft): void {
  for (;;) {
    const next = d.work.nextStep();
    if (next) {
      look(d, next.key, next.ended);
      continue;
    }
    const lanes = d.work.takeLanes();
    for (const { run, environment } of lanes) if (d.lane(run, environment).open === 0) leaveLane(d, d.runOf(run), environment);
    const runs = d.work.takeRuns();
    for (const run of runs) settleRun(d, d.runOf(run));
    if (lanes.length === 0 && runs.length === 0) return;
  }
}

function look(d: Draft, key: StepKey, ended: string | null): void {
  const { run, step } = splitKey(key);
  const row = d.step(run, step);
  if (!row || stepEnded(row.status) || row.status === "running") return;
  // it waits for another step of its run, which has not ended: that one wakes it
  if (ended !== null && row.reason?.code === "step" && row.reason.step !== ended && !stepEnded(d.stepOf(run, row.reason.step).status))
    return;
  evaluate(d, row);
}

function evaluate(d: Draft, row: StepRow): void {
  switch (row.kind) {
    case "build":
      return evaluateBuild(d, row);
    case "gate":
      return evaluateGate(d, row);
    case "deploy":
      return d.runOf(row.run).kind === "rollback" ? evaluateRollback(d, row) : evaluateDeploy(d, row);
    case "verify":
      return evaluateVerify(d, row);
    case "soak":
      return evaluateSoak(d, row);
  }
}

function settleRun(d: Draft, run: RunRow): void {
  if (runEnded(run.status)) return;
  const counts = d.counts(run.id);
  const status = counts.open === 0 ? endOf(d, run) : counts.running > 0 ? "running" : counts.waiting > 0 ? "waiting" : "queued";
  if (status === run.status) return;
  d.setRun({ ...run, status, startedAt: run.startedAt ?? (status === "running" ? d.at : null), endedAt: runEnded(status) ? d.at : null });
  if (!runEnded(status)) return;
  for (const environment of d.environments()) if (environment.rollback === run.id) d.setEnvironment({ ...environment, rollback: null });
  if (run.cause !== null && status !== "succeeded") noteUnrestored(d, run, run.cause, status);
}

/** A restoration has ended without bringing back what had failed, which is still there. */
function noteUnrestored(d: Draft, run: RunRow, cause: Cause, status: RunStatus): void {
  const row = d.target(cause.target);
  const message = `run ${run.id}, which was to bring it back, ended ${status}: sluice run show ${run.id}`;
  if (row.live?.entry === cause.entry) d.setTarget({ ...row, unrestored: { run: cause.run, at: d.at, message } });
}

/** Section 5: a run ends `cancelled`, else `failed`, else `superseded`, else `succeeded`. */
function endOf(d: Draft, run: RunRow): RunStatus {
  if (run.stopped) return "cancelled";
  const statuses = new Set(d.plan(run.id).plan.steps.map((s) => d.stepOf(run.id, s.id).status));
  if (statuses.has("failed") || statuses.has("errored") || statuses.has("blocked")) return "failed";
  if (statuses.has("superseded")) return "superseded";
  return statuses.has("cancelled") ? "cancelled" : "succeeded";
}

/** A run has ended in an environment. */
function leaveLane(d: Draft, run: RunRow, environment: string): void {
  if (run.kind === "rollback") noteWhatStayed(d, run, environment);
  takeSnapshot(d, environment, run);
}
