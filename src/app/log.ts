import { rename, stat } from "node:fs/promises";
import { join } from "node:path";
import pino from "pino";

export type Level = "info" | "warn" | "error";
export type Log = {
  readonly write: (level: Level, message: string, details?: object) => void;
  readonly close: () => void;
};

/** One older file is kept, so that the log never takes more than twice this. */
const MAX_BYTES = 10 * 1024 * 1024;

/** Structured lines in `server.log` of the store's directory, readable by its user alone. `echo` hears of warnings and errors in words. A log that cannot be written stops nothing. */
export async function openLog(home: string, version: string, echo: (line: string) => void): Promise<Log> {
  const file = join(home, "server.log");
  const { size } = await stat(file).catch(() => ({ size: 0 }));
  if (size > MAX_BYTES) await rename(file, `${file}.1`).catch(() => {});
  let destination: ReturnType<typeof pino.destination> | null = null;
  try {
    destination = pino.destination({ dest: file, mode: 0o600, sync: true });
    destination.on("error", () => {});
  } catch {
    echo(`warning: ${file} cannot be written; going on without a log`);
  }
  const logger = destination ? pino({ base: { pid: process.pid, version }, timestamp: pino.stdTimeFunctions.isoTime }, destination) : null;
  return {
    write(level, message, details = {}) {
      try {
        logger?.[level](details, message);
      } catch {
        // A full disk: what matters is in the store, which says so itself.
      }
      if (level !== "info") echo(`${level === "warn" ? "warning" : "error"}: ${message}${inWords(details)}`);
    },
    close() {
      try {
        destination?.end();
      } catch {
        // as above
      }
    },
  };
}

/** A stack is for the file alone. */
function inWords(details: object): string {
  const parts = Object.entries(details)
    .filter(([key]) => key !== "stack")
    .map(([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`);
  return parts.length === 0 ? "" : ` (${parts.join(", ")})`;
}
