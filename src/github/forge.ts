import type { CommitId, EnvironmentId, Json, JsonObject } from "../core/config/config.ts";

/** What Sluice asks of the forge that keeps its records and runs its workflows; GitHub's words, and nothing of how it is asked. */
export interface Forge {
  /** Newest first, all pages. `task`: as `recordTask` in records/ writes it; each with its statuses, newest first. */
  deployments(filter: {
    readonly environment: EnvironmentId;
    readonly task?: string;
    readonly sha?: CommitId;
    /** The newest that many only; absent: all. */
    readonly most?: number;
    /** All that were made after this one, and perhaps some from before. */
    readonly since?: number;
  }): Promise<readonly Deployment[]>;
  /** Resolves to its id. Never merges and asks for no contexts. Where an answer was lost, it may all the same be there twice, with one attempt. */
  createDeployment(deployment: NewDeployment): Promise<number>;
  setStatus(deployment: number, status: NewStatus): Promise<void>;
  /** Workflow runs that have not ended (queued, in progress, waiting, …), all pages: those that GitHub lists under a commit; null: of the whole repository. What was started by hand is listed under the head of its branch, whatever it deploys. */
  openRuns(commit: CommitId | null): Promise<readonly WorkflowRun[]>;
  workflowRun(id: number): Promise<WorkflowRun | null>;
  /** Jobs of a run, those of all its attempts, all pages. */
  jobs(run: number): Promise<readonly RunJob[]>;
  /** What people have said at the gates of a run. */
  reviews(run: number): Promise<readonly Review[]>;
  /** Gates of a run that wait for people. */
  pendingGates(run: number): Promise<readonly PendingGate[]>;
  /** In one act for the run: what its gates say of `environments` (ids of `pendingGates`). */
  review(
    run: number,
    decision: { readonly environments: readonly number[]; readonly state: "approved" | "rejected"; readonly comment: string },
  ): Promise<void>;
  /** How an environment is guarded; null: there is none of that name. */
  environment(name: string): Promise<Guard | null>;
  /** Of an abbreviated id, a tag or a branch; null: there is none. */
  commit(ref: string): Promise<CommitId | null>;
  repository(): Promise<{ readonly name: string; readonly private: boolean; readonly fork: boolean; readonly defaultBranch: string }>;
  /** Login of whose token it is; null: not a person's. */
  whoAmI(): Promise<string | null>;
  /** What is left of the budget of requests, as the last answer said. */
  budget(): { readonly left: number; readonly limit: number; readonly resetsAt: number } | null;
}

export type DeploymentState = "queued" | "in_progress" | "pending" | "success" | "failure" | "error" | "inactive" | "waiting";
export type Deployment = {
  readonly id: number;
  readonly sha: CommitId;
  readonly environment: EnvironmentId;
  readonly task: string;
  readonly payload: Json;
  readonly creator: string;
  /** Milliseconds since 1970, as all times. */
  readonly createdAt: number;
  /** `url`: where what was deployed is reached. */
  readonly statuses: readonly {
    readonly state: DeploymentState;
    readonly description: string;
    readonly url: string | null;
    readonly at: number;
  }[];
};
export type NewDeployment = {
  readonly sha: CommitId;
  readonly environment: EnvironmentId;
  readonly task: string;
  /** With an `attempt` in it, one that may have been made is looked for before it is asked for again; without, it is not asked for twice. */
  readonly payload: JsonObject;
  /** At most 140 characters. */
  readonly description: string;
  /** Whether people should take it for production. */
  readonly production: boolean;
};
export type NewStatus = {
  /** `waiting` is only GitHub's own to say. */
  readonly state: Exclude<DeploymentState, "waiting">;
  /** At most 140 characters. */
  readonly description: string;
  readonly logUrl?: string;
  readonly url?: string;
};
export type WorkflowRun = {
  readonly id: number;
  readonly attempt: number;
  readonly name: string;
  /** Of its file, such as `.github/workflows/deploy-all.yml`. */
  readonly path: string;
  readonly title: string;
  readonly commit: CommitId;
  /** The branch whose workflow file it carries out; empty: none. */
  readonly branch: string;
  readonly event: string;
  readonly status: string;
  /** null: it has not ended. */
  readonly conclusion: string | null;
  readonly url: string;
  readonly startedBy: string;
  /** Logins of who has started it, and of who had it run again last. */
  readonly starters: readonly string[];
  readonly createdAt: number;
};
/** A job, as one attempt of its workflow run has carried it out. */
export type RunJob = {
  /** Of a called workflow's, after what calls it and a slash. */
  readonly name: string;
  /** It was given to a runner: whatever held it has let it pass. */
  readonly began: boolean;
  /** null: it has not ended. */
  readonly conclusion: string | null;
  readonly completedAt: number | null;
};
export type Review = {
  readonly state: "approved" | "rejected" | "pending";
  readonly environments: readonly string[];
  readonly by: string;
  readonly comment: string;
};
export type PendingGate = {
  readonly id: number;
  readonly environment: string;
  readonly mayApprove: boolean;
  /** Logins of persons, and slugs of teams as `team:NAME`. */
  readonly reviewers: readonly string[];
};
export type Guard = {
  readonly name: string;
  readonly reviewers: readonly string[];
  readonly preventsSelfReview: boolean;
  /** Slugs of Apps whose rule has to let it pass. */
  readonly apps: readonly string[];
  readonly adminsBypass: boolean;
  /** Which refs may deploy there: of protected branches, of those that are named, or any. */
  readonly branches: "protected" | "named" | "any";
};

export type ForgeErrorCode =
  /** Not reached, or 5xx until patience ended. */
  | "unavailable"
  /** A primary or secondary limit; `retryAt` says when it ends. */
  | "limited"
  | "unauthorized"
  | "forbidden"
  | "not-found"
  /** The request was understood and refused (409, 422). */
  | "refused"
  /** There was an answer, and it cannot be understood whole. */
  | "unreadable";
/** Messages name what was asked and hold no token. */
export class ForgeError extends Error {
  override readonly name = "ForgeError";
  readonly code: ForgeErrorCode;
  readonly hint: string;
  readonly retryAt: number | null;
  constructor(code: ForgeErrorCode, message: string, hint: string, retryAt: number | null = null, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.hint = hint;
    this.retryAt = retryAt;
  }
}
