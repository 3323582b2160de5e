import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { codeOf } from "./errors.ts";

/** A process that is meant and no other: a process id comes round again, its start time does not. */
export type Identity = { readonly pid: number; readonly start: string };

const boot = readProc("sys/kernel/random/boot_id")?.trim() ?? null; // null: no /proc (macOS)

/** The process that has this id now; null where there is none or only its remains (a zombie that nobody reaps). */
export function identify(pid: number): Identity | null {
  if (boot === null) return identifyByPs(pid);
  const fields = statOf(pid);
  // 19th after the command's name in proc(5): the start time in ticks since boot.
  const start = fields?.[19];
  return fields === null || start === undefined || hasEnded(fields) ? null : { pid, start: `${boot}/${start}` };
}

/** By its fields after the command's name. The first thread of a killed process ends before the others, which hold its files and ports until they end too. */
function hasEnded([state, ...others]: readonly string[]): boolean {
  const threads = Number(others[16]);
  return state === "X" || (state === "Z" && threads <= 1);
}

function identifyByPs(pid: number): Identity | null {
  const { stdout } = spawnSync("ps", ["-o", "stat=,lstart=", "-p", String(pid)], {
    encoding: "utf8",
    env: { PATH: "/bin:/usr/bin", LC_ALL: "C" },
  });
  const [, state, start] = /^\s*(\S+)\s+(.+?)\s*$/.exec(stdout) ?? [];
  return start === undefined || state?.startsWith("Z") ? null : { pid, start };
}

function statOf(pid: number): readonly string[] | null {
  const text = readProc(`${pid}/stat`);
  // The name, in brackets, may hold spaces and brackets itself.
  return text === null ? null : text.slice(text.lastIndexOf(")") + 2).split(" ");
}

/** null where the process has ended meanwhile, is another user's, or the system has no /proc. */
function readProc(name: string): string | null {
  try {
    return readFileSync(`/proc/${name}`, "utf8");
  } catch {
    return null;
  }
}

export function isAlive(identity: Identity): boolean {
  return identify(identity.pid)?.start === identity.start;
}

/** Signals a process, or a group where `pid` is negative; false where there is none, or another user's. */
export function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch (error) {
    if (codeOf(error) === "ESRCH" || codeOf(error) === "EPERM") return false;
    throw error;
  }
}

/** Whether a process group that a process once led still has living members, and is still that group. */
function groupLives(leader: Identity): boolean {
  // after a restart of the host the number is somebody else's
  if (boot !== null && !leader.start.startsWith(`${boot}/`)) return false;
  const now = identify(leader.pid);
  if (now !== null) return now.start === leader.start;
  if (!signal(-leader.pid, 0)) return false;
  return boot === null || pidsOfHost().some((pid) => isMember(pid, leader.pid));
}

function isMember(pid: number, group: number): boolean {
  const fields = statOf(pid);
  return fields !== null && fields[2] === String(group) && !hasEnded(fields);
}

function pidsOfHost(): number[] {
  return readdirSync("/proc").map(Number).filter(Number.isInteger);
}

/** Variables by which what a process leaves behind is found: whatever it starts inherits them. */
export type Marker = Readonly<Record<string, string>>;

/** Living processes of this host whose environment has all of these variables, this process left out; empty where the system does not tell (macOS). */
export function findMarked(marker: Marker): number[] {
  const wanted = Object.entries(marker).map(([name, value]) => `${name}=${value}`);
  return findByEnvironment((variables) => (wanted.every((entry) => variables.includes(entry)) ? true : null)).map(({ pid }) => pid);
}

/** As `findMarked`, by the beginning of one variable's value; with the values. */
export function findMarkedFrom(name: string, prefix: string): { readonly pid: number; readonly value: string }[] {
  return findByEnvironment((variables) => variables.find((one) => one.startsWith(`${name}=${prefix}`))?.slice(name.length + 1) ?? null);
}

function findByEnvironment<T>(pick: (variables: readonly string[]) => T | null): { readonly pid: number; readonly value: T }[] {
  if (boot === null) return [];
  return pidsOfHost().flatMap((pid) => {
    const environment = pid === process.pid ? null : readProc(`${pid}/environ`);
    const value = environment === null ? null : pick(environment.split("\0"));
    return value === null || identify(pid) === null ? [] : [{ pid, value }];
  });
}

/** What was left on this host: groups that a process led and processes that carry a marker. */
export type Remains = { readonly groups: readonly Identity[]; readonly marker: Marker | null };

/**
 * Ends all of it: TERM, then KILL after `graceMs`. Resolves to true when nothing of it lives, false where something survived KILL (a process stuck in the kernel).
 * Looks again until nothing is found, so that what is forked meanwhile does not escape.
 */
export async function endRemains(remains: Remains, graceMs: number): Promise<boolean> {
  const begun = performance.now();
  for (let round = 0; ; round++) {
    const groups = remains.groups.filter(groupLives);
    const marked = remains.marker === null ? [] : findMarked(remains.marker);
    if (groups.length === 0 && marked.length === 0) return true;
    const waited = performance.now() - begun;
    if (waited > graceMs + 5000) return false;
    if (waited >= graceMs || round === 0) {
      const name = waited >= graceMs ? "SIGKILL" : "SIGTERM";
      for (const { pid } of groups) signal(-pid, name);
      for (const pid of marked) signal(pid, name);
    }
    await new Promise((resolve) => setTimeout(resolve, Math.min(5 + round * 5, 50)));
  }
}
