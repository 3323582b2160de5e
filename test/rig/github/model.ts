/** What the double remembers. Names are GitHub's. */

export type Reviewer = string;
export type EnvironmentOptions = {
  /** Logins, and teams as `team:NAME`. */
  readonly reviewers?: readonly Reviewer[];
  readonly preventsSelfReview?: boolean;
  /** Slugs of Apps whose rule must let it pass. */
  readonly apps?: readonly string[];
  readonly adminsBypass?: boolean;
  /** Branches that may deploy there; absent: all. */
  readonly branches?: readonly string[];
};
export type Environment = { readonly id: number; readonly name: string } & Required<Omit<EnvironmentOptions, "branches">> & {
    readonly branches: readonly string[] | null;
  };

export type Status = {
  readonly id: number;
  readonly state: string;
  readonly description: string;
  readonly logUrl: string;
  readonly url: string;
  readonly creator: string;
  readonly at: number;
};
export type DeploymentRow = {
  readonly id: number;
  readonly sha: string;
  readonly ref: string;
  readonly task: string;
  readonly environment: string;
  readonly payload: Record<string, unknown> | string;
  readonly description: string | null;
  readonly production: boolean;
  readonly transient: boolean;
  readonly creator: string;
  readonly at: number;
  /** Newest first. */
  readonly statuses: Status[];
};

export type Conclusion = "success" | "failure" | "cancelled" | "skipped";
export type JobOptions = {
  readonly name: string;
  readonly needs?: readonly string[];
  readonly environment?: string;
  /** What the job does; absent: it succeeds. */
  readonly work?: () => Promise<Conclusion> | Conclusion;
};
export type Job = JobOptions & {
  id: number;
  status: "queued" | "waiting" | "in_progress" | "completed";
  conclusion: Conclusion | null;
  /** Of the run, in which it was carried out. */
  attempt: number;
  completedAt: number | null;
  /** A runner has it, or had it. */
  began: boolean;
  /** What its environment still waits for. */
  open: { review: boolean; readonly apps: Set<string> };
  deployment: DeploymentRow | null;
};
export type RunOptions = {
  readonly commit: string;
  readonly jobs: readonly JobOptions[];
  readonly path?: string;
  readonly name?: string;
  readonly title?: string;
  readonly event?: string;
  readonly branch?: string;
  readonly startedBy?: string;
};
/** What a workflow makes of its inputs; the commit is that of the branch. */
export type WorkflowByHand = Pick<RunOptions, "jobs" | "name" | "title">;
export type CheckRow = {
  readonly id: number;
  readonly app: string;
  readonly name: string;
  readonly sha: string;
  readonly externalId: string;
  readonly url: string | null;
  readonly status: string;
  readonly conclusion: string | null;
  readonly title: string | null;
  readonly summary: string | null;
  readonly at: number;
};
export type CommentRow = { readonly id: number; readonly by: string; body: string; readonly at: number };
export type PullOptions = {
  readonly head: string;
  readonly branch?: string;
  readonly base?: string;
  readonly draft?: boolean;
  readonly by?: string;
  /** The repository that it comes from; "": one that is gone; absent: this one. */
  readonly fork?: string;
};
export type PullRow = {
  readonly number: number;
  readonly title: string;
  readonly by: string;
  readonly branch: string;
  readonly fork: string | null;
  readonly at: number;
  /** Oldest first. */
  readonly comments: CommentRow[];
  base: string;
  baseSha: string;
  head: string;
  state: "open" | "closed";
  draft: boolean;
  locked: boolean;
  updatedAt: number;
};
export type ReviewRow = {
  readonly state: "approved" | "rejected";
  readonly environments: readonly Environment[];
  readonly by: string;
  readonly comment: string;
};

/** Whose a token is and what it may. */
export type Token =
  /** An App itself, by a JWT that it has signed. */
  | { readonly kind: "app"; readonly app: string }
  | { readonly kind: "person"; readonly login: string }
  | { readonly kind: "installation"; readonly app: string; readonly permissions: Readonly<Record<string, "read" | "write">> };

/** What becomes of the next requests that match. */
export type Failure = {
  readonly method?: string;
  /** Looked for in the path with its query. */
  readonly path?: RegExp;
  /** How often; default 1. */
  readonly times?: number;
  /** How many that match are let through first. */
  readonly after?: number;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Instead of an answer: `before` nothing was done; `after` it was done and the answer is lost; `midway` half of the answer arrives. */
  readonly cut?: "before" | "after" | "midway";
  /** An answer of status 200 with this text. */
  readonly text?: string;
  /** No answer until the client gives up. */
  readonly hangs?: boolean;
  /** Changes the right answer. */
  readonly change?: (body: unknown) => unknown;
};

/** An answer that is no success. */
export class Refusal extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}
