import { realpathSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { StoreError } from "../engine/ports/store.ts";
import { isBusy } from "./errors.ts";
import { type Owner, readOwner } from "./owner.ts";

/** Directories whose lock this process has opened. POSIX drops all of a process's locks on a file when it closes any descriptor of it, so `lock.db` is never opened twice. */
const opened = new Set<string>();

/** `lock.db`, which one process holds exclusively until `release`, or until it dies by whatever means: the operating system lets go of it. */
export class StoreLock {
  readonly #key: string;
  readonly #database: DatabaseSync;
  #held = false;

  private constructor(key: string, database: DatabaseSync) {
    this.#key = key;
    this.#database = database;
  }

  /** Throws `StoreError("owned")` where this process has it open. */
  static async open(directory: string): Promise<StoreLock> {
    const key = realpathSync(directory);
    if (opened.has(key)) throw await owned(directory);
    opened.add(key);
    try {
      const database = new DatabaseSync(join(directory, "lock.db"), { timeout: 0 });
      try {
        database.exec("pragma locking_mode = exclusive");
      } catch (error) {
        database.close();
        throw error;
      }
      return new StoreLock(key, database);
    } catch (error) {
      opened.delete(key);
      throw error;
    }
  }

  get held(): boolean {
    return this.#held;
  }

  /** Takes it where nobody has it; says whether this process has it now. */
  take(): boolean {
    if (this.#held) return true;
    try {
      this.#database.exec("begin exclusive");
      this.#held = true;
    } catch (error) {
      if (!isBusy(error)) throw error;
    }
    return this.#held;
  }

  release(): void {
    if (this.#database.isOpen) this.#database.close();
    opened.delete(this.#key);
  }
}

/** Who has the store, and how to go on. */
export async function owned(directory: string, cause?: unknown): Promise<StoreError> {
  const owner: Owner | null = await readOwner(directory);
  const who = owner === null ? "another process" : `process ${owner.pid}${owner.url === null ? "" : ` at ${owner.url}`}`;
  const how = owner?.url
    ? `Set SLUICE_URL=${owner.url} to go through it`
    : "Wait until it has ended, or go through the server if it is one";
  return new StoreError("owned", `The store in ${directory} is in use by ${who}. ${how}, or end that process.`, { cause });
}
