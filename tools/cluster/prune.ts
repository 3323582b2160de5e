import { readdirSync, readlinkSync, renameSync, rmSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";

/** What no checkout has used for so long is of a version that nobody has any more, in ms. */
const UNUSED_MS = 30 * 24 * 60 * 60_000;
/** `controlplane-0123456789abcdef`: nothing else in the cache is ours to remove. */
const PROGRAMS = /^[a-z0-9]+-[0-9a-f]{16}$/;

/** Notes that programs are used now. */
export function markUsed(directory: string): void {
  const now = new Date();
  try {
    utimesSync(directory, now, now);
  } catch {
    // of another user, or not there: then they are pruned by when they were read last
  }
}

/** Removes the programs of versions that nobody has used for long and no process runs. For who has the lock of the cache. @param wanted directories that stay in any case */
export function prune(cache: string, wanted: readonly string[], say: (line: string) => void): void {
  const running = programsOfHost();
  for (const name of readdirSync(cache).filter((one) => PROGRAMS.test(one))) {
    const directory = join(cache, name);
    const unused = Date.now() - usedAt(directory) > UNUSED_MS;
    if (!unused || wanted.includes(directory) || running.some((file) => file.startsWith(`${directory}/`))) continue;
    say(`removing ${name}, which nobody has used for a month`);
    // whole or not there, for whoever looks meanwhile; a draft that is left is removed by the next build
    const draft = `${directory}.draft-pruned`;
    renameSync(directory, draft);
    rmSync(draft, { recursive: true, force: true });
  }
}

/** When they were marked, built or read last, in ms since 1970. */
function usedAt(directory: string): number {
  const files = readdirSync(directory).map((name) => statSync(join(directory, name)));
  return Math.max(statSync(directory).mtimeMs, ...files.flatMap(({ atimeMs, mtimeMs }) => [atimeMs, mtimeMs]));
}

/** Files that processes of this host run; empty where the system does not tell. */
function programsOfHost(): readonly string[] {
  try {
    return readdirSync("/proc").flatMap((pid) => (/^\d+$/.test(pid) ? programOf(pid) : []));
  } catch {
    return [];
  }
}

function programOf(pid: string): readonly string[] {
  try {
    return [readlinkSync(`/proc/${pid}/exe`)];
  } catch {
    return []; // another user's, or it has ended
  }
}
