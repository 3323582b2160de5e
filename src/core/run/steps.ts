import type { EnvironmentId, TargetId } from "../config/config.ts";
import type { StepId } from "../plan/plan.ts";
import type { Draft } from "./draft.ts";
import type { Reason } from "./reason.ts";
import type { AttemptId, RunId, StepRow, StepStatus } from "./rows.ts";
import { stepKey } from "./state.ts";
import { stepEnded } from "./status.ts";

/** What looking at a step found: where it stands now, or that nothing is missing. */
export type Verdict = { readonly status: Exclude<StepStatus, "running">; readonly reason: Reason | null } | "go";

export const pending = (reason: Reason | null): Verdict => ({ status: "pending", reason });
export const waiting = (reason: Reason): Verdict => ({ status: "waiting", reason });
export const blocked = (reason: Reason): Verdict => ({ status: "blocked", reason });
export const skipped = (reason: Reason): Verdict => ({ status: "skipped", reason });

/** Writes a step's status where it differs; what is said again is no change. */
export function setStatus(d: Draft, run: RunId, id: StepId, status: StepStatus, reason: Reason | null = null): StepRow {
  const row = d.stepOf(run, id);
  if (row.status === status && sameReason(row.reason, reason)) return row;
  const next: StepRow = {
    ...row,
    status,
    reason: sameReason(row.reason, reason) ? row.reason : reason,
    since: d.at,
    startedAt: row.startedAt ?? (status === "running" ? d.at : null),
    endedAt: stepEnded(status) ? d.at : null,
  };
  d.setStep(next);
  const { target } = d.planned(run, id);
  if (target !== null && next.endedAt !== null) leaveQueue(d, target, run, id);
  return next;
}

/** A member that had started waits again: its gate may have to ask for it. */
export function reopenGate(d: Draft, run: RunId, environment: EnvironmentId | null): void {
  const gate = d.step(run, `gate:${environment}`);
  if (!gate) return;
  if (stepEnded(gate.status)) d.setStep({ ...gate, status: "pending", reason: null, since: d.at, endedAt: null });
  d.work.addLast(stepKey(run, gate.id));
}

export function sameReason(a: Reason | null, b: Reason | null): boolean {
  if (a === b) return true;
  if (a === null || b === null || a.code !== b.code) return false;
  const left = a as unknown as Readonly<Record<string, unknown>>;
  const right = b as unknown as Readonly<Record<string, unknown>>;
  return Object.keys(left).every((key) => left[key] === right[key]);
}

/** A step that only follows another one on the same target ends as that one did. */
export function follow(d: Draft, run: RunId, id: StepId, first: StepRow): void {
  if (first.status === "failed" || first.status === "errored")
    setStatus(d, run, id, "blocked", { code: "step-ended", step: first.id, status: first.status });
  else setStatus(d, run, id, first.status, first.reason);
}

/** The run was cancelled by a person: nothing more starts. */
export function stopped(d: Draft, run: RunId): Exclude<Verdict, "go"> | null {
  const stop = d.runOf(run).stopped;
  if (stop?.how !== "cancelled") return null;
  return { status: "cancelled", reason: { code: "cancelled", by: stop.by, reason: stop.reason } };
}

// --- the target's queue -------------------------------------------------------------------------------------------------

/** Takes a target, or joins its queue; rollbacks go first. True: it is held now. */
export function mayTake(d: Draft, target: TargetId, run: RunId, step: StepId, first: boolean): boolean {
  const row = d.target(target);
  const mine = (q: { readonly run: RunId; readonly step: StepId }) => q.run === run && q.step === step;
  const head = row.queue[0];
  if (!row.busy && (!head || mine(head))) return true;
  if (!row.queue.some(mine)) d.setTarget({ ...row, queue: first ? [{ run, step }, ...row.queue] : [...row.queue, { run, step }] });
  return first && !row.busy;
}

/** Gives up a place in the queue: something else than the target is missing again. */
export function leaveQueue(d: Draft, target: TargetId, run: RunId, step: StepId): void {
  const row = d.target(target);
  const queue = row.queue.filter((q) => q.run !== run || q.step !== step);
  if (queue.length !== row.queue.length) d.setTarget({ ...row, queue });
}

export function release(d: Draft, target: TargetId, attempt: AttemptId): void {
  const row = d.target(target);
  if (row.busy?.attempt === attempt) d.setTarget({ ...row, busy: null });
}
