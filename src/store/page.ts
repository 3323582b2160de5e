import { type Page, type PageRequest, StoreError } from "../engine/ports/store.ts";

/** The most rows that one page holds, whatever is asked for. */
const MAX_LIMIT = 1_000;

/** Where the page before ended; null at the start. Throws `StoreError("bad-cursor")` for what no page gave out. */
export function startOf<T extends string | number>(page: PageRequest, type: T extends string ? "string" : "number"): T | null {
  if (page.cursor === null) return null;
  try {
    const key: unknown = JSON.parse(Buffer.from(page.cursor, "base64url").toString("utf8"));
    if (typeof key === type) return key as T;
  } catch {
    // said below
  }
  throw new StoreError("bad-cursor", "This is not the cursor of a page of this list. Start at the first page, without a cursor.");
}

/** How many rows to ask the database for: one more than the page holds, which tells whether there is a next one. */
export const rowsToAsk = (page: PageRequest): number => limitOf(page) + 1;

/** The page from the rows that were asked for with `rowsToAsk`. `key`: the column that they are ordered by. */
export function pageOf<R, T>(rows: readonly R[], page: PageRequest, key: (row: R) => string | number, item: (row: R) => T): Page<T> {
  const limit = limitOf(page);
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const next = rows.length > limit && last !== undefined ? Buffer.from(JSON.stringify(key(last))).toString("base64url") : null;
  return { items: shown.map(item), next };
}

const limitOf = (page: PageRequest): number => Math.min(Math.max(1, Math.trunc(page.limit)), MAX_LIMIT);
