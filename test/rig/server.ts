import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { createClient } from "../../src/contract/client.ts";

const LAUNCHER = fileURLToPath(new URL("../../bin/sluice.js", import.meta.url));

/** A `sluice serve` of its own process, to be killed and started again. */
export class TestServer {
  readonly home: string;
  readonly #directory: string;
  readonly #env: Readonly<Record<string, string>>;
  #child: ReturnType<typeof launch> | null = null;
  #url = "";

  constructor(directory: string, env: Readonly<Record<string, string>>) {
    this.#directory = directory;
    this.#env = env;
    this.home = join(directory, ".sluice");
  }

  async start(args: readonly string[] = []): Promise<void> {
    const child = launch(this.#directory, this.#env, args);
    this.#child = child;
    // breaking out of execa's own line iterator would wait for the child's end
    this.#url = await new Promise<string>((resolve, reject) => {
      let text = "";
      child.stdout.on("data", (chunk: Buffer) => {
        text += chunk.toString();
        const found = /^SLUICE_URL=(\S+)$/m.exec(text)?.[1];
        if (found !== undefined) resolve(found);
      });
      void child.then(({ stderr }) => reject(new Error(`the server ended:\n${text}\n${stderr}`)));
    });
  }

  async kill(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    this.signal(signal);
    await this.end();
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Its exit code and what it said on stderr, once it has ended; null where it does not run. */
  async end(): Promise<{ readonly code: number | undefined; readonly said: string } | null> {
    const child = this.#child;
    if (child === null) return null;
    const { exitCode, stderr } = await child;
    this.#child = null;
    return { code: exitCode, said: stderr };
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get url(): string {
    return this.#url;
  }

  /** As the owner of the moment says; one that was stopped is asked with what it had said: keep the client. */
  api() {
    const { token } = JSON.parse(readFileSync(join(this.home, "owner.json"), "utf8")) as { token: string };
    return createClient({ baseUrl: this.#url, token });
  }

  /** Attempts that have been started, ended ones too. */
  attemptsMade(): readonly string[] {
    return list(join(this.home, "attempts"));
  }

  /** Processes of attempts that have not ended. */
  attempts(): readonly number[] {
    const directory = join(this.home, "attempts");
    const pids: number[] = [];
    for (const id of list(directory)) {
      const files = list(join(directory, id));
      if (files.includes("outcome.json") || !files.includes("pid.json")) continue;
      try {
        const { pid } = JSON.parse(readFileSync(join(directory, id, "pid.json"), "utf8")) as { readonly pid?: number };
        if (pid !== undefined) pids.push(pid); // else the server carries it out itself
      } catch {
        // half written: not killed this time
      }
    }
    return pids;
  }
}

function launch(cwd: string, env: Readonly<Record<string, string>>, args: readonly string[]) {
  return execa(process.execPath, [LAUNCHER, "serve", "--port", "0", ...args], {
    cwd,
    env,
    reject: false,
    buffer: { stdout: false, stderr: true },
  });
}

function list(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
