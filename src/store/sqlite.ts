import { constants, existsSync } from "node:fs";
import { access, mkdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { StatementSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { Kysely, SqliteDialect } from "kysely";
import { type Entry, type Store, StoreError } from "../engine/ports/store.ts";
import { AnswerBook } from "./answers.ts";
import { needsReopening, storeError } from "./errors.ts";
import { FleetReader } from "./fleet.ts";
import { loadAll } from "./load.ts";
import { lockStore } from "./lock.ts";
import { eventsAfter, lastEvent, LogWriter } from "./log.ts";
import { checkSchema, migrate } from "./migrations/index.ts";
import { NodeSqlite } from "./node-sqlite.ts";
import { ownerHere, removeOwner, writeOwner } from "./owner.ts";
import { RunReader } from "./runs.ts";
import type { Tables } from "./tables.ts";
import { jsonOf, RowWriter, type Written } from "./write.ts";

/** `version`: the product's, recorded with each migration. `readOnly`: beside an owner that writes, without the lock. */
export type OpenOptions = { readonly readOnly?: boolean; readonly version: string };

/**
 * Opens the store in a directory; a writer makes both where they are missing, brings the schema up to date, and owns it until `close` or its death.
 * Rejects with `StoreError`: `owned` where another process writes there, `newer`, `read-only`, `full`, `corrupt`, or `failed`.
 */
export async function openSqliteStore(directory: string, options: OpenOptions): Promise<Store> {
  const home = resolve(directory);
  try {
    return options.readOnly ? openReader(home, options.version) : await openWriter(home, options.version);
  } catch (error) {
    throw storeError(error, home);
  }
}

const databaseIn = (home: string): string => join(home, "sluice.db");

function openReader(home: string, version: string): Store {
  const file = databaseIn(home);
  if (!existsSync(file)) throw new StoreError("failed", `There is no store in ${home}. A first deploy, or the server, makes one.`);
  try {
    return readerOf(home, file, version);
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== "read-only" || existsSync(`${file}-wal`)) throw error;
    // SQLite reads a WAL database only where it may make the shared index beside it. Without a log there is none to share: nobody writes.
    const immutable = pathToFileURL(file);
    immutable.searchParams.set("immutable", "1");
    return readerOf(home, immutable, version);
  }
}

function readerOf(home: string, file: string | URL, version: string): Store {
  const database = new NodeSqlite(file, { readOnly: true, directory: home });
  try {
    checkSchema(database, { directory: home, version });
    return new SqliteStore(home, file, database, null);
  } catch (error) {
    database.close();
    throw error;
  }
}

async function openWriter(home: string, version: string): Promise<Store> {
  await makeDirectory(home);
  const lock = await lockStore(home);
  let database: NodeSqlite | undefined;
  try {
    database = new NodeSqlite(databaseIn(home), { readOnly: false, directory: home });
    migrate(database, { directory: home, version });
    const [row] = database.prepare("update owner set epoch = epoch + 1 returning epoch").all([]) as { epoch: number }[];
    await writeOwner(home, ownerHere(null));
    return new SqliteStore(home, databaseIn(home), database, new Writer(database, row?.epoch ?? 0, () => lock.release()));
  } catch (error) {
    database?.close();
    lock.release();
    throw error;
  }
}

async function makeDirectory(home: string): Promise<void> {
  try {
    await mkdir(home, { recursive: true, mode: 0o700 });
  } catch (error) {
    // Node says ENOENT where a file system is mounted read-only; the nearest directory that exists says what is really wrong.
    let nearest = dirname(home);
    while (!existsSync(nearest)) nearest = dirname(nearest);
    await access(nearest, constants.W_OK);
    throw error;
  }
}

/** What only the owner has: the statements that write, its epoch, and the lock. */
class Writer {
  readonly #database: NodeSqlite;
  readonly #epoch: number;
  readonly #epochNow: StatementSync;
  readonly #rows: RowWriter;
  readonly #log: LogWriter;
  readonly release: () => void;
  #broken: StoreError | null = null;

  constructor(database: NodeSqlite, epoch: number, release: () => void) {
    this.#database = database;
    this.#epoch = epoch;
    this.#epochNow = database.raw("select epoch from owner");
    this.#rows = new RowWriter(database);
    this.#log = new LogWriter(database);
    this.release = release;
  }

  commit(entries: readonly Entry[], done: readonly string[]): number[] {
    return this.transaction(() => {
      const all: Written[] = [];
      const seqs = entries.map((entry) => {
        const written = entry.changes.map((change) => ({ change, json: jsonOf(change) }));
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

  /** In an epoch that another has ended, nothing is written. After an error of the disk itself, nothing more is until the store is opened anew. */
  transaction<T>(work: () => T): T {
    if (this.#broken) throw this.#broken;
    try {
      return this.#database.transaction(() => {
        if (this.#epochNow.get()?.["epoch"] !== this.#epoch)
          throw new StoreError(
            "deposed",
            "Another process has taken this store over. This one writes nothing more; end it and talk to the other.",
          );
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
}

class SqliteStore implements Store {
  readonly #home: string;
  readonly #file: string | URL;
  readonly #database: NodeSqlite;
  readonly #db: Kysely<Tables>;
  readonly #writer: Writer | null;
  readonly #runs: RunReader;
  readonly #fleet: FleetReader;
  readonly #answers: AnswerBook;

  constructor(home: string, file: string | URL, database: NodeSqlite, writer: Writer | null) {
    this.#home = home;
    this.#file = file;
    this.#database = database;
    this.#writer = writer;
    this.#db = new Kysely<Tables>({ dialect: new SqliteDialect({ database }) });
    this.#runs = new RunReader(this.#db);
    this.#fleet = new FleetReader(this.#db);
    this.#answers = new AnswerBook(this.#db, database);
  }

  async commit(entries: readonly Entry[], done: readonly string[]): Promise<readonly number[]> {
    return this.#owning().commit(entries, done);
  }

  /** On a connection of its own, so that a commit that comes between cannot end up in its transaction. */
  async load(): ReturnType<Store["load"]> {
    const database = new NodeSqlite(this.#file, { readOnly: true, directory: this.#home });
    const db = new Kysely<Tables>({ dialect: new SqliteDialect({ database }) });
    try {
      return await db.transaction().execute(loadAll);
    } catch (error) {
      throw storeError(error, this.#home);
    } finally {
      database.close();
    }
  }

  eventsAfter = (seq: number, limit: number) => eventsAfter(this.#db, seq, limit);
  lastSeq = async () => (await lastEvent(this.#db)).seq;

  run: Store["run"] = (id) => this.#runs.run(id);
  plan: Store["plan"] = (run) => this.#runs.plan(run);
  runs: Store["runs"] = (filter, page) => this.#runs.runs(filter, page);
  steps: Store["steps"] = (run) => this.#runs.steps(run);
  attempts: Store["attempts"] = (run) => this.#runs.attempts(run);
  attempt: Store["attempt"] = (id) => this.#runs.attempt(id);
  renders: Store["renders"] = (run) => this.#runs.renders(run);
  targets: Store["targets"] = (filter, page) => this.#fleet.targets(filter, page);
  environments: Store["environments"] = () => this.#fleet.environments();
  decisions: Store["decisions"] = (filter) => this.#fleet.decisions(filter);
  snapshots: Store["snapshots"] = (environment, page) => this.#fleet.snapshots(environment, page);
  snapshot: Store["snapshot"] = (id) => this.#fleet.snapshot(id);
  ledger: Store["ledger"] = (target, page) => this.#fleet.ledger(target, page);
  definition: Store["definition"] = (digest) => this.#fleet.definition(digest);
  goodTargets: Store["goodTargets"] = (commit) => this.#fleet.goodTargets(commit);
  builds: Store["builds"] = (commit) => this.#fleet.builds(commit);
  relation: Store["relation"] = (release, live) => this.#fleet.relation(release, live);

  answerOf: Store["answerOf"] = (key) => this.#answers.find(key);
  rememberAnswer: Store["rememberAnswer"] = async (key, answer, at) =>
    this.#owning().transaction(() => this.#answers.remember(key, answer, at));

  async close(): Promise<void> {
    this.#database.close();
    if (this.#writer === null) return;
    await removeOwner(this.#home);
    this.#writer.release();
  }

  #owning(): Writer {
    if (this.#writer === null)
      throw new StoreError(
        "read-only",
        `The store in ${this.#home} was opened for reading alone. What changes something goes through the process that owns it.`,
      );
    return this.#writer;
  }
}
