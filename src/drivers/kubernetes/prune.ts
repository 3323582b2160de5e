import { deleteObject } from "../../cluster/apply.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import { isNamespace } from "../../cluster/allowed.ts";
import { isClusterError } from "../../cluster/errors.ts";
import { readLive } from "../../cluster/health/assess.ts";
import { inOrder, keyOf, type KubeObject, titleOf } from "../../cluster/objects.ts";
import { isSameOwner, ownerOf } from "../../cluster/owners.ts";
import { PRUNE } from "./labels.ts";
import type { Entry } from "./record.ts";

/** What others have put into these goes with them: they are removed only where they say so themselves. */
const HOLDING = ["Namespace", "CustomResourceDefinition", "PersistentVolumeClaim", "PersistentVolume"];

/** Why an object stays that its release lacks, or null where it goes. */
export function keptFor(entry: Entry, live: KubeObject, owner: Record<string, string>): string | null {
  const holder = ownerOf(live);
  if (entry.uid !== undefined && entry.uid !== live.metadata.uid) return "it is another one than was deployed";
  if (holder === null || !isSameOwner(holder, owner)) return "it is not this target's any more";
  if (entry.origin === "adopted") return "it was there before this target deployed it, which has not made it";
  const wish = live.metadata.annotations?.[PRUNE];
  if (wish === "false") return `its annotation ${PRUNE} is false`;
  if (isNamespace(live) && entry.origin !== "made") return "nothing says that this target has made it";
  return HOLDING.includes(live.kind) && wish !== "true"
    ? `it may hold what others need; its annotation ${PRUNE}: "true" would have it removed`
    : null;
}

/** Removes what an earlier release of this target brought and this one lacks: what the record names, and is this target's by its labels. Resolves to those that could not be removed. */
export async function prune(
  cluster: Cluster,
  stale: readonly Entry[],
  owner: Record<string, string>,
  log: (text: string) => void,
): Promise<readonly Entry[]> {
  const live = await readLive(cluster, stale);
  const left: Entry[] = [];
  for (const entry of inOrder(stale).toReversed()) {
    const there = live.get(keyOf(entry, cluster.namespace));
    if (there === undefined || there.metadata.deletionTimestamp !== undefined) continue;
    const reason = keptFor(entry, there, owner);
    if (reason !== null) log(`${titleOf(entry)} is no longer part of this release and stays: ${reason}`);
    else if (!(await remove(cluster, there, log))) left.push(entry);
  }
  return left;
}

async function remove(cluster: Cluster, object: KubeObject, log: (text: string) => void): Promise<boolean> {
  try {
    await deleteObject(cluster, object, "Background");
    log(`${titleOf(object)} is no longer part of this release and has been removed`);
    return true;
  } catch (error) {
    if (isClusterError(error, "not-found")) return true;
    if (!isClusterError(error, "forbidden", "refused", "conflict")) throw error;
    log(`${titleOf(object)} is no longer part of this release and could not be removed: ${error.message} (${error.hint})`);
    return false;
  }
}
