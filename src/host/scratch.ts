import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readlinkSync, rmSync, statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { codeOf } from "./errors.ts";
import { identify } from "./processes.ts";

/** A program that a killed process has left behind has read its files by then, in ms. */
const SETTLED_MS = 60_000;
/** Nothing runs for so long: for directories of which nobody here can say whether their process lives, in ms. */
const FOREIGN_MS = 7 * 24 * 60 * 60_000;

/**
 * Runs `use` with a new directory below `parent`, for this user alone, which is gone afterwards. A process that is killed leaves its own behind, with whatever secrets are in it:
 * whoever comes next removes those of processes that have ended.
 */
export async function withScratch<T>(parent: string, use: (directory: string) => Promise<T>): Promise<T> {
  mkdirSync(parent, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(parent))
    if (isLeft(join(parent, name), name)) rmSync(join(parent, name), { recursive: true, force: true });
  const directory = await mkdtemp(join(parent, `${nameOf(process.pid) ?? "unknown"}.`));
  try {
    return await use(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function isLeft(path: string, name: string): boolean {
  const age = ageOf(path);
  const [place, pid] = name.split(".");
  if (place !== PLACE) return age > FOREIGN_MS;
  return age > SETTLED_MS && !name.startsWith(`${nameOf(Number(pid))}.`);
}

/** In ms; of what has just been removed none. */
function ageOf(path: string): number {
  try {
    return Date.now() - statSync(path).mtimeMs;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return 0;
    throw error;
  }
}

/** Names a process that lives, and no other; null where none has the id. */
function nameOf(pid: number): string | null {
  const identity = identify(pid);
  return identity === null ? null : `${PLACE}.${pid}.${short(identity.start)}`;
}

const short = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 12);

/** Within which process ids mean what they mean here: a container has others, and may share the directory. */
const PLACE = short(`${hostname()} ${namespaceOfPids()}`);

function namespaceOfPids(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "";
  }
}
