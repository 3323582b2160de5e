import { constants, existsSync } from "node:fs";
import { access, mkdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Kysely, SqliteDialect } from "kysely";
import type { Change } from "../core/run/changes.ts";
import { type Entry, type Store, StoreError } from "../engine/ports/store.ts";
import { AnswerBook } from "./answers.ts";
import { storeError } from "./errors.ts";
import { FleetReader } from "./fleet.ts";
import { loadAll } from "./load.ts";
import { DEFAULT_FENCE_MS, HeldLease, holdsWithoutLock, type Lease, readLease } from "./lease.ts";
import { owned, StoreLock } from "./lock.ts";
import { eventsAfter, lastEvent } from "./log.ts";
import { checkSchema, migrate } from "./migrations/index.ts";
import { NodeSqlite } from "./node-sqlite.ts";
import { Notes } from "./notes.ts";
import { ownerHere, removeOwner, writeOwner } from "./owner.ts";
import { Plans } from "./plans.ts";
import { RunReader } from "./runs.ts";
import type { Tables } from "./tables.ts";
import { Writer } from "./writer.ts";

export type OpenOptions = {
  /** Beside an owner that writes, without the lock. */
  readonly readOnly?: boolean;
  /** The product's, recorded with each migration. */
  readonly version: string;
  /** The lease of an owner that has lapsed, as `LeaseWatch` has seen it: the store is taken although that process may still have the lock. */
  readonly takeOver?: Pick<Lease, "epoch">;
  /** After so long without a sign of life another may take over, in ms. */
  readonly fenceMs?: number;
  /** A store that does not exist yet begins with these rows, told by whoever has kept them instead; they are no events. Rejects (`failed`) where there is one. */
  readonly seed?: readonly Change[];
  /** Called once where another has taken over, also when nothing is written. */
  readonly deposed?: (error: StoreError) => void;
};

/**
 * Opens the store in a directory; a writer makes both where they are missing, brings the schema up to date, and owns it until `close` or its death.
 * Rejects with `StoreError`: `owned` where another process writes there, `newer`, `read-only`, `full`, `corrupt`, or `failed`.
 */
export async function openSqliteStore(directory: string, options: OpenOptions): Promise<Store> {
  const home = resolve(directory);
  try {
    return options.readOnly ? openReader(home, options.version) : await openWriter(home, options);
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

async function openWriter(home: string, options: OpenOptions): Promise<Store> {
  const { version, takeOver, seed, fenceMs = DEFAULT_FENCE_MS, deposed = () => {} } = options;
  if (seed && existsSync(databaseIn(home)))
    throw new StoreError("failed", `There is a store in ${home} already; only a new one begins with given rows.`);
  await makeDirectory(home);
  const lock = await StoreLock.open(home);
  const lease = new HeldLease(home, fenceMs);
  let database: NodeSqlite | undefined;
  try {
    const locked = lock.take();
    if (!takeOver && (!locked || holdsWithoutLock(readLease(home)))) throw await owned(home);
    // From here on nobody takes over before the store is open, however long its upgrade takes.
    if (!takeOver) lease.write({ epoch: null, locked });
    database = new NodeSqlite(databaseIn(home), { readOnly: false, directory: home });
    // One that is taken over from must not write into a schema that it does not know: its epoch ends before anything else happens.
    const raised = takeOver ? raiseEpoch(database, takeOver.epoch) : null;
    if (takeOver && raised === null) throw await owned(home);
    migrate(database, { directory: home, version });
    const epoch = raised ?? raiseEpoch(database, null) ?? 0;
    lease.write({ epoch, locked });
    await writeOwner(home, ownerHere(null));
    const ownership: Ownership = { writer: new Writer(database, epoch), lock, lease };
    if (seed) ownership.writer.seed(seed);
    keep(ownership, epoch, deposed);
    return new SqliteStore(home, databaseIn(home), database, ownership);
  } catch (error) {
    database?.close();
    letGo({ lock, lease });
    throw error;
  }
}

/** The new epoch; null where another has raised it from the one that was seen. */
function raiseEpoch(database: NodeSqlite, seen: number | null): number | null {
  const [row] = database.prepare("update owner set epoch = epoch + 1 where ?1 is null or epoch = ?1 returning epoch").all([seen]) as {
    epoch: number;
  }[];
  return row?.epoch ?? null;
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

/** What an owner has: the way to write, and what says that it is the owner. */
type Ownership = { readonly writer: Writer; readonly lock: StoreLock; readonly lease: HeldLease };

/** Gives back what was taken. Where the lock is still with a process that was deposed, the lease stays: it says from whom to take over next. */
function letGo({ lock, lease }: Pick<Ownership, "lock" | "lease">): void {
  lease.stop({ left: !lock.held });
  lock.release();
}

/** Looks at each touch of the lease: has the lock come free, has another taken over? */
function keep({ writer, lock, lease }: Ownership, epoch: number, deposed: (error: StoreError) => void): void {
  lease.start(() => {
    const error = writer.deposed();
    if (error) {
      lease.stop({ left: true });
      return deposed(error);
    }
    if (!lock.held && lock.take()) lease.write({ epoch, locked: true });
  });
}

class SqliteStore implements Store {
  readonly #home: string;
  readonly #file: string | URL;
  readonly #database: NodeSqlite;
  readonly #db: Kysely<Tables>;
  readonly #ownership: Ownership | null;
  readonly #plans = new Plans();
  readonly #runs: RunReader;
  readonly #fleet: FleetReader;
  readonly #answers: AnswerBook;
  readonly #notes: Notes;

  constructor(home: string, file: string | URL, database: NodeSqlite, ownership: Ownership | null) {
    this.#home = home;
    this.#file = file;
    this.#database = database;
    this.#ownership = ownership;
    this.#db = new Kysely<Tables>({ dialect: new SqliteDialect({ database }) });
    this.#runs = new RunReader(this.#db, this.#plans);
    this.#fleet = new FleetReader(this.#db);
    this.#answers = new AnswerBook(this.#db, database);
    this.#notes = new Notes(this.#db, database);
  }

  async commit(entries: readonly Entry[], done: readonly string[]): Promise<readonly number[]> {
    const seqs = this.#owning().commit(entries, done);
    for (const { changes } of entries)
      for (const change of changes) if (change.table === "plan") this.#plans.written(change.run, change.plan);
    return seqs;
  }

  /** On a connection of its own, so that a commit that comes between cannot end up in its transaction. */
  async load(): ReturnType<Store["load"]> {
    const database = new NodeSqlite(this.#file, { readOnly: true, directory: this.#home });
    const db = new Kysely<Tables>({ dialect: new SqliteDialect({ database }) });
    try {
      return await db.transaction().execute((all) => loadAll(all, this.#plans));
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

  note: Store["note"] = (key) => this.#notes.one(key);
  notes: Store["notes"] = (prefix) => this.#notes.all(prefix);
  setNotes: Store["setNotes"] = async (notes) => this.#owning().transaction(() => this.#notes.set(notes));

  async close(): Promise<void> {
    this.#database.close();
    if (this.#ownership === null) return;
    await removeOwner(this.#home);
    letGo(this.#ownership);
  }

  #owning(): Writer {
    if (this.#ownership === null)
      throw new StoreError(
        "read-only",
        `The store in ${this.#home} was opened for reading alone. What changes something goes through the process that owns it.`,
      );
    return this.#ownership.writer;
  }
}
