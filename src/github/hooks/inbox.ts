import type { Store } from "../../engine/ports/store.ts";
import type { Delivered, Delivery } from "./delivery.ts";

const KEY = "github/delivery/";
/** As long as a forge may send the same again, and some more: GitHub's people can for three days. */
const KEPT_MS = 7 * 24 * 3_600_000;

type Kept = {
  readonly at: number;
  readonly state: "waiting" | "done";
  /** null once it is done: nothing of it is needed any more. */
  readonly message: Delivered | null;
};
export type Waiting = { readonly id: string; readonly at: number; readonly message: Delivered };

/** Deliveries that were answered with yes: each is durable before that, and acted on once, whatever ends in between. */
export class Inbox {
  readonly #store: Pick<Store, "note" | "notes" | "setNotes">;
  readonly #now: () => number;

  constructor(store: Pick<Store, "note" | "notes" | "setNotes">, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  /** Resolves when it is durable; false: it was there before. */
  async take({ id }: Delivery, message: Delivered): Promise<boolean> {
    if ((await this.#store.note(KEY + id)) !== null) return false;
    await this.#set(id, { at: this.#now(), state: "waiting", message });
    return true;
  }

  /** In the order in which they came. Forgets those that nobody can send again. */
  async waiting(): Promise<readonly Waiting[]> {
    const all = (await this.#store.notes(KEY)).map(({ key, body }) => ({ id: key.slice(KEY.length), ...(JSON.parse(body) as Kept) }));
    const old = all.filter(({ state, at }) => state !== "waiting" && at < this.#now() - KEPT_MS);
    if (old.length > 0) await this.#store.setNotes(Object.fromEntries(old.map(({ id }) => [KEY + id, null])));
    return all
      .flatMap(({ id, at, state, message }) => (state === "waiting" && message !== null ? [{ id, at, message }] : []))
      .toSorted((a, b) => a.at - b.at);
  }

  done = ({ id, at }: Waiting): Promise<void> => this.#set(id, { at, state: "done", message: null });

  #set = (id: string, kept: Kept): Promise<void> => this.#store.setNotes({ [KEY + id]: JSON.stringify(kept) });
}
