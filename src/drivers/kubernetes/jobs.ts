import { deleteObject } from "../../cluster/apply.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import { conditionOf } from "../../cluster/health/types.ts";
import { type KubeObject, titleOf } from "../../cluster/objects.ts";
import { wait } from "../../host/wait.ts";
import type { ApplyInput } from "../../engine/ports/driver.ts";
import { BY } from "./labels.ts";
import type { TargetRecord } from "./record.ts";

const LOOK_MS = 100;

/**
 * Why a Job that is there has to run again, or null where it stays: one that has failed never runs again by itself; and a service that is a job runs once for each release,
 * and again when it is deployed again. `known`: what the target's record said before this attempt, so that a run of a killed attempt is not repeated.
 */
export function againFor(live: KubeObject, input: Pick<ApplyInput, "commit" | "definition">, known: TargetRecord | null): string | null {
  if (conditionOf(live, "Failed")?.status === "True") return "has failed before";
  if (!input.definition.job || conditionOf(live, "Complete")?.status !== "True") return null;
  const ranFor = live.metadata.annotations?.[BY[0]];
  if (ranFor !== input.commit) return "has run for another release";
  return known?.phase === "applied" ? "has run before" : null;
}

/** Removes a Job with its pods, and resolves when it is gone. */
export async function removeJob(cluster: Cluster, job: KubeObject): Promise<void> {
  await deleteObject(cluster, job, "Foreground");
  const path = await cluster.pathOf(job);
  while ((await cluster.get(path))?.metadata.uid === job.metadata.uid) await wait(LOOK_MS, cluster.signal);
}

export const againText = (job: KubeObject, reason: string): string => `${titleOf(job)} ${reason}: it is made anew`;
