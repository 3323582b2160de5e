import type { RunStatus, StepStatus } from "./rows.ts";

const ENDED: ReadonlySet<StepStatus> = new Set(["succeeded", "failed", "errored", "blocked", "skipped", "superseded", "cancelled"]);
export const stepEnded = (status: StepStatus): boolean => ENDED.has(status);

const RUN_OPEN: ReadonlySet<RunStatus> = new Set(["queued", "running", "waiting"]);
export const runEnded = (status: RunStatus): boolean => !RUN_OPEN.has(status);
