import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { createClient, type Client, type Schemas } from "../../../src/contract/client.ts";
import { stopAll } from "../../../src/drivers/process/index.ts";
import { endAttempts } from "../../../src/executor/local/index.ts";
import { TestServer } from "../../rig/server.ts";
import { until } from "../../rig/wait.ts";
import { Program } from "../cli-rig.ts";
import { Sample } from "./sample.ts";

export type Person = "ana" | "ben" | "cy" | "zoe";
const PEOPLE: readonly Person[] = ["ana", "ben", "cy", "zoe"];
export type Ended = { readonly exit: number | null; readonly out: string; readonly err: string };
export type Run = Schemas["RunDetail"];
export type Step = Schemas["Step"];
type DeployRequest = Schemas["DeployRequest"];

const ENDED = new Set(["succeeded", "failed", "cancelled", "superseded"]);

/** A copy of the sample with the policy that a story needs, a server of its own, and four people with tokens of their own. */
export class Harbor extends Sample implements AsyncDisposable {
  readonly #server: TestServer;

  private constructor() {
    super();
    const tokens = PEOPLE.map((person) => `${person}:${secretOf(person)}`).join(",");
    this.#server = new TestServer(this.root, {
      XDG_STATE_HOME: join(this.directory, "state"),
      SLUICE_TOKEN: tokens,
      NODE_OPTIONS: `--import ${this.clock}`,
    });
  }

  /** The sample with these `environments:` (and `teams:`), served. `edit` changes what the file says of services. */
  static async open(environments: string, edit: (file: string) => string = (file) => file): Promise<Harbor> {
    const harbor = new Harbor();
    try {
      await harbor.prepare(environments, edit);
      await harbor.start();
      return harbor;
    } catch (error) {
      await harbor[Symbol.asyncDispose]();
      throw error;
    }
  }

  start(): Promise<void> {
    return this.#server.start();
  }

  /** Ends the server and nothing that it has started. */
  kill(): Promise<void> {
    return this.#server.kill("SIGKILL");
  }

  /** The server is killed, and started again when this time has passed. */
  async later(ms: number): Promise<void> {
    await this.kill();
    this.setForward(ms);
    await this.start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.calm();
    await this.#server.kill("SIGTERM");
    await endAttempts(this.#server.home);
    await stopAll(this.#server.home);
    rmSync(this.directory, { recursive: true, force: true });
  }

  // who acts

  api(person: Person): Client {
    return createClient({ baseUrl: this.#url, token: secretOf(person) });
  }

  /** `sluice` as a process of its own, as this person. */
  program(person: Person, args: readonly string[]): Program {
    const env = { ...this.env, SLUICE_URL: this.#url, SLUICE_TOKEN: secretOf(person), NO_COLOR: "1", COLUMNS: "400" };
    return new Program(args, { cwd: this.directory, env });
  }

  async sluice(person: Person, ...args: readonly string[]): Promise<Ended> {
    const program = this.program(person, args);
    const exit = await program.exit();
    return { exit, out: program.out, err: program.err };
  }

  /** What `sluice` has printed, for people and for programs, where it ends well. */
  async says(person: Person, ...args: readonly string[]): Promise<string> {
    const { exit, out, err } = await this.sluice(person, ...args);
    if (exit !== 0) throw new Error(`sluice ${args.join(" ")} ended with ${exit}:\n${out}${err}`);
    return out + err;
  }

  /** Admits a run; resolves to its id. */
  async deploy(person: Person, commit: string, request: DeployRequest = {}): Promise<string> {
    return (await answer(this.api(person).POST("/api/v1/runs", { params: { header: {} }, body: { ...request, commit } }))).run.id;
  }

  async approve(person: Person, commit: string, environment: string, more: Partial<Schemas["DecisionRequest"]> = {}) {
    const body = { verdict: "approved" as const, commit, environment, ...more };
    return answer(this.api(person).POST("/api/v1/decisions", { params: { header: {} }, body }));
  }

  // what is true

  run(id: string): Promise<Run> {
    return answer(this.api("ana").GET("/api/v1/runs/{id}", { params: { path: { id } } }));
  }

  async step(run: string, id: string): Promise<Step> {
    const found = (await this.run(run)).steps.find((step) => step.id === id);
    return found ?? expect.fail(`run ${run} has no step ${id}`);
  }

  /** The run once it has ended. */
  ended(id: string): Promise<Run> {
    return until(async () => {
      const run = await this.run(id);
      return ENDED.has(run.status) ? run : null;
    }, `the end of run ${id}`);
  }

  /** The run once it has ended well; says which step did not. */
  async succeeded(id: string): Promise<Run> {
    const run = await this.ended(id);
    const others = run.steps.filter(({ status }) => status !== "succeeded" && status !== "skipped");
    if (run.status !== "succeeded") throw new Error(`run ${id} ${run.status}:\n${others.map(inWords).join("\n")}`);
    return run;
  }

  /** The step once its status is one of these. */
  reached(run: string, id: string, ...statuses: readonly Step["status"][]): Promise<Step> {
    return until(
      async () => {
        const step = await this.step(run, id);
        return statuses.includes(step.status) ? step : null;
      },
      `${id} of run ${run} ${statuses.join(" or ")}`,
    );
  }

  /** The step once it waits for this. */
  waits(run: string, id: string, code: string): Promise<NonNullable<Step["waitingFor"]>> {
    return until(async () => {
      const { status, waitingFor } = await this.step(run, id);
      return status === "waiting" && waitingFor?.code === code ? waitingFor : null;
    }, `${id} of run ${run} waits for ${code}`);
  }

  /** The gate once it waits for a decision. */
  atGate(run: string, environment: string): Promise<unknown> {
    return this.waits(run, `gate:${environment}`, "approval");
  }

  async targets(environment?: string): Promise<readonly Schemas["Target"][]> {
    const query = environment === undefined ? {} : { environment };
    return (await answer(this.api("ana").GET("/api/v1/targets", { params: { query } }))).items;
  }

  async target(id: string): Promise<Schemas["Target"]> {
    const found = (await this.targets()).find((target) => `${target.service}@${target.environment}` === id);
    return found ?? expect.fail(`no target ${id}`);
  }

  async environment(id: string): Promise<Schemas["Environment"]> {
    const { items } = await answer(this.api("ana").GET("/api/v1/environments"));
    return items.find((environment) => environment.id === id) ?? expect.fail(`no environment ${id}`);
  }

  /** The commit that each service of an environment answers with at its address. */
  async serves(environment: string): Promise<Readonly<Record<string, string>>> {
    const live = (await this.targets(environment)).filter(({ url }) => url !== undefined);
    const answers = live.map(async ({ service, url }) => {
      const response = await fetch(new URL("/version?own", url), { headers: { connection: "close" } });
      return [service, ((await response.json()) as { commit: string }).commit] as const;
    });
    return Object.fromEntries(await Promise.all(answers));
  }

  async approvals(): Promise<readonly Schemas["PendingApproval"][]> {
    return (await answer(this.api("ana").GET("/api/v1/approvals"))).items;
  }

  async log(attempt: string): Promise<string> {
    return (await answer(this.api("ana").GET("/api/v1/attempts/{id}/log", { params: { path: { id: attempt } } }))).text;
  }

  /** Processes of attempts that have not ended. */
  attempts(): readonly number[] {
    return this.#server.attempts();
  }

  get #url(): string {
    const owner = join(this.#server.home, "owner.json");
    return (JSON.parse(readFileSync(owner, "utf8")) as { url: string }).url;
  }
}

const secretOf = (person: Person): string => `secret-of-${person}`;
/** What the API answers; throws what it refuses. */
export async function answer<T>(call: Promise<{ data?: T; error?: Schemas["Problem"] }>): Promise<T> {
  const { data, error } = await call;
  if (data === undefined) throw new Refused(error);
  return data;
}

/** A request that was refused, with the problem as it was told. */
export class Refused extends Error {
  override readonly name = "Refused";
  constructor(problem: Schemas["Problem"] | undefined) {
    super(JSON.stringify(problem));
  }
}

export const inWords = (step: Step): string => `${step.id} ${step.status}: ${step.reason?.message ?? step.waitingFor?.message ?? ""}`;
export const stepsOf = (run: Run, status: Step["status"]): readonly string[] =>
  run.steps.filter((step) => step.status === status).map(({ id }) => id);
export const short = (commit: string): string => commit.slice(0, 9);
