import type { Change } from "../../core/run/changes.ts";
import type { Store } from "../../engine/ports/store.ts";

/** Events that are looked at before anything is written: only how things stand by then is. */
const AT_ONCE = 500;

type Log = Pick<Store, "note" | "setNotes" | "eventsAfter" | "lastSeq">;

/** Hands on what has changed since, and keeps how far it has come once that was dealt with. The first time it only notes where the log ends, and says so to `begun`. */
export async function follow(
  store: Log,
  cursor: string,
  tell: (changes: readonly Change[]) => Promise<void>,
  begun: (seq: number) => void = () => {},
): Promise<void> {
  const from = await store.note(cursor);
  if (from === null) {
    const end = await store.lastSeq();
    await store.setNotes({ [cursor]: String(end) });
    return begun(end);
  }
  for (let seq = Number(from); ;) {
    const events = await store.eventsAfter(seq, AT_ONCE);
    const last = events.at(-1);
    if (!last) return;
    await tell(events.flatMap(({ changes }) => changes));
    seq = last.seq;
    await store.setNotes({ [cursor]: String(seq) });
  }
}

/** What has changed since and was not dealt with yet, of at most so many events as are looked at once. */
export async function changesBehind(store: Log, cursor: string): Promise<readonly Change[]> {
  const from = await store.note(cursor);
  return from === null ? [] : (await store.eventsAfter(Number(from), AT_ONCE)).flatMap(({ changes }) => changes);
}
