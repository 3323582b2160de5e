import type { CommitId, Digest, EnvironmentId, TargetId } from "../config/config.ts";
import type { Plan } from "../plan/plan.ts";
import type {
  AttemptId,
  AttemptOutcome,
  BuildRow,
  Cause,
  DecisionRow,
  Health,
  RelationRow,
  RunId,
  RunOptions,
  SnapshotRow,
  Time,
} from "./rows.ts";

/** What happened. Ids, time and whatever had to be looked up arrive inside: `transition` asks nobody. */
export type Event = { readonly at: Time } & (
  | AdmitDeploy
  | AdmitRollback
  | {
      readonly type: "attempt.ended";
      readonly attempt: AttemptId;
      readonly outcome: Exclude<AttemptOutcome, "lost">;
      readonly message: string | null;
      readonly digest: Digest | null;
      readonly changed: boolean;
      readonly url: string | null;
    }
  /** The process of an attempt is gone and left no outcome. */
  | { readonly type: "attempt.lost"; readonly attempt: AttemptId }
  /** What is waited for (`wait` of `build`) is there. */
  | { readonly type: "artifact.found"; readonly build: string; readonly wait: number; readonly digest: Digest }
  /** It was asked for and is not there; `problem`: whether it is could not be told, and why. */
  | { readonly type: "artifact.asked"; readonly build: string; readonly wait: number; readonly problem: string | null }
  | { readonly type: "target.observed"; readonly target: TargetId; readonly observed: Observed }
  /** A look at what is live between runs; `entry`: the ledger's entry that was live when the look began. */
  | { readonly type: "target.watched"; readonly target: TargetId; readonly entry: number; readonly observed: Observed }
  | { readonly type: "relation.known"; readonly relation: RelationRow }
  | {
      readonly type: "render.known";
      readonly run: RunId;
      readonly renders: Readonly<Record<TargetId, { readonly fingerprint: Digest } | { readonly problem: string }>>;
    }
  | {
      readonly type: "gate.decided";
      readonly id: string;
      readonly by: string;
      readonly verdict: "approved" | "rejected";
      readonly commit: CommitId;
      readonly environment: EnvironmentId;
      readonly comment: string | null;
      readonly expect: Digest | null;
      /** Only these targets; null: all that wait. */
      readonly targets: readonly TargetId[] | null;
      readonly emergency: boolean;
    }
  | { readonly type: "run.cancelled"; readonly run: RunId; readonly by: string; readonly now: boolean; readonly reason: string | null }
  /** Runs again what did not succeed in a run that is still open. */
  | { readonly type: "run.retried"; readonly run: RunId; readonly by: string }
  /** A person says what is true of a target that no driver can tell. */
  | { readonly type: "target.settled"; readonly target: TargetId; readonly by: string; readonly applied: boolean; readonly reason: string }
  | { readonly type: "environment.held"; readonly environment: EnvironmentId; readonly by: string; readonly reason: string }
  | { readonly type: "environment.unheld"; readonly environment: EnvironmentId; readonly by: string }
  /** A person's stop on one target, or on all of an environment. */
  | { readonly type: "target.locked"; readonly target: TargetId; readonly by: string; readonly reason: string; readonly until: Time | null }
  | { readonly type: "target.unlocked"; readonly target: TargetId; readonly by: string }
  | {
      readonly type: "environment.locked";
      readonly environment: EnvironmentId;
      readonly by: string;
      readonly reason: string;
      readonly until: Time | null;
    }
  | { readonly type: "environment.unlocked"; readonly environment: EnvironmentId; readonly by: string }
  | {
      readonly type: "target.pinned";
      readonly target: TargetId;
      readonly commit: CommitId;
      readonly by: string;
      readonly reason: string;
    }
  | { readonly type: "target.unpinned"; readonly target: TargetId; readonly by: string }
  /** A window of policy has begun, or ended. */
  | { readonly type: "environment.frozen"; readonly environment: EnvironmentId; readonly until: Time; readonly reason: string | null }
  | { readonly type: "environment.thawed"; readonly environment: EnvironmentId }
  /** What failed could not be brought back to good. */
  | { readonly type: "rollback.declined"; readonly cause: Cause; readonly message: string }
  /** Time has passed: whatever waits until a time is looked at again. */
  | { readonly type: "tick" }
  /** Everything open is looked at again; changes nothing unless a trigger was missed (invariant 8). */
  | { readonly type: "reevaluate" }
);

export type AdmitDeploy = {
  readonly type: "deploy.admitted";
  readonly run: RunId;
  /** Random, or derived from the act that asks for this run. */
  readonly nonce: string;
  readonly plan: Plan;
  readonly by: string;
  readonly reason: string | null;
  readonly policyCommit: CommitId | null;
  readonly options: RunOptions;
  readonly retryOf: RunId | null;
  /** Targets on which the ledger says that this commit was good. */
  readonly goodBefore: readonly TargetId[];
  /** Builds of this commit that are recorded and whose artifact is still there. */
  readonly built: readonly BuildRow[];
  /** Decisions on this commit that are recorded and still count: they cover runs that come later. */
  readonly decided: readonly DecisionRow[];
};

export type AdmitRollback = {
  readonly type: "rollback.admitted";
  readonly run: RunId;
  /** Random, or derived from the act that asks for this run. */
  readonly nonce: string;
  readonly plan: Plan;
  readonly by: string;
  readonly reason: string;
  readonly snapshot: SnapshotRow;
  /** Decisions for this environment that are recorded and still count: going back voids them, whatever their commit. */
  readonly decided: readonly DecisionRow[];
  /** Cut short what runs there instead of awaiting it. */
  readonly now: boolean;
  /** The services were asked for by name: a pin does not keep them. */
  readonly named: boolean;
  /** The failure that it answers; such a rollback holds nothing. null: a person asked for it. */
  readonly cause: Cause | null;
};

export type Observed =
  /** `attempt` is the fence: the id that the last writer left there. */
  | {
      readonly kind: "live";
      readonly commit: CommitId | null;
      readonly digest: Digest | null;
      readonly attempt: AttemptId | null;
      readonly health: Health;
      readonly url: string | null;
      /** Why it is not healthy, in words; and whether waiting does not help. */
      readonly why?: string | null;
      readonly certain?: boolean;
    }
  | { readonly kind: "absent" }
  /** The driver has no way to tell. */
  | { readonly kind: "unobservable" }
  | { readonly kind: "error"; readonly message: string };

/** What the caller of a command learns. */
export type Answer =
  | {
      readonly ok: true;
      readonly run?: RunId;
      readonly decision?: {
        readonly id: string;
        readonly targets: readonly TargetId[];
        readonly runs: readonly RunId[];
        readonly already: boolean;
      };
    }
  | { readonly ok: false; readonly code: RefusalCode; readonly message: string; readonly hint?: string };
/** `not-allowed` is exit 4; the others exit 1. */
export type RefusalCode = "not-found" | "not-allowed" | "conflict" | "nothing-waits" | "mismatch" | "ended";
