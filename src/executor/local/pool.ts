/** At most `limit` at once; the others wait in the order in which they came. */
export class Pool {
  readonly #limit: number;
  #taken = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Resolves to true once there is a place, or to false when the signal aborts first. */
  enter(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return Promise.resolve(false);
    if (this.#taken < this.#limit) {
      this.#taken++;
      return Promise.resolve(true);
    }
    return new Promise((resolve) => {
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(go), 1);
        resolve(false);
      };
      const go = () => {
        signal.removeEventListener("abort", leave);
        resolve(true);
      };
      this.#waiting.push(go);
      signal.addEventListener("abort", leave, { once: true });
    });
  }

  /** Takes a place for what runs already, even above the limit. */
  seize(): void {
    this.#taken++;
  }

  leave(): void {
    // A place goes from hand to hand while no more than the limit are taken; above it (after `seize`) it is given up.
    const next = this.#taken <= this.#limit ? this.#waiting.shift() : undefined;
    if (next) next();
    else this.#taken--;
  }
}
