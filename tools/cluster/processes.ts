import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { hostVariables } from "../../src/host/environment.ts";
import { readText } from "../../src/host/files.ts";
import { endRemains, findMarked, identify, isAlive, type Identity } from "../../src/host/processes.ts";
import { needPrograms } from "./build.ts";
import { argumentsOf, type Part, type Ports } from "./parts.ts";
import { ClusterError } from "./places.ts";

/** By these variables the processes of a cluster, or one part of it, are found, also when nobody has noted their ids. */
const marker = (directory: string, part?: Part) => ({
  SLUICE_CLUSTER_DIRECTORY: directory,
  ...(part === undefined ? {} : { SLUICE_CLUSTER_PART: part }),
});

const logOf = (directory: string, part: Part): string => join(directory, `${part}.log`);

/** Starts a part, which lives on when this process ends. */
export function startProcess(directory: string, ports: Ports, part: Part): Identity {
  const log = openSync(logOf(directory, part), "a");
  try {
    const child = spawn(needPrograms().cluster, [part, ...argumentsOf[part](directory, ports)], {
      cwd: directory,
      detached: true,
      stdio: ["ignore", log, log],
      // no proxy settings: all is on the loopback
      env: { ...hostVariables(), ...marker(directory, part) },
    });
    child.on("error", () => {}); // there is no id then
    child.unref();
    const identity = child.pid === undefined ? null : identify(child.pid);
    if (identity === null) throw died(directory, part);
    return identity;
  } finally {
    closeSync(log);
  }
}

/** Kills a part, or the whole cluster, with what it may have started. */
export async function endProcesses(directory: string, noted: readonly Identity[], part?: Part): Promise<void> {
  const gone = await endRemains({ groups: noted, marker: marker(directory, part) }, 0);
  if (!gone) throw new ClusterError(`processes of ${directory} survived SIGKILL: ${findMarked(marker(directory, part)).join(", ")}`);
}

/** Throws where one of the parts has died, with the end of what it said. */
export function needAlive(directory: string, parts: Readonly<Partial<Record<Part, Identity>>>): void {
  for (const [part, identity] of Object.entries(parts) as [Part, Identity][]) {
    if (!isAlive(identity)) throw died(directory, part);
  }
}

function died(directory: string, part: Part): ClusterError {
  const end = (readText(logOf(directory, part)) ?? "").trimEnd().split("\n").slice(-5).join("\n");
  return new ClusterError(`${part} has ended by itself. The last that it said, in ${logOf(directory, part)}:\n${end}`);
}

/** MiB of memory, shared pages by its share of them; 0 where the system does not tell. */
export function memoryOf({ pid }: Identity): number {
  try {
    return Math.round(Number(/^Pss:\s+(\d+)/m.exec(readText(`/proc/${pid}/smaps_rollup`) ?? "")?.[1] ?? 0) / 1024);
  } catch {
    return 0; // it has ended meanwhile
  }
}
