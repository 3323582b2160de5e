import type { StatementSync } from "node:sqlite";
import { type Kysely, sql } from "kysely";
import type { EnvironmentId, TargetId } from "../core/config/config.ts";
import type { SnapshotRow } from "../core/run/rows.ts";
import type { NeedListReader, NeedListWriter } from "./need-lists.ts";
import type { NodeSqlite } from "./node-sqlite.ts";
import type { Tables } from "./tables.ts";

/** A snapshot as it is kept: its entries by their numbers. */
type Kept = Omit<SnapshotRow, "entries"> & { readonly entries: readonly number[] };

export const snapshotJson = (row: SnapshotRow): string =>
  JSON.stringify({ ...row, entries: Object.values(row.entries).map((live) => live.entry) } satisfies Kept);

/** Keeps each entry of snapshots once. What one environment's last snapshot had is not tried again: of a thousand entries a run changes a few. */
export class LiveWriter {
  readonly #insert: StatementSync;
  readonly #needs: NeedListWriter;
  readonly #kept = new Map<EnvironmentId, ReadonlySet<number>>();
  /** As `#kept`, of the transaction under way. */
  readonly #fresh = new Map<EnvironmentId, ReadonlySet<number>>();

  constructor(database: NodeSqlite, needs: NeedListWriter) {
    this.#needs = needs;
    this.#insert = database.raw("insert into live (entry, target, body) values (?, ?, ?) on conflict (entry) do nothing");
  }

  write(row: SnapshotRow): void {
    const kept = this.#fresh.get(row.environment) ?? this.#kept.get(row.environment);
    const entries = new Set<number>();
    for (const [target, live] of Object.entries(row.entries)) {
      if (!kept?.has(live.entry)) this.#insert.run(live.entry, target, JSON.stringify(this.#needs.named(live)));
      entries.add(live.entry);
    }
    this.#fresh.set(row.environment, entries);
  }

  /** The transaction that wrote has ended. */
  ended(committed: boolean): void {
    if (committed) for (const [environment, entries] of this.#fresh) this.#kept.set(environment, entries);
    this.#fresh.clear();
  }
}

/** Snapshots with their entries, by target. */
export async function wholeSnapshots(
  db: Kysely<Tables>,
  lists: NeedListReader,
  bodies: readonly string[],
): Promise<readonly SnapshotRow[]> {
  const kept = bodies.map((body) => JSON.parse(body) as Kept);
  const wanted = JSON.stringify([...new Set(kept.flatMap((row) => row.entries))]);
  const found = await db
    .selectFrom("live")
    .selectAll()
    .where("entry", "in", sql<number>`(select value from json_each(${wanted}))`)
    .execute();
  const read = await lists.lives(found.map((row) => row.body));
  const lives = new Map(read.map((live, i) => [live.entry, [found[i]?.target as TargetId, live] as const]));
  return kept.map((row) => ({ ...row, entries: Object.fromEntries(row.entries.map((entry) => mustKnow(lives, entry))) }));
}

/** An entry is written with the first snapshot that has it, so that its lack is damage and not a state. */
function mustKnow<T>(lives: ReadonlyMap<number, T>, entry: number): T {
  const live = lives.get(entry);
  if (!live) throw new Error(`entry ${entry} of a snapshot is not there`);
  return live;
}
