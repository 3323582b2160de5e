import type { ObjectDiff } from "./compared.ts";
import type { ObjectChange } from "./ports/driver.ts";

/** Characters of one text, and of all in one answer; what is longer is cut. */
const MAX_TEXT = 65_536;
const MAX_ALL = 8 * 1024 * 1024;
/** Objects of one target that are listed; of more, those that differ before those that do not. */
const MAX_OBJECTS = 500;

type Pair = { readonly before: string | null; readonly after: string | null };

/** What one answer has room for. Who comes first is served first, so that nothing is kept that will not be sent. */
export class Budget {
  #left = MAX_ALL;

  /** Two texts, each cut to what there is room for. */
  texts({ before, after }: Pair): Pair & { readonly cut: boolean } {
    const most = Math.min(MAX_TEXT, Math.floor(this.#left / 2));
    const cut = (text: string | null): string | null => text?.slice(0, most) ?? null;
    const taken = { before: cut(before), after: cut(after) };
    this.#left -= lengthOf(taken.before) + lengthOf(taken.after);
    return { ...taken, cut: lengthOf(before) > most || lengthOf(after) > most };
  }

  /** Objects in their order, without the texts of those that are the same: nobody needs these. */
  objects(all: readonly ObjectChange[]): { readonly objects: readonly ObjectDiff[]; readonly cut: boolean } {
    const first = all.toSorted((a, b) => Number(a.change === "same") - Number(b.change === "same")).slice(0, MAX_OBJECTS);
    const listed = new Set(first);
    const objects = all
      .filter((object) => listed.has(object))
      .map((object) => {
        const { kind, name, namespace, change } = object;
        const texts = change === "same" ? { before: null, after: null } : object;
        return { kind, name, namespace, change, ...this.texts(texts) };
      });
    return { objects, cut: objects.length < all.length || objects.some(({ cut }) => cut) };
  }
}

const lengthOf = (text: string | null): number => text?.length ?? 0;
