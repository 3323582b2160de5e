import type { CommitId, Digest, EnvironmentId, ServiceId, TargetId } from "../config/config.ts";
import type { StepId, StepKind } from "../plan/plan.ts";
import type { Reason } from "./reason.ts";

/** Times are milliseconds since 1970, as told by events; they never run backwards within one store. */
export type Time = number;
export type RunId = string;
export type AttemptId = string;

export type RunStatus = "queued" | "running" | "waiting" | "succeeded" | "failed" | "cancelled" | "superseded";
export type StepStatus =
  | "pending"
  | "waiting"
  | "running"
  | "succeeded"
  | "failed"
  | "errored"
  | "blocked"
  | "skipped"
  | "superseded"
  | "cancelled";
export type Health = "healthy" | "progressing" | "degraded" | "unknown" | "none";

export type RunRow = {
  readonly id: RunId;
  readonly kind: "deploy" | "rollback";
  readonly status: RunStatus;
  /** The release; a rollback's is the release of the snapshot that it returns to. */
  readonly commit: CommitId;
  readonly by: string;
  readonly reason: string | null;
  readonly options: RunOptions;
  readonly fingerprint: Digest;
  readonly policyCommit: CommitId | null;
  /** Random, told at admission; part of every attempt's id, so that ids stay unique when a store is restored from a backup. */
  readonly nonce: string;
  readonly retryOf: RunId | null;
  readonly snapshot: string | null;
  /** The failed step that this rollback answers (`onFailure: rollback`); it holds nothing. */
  readonly cause: Cause | null;
  /** Set by cancel or reject: how this run was ended by a person. */
  readonly stopped: {
    readonly by: string;
    readonly at: Time;
    readonly how: "cancelled" | "rejected";
    /** Rejected as a whole: the environment whose gate does not ask again for this run. */
    readonly gate?: EnvironmentId | null;
    readonly now: boolean;
    readonly reason: string | null;
  } | null;
  readonly createdAt: Time;
  readonly startedAt: Time | null;
  readonly endedAt: Time | null;
};

export type RunOptions = {
  /** Apply again what is already live. */
  readonly redeploy: boolean;
  /** Go ahead over a diverged live commit, and why. */
  readonly acceptDiverged: string | null;
  /** Go ahead where the release was not good in the environments before, and why: only through a gate, which shows it. */
  readonly skipNeeds: string | null;
  /** Cut short the soak of another release instead of awaiting its end. */
  readonly now: boolean;
  /** The services were asked for by name: a pin does not keep them. */
  readonly named: boolean;
};

/** A step of a run that has failed on a target, and the ledger's entry that it left there. */
export type Cause = { readonly run: RunId; readonly step: StepId; readonly target: TargetId; readonly entry: number };

export type StepRow = {
  readonly run: RunId;
  readonly id: StepId;
  readonly kind: StepKind;
  readonly status: StepStatus;
  /** Why it waits or ended as it did; while pending, which step or wave of its own run comes first; null where it succeeded. */
  readonly reason: Reason | null;
  /** The need that it waited for last, while commits are compared in between: that wait goes on where it was. */
  readonly awaited: Extract<Reason, { readonly code: "need" }> | null;
  /** Since when it has this status and reason. */
  readonly since: Time;
  /** A deploy whose release has reached its environment: only its gate, needs and target are left. */
  readonly reached: boolean;
  /** The attempt under way or the last one; where it was joined, another run's. */
  readonly attempt: AttemptId | null;
  /** Attempts lost without an outcome so far; a step gives up after `MAX_LOST`. */
  readonly lost: number;
  readonly startedAt: Time | null;
  readonly endedAt: Time | null;
};

export type AttemptOutcome = "succeeded" | "failed" | "errored" | "cut" | "lost";
export type AttemptRow = {
  readonly id: AttemptId;
  readonly run: RunId;
  readonly step: StepId;
  readonly kind: Exclude<StepKind, "gate">;
  readonly target: TargetId | null;
  /** The artifact's digest that a deploy applies. */
  readonly digest: Digest | null;
  readonly fingerprint: Digest | null;
  readonly startedAt: Time;
  readonly endedAt: Time | null;
  readonly outcome: AttemptOutcome | null;
  readonly message: string | null;
  /** Steps of other runs that do the very same: they have joined this attempt and end as it does. */
  readonly joined: readonly { readonly run: RunId; readonly step: StepId }[];
};

/** What the ledger says is on a target now. */
export type Live = {
  readonly entry: number;
  readonly commit: CommitId;
  readonly digest: Digest | null;
  readonly fingerprint: Digest;
  readonly definition: Digest;
  /** What the live release needs in this environment: a rollback of a needed service must keep it satisfied. */
  readonly needs: readonly ServiceId[];
  readonly attempt: AttemptId | null;
  readonly run: RunId | null;
  readonly since: Time;
};

export type TargetRow = {
  readonly id: TargetId;
  readonly service: ServiceId;
  readonly environment: EnvironmentId;
  readonly live: Live | null;
  /** What was live until its driver said that nothing is there any more; absent or null: nothing has gone that nothing has replaced. Its needs bind nobody and are left out. */
  readonly gone?: Live | null;
  readonly serving: boolean;
  readonly good: boolean;
  /** The last entry that was good: what a snapshot records. */
  readonly lastGood: Live | null;
  /** False until its driver has been asked once since the store was opened. */
  readonly observed: boolean;
  /** An attempt that was cut off or lost: what is there is not known until the driver has said. `live`: what is there if it was applied; its entry is numbered then. */
  readonly unknown: { readonly attempt: AttemptId; readonly since: Time; readonly live: Live } | null;
  readonly busy: { readonly run: RunId; readonly step: StepId; readonly attempt: AttemptId } | null;
  readonly queue: readonly { readonly run: RunId; readonly step: StepId }[];
  readonly health: Health;
  readonly url: string | null;
  readonly lock: Lock | null;
  readonly pin: Pin | null;
  /** Why what failed here could not be brought back to good (`onFailure: rollback`); null: it could, or it did not have to. */
  readonly unrestored: { readonly run: RunId; readonly at: Time; readonly message: string } | null;
};

/** A person's stop on a target or an environment; `until`: it ends by itself then. */
export type Lock = { readonly by: string; readonly at: Time; readonly reason: string; readonly until: Time | null };
/** A target is kept at a commit: deploys and rollbacks skip it unless it is named. */
export type Pin = { readonly commit: CommitId; readonly by: string; readonly at: Time; readonly reason: string };

export type EnvironmentRow = {
  readonly id: EnvironmentId;
  readonly hold: { readonly by: string; readonly at: Time; readonly reason: string; readonly run: RunId | null } | null;
  readonly lock: Lock | null;
  /** A window of policy in which no deploy starts. */
  readonly freeze: { readonly until: Time; readonly reason: string | null } | null;
  /** The rollback of the environment under way; one at a time. */
  readonly rollback: RunId | null;
  /** Newest last, at most `MAX_SNAPSHOTS`; older ones are only in the store. */
  readonly snapshots: readonly SnapshotRef[];
  /** The first attempt of each release here, newest last, at most `MAX_SNAPSHOTS`. */
  readonly releases: readonly { readonly commit: CommitId; readonly run: RunId; readonly first: number; readonly left: boolean }[];
  /** What was good when runs ended here, oldest first: snapshots once their commits have been compared. */
  readonly snapshotDue: readonly SnapshotRow[] | null;
};
export type SnapshotRef = {
  readonly id: string;
  readonly seq: number;
  readonly at: Time;
  readonly release: CommitId;
  readonly left: boolean;
  readonly key: string;
};

/** A recorded set that works together. */
export type SnapshotRow = {
  readonly id: string;
  readonly environment: EnvironmentId;
  readonly seq: number;
  readonly at: Time;
  readonly run: RunId;
  readonly release: CommitId;
  readonly entries: Readonly<Record<TargetId, Live>>;
};

export type LedgerRow = {
  readonly seq: number;
  readonly target: TargetId;
  readonly commit: CommitId;
  readonly digest: Digest | null;
  readonly fingerprint: Digest;
  readonly definition: Digest | null;
  readonly attempt: AttemptId | null;
  readonly run: RunId | null;
  readonly source: "attempt" | "imported" | "external";
  /** Whether it became live; a failed attempt that changed nothing is recorded as not live. */
  readonly live: boolean;
  readonly serving: boolean;
  readonly good: boolean;
  readonly at: Time;
};

/** A person's recorded decision on the gates of (commit, environment): one act, one row. */
export type DecisionRow = {
  readonly id: string;
  readonly commit: CommitId;
  readonly environment: EnvironmentId;
  readonly verdict: "approved" | "rejected";
  readonly by: string;
  readonly at: Time;
  readonly expiresAt: Time | null;
  readonly comment: string | null;
  /** Target fingerprints that the approver saw. */
  readonly fingerprints: Readonly<Record<TargetId, Digest>>;
  /** By a person named for emergencies: passes the count, and whose run it is. */
  readonly emergency: boolean;
  /** Decided before every member had arrived. */
  readonly early: boolean;
  /** Why it no longer counts, or null. */
  readonly voided: string | null;
  /** Targets for which it no longer counts, each with why. */
  readonly voids: Readonly<Record<TargetId, string>>;
};

/** How a release stands to a commit that is live: told by the source (git), kept here so that the core needs no git. */
export type RelationRow = {
  readonly release: CommitId;
  readonly live: CommitId;
  /** `contains`: live has the release in its history (newer is live). `behind`: the release descends from live. */
  /** `asked`: it was `unknown`, and is asked for again. */
  readonly order: "same" | "contains" | "behind" | "diverged" | "unknown" | "asked";
  /** Services whose paths the release has touched since and which live therefore does not satisfy. null: none does. */
  readonly unmet: readonly ServiceId[] | null;
};

/** The outcome of a build: at most one for (artifact, commit). */
export type BuildRow = {
  readonly key: string;
  readonly artifact: string;
  readonly commit: CommitId;
  readonly digest: Digest;
  /** null: somebody else has pushed it. */
  readonly attempt: AttemptId | null;
  readonly at: Time;
};

/** The fingerprint of what would be applied to a target by a run. */
export type RenderRow = {
  readonly run: RunId;
  readonly target: TargetId;
  readonly fingerprint: Digest | null;
  readonly problem: string | null;
};

/** This commit was good on this target once. */
export type GoodRow = { readonly target: TargetId; readonly commit: CommitId };

/** One row: the next number for ledger entries and ids, and the latest time that an event told. */
export type MetaRow = { readonly seq: number; readonly at: Time };
