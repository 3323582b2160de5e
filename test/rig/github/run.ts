import { Refusal, type Conclusion, type Environment, type Job, type ReviewRow, type RunOptions } from "./model.ts";
import type { Repository } from "./repository.ts";

/** A workflow run: jobs by what they need; a job with an environment is held until a reviewer and every App has let it pass. */
export class Run {
  readonly id: number;
  readonly repository: Repository;
  readonly options: Required<Omit<RunOptions, "jobs">>;
  readonly jobs: readonly Job[];
  /** What earlier attempts have carried out, and was then begun anew. */
  readonly past: Job[] = [];
  readonly reviews: ReviewRow[] = [];
  readonly createdAt: number;
  attempt = 1;
  /** Who has had it run again last. */
  triggeredBy: string;
  #ended = Promise.withResolvers<void>();

  constructor(repository: Repository, options: RunOptions) {
    const { path = ".github/workflows/deploy-all.yml", name = "Deploy all", event = "push", startedBy = "ana" } = options;
    const { title = name, branch = repository.defaultBranch } = options;
    this.repository = repository;
    this.id = repository.world.nextId();
    this.triggeredBy = startedBy;
    this.createdAt = repository.world.now();
    this.options = { commit: options.commit, path, name, title, event, branch, startedBy };
    this.jobs = options.jobs.map((job) => ({ ...job, id: repository.world.nextId(), ...unbegun(1) }));
  }

  /** Resolves when every job has ended. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  get status(): string {
    if (this.jobs.every(({ status }) => status === "completed")) return "completed";
    if (this.jobs.some(({ status }) => status === "waiting")) return "waiting";
    return this.jobs.some(({ status }) => status === "in_progress") ? "in_progress" : "queued";
  }

  get conclusion(): Conclusion | null {
    if (this.status !== "completed") return null;
    const all = this.jobs.map(({ conclusion }) => conclusion);
    return all.includes("failure") ? "failure" : all.includes("cancelled") ? "cancelled" : "success";
  }

  job(name: string): Job {
    const found = this.jobs.find((job) => job.name === name);
    if (!found) throw new Error(`the run has no job ${name}`);
    return found;
  }

  /** Environments at which jobs wait. */
  waitingAt(): readonly Environment[] {
    const names = new Set(this.jobs.filter(({ status }) => status === "waiting").map(({ environment }) => environment ?? ""));
    return [...names].map((name) => this.repository.environmentOf(name));
  }

  /** Starts what can start. */
  step(): void {
    for (let moved = true; moved;) moved = this.jobs.map((job) => (job.status === "queued" ? this.#look(job) : false)).includes(true);
    if (this.status === "completed") this.#ended.resolve();
  }

  /** One act on several environments, all or nothing. */
  review(by: string, environmentIds: readonly number[], state: "approved" | "rejected", comment: string): readonly Job[] {
    const environments = environmentIds.map((id) => {
      const environment = this.waitingAt().find((waiting) => waiting.id === id && this.#waitsForReview(waiting.name));
      if (!environment) throw new Refusal(422, "No pending deployment requests to approve or reject");
      if (!this.mayReview(by, environment)) throw new Refusal(422, `${by} may not review ${environment.name}`);
      return environment;
    });
    this.reviews.unshift({ state, environments, by, comment });
    const jobs = this.jobs.filter((job) => job.status === "waiting" && environments.some(({ name }) => name === job.environment));
    for (const job of jobs) {
      job.open.review = false;
      if (state === "rejected") this.#end(job, "failure");
      else this.#start(job);
    }
    this.step();
    return jobs;
  }

  /** What an App says at an environment. */
  pass(app: string, environment: string, state: "approved" | "rejected"): void {
    const jobs = this.jobs.filter((job) => job.status === "waiting" && job.environment === environment && job.open.apps.has(app));
    if (jobs.length === 0) throw new Refusal(422, "No pending custom deployment protection rule");
    for (const job of jobs) {
      job.open.apps.delete(app);
      if (state === "rejected") this.#end(job, "failure");
      else this.#start(job);
    }
    this.step();
  }

  mayReview(login: string, environment: Environment): boolean {
    return this.repository.mayReview(login, environment) && !(environment.preventsSelfReview && login === this.options.startedBy);
  }

  cancel(): void {
    if (this.status === "completed") throw new Refusal(409, "Cannot cancel a workflow run that is completed.");
    for (const job of this.jobs) if (job.status !== "completed") this.#end(job, "cancelled");
    this.step();
  }

  /** `failed`: only the jobs that did not succeed. */
  again(failed: boolean): void {
    if (this.status !== "completed") throw new Refusal(403, "This workflow is already running");
    this.attempt += 1;
    this.#ended = Promise.withResolvers<void>();
    for (const job of this.jobs)
      if (!failed || job.conclusion !== "success") {
        this.past.push({ ...job });
        Object.assign(job, unbegun(this.attempt), { id: this.repository.world.nextId() });
      }
    this.step();
  }

  #waitsForReview = (environment: string): boolean =>
    this.jobs.some((job) => job.status === "waiting" && job.environment === environment && job.open.review);

  /** Whether the job is another than before. */
  #look(job: Job): boolean {
    const needed = (job.needs ?? []).map((name) => this.job(name));
    if (needed.some(({ status }) => status !== "completed")) return false;
    if (needed.some(({ conclusion }) => conclusion !== "success")) {
      this.#end(job, "skipped");
      return true;
    }
    if (job.environment !== undefined && !this.#enter(job, this.repository.environmentOf(job.environment))) return true;
    this.#start(job);
    return true;
  }

  /** GitHub makes a deployment of its own for a job with an environment. False: it does not go on at once. */
  #enter(job: Job, environment: Environment): boolean {
    const { commit, branch } = this.options;
    job.deployment = this.repository.deploy({ ref: commit, environment: environment.name, task: "deploy" }, "github-actions[bot]");
    if (environment.branches !== null && !environment.branches.includes(branch)) {
      this.#end(job, "failure");
      return false;
    }
    job.open = { review: environment.reviewers.length > 0, apps: new Set(environment.apps) };
    if (!job.open.review && job.open.apps.size === 0) return true;
    job.status = "waiting";
    this.repository.setStatus(job.deployment, { state: "waiting" }, "github-actions[bot]");
    for (const app of job.open.apps) this.repository.world.asksApp(app, job, this);
    return false;
  }

  #start(job: Job): void {
    if (job.status === "completed" || job.open.review || job.open.apps.size > 0) return;
    job.status = "in_progress";
    job.began = true;
    if (job.work) void this.#carryOut(job, job.work);
    else this.#end(job, "success");
  }

  async #carryOut(job: Job, work: NonNullable<Job["work"]>): Promise<void> {
    const { attempt } = this;
    let conclusion: Conclusion;
    try {
      conclusion = await work();
    } catch {
      conclusion = "failure";
    }
    // What was cancelled meanwhile, or begun anew, is not this one's to end.
    if (job.status !== "in_progress" || this.attempt !== attempt) return;
    this.#end(job, conclusion);
    this.step();
  }

  #end(job: Job, conclusion: Conclusion): void {
    job.status = "completed";
    job.conclusion = conclusion;
    job.completedAt = this.repository.world.now();
    if (job.deployment)
      this.repository.setStatus(job.deployment, { state: conclusion === "success" ? "success" : "failure" }, "github-actions[bot]");
  }
}

const unbegun = (attempt: number): Pick<Job, "status" | "conclusion" | "attempt" | "completedAt" | "began" | "open" | "deployment"> => ({
  status: "queued",
  conclusion: null,
  attempt,
  completedAt: null,
  began: false,
  open: { review: false, apps: new Set() },
  deployment: null,
});
