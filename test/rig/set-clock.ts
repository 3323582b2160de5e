import type { Clock } from "../../src/engine/ports/clock.ts";

/** Time that a test sets; its timers end when it says so. */
export class SetClock implements Clock {
  at: number;
  readonly #timers = new Set<{ due: number; callback: () => void }>();
  constructor(at: number) {
    this.at = at;
  }
  now(): number {
    return this.at;
  }
  after(ms: number, callback: () => void): () => void {
    const timer = { due: this.at + ms, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }
  to(at: number): void {
    this.at = at;
    for (const timer of this.#timers)
      if (timer.due <= at) {
        this.#timers.delete(timer);
        timer.callback();
      }
  }
}
