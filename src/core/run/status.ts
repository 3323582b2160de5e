import type { RunRow, RunStatus, StepStatus, TargetRow } from "./rows.ts";

const ENDED: ReadonlySet<StepStatus> = new Set(["succeeded", "failed", "errored", "blocked", "skipped", "superseded", "cancelled"]);
export const stepEnded = (status: StepStatus): boolean => ENDED.has(status);

const RUN_OPEN: ReadonlySet<RunStatus> = new Set(["queued", "running", "waiting"]);
export const runEnded = (status: RunStatus): boolean => !RUN_OPEN.has(status);

/** How a run has ended, for whoever comes too late: where a person ended it, who. */
export const hasEnded = ({ id, status, stopped }: RunRow): string =>
  `run ${id} has ended: ${status}${status === "cancelled" && stopped ? `, ${stopped.how} by ${stopped.by}` : ""}`;

/** An attempt is bringing something else there, or has and is not verified. A soak changes nothing, so it may be judged through. */
export const changing = ({ busy }: TargetRow): boolean => busy !== null && !busy.step.startsWith("soak:");
