import type { Effect } from "../core/run/effects.ts";
import { messageOf } from "./errors.ts";
import type { Loop } from "./loop.ts";
import type { Clock } from "./ports/clock.ts";
import type { Builder } from "./ports/driver.ts";

type AwaitsOptions = {
  readonly loop: () => Loop;
  readonly builder: (name: string) => Promise<Builder>;
  readonly clock: Clock;
  readonly home: string;
};
type Ask = Extract<Effect, { readonly type: "artifact.await" }>;

/** Between two looks, in ms: at first, at most, and by how much each is longer than the one before. */
const PAUSE = { first: 2000, most: 30_000, times: 1.5 };
const LOOK_MS = 60_000;

/** Asks builders for what somebody else is to push, until it is there. What waits holds a timer and nothing else. */
export class Awaits {
  readonly #options: AwaitsOptions;
  readonly #asking = new Map<string, AbortController>();
  readonly #closed = new AbortController();

  constructor(options: AwaitsOptions) {
    this.#options = options;
  }

  /** Resolves when it was found and told, when it is to be forgotten, and at the end. */
  async ask(effect: Ask): Promise<void> {
    const forgotten = new AbortController();
    this.#asking.set(effect.key, forgotten);
    await this.#untilFound(effect, AbortSignal.any([forgotten.signal, this.#closed.signal]));
    this.#asking.delete(effect.key);
  }

  /** By the key of the effect that asks for it. */
  forget(key: string): void {
    this.#asking.get(key)?.abort();
  }

  close(): void {
    this.#closed.abort();
  }

  async #untilFound(effect: Ask, signal: AbortSignal): Promise<void> {
    const { build, wait } = effect;
    let told: string | null | undefined;
    for (let pause = PAUSE.first; ; pause = Math.min(pause * PAUSE.times, PAUSE.most)) {
      const { digest, problem } = await this.#look(effect, signal);
      if (signal.aborted) return;
      if (digest !== null) {
        this.#options.loop().tell({ type: "artifact.found", build, wait, digest }, effect.key);
        return;
      }
      // whoever waits sees why it cannot be told, and that it can be told again
      if (problem !== told) this.#options.loop().tell({ type: "artifact.asked", build, wait, problem }, null);
      told = problem;
      await this.#pause(pause, signal);
      if (signal.aborted) return;
    }
  }

  async #look({ project, commit, artifact }: Ask, signal: AbortSignal): Promise<{ digest: string | null; problem: string | null }> {
    try {
      const builder = await this.#options.builder(artifact.builder);
      if (!builder.find) throw new Error(`the builder ${artifact.builder} of this version waits for nothing`);
      const context = { signal: AbortSignal.any([signal, AbortSignal.timeout(LOOK_MS)]), home: this.#options.home };
      return { digest: await builder.find({ project, commit, config: artifact.config }, context), problem: null };
    } catch (error) {
      return { digest: null, problem: messageOf(error) };
    }
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const end = (): void => {
        stop();
        signal.removeEventListener("abort", end);
        resolve();
      };
      const stop = this.#options.clock.after(ms, end);
      signal.addEventListener("abort", end, { once: true });
    });
  }
}
