import {
  Refusal,
  type CheckRow,
  type DeploymentRow,
  type Environment,
  type EnvironmentOptions,
  type RunOptions,
  type Status,
  type WorkflowByHand,
} from "./model.ts";
import type { Installation } from "./apps.ts";
import { Run } from "./run.ts";

export type RepositoryOptions = { readonly private?: boolean; readonly fork?: boolean; readonly defaultBranch?: string };
export type World = {
  now(): number;
  nextId(): number;
  readonly teams: ReadonlyMap<string, readonly string[]>;
  /** Logins by id. */
  readonly people: ReadonlyMap<number, string>;
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

/** Commits need no git here: any 40 hex digits are one, and tags and branches say where they lead. */
export class Repository {
  readonly id: number;
  readonly fullName: string;
  readonly isPrivate: boolean;
  readonly fork: boolean;
  readonly defaultBranch: string;
  readonly environments = new Map<string, Environment>();
  /** Newest first. */
  readonly deployments: DeploymentRow[] = [];
  readonly runs = new Map<number, Run>();
  readonly refs = new Map<string, string>();
  /** Newest first. */
  readonly checks: CheckRow[] = [];
  /** By path: the run that a start by hand makes. */
  readonly workflows = new Map<string, (inputs: Readonly<Record<string, string>>) => WorkflowByHand>();
  readonly commits = new Set<string>();
  /** By the slug of an App. */
  readonly installed = new Map<string, Installation>();
  /** What moved refs, newest first. */
  readonly activity: { readonly id: number; readonly ref: string; readonly after: string; readonly by: string; readonly at: number }[] = [];
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

  pushed(branch: string, after: string, by: string): void {
    this.refs.set(branch, after);
    this.commits.add(after);
    this.activity.unshift({ id: this.world.nextId(), ref: `refs/heads/${branch}`, after, by, at: this.world.now() });
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
    const named = this.refs.get(ref.replace(/^refs\/(?:heads|tags)\//, "").replace(/^(?:heads|tags)\//, ""));
    if (named !== undefined) return named;
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
