import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { StoreError } from "../../engine/ports/store.ts";
import type { NodeSqlite } from "../node-sqlite.ts";
import { first } from "./001-first.ts";
import { manyRuns } from "./002-many-runs.ts";
import { liveOnce } from "./003-live-once.ts";
import { notes } from "./004-notes.ts";

/** `functions`: what its SQL calls where SQL alone cannot say it; deterministic, of texts. */
export type Migration = {
  readonly name: string;
  readonly sql: string;
  readonly functions?: Readonly<Record<string, (...texts: string[]) => string>>;
};
/** In order; the first is number 1. Forward only: what has been released is never changed, taken out or moved. */
export const migrations: readonly Migration[] = [first, manyRuns, liveOnce, notes];

type Place = { readonly directory: string; readonly version: string };
type Applied = { readonly number: number; readonly version: string };

/**
 * Brings the store to the newest schema, one transaction a migration. A store that holds something is copied to `backups/` before each.
 * `version`: the product's, recorded so that an older one can say which it would take. Rejects a store of a newer schema with `newer`.
 */
export function migrate(database: NodeSqlite, place: Place, steps: readonly Migration[] = migrations): void {
  database.exec(
    "create table if not exists migration (number integer primary key, name text not null, version text not null, at integer not null) strict",
  );
  const from = last(database);
  refuseNewer(from, place, steps.length);
  steps.slice(from.number).forEach((step, index) => {
    const number = from.number + index + 1;
    if (from.number > 0) backUp(database, place.directory, number - 1);
    for (const [name, act] of Object.entries(step.functions ?? {})) database.define(name, act);
    database.transaction(() => {
      database.exec(step.sql);
      database
        .prepare("insert into migration (number, name, version, at) values (?, ?, ?, ?)")
        .run([number, step.name, place.version, Date.now()]);
    });
  });
}

/** For a reader, which must not migrate. Throws `newer`, or `failed` where a writer has to come first. */
export function checkSchema(database: NodeSqlite, place: Place, steps: readonly Migration[] = migrations): void {
  const tables = database.prepare("select 1 from sqlite_schema where name = 'migration'").all([]);
  const at: Applied = tables.length === 0 ? { number: 0, version: "" } : last(database);
  refuseNewer(at, place, steps.length);
  if (at.number < steps.length)
    throw new StoreError(
      "failed",
      `The store in ${place.directory} has schema ${at.number} and this Sluice (${place.version}) reads schema ${steps.length}. Start the server, or run a command that writes, once with this version: it brings the store up to date after a backup.`,
    );
}

function last(database: NodeSqlite): Applied {
  const [row] = database.prepare("select number, version from migration order by number desc limit 1").all([]) as Applied[];
  return row ?? { number: 0, version: "" };
}

function refuseNewer(at: Applied, place: Place, known: number): void {
  if (at.number <= known) return;
  throw new StoreError(
    "newer",
    `The store in ${place.directory} was written by Sluice ${at.version} (schema ${at.number}); this is Sluice ${place.version} (schema ${known}), which cannot read it. Use Sluice ${at.version} or newer, or restore the backup that was made before its upgrade from ${join(place.directory, "backups")}. Nothing was changed.`,
  );
}

/** A whole and compact copy, under its final name only when it is complete and on disk. Named by time, since a store that was restored is upgraded again. */
function backUp(database: NodeSqlite, directory: string, schema: number): void {
  const folder = join(directory, "backups");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const partial = join(folder, "partial");
  rmSync(partial, { force: true });
  database.prepare("vacuum into ?").run([partial]);
  const copy = openSync(partial, "r+");
  try {
    fsyncSync(copy);
  } finally {
    closeSync(copy);
  }
  const time = new Date().toISOString().replaceAll(/[:.]/g, "-");
  renameSync(partial, join(folder, `sluice-schema-${schema}-${time}.db`));
}
