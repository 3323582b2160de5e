import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Webhooks } from "@octokit/webhooks";
import { findProject } from "../../../src/app/project.ts";
import { start, type Running } from "../../../src/app/serve.ts";
import type { RunRow } from "../../../src/core/run/rows.ts";

export const SECRET = "it is a secret";
const IDENTITY = ["-c", "user.name=ana", "-c", "user.email=ana@example.invalid"];
export const ENV = { PATH: process.env["PATH"] ?? "", GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_SYSTEM: "/dev/null" };

/** Environments and services as `sluice.yaml` has them; what is deployed is a line in a file. */
export const fileOf = (
  environments: string,
  push: string,
  world: string,
  services: readonly string[] = ["api: { tier: backend"],
  pullRequests = "none",
): string => `version: 1
project: harbor
github: { push: [${push}], pullRequests: ${pullRequests} }
environments:
${environments}
services:
${services.map((service) => `  ${service}, deploy: { command: { apply: [sh, -c, 'cat "$1/hold" 2>/dev/null; test ! -e "$1/fail" && echo "$SLUICE_SERVICE@$SLUICE_ENVIRONMENT $SLUICE_COMMIT" >> "$1/deployed"', sh, ${world}] } } }\n`).join("")}`;

export type HostedOptions = {
  readonly environments?: string;
  readonly push?: string;
  readonly services?: readonly string[];
  readonly pullRequests?: string;
  readonly env?: Readonly<Record<string, string>>;
};
export type Delivered = { readonly status: number; readonly text: string };
export type DeliveryOptions = {
  readonly event?: string;
  readonly id?: string;
  readonly secret?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Instead of the body that was signed. */
  readonly body?: string;
  /** Of another server than the one of this process. */
  readonly url?: string;
};

/** A repository that others push to, a clone of it that a server deploys from, and whoever pushes. */
export class Hosted {
  readonly directory = realpathSync(mkdtempSync(join(tmpdir(), "sluice-hosted-")));
  readonly remote = join(this.directory, "remote.git");
  readonly clone = join(this.directory, "clone");
  readonly world = join(this.directory, "world");
  /** What `sluice.yaml` says at first. */
  readonly file: string;
  readonly said: string[] = [];
  running: Running | null = null;
  readonly #work = join(this.directory, "work");
  readonly env: Readonly<Record<string, string>>;
  #deliveries = 0;

  constructor({ environments = "  devnet: {}", push = "server", services, pullRequests = "none", env = {} }: HostedOptions = {}) {
    this.env = { HOME: this.directory, XDG_STATE_HOME: this.directory, SLUICE_GITHUB_WEBHOOK_SECRET: SECRET, ...env };
    mkdirSync(this.world);
    this.git(this.directory, "init", "--quiet", "--bare", "--initial-branch=main", this.remote);
    this.git(this.directory, "clone", "--quiet", this.remote, this.#work);
    this.file = fileOf(environments, push, this.world, services, pullRequests);
    this.push("first", { file: this.file });
    this.git(this.directory, "clone", "--quiet", this.remote, this.clone);
  }

  /** Commits and pushes; resolves to the commit. */
  push(
    name: string,
    { branch = "main", from = null as string | null, force = false, file = null as string | null, files = new Map<string, string>() } = {},
  ): string {
    if (from !== null) this.git(this.#work, "checkout", "--quiet", "--detach", from);
    if (file !== null) writeFileSync(join(this.#work, "sluice.yaml"), file);
    for (const [path, text] of files) {
      mkdirSync(dirname(join(this.#work, path)), { recursive: true });
      writeFileSync(join(this.#work, path), text);
    }
    writeFileSync(join(this.#work, "notes"), name);
    this.git(this.#work, "add", "--all");
    this.git(this.#work, ...IDENTITY, "commit", "--quiet", "--allow-empty", "--message", name);
    const commit = this.git(this.#work, "rev-parse", "HEAD");
    this.git(this.#work, "push", "--quiet", ...(force ? ["--force"] : []), "origin", `HEAD:refs/heads/${branch}`);
    return commit;
  }

  /** Sets a branch of the remote to a commit that it has. */
  set(branch: string, commit: string): void {
    this.git(this.remote, "update-ref", `refs/heads/${branch}`, commit);
  }

  git(cwd: string, ...args: readonly string[]): string {
    return execFileSync("git", args, { cwd, encoding: "utf8", env: ENV, stdio: ["ignore", "pipe", "pipe"] }).trim();
  }

  async serve(env: Readonly<Record<string, string>> = {}): Promise<Running> {
    const project = findProject(this.clone);
    if (project === null) throw new Error("there is no project");
    const note = (line: string): void => void this.said.push(line);
    const host = { env: { ...this.env, ...env }, interrupted: new AbortController().signal, out: note, note };
    this.running = await start(project, { host: null, port: 0, policyRef: null, standby: false } as Parameters<typeof start>[1], host);
    return this.running;
  }

  async stop(): Promise<void> {
    await this.running?.close();
    this.running = null;
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** As GitHub sends a push. */
  tell(commit: string, { by = "ana", branch = "main", ...options }: DeliveryOptions & { by?: string; branch?: string } = {}) {
    const body = {
      ref: `refs/heads/${branch}`,
      before: "0".repeat(40),
      after: commit,
      repository: { full_name: "acme/harbor" },
      sender: { login: by },
    };
    return this.deliver(body, options);
  }

  /** Signed by the forge's own library, and sent under a name that is not the server's, as a proxy does. */
  async deliver(
    payload: object,
    { event = "push", id, secret = SECRET, headers = {}, body, url }: DeliveryOptions = {},
  ): Promise<Delivered> {
    const text = JSON.stringify(payload);
    const signature = await new Webhooks({ secret }).sign(text);
    this.#deliveries += 1;
    const answer = await fetch(`${url ?? this.running?.server.url ?? ""}/api/v1/hooks/github`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "x-github-event": event,
        "x-github-delivery": id ?? `delivery-${this.#deliveries}`,
        "x-hub-signature-256": signature,
        ...headers,
      },
      body: body ?? text,
    });
    return { status: answer.status, text: await answer.text() };
  }

  /** Oldest first. */
  async runs(): Promise<readonly RunRow[]> {
    const found = await this.running?.application.engine.store.runs({}, { limit: 100, cursor: null });
    return [...(found?.items ?? [])].reverse();
  }

  /** Of a server of another process. */
  noteOnDisk(key: string): string | null {
    const database = new DatabaseSync(join(this.clone, ".sluice", "sluice.db"), { readOnly: true });
    try {
      return (database.prepare("select body from note where key = ?").get(key) as { body: string } | undefined)?.body ?? null;
    } finally {
      database.close();
    }
  }

  /** Every delivery was acted on. */
  async settled(): Promise<boolean> {
    const notes = (await this.running?.application.engine.store.notes("github/delivery/")) ?? [];
    return notes.every(({ body }) => (JSON.parse(body) as { state: string }).state === "done");
  }
}
