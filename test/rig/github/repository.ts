import { bareRepository, git, refsIn } from "./git-http.ts";
import type { Hooks } from "./hooks.ts";
import {
  Refusal,
  type CheckRow,
  type DeploymentRow,
  type Environment,
  type EnvironmentOptions,
  type Job,
  type PullOptions,
  type PullRow,
  type RunOptions,
  type Status,
  type WorkflowByHand,
} from "./model.ts";
import type { Installation } from "./apps.ts";
import { Run } from "./run.ts";

export type RepositoryOptions = {
  readonly private?: boolean;
  readonly fork?: boolean;
  readonly defaultBranch?: string;
  /** A bare repository, to which git pushes over HTTP; made where there is none. Without, commits need no git. */
  readonly git?: string;
};
/** `before` and `after`: zeros where there is no such ref. */
export type PushedRef = { readonly ref: string; readonly before: string; readonly after: string; readonly forced: boolean };
export type World = {
  now(): number;
  nextId(): number;
  readonly teams: ReadonlyMap<string, readonly string[]>;
  /** Logins by id. */
  readonly people: ReadonlyMap<number, string>;
  hooks(repository: Repository): Hooks;
  /** Tells whoever listens to pushes. */
  pushed(pushed: PushedRef, by: string, repository: Repository): void;
  /** Asks an App at whose rule a job waits. */
  asksApp(app: string, job: Job, run: Run): void;
};

/** The body of the request, as far as it is looked at. */
export type NewDeployment = {
  readonly ref: string;
  readonly task?: string;
  readonly payload?: DeploymentRow["payload"];
  readonly environment?: string;
  readonly description?: string | null;
  readonly production_environment?: boolean;
  readonly transient_environment?: boolean;
};

/** Without git any 40 hex digits are a commit, and tags and branches say where they lead. */
export class Repository {
  readonly id: number;
  readonly fullName: string;
  readonly isPrivate: boolean;
  readonly fork: boolean;
  defaultBranch: string;
  readonly environments = new Map<string, Environment>();
  /** Newest first. */
  readonly deployments: DeploymentRow[] = [];
  readonly runs = new Map<number, Run>();
  readonly refs = new Map<string, string>();
  /** Newest first. */
  readonly checks: CheckRow[] = [];
  readonly pulls = new Map<number, PullRow>();
  /** By path: the run that a start by hand makes. */
  readonly workflows = new Map<string, (inputs: Readonly<Record<string, string>>) => WorkflowByHand>();
  readonly commits = new Set<string>();
  /** By the slug of an App. */
  readonly installed = new Map<string, Installation>();
  /** What moved refs, newest first. */
  readonly activity: (PushedRef & { readonly id: number; readonly by: string; readonly at: number })[] = [];
  readonly git: string | null;
  readonly hooks: Hooks;
  /** Hear of pushes, as Actions does. */
  readonly onPush: ((pushed: PushedRef, by: string) => void)[] = [];
  /** Newest first. */
  readonly commitStatuses: {
    readonly sha: string;
    readonly state: string;
    readonly context: string;
    readonly description: string;
    readonly url: string;
  }[] = [];
  readonly world: World;

  constructor(world: World, fullName: string, options: RepositoryOptions) {
    this.world = world;
    this.id = world.nextId();
    this.fullName = fullName;
    this.isPrivate = options.private ?? false;
    this.fork = options.fork ?? false;
    this.defaultBranch = options.defaultBranch ?? "main";
    this.git = options.git ?? null;
    this.hooks = world.hooks(this);
    if (this.git === null) return;
    bareRepository(this.git);
    for (const [ref, commit] of refsIn(this.git)) this.refs.set(plainName(ref), commit);
  }

  environment(name: string, options: EnvironmentOptions = {}): Environment {
    const { reviewers = [], preventsSelfReview = false, apps = [], adminsBypass = true, branches = null } = options;
    const id = this.environments.get(name)?.id ?? this.world.nextId();
    const made = { id, name, reviewers, preventsSelfReview, apps, adminsBypass, branches };
    this.environments.set(name, made);
    return made;
  }

  /** As GitHub does for a job that names one: an environment that is not there is made, without any rule. */
  environmentOf(name: string): Environment {
    return this.environments.get(name) ?? this.environment(name);
  }

  /** As if somebody had pushed to a branch. */
  pushed(branch: string, after: string, by: string): void {
    this.moved({ ref: `refs/heads/${branch}`, before: this.refs.get(branch) ?? NOTHING, after, forced: false }, by);
  }

  moved(pushed: PushedRef, by: string): void {
    const { ref, after } = pushed;
    if (after === NOTHING) this.refs.delete(plainName(ref));
    else {
      this.refs.set(plainName(ref), after);
      this.commits.add(after);
    }
    this.activity.unshift({ ...pushed, id: this.world.nextId(), by, at: this.world.now() });
    this.world.pushed(pushed, by, this);
    for (const hears of this.onPush) hears(pushed, by);
  }

  /** Opened by whoever; numbers count from 1. What its refs hold is git's to say. */
  pull({ head, branch = "topic", base = this.defaultBranch, draft = false, by = "ana", fork }: PullOptions): PullRow {
    const number = this.pulls.size + 1;
    const at = this.world.now();
    const of = { number, title: `Pull request ${number}`, by, branch, fork: fork ?? null, at, updatedAt: at, comments: [] };
    const row: PullRow = { ...of, base, baseSha: this.refs.get(base) ?? "0".repeat(40), head, state: "open", draft, locked: false };
    this.pulls.set(number, row);
    this.commits.add(head);
    return row;
  }

  run(options: RunOptions): Run {
    const run = new Run(this, options);
    this.commits.add(options.commit);
    this.runs.set(run.id, run);
    run.step();
    return run;
  }

  mayReview(login: string, environment: Environment): boolean {
    return environment.reviewers.some((reviewer) =>
      reviewer.startsWith("team:") ? (this.world.teams.get(reviewer.slice("team:".length)) ?? []).includes(login) : reviewer === login,
    );
  }

  /** Of a full or abbreviated id, a tag or a branch. */
  resolve(ref: string): string {
    const named = this.refs.get(plainName(ref));
    if (named !== undefined) return named;
    if (this.git !== null) return inGit(this.git, ref);
    if (/^[0-9a-f]{40}$/.test(ref)) return ref;
    const found = /^[0-9a-f]{4,39}$/.test(ref) ? [...this.commits].filter((commit) => commit.startsWith(ref)) : [];
    if (found.length === 1 && found[0] !== undefined) return found[0];
    throw new Refusal(422, `No commit found for SHA: ${ref}`);
  }

  deploy(given: NewDeployment, creator: string): DeploymentRow {
    const { ref, task = "deploy", payload = "", environment = "production", description = null } = given;
    const row: DeploymentRow = {
      id: this.world.nextId(),
      sha: this.resolve(ref),
      ref,
      task,
      environment,
      payload,
      description,
      // What it defaults to, by the description of the field.
      production: given.production_environment ?? environment === "production",
      transient: given.transient_environment ?? false,
      creator,
      at: this.world.now(),
      statuses: [],
    };
    this.deployments.unshift(row);
    return row;
  }

  setStatus(row: DeploymentRow, given: { readonly [key: string]: unknown }, creator: string): Status {
    const { state, description = "", log_url: logUrl = "", environment_url: url = "" } = given as Record<string, string>;
    if (description.length > 140) throw new Refusal(422, "Validation Failed");
    const status: Status = { id: this.world.nextId(), state: state ?? "", description, logUrl, url, creator, at: this.world.now() };
    row.statuses.unshift(status);
    // "Adds a new inactive status to all prior non-transient, non-production environment deployments": on unless it is said.
    if (state === "success" && given["auto_inactive"] !== false)
      for (const other of this.deployments)
        if (
          other !== row &&
          other.environment === row.environment &&
          !other.transient &&
          !other.production &&
          other.statuses[0]?.state === "success"
        )
          other.statuses.unshift({ ...status, id: this.world.nextId(), state: "inactive", description: "" });
    return status;
  }
}

const NOTHING = "0".repeat(40);
const plainName = (ref: string): string => ref.replace(/^(?:refs\/)?(?:heads|tags)\//, "");

function inGit(directory: string, ref: string): string {
  const isId = /^[0-9a-f]{4,40}$/.test(ref);
  try {
    if (isId) return git(directory, "rev-parse", "--verify", "--quiet", `${ref}^{commit}`);
  } catch {
    // there is none of that id
  }
  throw new Refusal(422, `No commit found for SHA: ${ref}`);
}
