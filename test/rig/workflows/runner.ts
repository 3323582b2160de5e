import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { gateJobName } from "../../../src/core/config/github.ts";
import type { Github, Repository } from "../github/github.ts";
import type { Conclusion, JobOptions } from "../github/model.ts";
import type { Run } from "../github/run.ts";
import { act, forAct } from "./act.ts";
import type { Files } from "./workflow.ts";

const FOLDER = ".github/workflows";

type RunnerOptions = {
  /** Holds all that the runner and its workflows keep; it is there. */
  readonly directory: string;
  /** What workflows are started for: a bare repository. */
  readonly remote: string;
  readonly github: Github;
  readonly repository: Repository;
  /** Whether what `SLUICE_HOME` names outlives the jobs, as on a runner of one's own. */
  readonly keeps: boolean;
  /** What this machine sets in every job, such as where its tools keep what they need. */
  readonly env?: Readonly<Record<string, string>>;
};
export type Started = {
  /** Of the file, without its ending. */
  readonly workflow: string;
  /** null: by a push. */
  readonly inputs: Readonly<Record<string, string>> | null;
  /** Environments of policy to whose gate the workflow run comes. */
  readonly gates?: readonly string[];
};
export type Ended = { readonly ok: boolean; readonly log: string };

/**
 * A runner on which act runs workflow files as they are on the remote's main, without containers, each job with a copy of the checkout.
 *
 * What act cannot do is done by the double or left out: the double holds the workflow run, and with it the gates (a job with an environment simply runs in act, so that `sluice ci gate` alone is asked
 * whether somebody has approved); `queue` of concurrency, which act refuses to read, is taken out of the copies, and concurrency itself does nothing; `actions/checkout` is not fetched, since act takes it for
 * what it has done already (it copies the repository, history and refs and all).
 */
export class Runner {
  readonly home: string;
  readonly #options: RunnerOptions;
  readonly #token: string;
  readonly #ends = new Map<Run, (how: Conclusion) => void>();

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.home = join(options.directory, "sluice");
    mkdirSync(this.home);
    this.#token = options.github.installation("github-actions", { actions: "read", deployments: "write", contents: "read" });
  }

  /** A workflow run on the double, which waits at its gates and is under way until `end`. */
  begin({ workflow, inputs, gates = [] }: Started, commit: string, startedBy = "ana"): Run {
    const { repository } = this.#options;
    const done = Promise.withResolvers<Conclusion>();
    const jobs: JobOptions[] = [
      { name: "act", work: () => done.promise },
      ...gates.map((id) => ({ name: gateJobName(id), environment: `${id}-approval` })),
    ];
    const event = inputs === null ? "push" : "workflow_dispatch";
    const run = repository.run({ commit, jobs, path: `${FOLDER}/${workflow}.yml`, name: workflow, event, startedBy });
    this.#ends.set(run, done.resolve);
    return run;
  }

  /** Lets people start a workflow by hand; each run of it is under way until `end`. */
  offer(workflow: string, started: (run: Run, what: Started) => void): void {
    const { repository } = this.#options;
    const path = `${FOLDER}/${workflow}.yml`;
    repository.workflows.set(path, (inputs) => {
      const done = Promise.withResolvers<Conclusion>();
      const work = (): Promise<Conclusion> => {
        const run = [...repository.runs.values()].findLast(({ options }) => options.path === path);
        if (!run) throw new Error(`no run of ${workflow} has begun`);
        this.#ends.set(run, done.resolve);
        started(run, { workflow, inputs });
        return done.promise;
      };
      return { name: workflow, jobs: [{ name: "act", work }] };
    });
  }

  end(run: Run, how: Conclusion = "success"): void {
    this.#ends.get(run)?.(how);
  }

  /** Everything that the workflow does, from its start, as jobs of that run. */
  async carryOut(run: Run, { workflow, inputs }: Started): Promise<Ended> {
    const { directory, github, repository, keeps, env: own } = this.#options;
    const job = mkdtempSync(join(directory, "run-"));
    const checkout = await this.#checkout(join(job, "checkout"));
    const event = join(job, "event.json");
    writeFileSync(
      event,
      JSON.stringify({ inputs: inputs ?? {}, repository: { default_branch: repository.defaultBranch, full_name: repository.fullName } }),
    );
    const { GITHUB_TOKEN: _, ...places } = github.env("", repository.fullName);
    const env = {
      ...own,
      ...places,
      GITHUB_RUN_ID: String(run.id),
      GITHUB_RUN_ATTEMPT: String(run.attempt),
      ...(keeps ? { SLUICE_HOME: this.home } : {}),
    };
    const { code, log } = await act({
      repository: checkout,
      workflow,
      inputs,
      event,
      actor: run.options.startedBy,
      env,
      secrets: { GITHUB_TOKEN: this.#token },
      cache: join(directory, "cache"),
    });
    return { ok: code === 0, log };
  }

  async #checkout(path: string): Promise<string> {
    await execa("git", ["clone", "--quiet", this.#options.remote, path]);
    const names = readdirSync(join(path, FOLDER)).map((name) => join(path, FOLDER, name));
    const files: Files = new Map(names.map((name) => [name, readFileSync(name, "utf8")]));
    for (const [name, text] of forAct(files)) writeFileSync(name, text);
    return path;
  }
}
