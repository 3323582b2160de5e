import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import type { SqliteDatabase, SqliteStatement } from "kysely";
import { storeError } from "./errors.ts";

/** Statements kept prepared; the store has fewer, but for filters that combine. */
const KEPT_STATEMENTS = 300;
/** How long a lock of a foreign program is awaited, in ms. Short, since node:sqlite is synchronous and this blocks the event loop. */
const BUSY_MS = 1_000;

/** node:sqlite behind the interface that Kysely's SqliteDialect asks for. Statements are kept, and every error is a `StoreError`. */
export class NodeSqlite implements SqliteDatabase {
  readonly #raw: DatabaseSync;
  readonly #statements = new Map<string, SqliteStatement>();
  readonly #directory: string;
  readonly #begin: string;

  /** Opens, and for a writer makes, the file in WAL mode; each commit is on disk when it returns. */
  constructor(file: string | URL, options: { readonly readOnly: boolean; readonly directory: string }) {
    this.#directory = options.directory;
    // A deferred transaction that first reads may find at its first write that another one came before; `immediate` cannot.
    this.#begin = options.readOnly ? "begin" : "begin immediate";
    this.#raw = this.#guarded(() => new DatabaseSync(file, { timeout: BUSY_MS, readOnly: options.readOnly }));
    try {
      this.exec(
        options.readOnly
          ? "pragma query_only = on"
          : "pragma journal_mode = wal; pragma synchronous = full; pragma journal_size_limit = 67108864",
      );
    } catch (error) {
      this.#raw.close();
      throw error;
    }
  }

  /** Runs statements that have no parameters. */
  exec(sql: string): void {
    this.#guarded(() => this.#raw.exec(sql));
  }

  /** A function of texts that statements may call. */
  define(name: string, act: (...texts: string[]) => string): void {
    this.#guarded(() => this.#raw.function(name, { deterministic: true, varargs: true }, (...values) => act(...values.map(String))));
  }

  prepare(sql: string): SqliteStatement {
    const text = sql === "begin" ? this.#begin : sql;
    const kept = this.#statements.get(text);
    if (kept) return kept;
    const made = this.#wrap(this.#guarded(() => this.#raw.prepare(text)));
    if (this.#statements.size >= KEPT_STATEMENTS) this.#statements.clear();
    this.#statements.set(text, made);
    return made;
  }

  /** A statement for the hot path: no allocation but its parameters. Errors come as node:sqlite throws them; `transaction` translates. */
  raw(sql: string): StatementSync {
    return this.#guarded(() => this.#raw.prepare(sql));
  }

  /** All that `work` writes, or nothing. `work` is synchronous, so nothing else of this process comes between. */
  transaction<T>(work: () => T): T {
    return this.#guarded(() => {
      this.#raw.exec(this.#begin);
      try {
        const result = work();
        this.#raw.exec("commit");
        return result;
      } catch (error) {
        // SQLite has ended the transaction itself after some errors; the first error is the one to tell.
        if (this.#raw.isTransaction) this.#raw.exec("rollback");
        throw error;
      }
    });
  }

  close(): void {
    this.#statements.clear();
    if (this.#raw.isOpen) this.#raw.close();
  }

  #wrap(statement: StatementSync): SqliteStatement {
    const bind = (parameters: readonly unknown[]): SQLInputValue[] => parameters as SQLInputValue[];
    return {
      reader: statement.columns().length > 0,
      all: (parameters) => this.#guarded(() => statement.all(...bind(parameters))),
      run: (parameters) => this.#guarded(() => statement.run(...bind(parameters))),
      iterate: (parameters) => this.#guarded(() => statement.iterate(...bind(parameters))),
    };
  }

  #guarded<T>(act: () => T): T {
    try {
      return act();
    } catch (error) {
      throw storeError(error, this.#directory);
    }
  }
}
