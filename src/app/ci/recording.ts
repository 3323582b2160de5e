import type { Digest } from "../../core/config/config.ts";
import type { AttemptSpec } from "../../core/run/effects.ts";
import type { AttemptEnd, Executor } from "../../engine/ports/executor.ts";
import type { Store } from "../../engine/ports/store.ts";
import { followLog } from "./job-log.ts";
import type { Journal } from "./journal.ts";
import { type Outputs, short } from "./outputs.ts";

type Options = {
  readonly executor: Executor;
  readonly store: Store;
  /** null: nothing that changes a target is started. */
  readonly journal: Journal | null;
  /** What builds must come out as, by the key of the artifact. */
  readonly expected: Readonly<Record<string, Digest>>;
  readonly outputs: Outputs;
};

type Listener = (attempt: string, end: AttemptEnd | "lost") => void;

/** Attempts of a job: each deploy is recorded before it begins, a build makes what was made before, and their logs are the job's log. */
export class RecordingExecutor implements Executor {
  readonly #options: Options;
  readonly #listeners: Listener[] = [];
  readonly #expected = new Map<string, Digest>();
  readonly #stop = new AbortController();
  readonly #running = new Set<string>();
  #logs: Promise<void> = Promise.resolve();

  constructor(options: Options) {
    this.#options = options;
    options.executor.onEnd((attempt, end) => this.#tell(attempt, this.#judged(attempt, end)));
  }

  async start(spec: AttemptSpec): Promise<void> {
    const { executor, journal, store, expected } = this.#options;
    if (spec.kind === "deploy") {
      const why = journal === null ? "this job changes no target" : await journal.begin(spec, store);
      if (why !== null) {
        queueMicrotask(() => this.#tell(spec.id, { outcome: "failed", message: why, digest: spec.digest, changed: false, url: null }));
        return;
      }
    }
    if (spec.kind === "build") {
      const { environment, name } = spec.artifact;
      const digest = expected[environment === null ? name : `${name}@${environment}`];
      if (digest === undefined) {
        // each leg would make its own
        const message = `nobody has built ${name} of ${short(spec.commit)}, and a job that deploys does not: start the workflow anew, from its beginning`;
        queueMicrotask(() => this.#tell(spec.id, { outcome: "failed", message, digest: null, changed: false, url: null }));
        return;
      }
      this.#expected.set(spec.id, digest);
    }
    this.#running.add(spec.id);
    await executor.start(spec);
    // one after the other, so that nobody's lines are among another's
    this.#logs = this.#logs.then(() => followLog(executor, spec, this.#options.outputs, this.#stop.signal)).catch(() => {});
  }

  stop = (attempt: string): Promise<void> => this.#options.executor.stop(attempt);
  readLog: Executor["readLog"] = (...args) => this.#options.executor.readLog(...args);
  logGrown: Executor["logGrown"] = (...args) => this.#options.executor.logGrown(...args);

  onEnd(listener: Listener): void {
    this.#listeners.push(listener);
  }

  /** Resolves when the logs of all that has ended are in the job's log. */
  async logged(): Promise<void> {
    await this.#logs;
  }

  async close(): Promise<void> {
    // what has ended is there to the last line; what has not is let go of
    if (this.#running.size > 0) this.#stop.abort();
    await this.#logs;
    await this.#options.executor.close();
  }

  #tell(attempt: string, end: AttemptEnd | "lost"): void {
    this.#running.delete(attempt);
    for (const listener of this.#listeners) listener(attempt, end);
  }

  /** What everybody else was given under this commit must not become something else here. */
  #judged(attempt: string, end: AttemptEnd | "lost"): AttemptEnd | "lost" {
    const expected = this.#expected.get(attempt);
    if (expected === undefined || end === "lost" || end.digest === null || end.digest === expected) return end;
    const message = `it was built again and came out as ${end.digest}, not as ${expected}: a build must make the same of the same commit, or push to where every job finds it`;
    return { ...end, outcome: "failed", digest: null, message };
  }
}
