import { spawn } from "node:child_process";
import { appendFileSync, closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { AttemptEnd } from "../../engine/ports/executor.ts";
import { endRemains, isAlive, signal } from "../../host/processes.ts";
import {
  type AttemptInput,
  type Claim,
  fence,
  filesOf,
  markerOf,
  readChildren,
  readClaim,
  readEnd,
  writeEnd,
} from "./attempt-directory.ts";
import type { Here } from "./here.ts";
import { until, type Watched } from "./watching.ts";

/** How often a process is looked at that is not this process's child: it may die without changing a file. */
const POLL_MS = 500;
/** On top of the grace that the attempt's own process gives its commands before it kills them. */
const STOP_MARGIN_MS = 3000;
const SPAWN_TRIES = 10;

/** One attempt as seen from outside: its directory, and the process that carries it out. */
export class Supervision {
  readonly id: string;
  readonly #directory: string;
  readonly #runner: string;
  readonly #input: Pick<AttemptInput, "home" | "graceMs">;
  readonly #here: Here | null;
  #stopping = false;

  /** @param here carries it out in this process; null: a process of its own does */
  constructor(id: string, directory: string, runner: string, input: Pick<AttemptInput, "home" | "graceMs">, here: Here | null) {
    this.#here = here;
    this.id = id;
    this.#directory = directory;
    this.#runner = runner;
    this.#input = input;
  }

  /** Whether a process has taken the attempt, or its end has been decided without one. */
  claimed(): boolean {
    return readClaim(this.#directory) !== null;
  }

  /**
   * Starts the attempt's process; resolves when the attempt has been claimed by it, or by another that an earlier orchestrator had started: only one of them goes on.
   * One that is killed before it has claimed anything has touched nothing, and is started again.
   */
  async begin(letGo: AbortSignal): Promise<void> {
    if (this.#here !== null) return await this.#here.begin(this.id, this.#directory);
    for (let tries = 1; !letGo.aborted; tries++) {
      const gone = await this.#spawn(letGo);
      if (gone === null || this.claimed()) return;
      if (gone.killed && tries < SPAWN_TRIES) continue;
      fence(this.#directory, couldNotStart(gone.how, lastOf(filesOf(this.#directory).runnerLog)));
      return;
    }
  }

  /** A session of its own, its output in files, so that it outlives this process. Resolves when the attempt is claimed, or to how the new process ended. */
  async #spawn(letGo: AbortSignal): Promise<{ readonly how: string; readonly killed: boolean } | null> {
    const output = openSync(filesOf(this.#directory).runnerLog, "a", 0o600);
    const { NODE_OPTIONS: _, ...environment } = process.env; // a debugger's or a test runner's options are not the attempt's
    const child = spawn(process.execPath, [this.#runner, this.#directory], {
      cwd: this.#directory,
      detached: true,
      stdio: ["ignore", output, output],
      env: { ...environment, ...markerOf(this.id, this.#directory), NODE_COMPILE_CACHE: join(this.#input.home, "cache", "node") },
    });
    child.unref();
    closeSync(output);
    const gone = new Promise<{ readonly how: string; readonly killed: boolean }>((resolve) => {
      child.once("error", (error) => resolve({ how: error.message, killed: false }));
      child.once("exit", (code, name) => resolve({ how: name ?? `exit code ${code}`, killed: name !== null }));
    });
    const watching = new AbortController();
    const claimed = until(this.#watched(POLL_MS), AbortSignal.any([letGo, watching.signal]), () => this.claimed()).then(() => null);
    return await Promise.race([gone, claimed]).finally(() => watching.abort());
  }

  /** Resolves when the attempt has ended: to its end, or `lost` once all that it left running is gone. To null when the signal aborts. */
  async ended(letGo: AbortSignal): Promise<AttemptEnd | "lost" | null> {
    await until(this.#watched(POLL_MS), letGo, () => readEnd(this.#directory) !== null || !this.#runs());
    if (letGo.aborted) return null;
    const end = readEnd(this.#directory);
    if (end !== null) return end;
    await this.#endRemains(this.#stopping ? 0 : this.#input.graceMs);
    if (this.#stopping) {
      writeEnd(this.#directory, cut("stopped; it did not end in time and was killed", true));
      return readEnd(this.#directory) ?? "lost";
    }
    appendFileSync(
      filesOf(this.#directory).log,
      "sluice: this attempt's process is gone and left no outcome; what it had left running has been ended\n",
    );
    return "lost";
  }

  /** TERM to the attempt's process, which ends its commands and says so; KILL for everything when it does not within its grace. Resolves when nothing runs. */
  async stop(letGo: AbortSignal): Promise<void> {
    this.#stopping = true;
    if (fence(this.#directory, cut("stopped before it began", false))) return;
    const runner = readClaim(this.#directory);
    if (readEnd(this.#directory) !== null || !this.#isAlive(runner)) return;
    if (runner !== null && "pid" in runner) signal(runner.pid, "SIGTERM");
    else await this.#here?.stop(this.id);
    const deadline = performance.now() + this.#input.graceMs + STOP_MARGIN_MS;
    await until(this.#watched(50), letGo, () => !this.#isAlive(runner) || performance.now() > deadline);
    if (letGo.aborted || !this.#isAlive(runner)) return;
    if (runner !== null && "pid" in runner) signal(runner.pid, "SIGKILL");
    await this.#endRemains(0);
  }

  #watched(pollMs: number): Watched {
    return { directory: this.#directory, files: ["pid.json", "outcome.json"], pollMs };
  }

  #runs(): boolean {
    return this.#isAlive(readClaim(this.#directory));
  }

  #isAlive(runner: Claim | null): boolean {
    if (runner === null || "fenced" in runner) return false;
    if ("pid" in runner) return isAlive(runner);
    return runner.orchestrator === this.#here?.id && this.#here.runs(this.id);
  }

  async #endRemains(graceMs: number): Promise<void> {
    const runner = readClaim(this.#directory);
    const groups = [...(runner !== null && "pid" in runner ? [runner] : []), ...readChildren(this.#directory)];
    await endRemains({ groups, marker: markerOf(this.id, this.#directory) }, graceMs);
  }
}

const cut = (message: string, changed: boolean): AttemptEnd => ({ outcome: "cut", message, digest: null, changed, url: null });

function couldNotStart(how: string, printed: string): AttemptEnd {
  const message = `the attempt's process could not start (${how}); nothing was touched${printed === "" ? "" : `:\n${printed}`}`;
  return { outcome: "errored", message, digest: null, changed: false, url: null };
}

/** The last lines that a process printed, without the stack of an error. */
function lastOf(path: string): string {
  const lines = readFileSync(path, "utf8").trimEnd().split("\n");
  return lines
    .filter((line) => !/^\s+at /.test(line))
    .slice(-8)
    .join("\n")
    .slice(-1500);
}
