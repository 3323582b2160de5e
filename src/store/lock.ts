import { realpathSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { StoreError } from "../engine/ports/store.ts";
import { isBusy } from "./errors.ts";
import { type Owner, readOwner } from "./owner.ts";

/** Directories whose lock this process holds. POSIX drops all of a process's locks on a file when it closes any descriptor of it, so `lock.db` is never opened twice. */
const held = new Set<string>();

/**
 * Holds `lock.db` exclusively until `release`, or until the process dies by whatever means: the operating system lets go of it.
 * Throws `StoreError("owned")` at once where another process, or this one, has it.
 */
export async function lockStore(directory: string): Promise<{ release(): void }> {
  const key = realpathSync(directory);
  if (held.has(key)) throw owned(directory, await readOwner(directory));
  held.add(key);
  try {
    const database = new DatabaseSync(join(directory, "lock.db"), { timeout: 0 });
    try {
      database.exec("pragma locking_mode = exclusive; begin exclusive");
    } catch (error) {
      database.close();
      throw isBusy(error) ? owned(directory, await readOwner(directory), error) : error;
    }
    return {
      release: () => {
        if (database.isOpen) database.close();
        held.delete(key);
      },
    };
  } catch (error) {
    held.delete(key);
    throw error;
  }
}

function owned(directory: string, owner: Owner | null, cause?: unknown): StoreError {
  const who = owner === null ? "another process" : `process ${owner.pid}${owner.url === null ? "" : ` at ${owner.url}`}`;
  const how = owner?.url
    ? `Set SLUICE_URL=${owner.url} to go through it`
    : "Wait until it has ended, or go through the server if it is one";
  return new StoreError("owned", `The store in ${directory} is in use by ${who}. ${how}, or end that process.`, { cause });
}
