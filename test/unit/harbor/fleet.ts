import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

const run = promisify(execFile);

/** What each service of the sample is started as, and whom it asks. */
export const SERVICES: Readonly<Record<string, { readonly script: string; readonly needs: readonly string[] }>> = {
  auth: { script: "services/auth/server.js", needs: [] },
  api: { script: "services/api/server.js", needs: ["auth"] },
  orders: { script: "services/orders/server.js", needs: ["api"] },
  indexer: { script: "services/indexer/server.js", needs: ["api"] },
  web: { script: "apps/web/server.js", needs: ["auth", "api", "orders", "indexer"] },
  admin: { script: "apps/admin/server.js", needs: ["auth", "api", "orders", "indexer"] },
};

/** A directory of its own, gone at the end of `await using`. */
export async function temporaryDirectory(): Promise<{ readonly path: string } & AsyncDisposable> {
  const directory = await mkdtemp(path.join(tmpdir(), "sluice-harbor-"));
  return { path: directory, [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }) };
}

export async function git(repository: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await run("git", ["-c", "user.name=Test", "-c", "user.email=test@harbor.example", ...args], { cwd: repository });
  return stdout.trim();
}

/** Writes a commit's files into a directory. */
export async function checkout(repository: string, commit: string, into: string): Promise<void> {
  await git(repository, "worktree", "add", "--quiet", "--detach", into, commit);
}

type Answer = { readonly status: number; readonly body: unknown };

/** Services of the sample as real processes, stopped at the end of `await using`. */
export class Fleet implements AsyncDisposable {
  readonly urls: Record<string, string> = {};
  readonly #children = new Map<string, ChildProcess>();
  readonly #directory: string;
  readonly #environment: string;
  readonly #commit: string;

  constructor(directory: string, environment: string, commit: string) {
    this.#directory = directory;
    this.#environment = environment;
    this.#commit = commit;
  }

  /** Resolves once it listens; `urls` names what it needs where that is not of this fleet. */
  async start(service: string, urls: Readonly<Record<string, string>> = this.urls): Promise<void> {
    const { script, needs } = SERVICES[service] ?? { script: service, needs: [] };
    const known = needs.flatMap((need) => (urls[need] === undefined ? [] : [[`SLUICE_NEED_${need.toUpperCase()}_URL`, urls[need]]]));
    const child = spawn(process.execPath, [script], {
      cwd: this.#directory,
      env: {
        PORT: "0",
        HOST: "127.0.0.1",
        SLUICE_ENVIRONMENT: this.#environment,
        SLUICE_COMMIT: this.#commit,
        ...Object.fromEntries(known),
      },
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#children.set(service, child);
    for await (const line of createInterface({ input: child.stdout })) {
      const url = /listens on (\S+)$/.exec(line)?.[1];
      if (url === undefined) continue;
      this.urls[service] = url;
      return;
    }
    throw new Error(`${service} ended before it listened`);
  }

  /** The JSON that a service answers. */
  async get(service: string, route: string): Promise<Answer> {
    const response = await fetch(new URL(route, this.urls[service]));
    return { status: response.status, body: await response.json() };
  }

  /** What a service answers, as it is. */
  async text(service: string, route: string): Promise<string> {
    return (await fetch(new URL(route, this.urls[service]))).text();
  }

  /** Asks a service to stop; resolves with its exit code. */
  async stop(service: string): Promise<number | null> {
    const child = this.#children.get(service);
    if (child === undefined) throw new Error(`${service} was not started`);
    this.#children.delete(service);
    if (child.exitCode !== null) return child.exitCode;
    const exited = once(child, "exit");
    child.kill("SIGTERM");
    await exited;
    return child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#children.keys()].map((service) => this.stop(service)));
  }
}
