import { homedir } from "node:os";
import { join } from "node:path";

/** Programs and clusters are kept under `SLUICE_CLUSTER_CACHE`, else under `sluice/cluster` of the user's cache directory. */
function cacheDirectory(): string {
  const { SLUICE_CLUSTER_CACHE: own, XDG_CACHE_HOME: xdg } = process.env;
  if (own) return own;
  return join(xdg || join(homedir(), ".cache"), "sluice", "cluster");
}

export const programsDirectory = (): string => join(cacheDirectory(), "programs");
export const clustersDirectory = (): string => join(cacheDirectory(), "clusters");

/** Everything that one cluster keeps. Throws where the name could lead elsewhere. */
export function directoryOf(name: string): string {
  if (!/^[a-z0-9]([a-z0-9-]{0,48}[a-z0-9])?$/.test(name)) {
    throw new ClusterError(`"${name}" cannot name a cluster: use small letters, digits and dashes, 50 at most`);
  }
  return join(clustersDirectory(), name);
}

/** For a person: what is wrong and what to do. `exitCode` 2 says that this machine lacks something. */
export class ClusterError extends Error {
  readonly exitCode: 1 | 2;

  constructor(message: string, exitCode: 1 | 2 = 1) {
    super(message);
    this.name = "ClusterError";
    this.exitCode = exitCode;
  }
}
