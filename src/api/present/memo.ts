/** Remembers what never changes, up to `max` keys; the one that was asked for longest ago goes first. What was not found (null) or failed is asked again. */
export class Memo<T> {
  readonly #max: number;
  readonly #load: (key: string) => Promise<T | null>;
  readonly #known = new Map<string, T>();

  constructor(max: number, load: (key: string) => Promise<T | null>) {
    this.#max = max;
    this.#load = load;
  }

  async get(key: string): Promise<T | null> {
    const value = this.#known.get(key) ?? (await this.#load(key));
    if (value === null) return null;
    this.#known.delete(key);
    this.#known.set(key, value);
    const oldest = this.#known.keys().next();
    if (this.#known.size > this.#max && !oldest.done) this.#known.delete(oldest.value);
    return value;
  }
}
