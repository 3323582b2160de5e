import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { codeOf } from "../../host/errors.ts";
import { endRemains } from "../../host/processes.ts";
import { attemptsDirectory, markerOf, readChildren, readClaim, readEnd } from "./attempt-directory.ts";

/**
 * Kills every process that attempts of a store have left running, and decides nothing: the next orchestrator finds them lost, and looks at what came of them.
 * For a host that stops everything it started. Call it when no orchestrator has the store.
 */
export async function endAttempts(home: string): Promise<void> {
  const parent = attemptsDirectory(home);
  const names = await readdir(parent).catch((error: unknown) => {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  });
  const running = names.filter((name) => !name.startsWith(".") && readEnd(join(parent, name)) === null);
  await Promise.all(
    running.map((name) => {
      const directory = join(parent, name);
      const runner = readClaim(directory);
      const groups = [...(runner !== null && "pid" in runner ? [runner] : []), ...readChildren(directory)];
      return endRemains({ groups, marker: markerOf(name, directory) }, 0);
    }),
  );
}
