import { accessSync, constants } from "node:fs";
import { StoreError, type StoreErrorCode } from "../engine/ports/store.ts";
import { codeOf } from "../host/errors.ts";

/** Primary result codes of SQLite, https://www.sqlite.org/rescode.html. An extended code carries its primary one in the low byte. */
const SQLITE = { busy: 5, locked: 6, readOnly: 8, io: 10, corrupt: 11, full: 13, cannotOpen: 14, notADatabase: 26 } as const;

/** The extended result code of an error of node:sqlite; null for any other error. */
export function sqliteCode(error: unknown): number | null {
  return error instanceof Error && "errcode" in error && typeof error.errcode === "number" ? error.errcode : null;
}

export const isBusy = (error: unknown): boolean => {
  const code = sqliteCode(error);
  return code !== null && ((code & 0xff) === SQLITE.busy || (code & 0xff) === SQLITE.locked);
};

/** Whether an error leaves it open what is on disk, so that the store must be opened anew before anything else is written. */
export function needsReopening(error: unknown): boolean {
  const code = sqliteCode(error);
  return code !== null && [SQLITE.io, SQLITE.corrupt, SQLITE.notADatabase].some((bad) => bad === (code & 0xff));
}

/** Whatever went wrong below, as a `StoreError` whose message says what to do. `directory`: the store's. */
export function storeError(error: unknown, directory: string): StoreError {
  if (error instanceof StoreError) return error;
  const code = sqliteCode(error);
  const [kind, message] = code === null ? ofSystem(error, directory) : ofSqlite(code, directory);
  return new StoreError(kind, `${message} (${error instanceof Error ? error.message : String(error)})`, { cause: error });
}

type Verdict = readonly [StoreErrorCode, string];

const full = (directory: string): Verdict => [
  "full",
  `No space is left for the store in ${directory}. Nothing of this was recorded. Free some space on that disk and try again.`,
];
const readOnly = (directory: string): Verdict => [
  "read-only",
  `The store in ${directory} cannot be written. Check the directory's owner and mode, and whether its disk is mounted read-only; or name another directory.`,
];

function ofSqlite(code: number, directory: string): Verdict {
  switch (code & 0xff) {
    case SQLITE.full:
      return full(directory);
    case SQLITE.readOnly:
      return readOnly(directory);
    case SQLITE.corrupt:
    case SQLITE.notADatabase:
      return [
        "corrupt",
        `The store in ${directory} is damaged or not a store. Keep a copy of the directory, then put the newest file of ${directory}/backups, or your own backup, in place of sluice.db.`,
      ];
    case SQLITE.cannotOpen:
      return isWritable(directory)
        ? ["failed", `The store in ${directory} could not be opened. Check that sluice.db there is a file that you may read and write.`]
        : readOnly(directory);
    case SQLITE.busy:
    case SQLITE.locked:
      return ["failed", `Another program holds the store in ${directory} locked (a sqlite3 shell, a backup). Let it end, then try again.`];
    case SQLITE.io:
      return [
        "failed",
        `The disk refused to read or write the store in ${directory}. Check the disk, quotas and limits on file size, then start again; what was acknowledged before is kept.`,
      ];
    default:
      return ["failed", `The store in ${directory} failed. This is likely a defect in Sluice; please report it with this message.`];
  }
}

function ofSystem(error: unknown, directory: string): Verdict {
  switch (codeOf(error) ?? "") {
    case "ENOSPC":
    case "EDQUOT":
      return full(directory);
    case "EROFS":
    case "EACCES":
    case "EPERM":
      return readOnly(directory);
    case "ENOTDIR":
    case "EEXIST":
      return [
        "failed",
        `The store's directory ${directory} cannot be made, since a file is in its way. Remove that file or name another directory.`,
      ];
    case "ERR_INVALID_STATE":
      return ["failed", `The store in ${directory} has been closed.`];
    default:
      return ["failed", `The store in ${directory} failed.`];
  }
}

function isWritable(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
