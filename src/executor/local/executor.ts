import { existsSync } from "node:fs";
import { readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { AttemptSpec } from "../../core/run/effects.ts";
import type { AttemptEnd, Executor } from "../../engine/ports/executor.ts";
import { codeOf } from "../../host/errors.ts";
import { isAlive } from "../../host/processes.ts";
import { attemptsDirectory, directoryOf, filesOf, readClaim, readEnd, readInput, record } from "./attempt-directory.ts";
import { asExecutorError } from "./errors.ts";
import { readFrom, sizeOf } from "./log-file.ts";
import { Here } from "./here.ts";
import { Pool } from "./pool.ts";
import type { AttemptRegistry } from "./runner/main.ts";
import { Supervision } from "./supervision.ts";
import { until } from "./watching.ts";

export type LocalExecutorOptions = {
  /** The store's directory; attempts lie in `home/attempts/<id>`. */
  readonly home: string;
  /** The program of an attempt's process, called with the attempt's directory. */
  readonly runner: string;
  /** Directory of the project, in the git repository that builds are checked out from. */
  readonly source: string;
  /** Builds and deploys that run at once. As many verifies, and four times as many soaks (which mostly sleep), run beside them. */
  readonly concurrency: number;
  /** How long a command that is to stop has between TERM and KILL, in ms. */
  readonly graceMs: number;
  /** Bytes that a log keeps; 8 MiB if not said. */
  readonly logLimit?: number;
  /** What this process can load: with it, a verify is carried out here; without, it is a process of its own as every other attempt. */
  readonly registry?: AttemptRegistry;
};

type Listener = (attempt: string, end: AttemptEnd | "lost") => void;
type Active = {
  readonly supervision: Supervision;
  readonly recorded: Promise<void>;
  readonly withdrawn: AbortController;
  readonly done: Promise<void>;
};

const LOG_LIMIT = 8 * 1024 * 1024;
const LOG_POLL_MS = 500;

/**
 * Runs attempts as processes of this host that outlive the orchestrator. What is true about an attempt is in its directory, never in memory:
 *
 *     recorded ──claimed by a process──▶ running ──outcome.json──▶ ended
 *        └───────fenced (stopped, could not start)─────────────────▲└─process gone, no outcome──▶ lost
 */
export class LocalExecutor implements Executor {
  readonly #options: LocalExecutorOptions;
  readonly #pools: Readonly<Record<"work" | "verify" | "soak", Pool>>;
  readonly #active = new Map<string, Active>();
  readonly #listeners: Listener[] = [];
  readonly #letGo = new AbortController();
  readonly #here: Here | null;

  constructor(options: LocalExecutorOptions) {
    this.#options = options;
    this.#here = options.registry ? new Here(options.registry) : null;
    this.#pools = { work: new Pool(options.concurrency), verify: new Pool(options.concurrency), soak: new Pool(4 * options.concurrency) };
  }

  async start(spec: AttemptSpec): Promise<void> {
    const { home, source, graceMs, logLimit = LOG_LIMIT } = this.#options;
    const directory = directoryOf(home, spec.id);
    if (this.#active.has(spec.id)) return;
    const recorded = existsSync(directory)
      ? Promise.resolve()
      : record(home, { spec, home, source, graceMs, logLimit }).catch((error: unknown) => {
          throw asExecutorError(error, home);
        });
    this.#follow(spec.id, spec.kind, directory, recorded);
    await recorded;
  }

  /** Resolves when the attempt has ended; its end is told as any other. */
  async stop(id: string): Promise<void> {
    const directory = directoryOf(this.#options.home, id);
    if (!this.#active.has(id)) {
      if (!existsSync(directory)) return;
      this.#follow(id, readInput(directory).spec.kind, directory, Promise.resolve());
    }
    const active = this.#active.get(id);
    if (!active) return;
    await active.recorded;
    const stopped = active.supervision.stop(this.#letGo.signal); // fences what has not begun, before its place in the pool is given up
    active.withdrawn.abort();
    await stopped;
    await active.done;
  }

  onEnd(listener: Listener): void {
    this.#listeners.push(listener);
  }

  /** `ended` also for an attempt that is not known here. */
  async readLog(
    id: string,
    offset: number,
    limit: number,
  ): Promise<{ readonly text: string; readonly next: number; readonly ended: boolean }> {
    const directory = directoryOf(this.#options.home, id);
    const over = this.#over(id, directory); // before the log is read: what it wrote last is then there
    const read = await readFrom(filesOf(directory).log, offset, limit);
    return { ...read, ended: over && read.next >= sizeOf(filesOf(directory).log) };
  }

  async logGrown(id: string, offset: number, signal: AbortSignal): Promise<void> {
    const directory = directoryOf(this.#options.home, id);
    const { log } = filesOf(directory);
    const watched = { directory, files: ["log", "outcome.json", "pid.json"], pollMs: LOG_POLL_MS };
    await until(watched, AbortSignal.any([signal, this.#letGo.signal]), () => sizeOf(log) > offset || this.#over(id, directory));
  }

  /** Removes the directories of ended attempts but for the newest `keepNewest`, and what a killed process left half made. Call it when all unfinished attempts have been started or adopted. Returns how many. */
  async prune(keepNewest: number): Promise<number> {
    const parent = attemptsDirectory(this.#options.home);
    const names = await readdir(parent).catch((error: unknown) => {
      if (codeOf(error) === "ENOENT") return [];
      throw error;
    });
    const ended: { readonly path: string; readonly at: number }[] = [];
    for (const name of names) {
      const path = join(parent, name);
      if (name.startsWith(".gone-")) await rm(path, { recursive: true, force: true });
      else if (!name.startsWith(".") && !this.#active.has(name) && this.#over(name, path))
        ended.push({ path, at: (await stat(path)).mtimeMs });
    }
    const old = ended.toSorted((a, b) => b.at - a.at).slice(keepNewest);
    for (const { path } of old) {
      // Renamed first: half removed, it could be taken for an attempt that never began.
      const gone = join(parent, `.gone-${process.pid}-${path.slice(parent.length + 1)}`);
      await rename(path, gone);
      await rm(gone, { recursive: true, force: true });
    }
    return old.length;
  }

  async close(): Promise<void> {
    this.#letGo.abort();
    await this.#here?.letGo();
    await Promise.all([...this.#active.values()].map(({ done }) => done));
  }

  #over(id: string, directory: string): boolean {
    if (this.#active.has(id)) return false;
    if (!existsSync(directory) || readEnd(directory) !== null) return true;
    const claim = readClaim(directory);
    if (claim === null || "fenced" in claim) return false;
    return "pid" in claim ? !isAlive(claim) : claim.orchestrator !== this.#here?.id;
  }

  #follow(id: string, kind: AttemptSpec["kind"], directory: string, recorded: Promise<void>): void {
    const here = kind === "verify" ? this.#here : null;
    const supervision = new Supervision(id, directory, this.#options.runner, this.#options, here);
    const withdrawn = new AbortController();
    const pool = this.#pools[kind === "verify" || kind === "soak" ? kind : "work"];
    const done = recorded
      .then(
        () =>
          this.#toItsEnd(supervision, pool, withdrawn.signal).catch((error: unknown) =>
            this.#letGo.signal.aborted ? null : errored(error),
          ),
        () => null, // not recorded: `start` has said so
      )
      .then((end) => {
        this.#active.delete(id);
        if (end !== null) for (const listener of this.#listeners) listener(id, end);
      });
    this.#active.set(id, { supervision, recorded, withdrawn, done });
  }

  /** The attempt's end, or null when this orchestrator lets go of it. */
  async #toItsEnd(supervision: Supervision, pool: Pool, withdrawn: AbortSignal): Promise<AttemptEnd | "lost" | null> {
    const letGo = this.#letGo.signal;
    if (supervision.claimed()) pool.seize();
    else if (!(await pool.enter(AbortSignal.any([letGo, withdrawn])))) return letGo.aborted ? null : await supervision.ended(letGo);
    try {
      if (!supervision.claimed()) await supervision.begin(letGo);
      return await supervision.ended(letGo);
    } finally {
      pool.leave();
    }
  }
}

function errored(error: unknown): AttemptEnd {
  const reason = error instanceof Error ? error.message : String(error);
  return { outcome: "errored", message: `the attempt's directory cannot be used: ${reason}`, digest: null, changed: true, url: null };
}
