import type { AttemptSpec, Effect } from "../core/run/effects.ts";
import type { Observed } from "../core/run/events.ts";
import { fingerprint } from "../core/plan/fingerprint.ts";
import type { Digest, TargetId } from "../core/config/config.ts";
import { Awaits } from "./awaits.ts";
import type { Configs } from "./configs.ts";
import { eachOf } from "./each.ts";
import { clipped, messageOf } from "./errors.ts";
import type { Loop } from "./loop.ts";
import type { Clock } from "./ports/clock.ts";
import { type Builder, type Driver, RENDER_MS } from "./ports/driver.ts";
import type { Executor } from "./ports/executor.ts";
import { type Source, SourceError, type Trees } from "./ports/source.ts";
import type { Store } from "./ports/store.ts";
import { relationOf } from "./relations.ts";

export type DispatchOptions = {
  readonly loop: () => Loop;
  readonly executor: Executor;
  readonly source: Source;
  readonly store: Pick<Store, "relation">;
  readonly configs: Configs;
  readonly driver: (name: string) => Promise<Driver>;
  readonly builder: (name: string) => Promise<Builder>;
  readonly trees: Trees;
  /** Admits what brings a failure back, or declines; rejects while neither could be made durable. */
  readonly restore: (ask: Extract<Effect, { readonly type: "rollback.ask" }>) => Promise<void>;
  readonly clock: Clock;
  readonly project: string;
  readonly home: string;
  readonly log: (level: "info" | "warn" | "error", message: string, details?: object) => void;
};

const TRIES = 5;
const OBSERVE_MS = 60_000;
const RETRY_MS = 1000;
/** Some drivers render by a program of their own. */
const RENDERS_AT_ONCE = 4;

/** Carries effects out. Each is under way once, whatever happens twice; and comes back as an event, or is tried again. */
export class Dispatcher {
  readonly #options: DispatchOptions;
  readonly #underWay = new Set<string>();
  readonly #stop = new AbortController();
  readonly #awaits: Awaits;

  constructor(options: DispatchOptions) {
    this.#options = options;
    this.#awaits = new Awaits(options);
    options.executor.onEnd((attempt, end) => {
      const key = `start:${attempt}`;
      this.#underWay.delete(key);
      if (end === "lost") options.loop().tell({ type: "attempt.lost", attempt }, key);
      else options.loop().tell({ type: "attempt.ended", attempt, ...end, message: end.message && clipped(end.message) }, key);
    });
  }

  readonly dispatch = (effects: readonly Effect[]): void => {
    for (const effect of effects) {
      if (this.#underWay.has(effect.key)) continue;
      this.#underWay.add(effect.key);
      void this.#carryOut(effect).catch((error: unknown) =>
        this.#options.log("error", "an effect failed", { key: effect.key, error: String(error) }),
      );
    }
  };

  /** Nothing is under way but waiting for people. */
  idle(): boolean {
    return this.#underWay.size === 0;
  }

  close(): void {
    this.#stop.abort();
    this.#awaits.close();
  }

  async #carryOut(effect: Effect): Promise<void> {
    switch (effect.type) {
      case "attempt.start":
        // under way until the attempt ends: a restart finds it in the outbox and adopts it
        return await this.#start(effect.key, effect.attempt);
      case "attempt.stop":
        await this.#options.executor.stop(effect.attempt);
        this.#options.loop().done(effect.key);
        break;
      case "artifact.await":
        await this.#awaits.ask(effect);
        break;
      case "artifact.forget":
        this.#awaits.forget(effect.asked);
        for (const key of [effect.asked, effect.key]) this.#options.loop().done(key);
        break;
      case "target.observe":
        this.#options.loop().tell({ type: "target.observed", target: effect.target, observed: await this.#observe(effect) }, effect.key);
        break;
      case "relation.ask": {
        const relation = await this.#relate(effect.release, effect.live);
        this.#options.loop().tell({ type: "relation.known", relation }, effect.key);
        break;
      }
      case "rollback.ask":
        if (!(await this.#restore(effect))) return;
        break;
      case "render.ask":
        this.#options.loop().tell({ type: "render.known", run: effect.run, renders: await this.#render(effect) }, effect.key);
        break;
    }
    this.#underWay.delete(effect.key);
  }

  async #start(key: string, attempt: AttemptSpec): Promise<void> {
    try {
      await this.#retrying(() => this.#options.executor.start(attempt));
    } catch (error) {
      this.#underWay.delete(key);
      const message = `the attempt could not be started: ${messageOf(error)}`;
      this.#options
        .loop()
        .tell({ type: "attempt.ended", attempt: attempt.id, outcome: "errored", message, digest: null, changed: false, url: null }, key);
    }
  }

  async #observe(effect: Extract<Effect, { readonly type: "target.observe" }>): Promise<Observed> {
    if (!effect.definition) return { kind: "unobservable" };
    const { project, home } = this.#options;
    try {
      const driver = await this.#options.driver(effect.definition.driver);
      if (!driver.capabilities.observe) return { kind: "unobservable" };
      const { target, definition } = effect;
      return await this.#retrying(async () => {
        const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(OBSERVE_MS)]);
        const observed = await driver.observe({ project, target, definition }, { signal, home });
        if (observed.kind === "error") throw new Error(observed.message);
        // what a job has left may be cleared away, and it has succeeded all the same; only after an attempt that was cut off does that say something
        return observed.kind === "absent" && definition.job && effect.attempt === null ? { kind: "unobservable" } : observed;
      });
    } catch (error) {
      this.#options.log("warn", "a target could not be observed", { target: effect.target, error: messageOf(error) });
      return { kind: "error", message: messageOf(error) };
    }
  }

  /** Until it is answered; false: the orchestrator has been closed before, and the next one finds it in the outbox. */
  async #restore(effect: Extract<Effect, { readonly type: "rollback.ask" }>): Promise<boolean> {
    while (!this.#stop.signal.aborted)
      try {
        await this.#options.restore(effect);
        return true;
      } catch (error) {
        this.#options.log("warn", "what has failed could not be brought back yet", {
          target: effect.cause.target,
          error: messageOf(error),
        });
        await new Promise<void>((resolve) => this.#options.clock.after(RETRY_MS, resolve));
      }
    return false;
  }

  async #relate(release: string, live: string) {
    try {
      // a commit that is gone stays gone; a git that failed may do better another time
      return await this.#retrying(
        () => relationOf(this.#options, release, live),
        (error) => !(error instanceof SourceError) || error.code === "git-failed",
      );
    } catch (error) {
      this.#options.log("warn", "two commits could not be compared", { release, live, error: messageOf(error) });
      return { release, live, order: "unknown" as const, unmet: null };
    }
  }

  async #render(effect: Extract<Effect, { readonly type: "render.ask" }>) {
    const renders: Record<TargetId, { readonly fingerprint: Digest } | { readonly problem: string }> = {};
    const { project, home, trees } = this.#options;
    await eachOf(effect.targets, RENDERS_AT_ONCE, async ({ target, definition, definitionDigest, commit, digest }) => {
      const context = {
        signal: AbortSignal.any([this.#stop.signal, AbortSignal.timeout(RENDER_MS)]),
        home,
        tree: (folder: string) => trees(commit, folder),
      };
      try {
        const driver = await this.#options.driver(definition.driver);
        const text = await driver.render({ project, target, commit, digest, definition }, context);
        renders[target] = { fingerprint: fingerprint({ definitionDigest, digest, text }) };
      } catch (error) {
        renders[target] = { problem: messageOf(error) };
      }
    });
    return renders;
  }

  async #retrying<T>(act: () => Promise<T>, worth: (error: unknown) => boolean = () => true): Promise<T> {
    for (let tries = 1; ; tries++)
      try {
        return await act();
      } catch (error) {
        if (tries >= TRIES || this.#stop.signal.aborted || !worth(error)) throw error;
        await new Promise<void>((resolve) => this.#options.clock.after(100 * 2 ** tries, resolve));
      }
  }
}
