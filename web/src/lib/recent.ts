import type { Schemas } from "../../../src/contract/client.ts";

export type Patch = Schemas["Patch"];

/** How many changes are kept, at least, for answers that are still on their way. */
const MAX = 20_000;

/**
 * Changes that the stream told lately. An answer that was asked for before a change and arrives after it would otherwise hide that change for good;
 * so whoever asks takes a mark before, and puts what came since over the answer.
 */
export class Recent {
  #changes: Patch[] = [];
  /** Number of the first change that is kept. */
  #first = 0;

  add(changes: readonly Patch[]): void {
    this.#changes.push(...changes);
    // Trimmed seldom, so that a burst of events does not copy the whole each time.
    if (this.#changes.length < 2 * MAX) return;
    const dropped = this.#changes.length - MAX;
    this.#changes = this.#changes.slice(dropped);
    this.#first += dropped;
  }

  /** The position behind the newest change. */
  mark(): number {
    return this.#first + this.#changes.length;
  }

  since(mark: number): readonly Patch[] {
    return this.#changes.slice(Math.max(0, mark - this.#first));
  }
}

export const recent = new Recent();
