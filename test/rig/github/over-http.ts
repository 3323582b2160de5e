import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { createClient } from "../../../src/contract/client.ts";
import { freePorts } from "../../../tools/cluster/ports.ts";
import { TestServer } from "../server.ts";
import { until } from "../wait.ts";
import { Github, type Repository } from "./github.ts";
import { ENV, fileOf, SECRET } from "./server.ts";

const NAME = "acme/harbor";
const GATED = "  devnet: {}\n  mainnet: { needs: [devnet], approval: { approvers: [ben] } }";
const HEARD = ["push", "deployment_protection_rule"];

type Options = {
  readonly environments?: string;
  /** Where in the repository the project is. */
  readonly folder?: string;
  /** Whether the server is an App; else it has a token of a person. */
  readonly isApp?: boolean;
};

/** Nothing but HTTP between all of them: people who push with git, GitHub, and a server that is a process of its own. */
export class OverHttp {
  readonly directory = realpathSync(mkdtempSync(join(tmpdir(), "sluice-http-")));
  readonly github: Github;
  readonly harbor: Repository;
  readonly server: TestServer;
  /** What `sluice.yaml` says at first. */
  readonly file: string;
  readonly #work = join(this.directory, "work");
  readonly #port: string;
  readonly #secrets: readonly string[];

  private constructor(github: Github, port: number, { environments = GATED, folder = ".", isApp = false }: Options) {
    this.github = github;
    this.harbor = github.repository(NAME, { git: join(this.directory, "harbor.git"), private: true });
    this.#port = String(port);
    this.file = fileOf(environments, "server", this.world);
    const { GITHUB_TOKEN: _, GITHUB_REPOSITORY: __, ...where } = github.env("", NAME);
    const [key, token] = isApp ? [github.app("sluice", "77", this.harbor), ""] : ["", github.person("robot")];
    const who = isApp ? { SLUICE_GITHUB_APP_ID: "77", SLUICE_GITHUB_PRIVATE_KEY: key } : { SLUICE_GITHUB_TOKEN: token };
    this.#secrets = [SECRET, ...(isApp ? [key] : [token])];
    const env = { ...where, ...who, HOME: this.directory, XDG_STATE_HOME: this.directory, SLUICE_GITHUB_WEBHOOK_SECRET: SECRET };
    this.server = new TestServer(join(this.clone, folder), { ...ENV, ...env, SLUICE_TOKEN: "ana:a,ben:b" });
    const hook = `http://127.0.0.1:${port}/api/v1/hooks/github`;
    if (isApp) github.listens("sluice", this.harbor, hook, SECRET, HEARD);
    else this.harbor.hooks.add({ url: hook, secret: SECRET, contentType: "json" }, HEARD);
  }

  static async begin(options: Options = {}): Promise<OverHttp> {
    const [port = 0] = await freePorts(1, new Set());
    const made = new OverHttp(await Github.start(), port, options);
    mkdirSync(made.world);
    await made.#git(made.directory, "clone", "--quiet", made.#url("ana"), made.#work);
    await made.push("ana", "first", { [join(options.folder ?? ".", "sluice.yaml")]: made.file });
    await made.#git(made.directory, "clone", "--quiet", made.#url("ana"), made.clone);
    // Nobody's token is in the clone: the server has its own.
    await made.#git(made.clone, "remote", "set-url", "origin", `${made.github.url}/${NAME}.git`);
    return made;
  }

  get clone(): string {
    return join(this.directory, "clone");
  }

  get world(): string {
    return join(this.directory, "world");
  }

  async close(): Promise<void> {
    await this.server.kill("SIGKILL");
    rmSync(this.directory, { recursive: true, force: true });
    await this.github.close();
  }

  /** Resolves when it listens, and has looked where the branch is. */
  async serve(): Promise<void> {
    await this.server.start(["--port", this.#port]);
    await until(() => (/pushes deploy from here on/.test(this.said()) ? true : null), "the first look");
  }

  /** Commits and pushes as somebody, over HTTP; resolves to the commit, whether or not anybody was told. */
  async push(by: string, name: string, files: Readonly<Record<string, string>> = {}, branch = "main"): Promise<string> {
    for (const [path, text] of Object.entries({ notes: name, ...files })) {
      mkdirSync(dirname(join(this.#work, path)), { recursive: true });
      writeFileSync(join(this.#work, path), text);
    }
    await this.#git(this.#work, "add", "--all");
    await this.#git(this.#work, "commit", "--quiet", "--message", name);
    await this.#git(this.#work, "push", "--quiet", this.#url(by), `HEAD:refs/heads/${branch}`);
    return await this.#git(this.#work, "rev-parse", "HEAD");
  }

  as(token: string) {
    return createClient({ baseUrl: `http://127.0.0.1:${this.#port}`, token });
  }

  /** Oldest first. */
  async runs() {
    const { data } = await this.as("a").GET("/api/v1/runs", { params: { query: {} } });
    return (data?.items ?? []).toReversed().map(({ commit, by, reason }) => ({ commit, by, reason }));
  }

  async live() {
    const { data } = await this.as("a").GET("/api/v1/targets", { params: { query: {} } });
    return Object.fromEntries(
      (data?.items ?? []).map(({ service, environment, commit, good }) => [`${service}@${environment}`, good ? commit : null]),
    );
  }

  /** It is good there. */
  serves = (target: string, commit: string): Promise<true> =>
    until(async () => ((await this.live())[target] === commit ? true : null), `${target} of ${commit}`);

  /** Targets that GitHub shows as good, as their newest deployments say. */
  recorded(environment: string): readonly string[] {
    const newest = this.harbor.deployments.find((row) => row.environment === environment && row.task.startsWith("sluice:"));
    return newest?.statuses[0]?.state === "success" ? [`${newest.task.slice("sluice:".length)} ${newest.sha}`] : [];
  }

  /** All that the server has logged. Throws where a secret is in it. */
  said(): string {
    const text = readOr(join(this.server.home, "server.log"));
    const leaked = this.#secrets.some((secret) => text.includes(secret)) || /ghs_|Basic [A-Za-z0-9+/]{20}/.test(text);
    if (leaked) throw new Error("a secret is in the log");
    return text;
  }

  #url(login: string): string {
    return `${this.github.url.replace("//", `//${login}:${this.github.person(login)}@`)}/${NAME}.git`;
  }

  async #git(cwd: string, ...args: readonly string[]): Promise<string> {
    const who = ["-c", "user.name=ana", "-c", "user.email=ana@example.invalid"];
    return (await promisify(execFile)("git", [...who, ...args], { cwd, env: ENV })).stdout.trim();
  }
}

function readOr(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
