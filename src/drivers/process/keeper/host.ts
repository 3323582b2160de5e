import { spawnSync } from "node:child_process";
import { closeSync, fsyncSync, linkSync, openSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** A process that is meant and no other: a process id comes round again, its start time does not. */
export type Identity = { readonly pid: number; readonly start: string };

const boot = readText("/proc/sys/kernel/random/boot_id")?.trim() ?? null;

/** The process that has this id now; null where there is none or only its remains. */
export function identify(pid: number): Identity | null {
  const [state, start] = boot === null ? byPs(pid) : byProc(pid);
  return start === undefined || state?.startsWith("Z") || state === "X" ? null : { pid, start };
}

function byProc(pid: number): readonly (string | undefined)[] {
  const text = readText(`/proc/${pid}/stat`) ?? "";
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return [fields[0], fields[19] === undefined ? undefined : `${boot}/${fields[19]}`]; // proc(5): state, start time in ticks since boot
}

function byPs(pid: number): readonly (string | undefined)[] {
  const { stdout } = spawnSync("ps", ["-o", "stat=,lstart=", "-p", String(pid)], {
    encoding: "utf8",
    env: { PATH: "/bin:/usr/bin", LC_ALL: "C" },
  });
  return /^\s*(\S+)\s+(.+?)\s*$/.exec(stdout)?.slice(1) ?? [];
}

export function isAlive(identity: Identity): boolean {
  return identify(identity.pid)?.start === identity.start;
}

/** Signals a process, or a group where `pid` is negative; false where there is none. */
export function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch {
    return false;
  }
}

/** Living processes that have inherited a variable whose value begins so; empty where the system does not tell (macOS). */
export function findMarked(name: string, prefix: string): { readonly pid: number; readonly value: string }[] {
  if (boot === null) return [];
  const pids = readdirSync("/proc")
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid !== process.pid);
  return pids.flatMap((pid) => {
    const entry = readText(`/proc/${pid}/environ`)
      ?.split("\0")
      .find((one) => one.startsWith(`${name}=${prefix}`));
    return entry === undefined || identify(pid) === null ? [] : [{ pid, value: entry.slice(name.length + 1) }];
  });
}

/** Writes a whole file, for its owner alone, so that a reader sees the old text or the new one, also after a power cut. */
export function writeDurably(path: string, text: string): void {
  const draft = `${path}.${process.pid}.draft`;
  writeSynced(draft, text);
  renameSync(draft, path);
  sync(dirname(path));
}

/** Creates a file with its whole text, or returns false where one exists: of many callers exactly one gets true. */
export function createOnce(path: string, text: string): boolean {
  const draft = `${path}.${process.pid}.draft`;
  writeFileSync(draft, text, { mode: 0o600 });
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

function writeSynced(path: string, text: string): void {
  const file = openSync(path, "w", 0o600);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function sync(directory: string): void {
  const open = openSync(directory, "r");
  try {
    fsyncSync(open);
  } finally {
    closeSync(open);
  }
}

/** null where there is no such file, or none that may be read. */
export function readText(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

export function codeOf(error: unknown): string | null {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : null;
}
