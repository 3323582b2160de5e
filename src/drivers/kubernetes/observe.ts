import type { Cluster } from "../../cluster/cluster.ts";
import { isClusterError } from "../../cluster/errors.ts";
import { assess, readLive } from "../../cluster/health/assess.ts";
import { keyOf, type Ref } from "../../cluster/objects.ts";
import type { Observed } from "../../core/run/events.ts";
import type { ObserveInput } from "../../engine/ports/driver.ts";
import { BY } from "./labels.ts";
import { clusterOf } from "./place.ts";
import { readRecord, type TargetRecord } from "./record.ts";

/** By the target's record and the objects that it names. */
export async function observe(
  { project, target, definition }: ObserveInput,
  { signal, home }: { readonly signal: AbortSignal; readonly home: string },
): Promise<Observed> {
  if (definition === null) return { kind: "unobservable" };
  try {
    const cluster = await clusterOf(definition, { signal, home });
    const found = await readRecord(cluster, { project, definition });
    return found === null ? { kind: "absent" } : await ofRecord(cluster, found.record);
  } catch (error) {
    if (!isClusterError(error)) throw error;
    return { kind: "error", message: `${target}: ${error.message} (${error.hint})` };
  }
}

async function ofRecord(cluster: Cluster, record: TargetRecord): Promise<Observed> {
  const { phase, commit, digest, attempt, message } = record;
  if (phase === "failed") return { kind: "live", commit, digest, attempt, health: "degraded", url: null, why: message };
  if (phase === "applying") return await ofUnfinished(cluster, record);
  const own = record.objects.filter((entry) => !entry.stale);
  return { kind: "live", commit, digest, attempt, url: null, ...(await healthOf(cluster, own)) };
}

/** An attempt was cut off: whether before it had changed anything, when all was done, or in between. */
async function ofUnfinished(cluster: Cluster, { objects, commit, digest, attempt, before }: TargetRecord): Promise<Observed> {
  const live = await readLive(cluster, objects);
  const there = (entry: Ref) => live.get(keyOf(entry, cluster.namespace));
  const done = (entry: Ref) => there(entry)?.metadata.annotations?.[BY[1]] === attempt;
  if (objects.every((entry) => !entry.stale && done(entry)))
    return { kind: "live", commit, digest, attempt, url: null, ...(await healthOf(cluster, objects)) };
  if (before === null) return { kind: "absent" };
  const why = `the attempt ${attempt} was cut off while it applied ${commit.slice(0, 12)}`;
  // no commit is there as a whole, and no attempt has brought one
  if (objects.some(done)) return { kind: "live", commit: null, digest: null, attempt: null, health: "degraded", url: null, why };
  const left = objects.filter((entry) => there(entry) !== undefined);
  return { kind: "live", ...before, url: null, ...(await healthOf(cluster, left)) };
}

async function healthOf(cluster: Cluster, objects: readonly Ref[]) {
  const { health, summary, certain } = await assess(cluster, objects);
  return { health, ...(health === "healthy" ? {} : { why: summary, certain }) };
}
