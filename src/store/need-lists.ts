import { createHash } from "node:crypto";
import type { StatementSync } from "node:sqlite";
import { type Kysely, sql } from "kysely";
import type { ServiceId } from "../core/config/config.ts";
import type { Live, TargetRow } from "../core/run/rows.ts";
import type { NodeSqlite } from "./node-sqlite.ts";
import type { Tables } from "./tables.ts";

/*
 * What is live on a frontend names all that it needs, nine hundred services perhaps, and so do its neighbours.
 * A long list is kept once, under its digest, and a row has that in its place; a row that was written before has the list itself.
 */
const LONG = 16;
/** Lists at hand; there is one for each set of backends that an environment has had. */
const KEPT = 1_000;

type Named = Omit<Live, "needs"> & { readonly needs: readonly ServiceId[] | string };
type Unknown = NonNullable<TargetRow["unknown"]>;
type Kept = Omit<TargetRow, "live" | "lastGood" | "unknown"> & {
  readonly live: Named | null;
  readonly lastGood: Named | null;
  readonly unknown: (Omit<Unknown, "live"> & { readonly live: Named }) | null;
};

export class NeedListWriter {
  readonly #insert: StatementSync;
  readonly #names = new WeakMap<readonly ServiceId[], string>();
  /** Names whose list is on disk, and those that the transaction under way writes. */
  readonly #kept = new Set<string>();
  readonly #fresh = new Set<string>();

  constructor(database: NodeSqlite) {
    this.#insert = database.raw("insert into need_list (digest, body) values (?, ?) on conflict (digest) do nothing");
  }

  targetJson(row: TargetRow): string {
    const { live, lastGood, unknown } = row;
    if (isShort(live) && isShort(lastGood) && isShort(unknown?.live ?? null)) return JSON.stringify(row);
    const kept: Kept = {
      ...row,
      live: live && this.named(live),
      lastGood: lastGood && this.named(lastGood),
      unknown: unknown && { ...unknown, live: this.named(unknown.live) },
    };
    return JSON.stringify(kept);
  }

  named(live: Live): Named {
    return isShort(live) ? live : { ...live, needs: this.#nameOf(live.needs) };
  }

  /** The transaction that wrote has ended. */
  ended(committed: boolean): void {
    if (committed) for (const name of this.#fresh) this.#kept.add(name);
    this.#fresh.clear();
  }

  #nameOf(list: readonly ServiceId[]): string {
    const name = this.#names.get(list) ?? createHash("sha256").update(JSON.stringify(list)).digest("hex");
    this.#names.set(list, name);
    if (!this.#kept.has(name) && !this.#fresh.has(name)) {
      this.#insert.run(name, JSON.stringify(list));
      this.#fresh.add(name);
    }
    return name;
  }
}

const isShort = (live: Live | null): boolean => live === null || live.needs.length < LONG;

/** Rows with their lists; those that are equal are one in memory. */
export class NeedListReader {
  readonly #db: Kysely<Tables>;
  readonly #known = new Map<string, readonly ServiceId[]>();

  constructor(db: Kysely<Tables>) {
    this.#db = db;
  }

  async targets(bodies: readonly string[]): Promise<TargetRow[]> {
    const rows = bodies.map((body) => JSON.parse(body) as Kept);
    await this.#learn(rows.flatMap((row) => [row.live, row.lastGood, row.unknown?.live ?? null]));
    return rows.map((row) => ({
      ...row,
      live: row.live && this.#whole(row.live),
      lastGood: row.lastGood && this.#whole(row.lastGood),
      unknown: row.unknown && { ...row.unknown, live: this.#whole(row.unknown.live) },
    }));
  }

  async lives(bodies: readonly string[]): Promise<Live[]> {
    const rows = bodies.map((body) => JSON.parse(body) as Named);
    await this.#learn(rows);
    return rows.map((row) => this.#whole(row));
  }

  async #learn(rows: readonly (Named | null)[]): Promise<void> {
    const names = new Set(rows.flatMap((row) => (typeof row?.needs === "string" ? [row.needs] : [])));
    if (this.#known.size > KEPT) this.#known.clear();
    const unknown = [...names].filter((name) => !this.#known.has(name));
    if (unknown.length === 0) return;
    const found = await this.#db
      .selectFrom("need_list")
      .selectAll()
      .where("digest", "in", sql<string>`(select value from json_each(${JSON.stringify(unknown)}))`)
      .execute();
    for (const { digest, body } of found) this.#known.set(digest, JSON.parse(body) as ServiceId[]);
  }

  /** A list is written with the first row that has it, so that its lack is damage and not a state. */
  #whole(row: Named): Live {
    if (typeof row.needs !== "string") return row as Live;
    const needs = this.#known.get(row.needs);
    if (!needs) throw new Error(`the list ${row.needs} of what is needed is not there`);
    return { ...row, needs };
  }
}
