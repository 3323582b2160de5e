import type { Digest } from "../core/config/config.ts";
import type { Definition } from "../core/plan/plan.ts";
import type { TargetRow } from "../core/run/rows.ts";
import type { Observed } from "../core/run/events.ts";
import { messageOf } from "./errors.ts";
import type { Loop } from "./loop.ts";
import type { Clock } from "./ports/clock.ts";
import type { Driver } from "./ports/driver.ts";
import type { Store } from "./ports/store.ts";

export type WatchOptions = {
  readonly loop: Loop;
  readonly store: Store;
  readonly clock: Clock;
  readonly driver: (name: string) => Promise<Driver>;
  readonly project: string;
  readonly home: string;
};

/** Between two rounds. */
const ROUND_MS = 10_000;
/** One look at a time, and no more than one in so many ms: a thousand targets take minutes, not the machine. */
const LOOK_MS = 50;
const TIMEOUT_MS = 10_000;
const KEPT = 5_000;

/** Looks at what is live between runs, so that health is that of now and a change from outside is noticed. It decides nothing. */
export class Watch {
  readonly #options: WatchOptions;
  readonly #definitions = new Map<Digest, Definition | null>();
  readonly #stop = new AbortController();

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  start(): void {
    this.#after(ROUND_MS, () => this.round());
  }

  close(): void {
    this.#stop.abort();
  }

  /** Looks once at every target where something is live, or was until it went from outside, then sets the next round. */
  async round(): Promise<void> {
    for (const target of this.#options.loop.state.targets.values()) {
      if (this.#stop.signal.aborted) return;
      const observed = await this.#look(target);
      const entry = (target.live ?? target.gone)?.entry;
      if (observed === null || entry === undefined) continue;
      if (differs(target, observed)) this.#options.loop.tell({ type: "target.watched", target: target.id, entry, observed }, null);
      await new Promise<void>((resolve) => this.#options.clock.after(LOOK_MS, resolve));
    }
    this.start();
  }

  async #look(target: TargetRow): Promise<Observed | null> {
    const { live: there, gone = null, busy, unknown } = target;
    const live = there ?? gone;
    if (!live || busy || unknown || live.definition === "") return null;
    try {
      const definition = await this.#definition(live.definition);
      if (!definition || definition.job) return null;
      const driver = await this.#options.driver(definition.driver);
      if (!driver.capabilities.observe) return null;
      const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(TIMEOUT_MS)]);
      const observed = await driver.observe(
        { project: this.#options.project, target: target.id, definition },
        { signal, home: this.#options.home },
      );
      return observed.kind === "unobservable" ? null : observed;
    } catch (error) {
      return this.#stop.signal.aborted ? null : { kind: "error", message: messageOf(error) };
    }
  }

  async #definition(digest: Digest): Promise<Definition | null> {
    const known = this.#definitions.get(digest);
    if (known !== undefined) return known;
    const definition = await this.#options.store.definition(digest);
    if (this.#definitions.size >= KEPT) this.#definitions.clear();
    this.#definitions.set(digest, definition);
    return definition;
  }

  #after(ms: number, act: () => Promise<void>): void {
    this.#options.clock.after(ms, () => {
      if (!this.#stop.signal.aborted) void act();
    });
  }
}

/** Nothing is told, and so nothing written, while all is as it was. */
function differs(target: TargetRow, observed: Observed): boolean {
  // what has gone may come back, and nothing else is news of it
  if (!target.live) return observed.kind === "live";
  // whatever it was before, nothing is live any more
  if (observed.kind === "absent") return true;
  if (observed.kind !== "live") return target.health !== "unknown";
  return (
    observed.health !== target.health ||
    observed.url !== target.url ||
    (observed.commit === null ? observed.health === "degraded" && target.serving : observed.commit !== target.live.commit)
  );
}
