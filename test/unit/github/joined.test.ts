import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parse, stringify } from "yaml";
import type { CiStep } from "../../../src/cli/context.ts";
import { wait } from "../../../src/host/wait.ts";
import { reviewGates } from "../../../src/github/gates/review.ts";
import { waitingGates } from "../../../src/github/gates/waiting.ts";
import type { Run as WorkflowRun } from "../../rig/github/run.ts";
import { filesOf } from "../../rig/workflows/projects.ts";
import type { Run, Unit } from "../../rig/workflows/run.ts";
import { Simulation, type Command, type Ended, type World } from "../../rig/workflows/simulation.ts";
import { Workflow } from "../app/ci/rig.ts";

const BACKENDS = ["auth", "api", "orders", "indexer", "mail", "search"];
const FRONTENDS = ["web", "admin"];
const SERVICES = [...BACKENDS, ...FRONTENDS];
const ENVIRONMENTS = ["devnet", "mainnet"];
const NEEDS: Readonly<Record<string, readonly string[]>> = { api: ["auth"], orders: ["api"], web: BACKENDS, admin: BACKENDS };

/** What an engine rests between two looks is shorter; who waits for others waits for longer. */
const LONGEST_MS = 1_000;

const project = (flow: Workflow): object => ({
  version: 1,
  project: "shop",
  github: {},
  environments: { devnet: {}, mainnet: { needs: ["devnet"], approval: { approvers: ["ben"] } } },
  artifacts: { mega: { bundle: { path: ".", command: ["sh", "-c", `echo built >> ${join(flow.world, "builds")}`] } } },
  services: Object.fromEntries(
    SERVICES.map((id) => [
      id,
      {
        tier: FRONTENDS.includes(id) ? "frontend" : "backend",
        paths: [id],
        artifact: "mega",
        ...(FRONTENDS.includes(id) ? {} : { needs: NEEDS[id] ?? [] }),
        deploy: JSON.parse(JSON.stringify(parse(flow.driver()))),
      },
    ]),
  ),
});

/** Jobs of simulated workflow runs whose commands are real, each a job of a run on the double; which of those that could go on is next, is drawn. */
class Jobs implements World {
  readonly failed: string[] = [];
  /** Jobs that build. */
  builders = 0;
  /** Of the one runner that carries out all of them. */
  readonly home: string;
  readonly #flow: Workflow;
  readonly #commit: string;
  readonly #draw: (below: number) => number;
  readonly #runs = new Map<Run, WorkflowRun>();

  constructor(flow: Workflow, commit: string, draw: (below: number) => number) {
    this.#flow = flow;
    this.#commit = commit;
    this.#draw = draw;
    this.home = join(flow.directory, "home");
    mkdirSync(this.home);
  }

  async start(simulation: Simulation, name: string): Promise<void> {
    const path = `.github/workflows/${name}.yml`;
    const jobs = [
      { name: "rest", work: () => new Promise<"success">(() => {}) },
      { name: "gate", environment: "mainnet-approval" },
    ];
    const run = this.#flow.shop.run({ commit: this.#commit, path, name, jobs });
    this.#runs.set(await simulation.start(path, "push", {}, { sha: this.#commit, run_id: String(run.id) }), run);
  }

  async command({ job, run, env }: Command): Promise<Ended> {
    const request = stepOf(run, env);
    // `npm ci`
    if (request === null) return { ok: true };
    if (request.step === "build") this.builders += 1;
    const pause = (ms: number, signal: AbortSignal): Promise<void> =>
      ms < LONGEST_MS ? wait(ms, signal) : Promise.reject(new Error(`${job.title} waits, and nothing else goes on`));
    const { exit, error, outputs, out } = await this.#flow.job(request, {
      run: this.#of(job.run),
      env: { ...env, SLUICE_HOME: this.home },
      commit: null,
      wait: pause,
    });
    if (exit !== 0) this.failed.push(`${job.title}: ${error?.message ?? out}`);
    return { ok: exit === 0, outputs };
  }

  gate({ run }: Unit): "approve" | "wait" {
    return this.#of(run).waitingAt().length === 0 ? "approve" : "wait";
  }

  /** A job that waits for backends ends once they serve. */
  ends({ title }: Unit): boolean {
    const [, service = "", environment] = /deploy-(\w+) \/ wait-(\w+)$/.exec(title) ?? [];
    return environment === undefined || (NEEDS[service] ?? []).every((need) => this.#flow.live(`${need}@${environment}`) === this.#commit);
  }

  choose(ready: readonly Unit[]): Unit | undefined {
    return ready[this.#draw(ready.length)];
  }

  #of(run: Run): WorkflowRun {
    const found = this.#runs.get(run);
    if (!found) throw new Error(`${run.title} has no run on the double`);
    return found;
  }
}

function stepOf(command: string, env: Readonly<Record<string, string>>): CiStep | null {
  const [, step, rest = ""] = / ci (\w+)(.*)/.exec(command) ?? [];
  const option = (name: string): string =>
    (new RegExp(`--${name} (\\S+)`).exec(rest)?.[1] ?? "").replace('"$SLUICE_ENV"', env["SLUICE_ENV"] ?? "");
  const [environment, service, waves] = [option("env"), option("service"), Number(option("waves"))];
  switch (step) {
    case undefined:
      return null;
    case "plan":
      return { step, services: service === "" ? null : [service], environments: null, waves };
    case "build":
    case "report":
      return { step };
    case "deploy":
    case "gate":
      return { step, environment };
    case "resolve":
      return { step, environment, waves };
    case "wait":
      return { step, environment, service };
    default:
      throw new Error(`nobody knows sluice ci ${step}`);
  }
}

/** What has been deployed, in order: of each environment, which services. */
function inOrder(flow: Workflow, environment: string): readonly string[] {
  return flow.order().flatMap((target) => (target.endsWith(`@${environment}`) ? [target.slice(0, -environment.length - 1)] : []));
}

async function history(draws: readonly number[]): Promise<void> {
  const flow = await Workflow.begin();
  const commit = flow.commit({ "sluice.yaml": stringify(project(flow)) });
  flow.shop.environment("mainnet-approval", { reviewers: ["ben"], preventsSelfReview: true });
  let at = 0;
  const draw = (below: number): number => (draws[(at += 1) % draws.length] ?? 0) % below;
  const jobs = new Jobs(flow, commit, draw);
  const simulation = new Simulation(await filesOf(project(flow)), jobs);
  const names = ["deploy-all", ...SERVICES.map((id) => `deploy-${id}`)];
  while (names.length > 0) await jobs.start(simulation, ...(names.splice(draw(names.length), 1) as [string]));

  await simulation.settle();
  expect(inOrder(flow, "mainnet")).toEqual([]);
  // one act of one person
  const ben = flow.forge(flow.github.person("ben"));
  const { gates } = await waitingGates(ben, { commit, environments: null, branches: ["main"] });
  const reviewed = await reviewGates(ben, gates, { state: "approved", comment: "" }, new AbortController().signal);
  expect(reviewed.map(({ environment, result }) => `${environment} ${result}`)).toEqual(simulation.runs.map(() => "mainnet approved"));
  await simulation.settle();

  expect(jobs.failed).toEqual([]);
  expect(simulation.runs.map(({ title, result }) => `${title} ${result}`).filter((line) => !line.endsWith(" success"))).toEqual([]);
  for (const environment of ENVIRONMENTS) {
    const order = inOrder(flow, environment);
    expect(order.toSorted()).toEqual(SERVICES.toSorted());
    for (const [service, needs] of Object.entries(NEEDS))
      expect(needs.filter((need) => order.indexOf(need) > order.indexOf(service))).toEqual([]);
  }
  // one build: the first job records it, and neither the other jobs that build nor a leg makes it again
  expect(readdirSync(join(jobs.home, "artifacts"))).toHaveLength(1);
  expect(readFileSync(join(flow.world, "builds"), "utf8").split("\n").length - 1).toBe(1);
  expect(jobs.builders).toBe(1 + SERVICES.length);
}

const seed = Number(process.env["SLUICE_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

test(
  `deploy all and the workflows of eight services, begun at one commit and in any order, are one deploy (SLUICE_SEED=${seed})`,
  { timeout: 120_000 },
  async () => {
    // One: it is some eighty jobs, each with an engine of its own.
    const once = { seed, numRuns: 1, endOnFailure: true };
    await fc.assert(fc.asyncProperty(fc.array(fc.nat(9999), { minLength: 200, maxLength: 200 }), history), once);
  },
);
