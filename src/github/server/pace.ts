import type { Forge } from "../forge.ts";
import { FIRST_PAUSE_MS, nextPauseMs } from "../pauses.ts";

/** The budget of requests is everybody's: where less than such a part of it is left, so many ms at least. */
const SPARED = [
  { below: 0.25, ms: 300_000 },
  { below: 0.5, ms: 60_000 },
] as const;

/** When to look next: soon after something has moved, later and later while nothing does, and seldom where few requests are left. */
export class Pace {
  readonly #now: () => number;
  readonly #budget: Forge["budget"];
  #pauseMs = FIRST_PAUSE_MS;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(now: () => number, budget: Forge["budget"]) {
    this.#now = now;
    this.#budget = budget;
  }

  /** Something has happened that a look may find. */
  moved(): void {
    this.#pauseMs = FIRST_PAUSE_MS;
  }

  /** Until the next look, in ms. */
  dueMs(): number {
    const passed = this.#now() - this.#lookedAt;
    // a clock that was set back
    return passed < 0 ? 0 : Math.max(0, Math.max(this.#pauseMs, this.#sparedMs()) - passed);
  }

  /** One look. What has moved while it went on may have come too late for it. */
  async look(work: () => Promise<void>): Promise<void> {
    this.#pauseMs = nextPauseMs(this.#pauseMs);
    await work();
    this.#lookedAt = this.#now();
  }

  #sparedMs(): number {
    const budget = this.#budget();
    if (budget === null || budget.resetsAt <= this.#now()) return 0;
    return SPARED.find(({ below }) => budget.left < budget.limit * below)?.ms ?? 0;
  }
}
