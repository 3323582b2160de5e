import type { CommitId, Digest, EnvironmentId, ServiceId, TargetId } from "../core/config/config.ts";
import type { Diagnostic } from "../core/config/diagnostic.ts";
import type { Plan } from "../core/plan/plan.ts";
import type { Answer } from "../core/run/events.ts";
import type { Reason } from "../core/run/reason.ts";
import type { RunId, RunRow, StepRow, StepStatus, Time } from "../core/run/rows.ts";
import type { DriftReport, EnvironmentDiff } from "./compared.ts";
import type { Executor } from "./ports/executor.ts";
import type { Store } from "./ports/store.ts";

/** Who acts: the OS user locally (a claim), the token's name over the network. */
export type Actor = {
  readonly name: string;
  /** Names the act, so that it is done once however often it is sent, also across a crash between its doing and its answer. */
  readonly request?: string;
};

export type Scope = {
  /** null: all but manual ones. */
  readonly services: readonly ServiceId[] | null;
  /** null: all. */
  readonly environments: readonly EnvironmentId[] | null;
};
export type DeployRequest = Scope & {
  /** A ref, a short hash or null for HEAD. */
  readonly commit: string | null;
  readonly policyRef: string | null;
  readonly reason: string | null;
  readonly promotion: "wave" | "stream" | null;
  readonly redeploy: boolean;
  readonly acceptDiverged: string | null;
  /** Go ahead where the release was not good in the environments before, and why. Needs a gate. */
  readonly skipNeeds: string | null;
  /** Cut short the soaks of other releases. */
  readonly now: boolean;
  /** Of the services asked for, those whose paths changed since what is live. */
  readonly changed: boolean;
};
/** Everything of HEAD to everywhere, and nothing let pass: what a request does not say. */
export const PLAIN_DEPLOY: DeployRequest = {
  services: null,
  environments: null,
  commit: null,
  policyRef: null,
  reason: null,
  promotion: null,
  redeploy: false,
  acceptDiverged: null,
  skipNeeds: null,
  now: false,
  changed: false,
};
export type RollbackRequest = {
  readonly environment: EnvironmentId;
  /** null: all targets of the set. */
  readonly services: readonly ServiceId[] | null;
  /** A snapshot's id, a commit, a time (ISO 8601), or null for the offered one. */
  readonly to: string | null;
  readonly reason: string;
  readonly now: boolean;
  /** Go back also where it cannot be known whether that can be done, such as over a commit that is gone; what is known to be irreversible still stops it. */
  readonly acceptUnknown: boolean;
};
export type Planned = {
  readonly plan: Plan;
  readonly warnings: readonly string[];
  readonly policy: { readonly ref: string; readonly commit: CommitId };
};

/** The verdict before a rollback touches anything: every problem, not the first. */
export type RollbackPreview = {
  readonly environment: EnvironmentId;
  readonly snapshot: { readonly id: string; readonly at: Time; readonly release: CommitId };
  readonly targets: readonly {
    readonly target: TargetId;
    readonly from: CommitId | null;
    readonly to: CommitId;
    readonly digest: Digest | null;
    readonly means: string;
    readonly skip: string | null;
  }[];
  readonly problems: readonly { readonly target: TargetId | null; readonly message: string; readonly hint: string }[];
  /** What is left as it is, and what goes all the same; in words for a person. */
  readonly notes: readonly string[];
  readonly plan: Plan;
};

/** A gate that waits, for one run: what a decision would open. */
export type PendingApproval = {
  readonly run: RunId;
  readonly environment: EnvironmentId;
  readonly commit: CommitId;
  /** Over this run's members' target fingerprints. */
  readonly fingerprint: Digest;
  /** Over those of all runs that wait for a decision on this commit there; `--expect` compares it. */
  readonly set: Digest;
  readonly members: readonly TargetId[];
  /** What would be applied to each member: what `set` is made of. */
  readonly fingerprints: Readonly<Record<TargetId, Digest>>;
  /** Members that have ended there without an attempt. */
  readonly leftOut: readonly { readonly target: TargetId; readonly status: StepStatus; readonly reason: Reason | null }[];
  readonly since: Time;
  readonly approvers: readonly string[];
  /** How many persons must approve, and who has. */
  readonly count: number;
  readonly approved: readonly { readonly by: string; readonly at: Time; readonly expiresAt: Time | null }[];
  /** Who may let it pass in an emergency; empty: nobody. */
  readonly emergency: readonly string[];
  /** Members have yet to arrive: policy allows the decision all the same. */
  readonly early: boolean;
  /** What the run asks to be let through, and why. */
  readonly skipNeeds: string | null;
  readonly acceptDiverged: string | null;
  /** What its plan wants noticed of targets there, in words for a person. */
  readonly notes: readonly string[];
};

/** How a member of a decided gate stands after the decision. */
export type Standing = {
  readonly target: TargetId;
  /** Its deploy in this run. */
  readonly step: StepRow;
  /** Persons whose approvals count for it, of how many. */
  readonly approved: readonly string[];
  readonly count: number;
  /** That is enough, or it was let pass as an emergency. */
  readonly open: boolean;
};
/** `standings`: of the decided members of open runs, and of those that still wait beside them. */
export type Decided = Answer & { readonly standings?: readonly Standing[] };

/** A step that waits, over all open runs. */
export type WaitingStep = {
  readonly run: RunRow;
  readonly step: StepRow;
  /** The step's place in its run's plan. */
  readonly place: number;
  /** Who can end the wait: persons, or empty where it ends by itself. */
  readonly who: readonly string[];
};

/** A request that cannot be met as it is: the message says what is wrong, the hint what to do. */
export class RequestError extends Error {
  override readonly name = "RequestError";
  readonly code: "invalid" | "invalid-config" | "not-found" | "not-allowed" | "conflict";
  readonly hint: string;
  readonly diagnostics: readonly Diagnostic[];
  constructor(code: RequestError["code"], message: string, hint: string, diagnostics: readonly Diagnostic[] = [], options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.hint = hint;
    this.diagnostics = diagnostics;
  }
}

/** What the API drives. Everything that changes something resolves after it is durable. Rejects with `RequestError`, `SourceError` or `StoreError`. */
export interface Control {
  readonly project: string;
  readonly store: Store;
  readonly logs: Pick<Executor, "readLog" | "logGrown">;
  plan(request: DeployRequest): Promise<Planned>;
  deploy(request: DeployRequest, actor: Actor): Promise<{ readonly run: RunRow; readonly warnings: readonly string[] }>;
  previewRollback(request: RollbackRequest): Promise<RollbackPreview>;
  rollback(request: RollbackRequest, actor: Actor): Promise<{ readonly run: RunRow }>;
  approvals(): Promise<readonly PendingApproval[]>;
  decide(
    request: {
      readonly verdict: "approved" | "rejected";
      readonly commit: string;
      readonly environment: EnvironmentId;
      readonly comment: string | null;
      readonly expect: Digest | null;
      /** Only these services, or all but these; null: all that wait. */
      readonly only: readonly ServiceId[] | null;
      readonly except: readonly ServiceId[] | null;
      /** By a person named for emergencies; the comment says why. */
      readonly emergency: boolean;
    },
    actor: Actor,
  ): Promise<Decided>;
  cancel(run: RunId, options: { readonly now: boolean; readonly reason: string | null }, actor: Actor): Promise<Answer>;
  /** A new run that names the old one. */
  retry(run: RunId, actor: Actor): Promise<{ readonly run: RunRow }>;
  hold(environment: EnvironmentId, reason: string, actor: Actor): Promise<Answer>;
  unhold(environment: EnvironmentId, actor: Actor): Promise<Answer>;
  /** `on`: a target or an environment. `until`: ends by itself then. */
  lock(on: string, options: { readonly reason: string; readonly until: Time | null }, actor: Actor): Promise<Answer>;
  unlock(on: string, actor: Actor): Promise<Answer>;
  pin(target: string, options: { readonly commit: string; readonly reason: string }, actor: Actor): Promise<Answer>;
  unpin(target: string, actor: Actor): Promise<Answer>;
  waiting(): Promise<readonly WaitingStep[]>;
  /** The commit in the environment, target by target, against what is live. */
  diff(request: {
    readonly commit: string;
    readonly environment: EnvironmentId;
    readonly services: readonly ServiceId[] | null;
  }): Promise<EnvironmentDiff>;
  /** What is there now, against what the ledger says is live. Touches nothing, and records nothing. */
  drift(request: Scope): Promise<DriftReport>;
  /** A person says what is true of a target that no driver can tell. */
  settle(target: string, options: { readonly applied: boolean; readonly reason: string }, actor: Actor): Promise<Answer>;
  /** The commit of an id, which may be abbreviated, or of a ref. */
  resolve(ref: string): Promise<{ readonly id: CommitId; readonly subject: string; readonly author: string; readonly at: Time }>;
  /** null where the source has nothing to say of it. */
  describe(commit: CommitId): Promise<{ readonly subject: string; readonly author: string; readonly at: Time } | null>;
  /** Environments as the policy ref has them now, in order, with what the fleet page needs. */
  environments(): Promise<readonly { readonly id: EnvironmentId; readonly gate: boolean; readonly needs: readonly EnvironmentId[] }[]>;
  /** Called after each commit with the log's newest sequence number; returns the way to stop. */
  onCommit(listener: (seq: number) => void): () => void;
  /** Nothing runs or can start without a person's decision or a lifted hold. */
  idle(): boolean;
}
