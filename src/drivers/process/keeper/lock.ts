import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createOnce, readText } from "../../../host/files.ts";
import { identify, type Identity, isAlive } from "../../../host/processes.ts";

/**
 * Makes this process the only keeper of a directory for as long as it lives; false where another one is. Each holder is a file `lock.<n>`; the one with the highest number
 * counts, for as long as its process lives. Nothing that counts is ever removed, so that two that come at once cannot both take over from a dead one.
 */
export function takeLock(directory: string): boolean {
  const self = identify(process.pid);
  if (self === null) throw new Error("this system does not tell when a process started (no /proc and no ps)");
  const highest = Math.max(0, ...generations(directory));
  const holder = JSON.parse(readText(join(directory, `lock.${highest}`)) ?? "null") as Identity | null;
  if (holder !== null && isAlive(holder)) return false;
  const mine = highest + 1;
  if (!createOnce(join(directory, `lock.${mine}`), JSON.stringify(self))) return false;
  // Another may have come, taken over and tidied up between the look and the file.
  if (Math.max(...generations(directory)) !== mine) {
    rmSync(join(directory, `lock.${mine}`));
    return false;
  }
  for (const old of generations(directory)) if (old < mine) rmSync(join(directory, `lock.${old}`), { force: true });
  return true;
}

function generations(directory: string): number[] {
  return readdirSync(directory).flatMap((name) => {
    const [, number] = /^lock\.(\d+)$/.exec(name) ?? [];
    return number === undefined ? [] : [Number(number)];
  });
}
