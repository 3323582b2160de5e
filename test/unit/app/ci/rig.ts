import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { ci } from "../../../../src/app/ci/ci.ts";
import { systemClock } from "../../../../src/app/clock.ts";
import type { CiStep } from "../../../../src/cli/context.ts";
import { gateJobName } from "../../../../src/core/config/github.ts";
import { CliError } from "../../../../src/cli/exit.ts";
import { wait } from "../../../../src/host/wait.ts";
import { accessFrom } from "../../../../src/github/api/access.ts";
import { githubForge } from "../../../../src/github/api/forge.ts";
import type { Forge } from "../../../../src/github/forge.ts";
import type { StopRecord } from "../../../../src/github/records/record.ts";
import { liftStops, standingStops } from "../../../../src/github/records/stops.ts";
import { Github, type Repository } from "../../../rig/github/github.ts";
import type { Run } from "../../../rig/github/run.ts";
import { Repo } from "../../source/repo.ts";

/** What is live is a file: the commit and the attempt that has brought it. `fail` and `hang` beside it say how the next apply goes. */
const TOOL = `
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
const [, , act, world] = process.argv;
const { SLUICE_SERVICE: service, SLUICE_ENVIRONMENT: environment, SLUICE_COMMIT: commit, SLUICE_ATTEMPT_ID: attempt } = process.env;
const file = world + "/" + service + "@" + environment;
if (act === "observe") {
  if (existsSync(file + ".blind")) process.exit(4);
  if (!existsSync(file)) process.exit(0);
  const live = JSON.parse(readFileSync(file, "utf8"));
  console.log(JSON.stringify({ ...live, health: existsSync(file + ".sick") ? "degraded" : "healthy" }));
} else {
  console.log("::set-output name=x::applying " + service);
  const tell = (what) => appendFileSync(world + "/acts", [what, service + "@" + environment, commit, attempt].join(" ") + "\\n");
  tell("begin");
  if (existsSync(file + ".fail")) {
    tell("end");
    process.exit(3);
  }
  if (existsSync(file + ".stall")) {
    writeFileSync(file + ".stalled", "");
    setInterval(() => {}, 1000);
    await new Promise(() => {});
  }
  writeFileSync(file, JSON.stringify({ commit, attempt }));
  writeFileSync(world + "/order", (existsSync(world + "/order") ? readFileSync(world + "/order", "utf8") : "") + service + "@" + environment + "\\n");
  tell("end");
  if (existsSync(file + ".hang")) setInterval(() => {}, 1000);
}
`;

export type JobOptions = {
  readonly env?: Readonly<Record<string, string>>;
  readonly event?: string;
  readonly actor?: string;
  readonly commit?: string | null;
  /** Of the workflow's file. */
  readonly path?: string;
  /** Another clone than the one in which commits are made. */
  readonly checkout?: string;
  /** Where in the repository its steps run. */
  readonly folder?: string;
  /** Who has let it pass, by environment. */
  readonly approved?: Readonly<Record<string, string>>;
  /** A job of this workflow run instead of one of its own. */
  readonly run?: Run;
  readonly interrupted?: AbortSignal;
  readonly now?: () => number;
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
  /** What stands between the job and GitHub. */
  readonly between?: (forge: Forge) => Forge;
};
export type JobEnd = {
  readonly exit: number;
  readonly error: CliError | null;
  readonly outputs: Readonly<Record<string, string>>;
  readonly summary: string;
  readonly out: string;
};

type File = { readonly environments?: string; readonly services?: Readonly<Record<string, string>>; readonly migration?: string };

/** How a job ended, and what it has said is wrong. */
export const ends = ({ exit, error, out }: JobEnd): { readonly exit: number; readonly said: string } => ({
  exit,
  said:
    error === null
      ? out
          .split("\n")
          .filter((line) => line.startsWith("::error::"))
          .join("\n")
      : `${error.message}. ${error.hint}`,
});

/** A repository, its deployments on GitHub, and jobs that run one after the other on machines that keep nothing. */
export class Workflow {
  readonly repo = new Repo();
  readonly directory = mkdtempSync(join(tmpdir(), "sluice-ci-test-"));
  readonly world = join(this.directory, "world");
  readonly github: Github;
  readonly shop: Repository;
  readonly #token: string;

  private constructor(opened: Github) {
    this.github = opened;
    this.shop = opened.repository("team/shop");
    this.#token = opened.installation("github-actions", { actions: "read", deployments: "write", contents: "read" });
    mkdirSync(this.world);
    writeFileSync(join(this.world, "tool.mjs"), TOOL);
    onTestFinished(async () => {
      this.repo.remove();
      rmSync(this.directory, { recursive: true, force: true });
      await opened.close();
    });
  }

  /** `now`: GitHub's clock; else every request is a second later. */
  static async begin(now?: () => number): Promise<Workflow> {
    let at = Date.UTC(2026, 0, 31, 9);
    return new Workflow(await Github.start({ now: now ?? (() => (at += 1_000)) }));
  }

  forge(as = this.#token): Forge {
    return githubForge(accessFrom(this.github.env(as, "team/shop")), { secondMs: 1, writeEveryMs: 0, timeoutMs: 5_000 });
  }

  /** `task environment: state description` of every record, oldest first. */
  told(): readonly string[] {
    return this.shop.deployments
      .filter(({ task }) => task.startsWith("sluice:"))
      .map((d) => `${d.task} ${d.environment} ${d.statuses[0]?.state ?? "-"} ${d.statuses[0]?.description ?? ""}`.trim())
      .toReversed();
  }

  driver(extra = ""): string {
    return `{ command: { apply: [node, "${this.world}/tool.mjs", apply, "${this.world}"], observe: [node, "${this.world}/tool.mjs", observe, "${this.world}"]${extra} } }`;
  }

  /** Services by name: `web: frontend`. */
  file({ environments = "dev: {}, prod: { needs: [dev] }", services = { api: "backend", web: "frontend" }, migration }: File = {}): string {
    const lines = Object.entries(services).map(([id, tier]) => {
      const irreversible = id === "api" && migration !== undefined ? `migration: { irreversible: [${migration}] }, ` : "";
      return `  ${id}: { tier: ${tier}, paths: [${id}], ${irreversible}deploy: ${this.driver()} }`;
    });
    return ["version: 1", "project: shop", `environments: { ${environments} }`, "services:", ...lines, ""].join("\n");
  }

  commit(files: Parameters<Repo["commit"]>[0], subject?: string): string {
    const commit = this.repo.commit(files, subject);
    this.repo.git("update-ref", "refs/remotes/origin/main", "refs/heads/main");
    return commit;
  }

  /** A step of a job in a workflow run, behind the gates that somebody has let it pass. */
  async job(request: CiStep, options: JobOptions = {}): Promise<JobEnd> {
    const { event = "push", actor = "ana" } = options;
    const head = this.repo.git("rev-parse", "HEAD");
    if (options.run) return await this.#step(request, options, options.run);
    const done = Promise.withResolvers<JobEnd>();
    const gates = Object.entries(options.approved ?? {}).map(([environment, by]) => {
      const { name } = this.shop.environment(`${environment}-approval`, { reviewers: [by] });
      return { name: gateJobName(environment), environment: name };
    });
    const run: Run = this.shop.run({
      commit: options.commit ?? head,
      event,
      startedBy: actor,
      ...(options.path === undefined ? {} : { path: options.path }),
      jobs: [
        ...gates,
        {
          name: "step",
          needs: gates.map(({ name }) => name),
          work: async () => {
            // a run that begins at once is not known before it has begun
            await Promise.resolve();
            try {
              const end = await this.#step(request, options, run);
              done.resolve(end);
              return end.exit === 0 ? "success" : "failure";
            } catch (error) {
              done.reject(error);
              throw error;
            }
          },
        },
      ],
    });
    for (const [environment, by] of Object.entries(options.approved ?? {}))
      run.review(by, [this.shop.environmentOf(`${environment}-approval`).id], "approved", "");
    return await done.promise;
  }

  /** What a job of a workflow run is told; `files`: where it writes what it hands on. */
  environment(
    options: JobOptions,
    run: Run,
  ): { readonly env: Record<string, string>; readonly read: (name: "output" | "summary") => string } {
    const files = mkdtempSync(join(this.directory, "job-"));
    const at = (name: string): string => join(files, name);
    writeFileSync(at("event"), JSON.stringify({ repository: { default_branch: "main", full_name: "team/shop" } }));
    const head = this.repo.git("rev-parse", "HEAD");
    const env: Record<string, string> = {
      PATH: process.env["PATH"] ?? "",
      ...this.github.env(this.#token, "team/shop"),
      GITHUB_EVENT_NAME: run.options.event,
      GITHUB_EVENT_PATH: at("event"),
      GITHUB_OUTPUT: at("output"),
      GITHUB_STEP_SUMMARY: at("summary"),
      GITHUB_RUN_ID: String(run.id),
      GITHUB_RUN_ATTEMPT: String(run.attempt),
      GITHUB_ACTOR: run.options.startedBy,
      GITHUB_SHA: head,
      ...(options.commit === null ? {} : { SLUICE_COMMIT: options.commit ?? head }),
      ...options.env,
    };
    return { env, read: (name) => (existsSync(at(name)) ? readFileSync(at(name), "utf8") : "") };
  }

  async #step(request: CiStep, options: JobOptions, run: Run): Promise<JobEnd> {
    const { env, read } = this.environment(options, run);
    let out = "";
    const forge = options.between?.(this.forge()) ?? this.forge();
    const directory = join(options.checkout ?? this.repo.directory, options.folder ?? "");
    const host = {
      env,
      directory,
      interrupted: options.interrupted ?? new AbortController().signal,
      out: (text: string) => void (out += text),
      clock: options.now ? { ...systemClock, now: options.now } : systemClock,
      forge: () => Promise.resolve(forge),
      wait: options.wait ?? wait,
    };
    const end = (exit: number, error: CliError | null): JobEnd => ({
      exit,
      error,
      outputs: outputsIn(read("output")),
      summary: read("summary"),
      out,
    });
    try {
      const { exit } = await ci({ ...request, directory, json: false }, host);
      return end(exit, null);
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      return end(error.exit, error);
    }
  }

  plan(options: JobOptions & { readonly services?: readonly string[]; readonly waves?: number } = {}): Promise<JobEnd> {
    return this.job({ step: "plan", services: options.services ?? null, environments: null, waves: options.waves ?? 2 }, options);
  }
  deploy(environment: string, services: readonly string[], options: JobOptions = {}): Promise<JobEnd> {
    const env = { SLUICE_CHUNK: JSON.stringify({ name: services[0], services }), ...options.env };
    return this.job({ step: "deploy", environment }, { ...options, env });
  }

  resolve(environment: string, options: JobOptions = {}): Promise<JobEnd> {
    return this.job({ step: "resolve", environment, waves: 2 }, { event: "workflow_dispatch", ...options });
  }
  rollback(environment: string, options: JobOptions = {}): Promise<JobEnd> {
    const env = { SLUICE_REASON: "it is bad", ...options.env };
    return this.job({ step: "rollback", environment, waves: 2 }, { event: "workflow_dispatch", commit: null, ...options, env });
  }
  /** The jobs behind a rollback, one after the other, as it has handed them on. */
  async waves(environment: string, { outputs }: JobEnd, options: JobOptions = {}): Promise<readonly JobEnd[]> {
    const env = {
      SLUICE_COMMIT: outputs["commit"] ?? "",
      SLUICE_DIRECTION: outputs["direction"] ?? "",
      SLUICE_TO: outputs["to"] ?? "",
      SLUICE_REASON: "it is bad",
      SLUICE_ARTIFACTS: outputs["artifacts"] ?? "",
    };
    const ends: JobEnd[] = [];
    const { waves } = JSON.parse(outputs["waves"] ?? "") as { waves: { services: string[] }[][] };
    for (const chunk of waves.flat())
      ends.push(await this.deploy(environment, chunk.services, { ...options, event: "workflow_dispatch", commit: null, env }));
    return ends;
  }

  /** As a person does from a terminal. */
  async unhold(environment: string, by = "ben"): Promise<readonly StopRecord[]> {
    const stops = (await standingStops(this.forge(), environment, 0)).filter(({ kind }) => kind === "hold");
    await liftStops(
      this.forge(),
      stops.map(({ id }) => id),
      by,
    );
    return stops;
  }

  live(target: string): string | null {
    const file = join(this.world, target);
    return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as { commit: string }).commit : null;
  }
  isThere(file: string): boolean {
    return existsSync(join(this.world, file));
  }
  order(): readonly string[] {
    return existsSync(join(this.world, "order")) ? readFileSync(join(this.world, "order"), "utf8").trim().split("\n") : [];
  }
  /** Applies in the order in which they began and ended. */
  acts(): readonly { readonly what: string; readonly target: string; readonly commit: string; readonly attempt: string }[] {
    const file = join(this.world, "acts");
    const lines = existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
    return lines.map((line) => {
      const [what = "", target = "", commit = "", attempt = ""] = line.split(" ");
      return { what, target, commit, attempt };
    });
  }
  mark(target: string, how: "fail" | "hang" | "stall" | "sick" | "blind", is = true): void {
    const file = join(this.world, `${target}.${how}`);
    if (is) writeFileSync(file, "");
    else rmSync(file, { force: true });
  }
}

function outputsIn(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [, name = "", , value = ""] of text.matchAll(/^(\w+)<<(\S+)\n([\s\S]*?)\n\2$/gm)) found[name] = value;
  return found;
}
