import { awaitHealthy } from "../../cluster/health/await.ts";
import { readLive } from "../../cluster/health/assess.ts";
import { compareObjects } from "../../cluster/compare.ts";
import { isClusterError } from "../../cluster/errors.ts";
import { parseManifests } from "../../cluster/manifests.ts";
import type { KubeObject } from "../../cluster/objects.ts";
import { maskOf } from "../../cluster/print.ts";
import { wait } from "../../host/wait.ts";
import { objectsOf } from "./objects.ts";
import { type Hook, isPending, titleOf, watchHistory } from "./releases.ts";
import { CutShort } from "./run.ts";
import type { Session } from "./session.ts";

/** Between two looks at what Helm has not made yet: first and at most. */
const AGAIN_MS = { first: 100, most: 5000 };
/** Helm makes a hook's objects as soon as it has said that it runs; what is not there then has come and gone. */
const HOOK_LOOKS = 10;

/**
 * Watches what Helm itself waits for: the hook that runs, and with `ready` the revision's own objects, for hooks that come after. Explains in the log, and ends Helm (`ending`) as soon as it is certain that waiting does not help.
 * Returns what stops it. Where it may not look, that is said, and Helm goes on alone.
 */
export function follow(session: Session, revision: number, ready: boolean, ending: AbortController): () => Promise<void> {
  const stop = new AbortController();
  const { context } = session;
  const following = new Following(session, ready, AbortSignal.any([stop.signal, context.signal]), (verdict) =>
    ending.abort(new CutShort(verdict)),
  );
  const done = following.run(revision).catch((error: unknown) => {
    if (!stop.signal.aborted && !context.signal.aborted)
      context.log(`what Helm waits for cannot be watched: ${error instanceof Error ? error.message : String(error)}`);
  });
  return async () => {
    stop.abort();
    await done;
  };
}

class Following {
  readonly #session: Session;
  readonly #ready: boolean;
  readonly #signal: AbortSignal;
  readonly #decided: (verdict: string) => void;
  readonly #looks = new Map<string, Promise<void>>();

  constructor(session: Session, ready: boolean, signal: AbortSignal, decided: (verdict: string) => void) {
    this.#session = session;
    this.#ready = ready;
    this.#signal = signal;
    this.#decided = decided;
  }

  async run(revision: number): Promise<void> {
    const { cluster, settings } = this.#session;
    for await (const history of watchHistory(cluster, settings.place, this.#signal)) {
      const stored = history.find((one) => one.revision === revision);
      if (stored === undefined || !isPending(stored.status)) continue;
      for (const hook of stored.hooks) if (hook.phase === "Running") this.#look(titleOf(hook), () => this.#hook(hook));
      if (this.#ready) this.#look("objects", () => this.#objects(objectsOf(stored)));
    }
    await Promise.all(this.#looks.values());
  }

  /** Each once: a hook stays `Running` in what Helm has stored until it stores again. */
  #look(name: string, look: () => Promise<void>): void {
    if (!this.#looks.has(name))
      this.#looks.set(
        name,
        look().catch((error: unknown) => this.#broken(error)),
      );
  }

  #broken(error: unknown): void {
    if (this.#signal.aborted) return;
    this.#session.context.log(`what Helm waits for cannot be looked at: ${error instanceof Error ? error.message : String(error)}`);
  }

  async #hook(hook: Hook): Promise<void> {
    const { cluster, context } = this.#session;
    context.log(`${titleOf(hook)} runs`);
    const objects = parseManifests(hook.manifest, titleOf(hook));
    for (let looks = 1; (await readLive(cluster, objects)).size < objects.length; looks++) {
      if (looks === HOOK_LOOKS) return;
      await wait(AGAIN_MS.first * looks, this.#signal);
    }
    const verdict = await this.#certain(objects);
    if (verdict !== null) this.#decided(`${titleOf(hook)} does not come to its end: ${verdict}`);
  }

  async #objects(objects: readonly KubeObject[]): Promise<void> {
    for (let pause = AGAIN_MS.first; !this.#signal.aborted; pause = Math.min(pause * 1.5, AGAIN_MS.most)) {
      const verdict = await this.#certain(objects);
      if (verdict === null) return;
      // before Helm has applied everything, what is seen is about the revision before
      if (await this.#areApplied(objects)) return this.#decided(verdict);
      await wait(pause, this.#signal);
    }
  }

  /** What is certainly wrong; null when they are ready. */
  async #certain(objects: readonly KubeObject[]): Promise<string | null> {
    const { cluster, context, left } = this.#session;
    const found = await awaitHealthy(cluster, objects, { signal: this.#signal, log: context.log, timeoutMs: left() });
    return found.certain ? [found.summary, ...found.problems].join("\n") : null;
  }

  async #areApplied(objects: readonly KubeObject[]): Promise<boolean> {
    const { cluster, context } = this.#session;
    try {
      const changes = await compareObjects(cluster, objects, { fieldManager: "helm", mask: maskOf(context.home) });
      return changes.every(({ change }) => change === "same");
    } catch (error) {
      if (isClusterError(error)) return false;
      throw error;
    }
  }
}
