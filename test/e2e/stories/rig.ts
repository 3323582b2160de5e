import { execFileSync } from "node:child_process";
import { appendFileSync, closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { devNull, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect } from "vitest";
import { seedHarbor } from "../../../src/app/demo/harbor.ts";
import { createClient, type Client, type Schemas } from "../../../src/contract/client.ts";
import { stopAll } from "../../../src/drivers/process/index.ts";
import { endAttempts } from "../../../src/executor/local/index.ts";
import { TestServer } from "../../rig/server.ts";
import { until } from "../../rig/wait.ts";
import { Program } from "../cli-rig.ts";

export type Person = "ana" | "ben" | "cy" | "zoe";
const PEOPLE: readonly Person[] = ["ana", "ben", "cy", "zoe"];
export type Ended = { readonly exit: number | null; readonly out: string; readonly err: string };
export type Run = Schemas["RunDetail"];
export type Step = Schemas["Step"];
type DeployRequest = Schemas["DeployRequest"];
type Files = Readonly<Record<string, string>>;

const ENDED = new Set(["succeeded", "failed", "cancelled", "superseded"]);

/**
 * Runs before a build and before each service: notes that it starts, stands still while there is a pipe of its name, ends where it is to fail, and
 * says that it is another commit where it is to be wrong.
 * What it looks at lies outside the tree, so that a test changes it without a commit.
 */
const PROBE = (control: string): string => `import { appendFileSync, existsSync, openSync, readFileSync } from "node:fs";
const { SLUICE_SERVICE: service, SLUICE_ENVIRONMENT: environment, SLUICE_COMMIT: commit } = process.env;
const what = service === undefined ? "build" : service + "@" + environment;
const control = ${JSON.stringify(control)} + "/";
appendFileSync(control + "starts", what + " " + commit + "\\n");
if (existsSync(control + "pipe-" + what)) {
  try {
    openSync(control + "pipe-" + what, "r"); // until somebody opens it for writing
  } catch (error) {
    if (error.code !== "ENOENT") throw error; // gone since: released
  }
}
if (existsSync(control + "fail-" + what)) {
  console.error(what + " was told to fail");
  process.exit(1);
}
if (existsSync(control + "wrong-" + what) && readFileSync(control + "wrong-" + what, "utf8") === commit) process.env.SLUICE_COMMIT = "another";
`;

/** A clock that the host has set forward. */
const CLOCK = (control: string): string => `import { readFileSync } from "node:fs";
const ahead = Number(readFileSync(${JSON.stringify(control)} + "/ahead", "utf8"));
const now = Date.now;
globalThis.Date.now = () => now() + ahead;
`;

/** A copy of the sample with the policy that a story needs, a server of its own, and four people with tokens of their own. */
export class Harbor implements AsyncDisposable {
  readonly root: string;
  readonly #directory: string;
  readonly #control: string;
  readonly #server: TestServer;
  readonly #env: Readonly<Record<string, string | undefined>>;

  private constructor() {
    this.#directory = mkdtempSync(join(tmpdir(), "sluice-story-"));
    this.root = join(this.#directory, "harbor");
    this.#control = join(this.#directory, "control");
    mkdirSync(this.#control);
    writeFileSync(join(this.#control, "starts"), "");
    writeFileSync(join(this.#control, "ahead"), "0");
    writeFileSync(join(this.#control, "clock.mjs"), CLOCK(this.#control));
    this.#env = {
      PATH: process.env["PATH"],
      HOME: this.#directory,
      XDG_STATE_HOME: join(this.#directory, "state"),
      GIT_CONFIG_GLOBAL: devNull,
      GIT_CONFIG_NOSYSTEM: "1",
    };
    const tokens = PEOPLE.map((person) => `${person}:${secretOf(person)}`).join(",");
    this.#server = new TestServer(this.root, {
      XDG_STATE_HOME: join(this.#directory, "state"),
      SLUICE_TOKEN: tokens,
      NODE_OPTIONS: `--import ${join(this.#control, "clock.mjs")}`,
    });
  }

  /** The sample with these `environments:` (and `teams:`), served. `edit` changes what the file says of services. */
  static async open(environments: string, edit: (file: string) => string = (file) => file): Promise<Harbor> {
    const harbor = new Harbor();
    try {
      await harbor.#prepare(environments, edit);
      await harbor.start();
      return harbor;
    } catch (error) {
      await harbor[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #prepare(environments: string, edit: (file: string) => string): Promise<void> {
    await seedHarbor(this.root);
    const file = readFileSync(join(this.root, "sluice.yaml"), "utf8");
    const probed = changedBy(file, (text) => text.replaceAll("[node, ", "[node, --import, ./tools/probe.js, "));
    this.commit("probes", { "tools/probe.js": PROBE(this.#control), "sluice.yaml": edit(withPolicy(probed, environments)) });
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
    const ahead = join(this.#control, "ahead");
    writeFileSync(ahead, String(Number(readFileSync(ahead, "utf8")) + ms));
    await this.start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.calm();
    await this.#server.kill("SIGTERM");
    await endAttempts(this.#server.home);
    await stopAll(this.#server.home);
    rmSync(this.#directory, { recursive: true, force: true });
  }

  // the repository

  git(...args: readonly string[]): string {
    const person = ["-c", "user.name=Ana Ruiz", "-c", "user.email=ana@harbor.example", "-c", "commit.gpgsign=false"];
    return execFileSync("git", [...person, ...args], { cwd: this.root, encoding: "utf8", env: { ...process.env, ...this.#env } }).trim();
  }

  /** Commits these files to the branch that is checked out. */
  commit(message: string, files: Files): string {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.root, name)), { recursive: true });
      writeFileSync(join(this.root, name), text);
    }
    this.git("add", "--all");
    this.git("commit", "--quiet", "--message", message);
    return this.git("rev-parse", "HEAD");
  }

  #changes = 0;
  /** A commit, like no other, that changes something at the paths of each of these. */
  change(...services: readonly string[]): string {
    this.#changes++;
    for (const service of services) appendFileSync(join(this.root, folderOf(service), "NOTES"), `change ${this.#changes}\n`);
    return this.commit(`${services.join(" and ")}: changed`, {});
  }

  /** Edits the file of the branch that is checked out. */
  edit(message: string, change: (file: string) => string): string {
    return this.commit(message, { "sluice.yaml": changedBy(readFileSync(join(this.root, "sluice.yaml"), "utf8"), change) });
  }

  policy(environments: string): string {
    return this.edit("policy", (file) => withPolicy(file, environments));
  }

  // who acts

  api(person: Person): Client {
    return createClient({ baseUrl: this.#url, token: secretOf(person) });
  }

  /** `sluice` as a process of its own, as this person. */
  program(person: Person, args: readonly string[]): Program {
    const env = { ...this.#env, SLUICE_URL: this.#url, SLUICE_TOKEN: secretOf(person), NO_COLOR: "1", COLUMNS: "400" };
    return new Program(args, { cwd: this.#directory, env });
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

  /** How often each target's process, and `build`, was started for a commit. */
  starts(commit: string): Readonly<Record<string, number>> {
    const lines = readFileSync(join(this.#control, "starts"), "utf8").split("\n");
    const mine = lines.flatMap((line) => (line.endsWith(` ${commit}`) ? [line.split(" ")[0] ?? ""] : []));
    return Object.fromEntries([...Map.groupBy(mine, (what) => what)].map(([what, times]) => [what, times.length]));
  }

  // what goes wrong: a target's process such as `api@devnet`, or `build`

  /** Whatever of this name starts from now on stands still. */
  hang(what: string): void {
    execFileSync("mkfifo", [join(this.#control, `pipe-${what}`)]);
  }

  release(what: string): void {
    const pipe = join(this.#control, `pipe-${what}`);
    // Read and write at once: opens without waiting for a reader, and ends every reader when it is closed.
    const descriptor = openSync(pipe, "r+");
    rmSync(pipe);
    closeSync(descriptor);
  }

  /** Whatever of this name starts from now on ends with an error. */
  fail(what: string): void {
    writeFileSync(join(this.#control, `fail-${what}`), "");
  }

  mend(what: string): void {
    rmSync(join(this.#control, `fail-${what}`));
  }

  /** A service that starts at this commit, and says that it is another: it is there, and does not pass its checks. */
  wrong(what: string, commit: string): void {
    writeFileSync(join(this.#control, `wrong-${what}`), commit);
  }

  /** Nothing hangs or fails any more, whatever a test has left behind. */
  calm(): void {
    for (const name of readdirSync(this.#control)) {
      const [kind, what = ""] = name.split(/-(.*)/s);
      if (kind === "pipe") this.release(what);
      if (kind === "fail") this.mend(what);
    }
  }

  get #url(): string {
    const owner = join(this.#server.home, "owner.json");
    return (JSON.parse(readFileSync(owner, "utf8")) as { url: string }).url;
  }
}

const secretOf = (person: Person): string => `secret-of-${person}`;
const folderOf = (service: string): string => (service === "web" || service === "admin" ? `apps/${service}` : `services/${service}`);

/** The sample's file with another policy in the place of its own. */
function withPolicy(file: string, environments: string): string {
  const policy = /^(?:teams:.*\n)?environments:\n[\s\S]*?(?=^#.*One build for all)/m;
  return changedBy(file, (text) => text.replace(policy, () => `${environments.trim()}\n\n`));
}

/** Throws where an edit has found nothing to change: the sample is another by now. */
function changedBy(text: string, edit: (text: string) => string): string {
  const changed = edit(text);
  if (changed === text) throw new Error(`nothing was changed in\n${text}`);
  return changed;
}

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
