import type { CommitId, EnvironmentId, TargetId } from "../config/config.ts";
import type { StepId } from "../plan/plan.ts";
import type { RunId, StepStatus, Time } from "./rows.ts";

/** Why a step waits, or ended otherwise than succeeded. One shape a case, so that each reader can say it in its own way; `explain.ts` says it in words. */
export type Reason =
  // waiting
  | { readonly code: "approval"; readonly commit: CommitId; readonly environment: EnvironmentId }
  | { readonly code: "step"; readonly step: StepId }
  | { readonly code: "wave"; readonly environment: EnvironmentId }
  | {
      readonly code: "need";
      readonly target: TargetId;
      readonly run: RunId | null;
      readonly until: Time | null;
      /** What keeps the needed target from coming. */
      readonly kept: Kept | null;
    }
  | { readonly code: "promotion"; readonly target: TargetId; readonly run: RunId }
  | { readonly code: "queue"; readonly target: TargetId; readonly run: RunId | null }
  | { readonly code: "hold"; readonly environment: EnvironmentId; readonly reason: string }
  | { readonly code: "freeze"; readonly environment: EnvironmentId; readonly until: Time; readonly reason: string | null }
  /** `on`: the target or environment that is locked. */
  | { readonly code: "lock"; readonly on: string; readonly by: string; readonly reason: string; readonly until: Time | null }
  /** Somebody else is to push it. `build` and `wait`: what all who wait for it share; `problem`: why it could not be told when it was asked for last. */
  | {
      readonly code: "artifact";
      readonly reference: string;
      readonly build: string;
      readonly wait: number;
      readonly until: Time;
      readonly problem: string | null;
    }
  | { readonly code: "observing"; readonly target: TargetId }
  | { readonly code: "comparing"; readonly release: CommitId; readonly live: CommitId }
  | { readonly code: "rendering"; readonly environment: EnvironmentId }
  | { readonly code: "unsafe-order"; readonly target: TargetId }
  // skipped
  | { readonly code: "already-live"; readonly run: RunId | null }
  | { readonly code: "newer-is-live"; readonly live: CommitId; readonly command: string | null }
  | { readonly code: "already-there" }
  | { readonly code: "already-built"; readonly run: RunId | null }
  | { readonly code: "not-needed" }
  | { readonly code: "no-members" }
  | { readonly code: "pinned"; readonly target: TargetId; readonly commit: CommitId; readonly reason: string }
  // blocked
  | { readonly code: "step-ended"; readonly step: StepId; readonly status: StepStatus }
  | {
      readonly code: "need-ended";
      readonly target: TargetId;
      readonly run: RunId | null;
      readonly status: StepStatus | null;
      readonly kept: Kept | null;
    }
  | { readonly code: "needs-timeout"; readonly target: TargetId; readonly command: string }
  | { readonly code: "artifact-timeout"; readonly reference: string; readonly problem: string | null }
  | { readonly code: "not-good-before"; readonly environment: EnvironmentId }
  | { readonly code: "diverged"; readonly live: CommitId; readonly release: CommitId }
  | { readonly code: "render-failed"; readonly message: string }
  | { readonly code: "no-safe-order"; readonly target: TargetId }
  // failed, errored
  | { readonly code: "attempt"; readonly message: string }
  | { readonly code: "unobservable"; readonly target: TargetId }
  | { readonly code: "lost-too-often"; readonly times: number }
  // cancelled, superseded
  | { readonly code: "cancelled"; readonly by: string; readonly reason: string | null }
  | { readonly code: "rejected"; readonly by: string; readonly reason: string | null }
  | { readonly code: "rolled-back"; readonly run: RunId }
  | { readonly code: "superseded"; readonly run: RunId; readonly commit: CommitId }
  /** Something else is live there by now. */
  | { readonly code: "replaced"; readonly target: TargetId; readonly run: RunId | null; readonly commit: CommitId | null }
  | { readonly code: "cut-short"; readonly run: RunId };

export type Kept = "pinned" | "locked" | "held" | "frozen" | "manual";
