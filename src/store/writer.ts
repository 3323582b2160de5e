import type { StatementSync } from "node:sqlite";
import type { Change } from "../core/run/changes.ts";
import { type Entry, StoreError } from "../engine/ports/store.ts";
import { needsReopening } from "./errors.ts";
import { LogWriter } from "./log.ts";
import type { NodeSqlite } from "./node-sqlite.ts";
import { RowWriter, type Written } from "./write.ts";

/** What only the owner has: the statements that write, and its epoch. */
export class Writer {
  readonly #database: NodeSqlite;
  readonly #epoch: number;
  readonly #epochNow: StatementSync;
  readonly #rows: RowWriter;
  readonly #log: LogWriter;
  #broken: StoreError | null = null;

  constructor(database: NodeSqlite, epoch: number) {
    this.#database = database;
    this.#epoch = epoch;
    this.#epochNow = database.raw("select epoch from owner");
    this.#rows = new RowWriter(database);
    this.#log = new LogWriter(database);
  }

  /** Whether another process has ended this one's epoch. False where that cannot be read: a write will say. */
  deposed(): StoreError | null {
    try {
      return this.#isCurrent() ? null : deposedError();
    } catch {
      return null;
    }
  }

  commit(entries: readonly Entry[], done: readonly string[]): number[] {
    let committed = false;
    try {
      const seqs = this.#write(entries, done);
      committed = true;
      return seqs;
    } finally {
      this.#rows.ended(committed);
    }
  }

  #write(entries: readonly Entry[], done: readonly string[]): number[] {
    return this.transaction(() => {
      const all: Written[] = [];
      const seqs = entries.map((entry) => {
        const written = entry.changes.map((change) => ({ change, json: this.#rows.jsonOf(change) }));
        for (const each of written) all.push(each);
        return this.#log.append(entry, written);
      });
      this.#rows.rows(all);
      this.#rows.effects(
        entries.flatMap((entry) => entry.effects),
        done,
      );
      return seqs;
    });
  }

  /** Rows that no event of this store has made. */
  seed(changes: readonly Change[]): void {
    let committed = false;
    try {
      this.transaction(() => this.#rows.rows(changes.map((change) => ({ change, json: this.#rows.jsonOf(change) }))));
      committed = true;
    } finally {
      this.#rows.ended(committed);
    }
  }

  /** In an epoch that another has ended, nothing is written. After an error of the disk itself, nothing more is until the store is opened anew. */
  transaction<T>(work: () => T): T {
    if (this.#broken) throw this.#broken;
    try {
      return this.#database.transaction(() => {
        if (!this.#isCurrent()) throw deposedError();
        return work();
      });
    } catch (error) {
      if (error instanceof StoreError && needsReopening(error.cause))
        this.#broken = new StoreError(
          error.code,
          `The store must be opened anew before it takes anything more: start again. ${error.message}`,
          { cause: error },
        );
      throw error;
    }
  }

  #isCurrent(): boolean {
    return this.#epochNow.get()?.["epoch"] === this.#epoch;
  }
}

const deposedError = (): StoreError =>
  new StoreError("deposed", "Another process has taken this store over. This one writes nothing more; end it and talk to the other.");
