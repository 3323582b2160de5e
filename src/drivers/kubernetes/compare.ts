import { changeOf, compareObjects } from "../../cluster/compare.ts";
import { readLive } from "../../cluster/health/assess.ts";
import { keyOf } from "../../cluster/objects.ts";
import { maskOf } from "../../cluster/print.ts";
import { ownerLabels } from "../../cluster/owners.ts";
import type { LookContext, ObjectChange, RenderInput } from "../../engine/ports/driver.ts";
import { settingsOf } from "./config.ts";
import { BY, FIELD_MANAGER } from "./labels.ts";
import { clusterOf } from "./place.ts";
import { keptFor } from "./prune.ts";
import { readRecord } from "./record.ts";
import { objectsOf } from "./rendering.ts";

/** What applying the release would change of the cluster, with what it would remove. */
export async function compare(input: RenderInput, context: LookContext): Promise<readonly ObjectChange[]> {
  const { definition } = input;
  const objects = await objectsOf(input, context);
  const cluster = await clusterOf(definition, context);
  const record = (await readRecord(cluster, input))?.record ?? null;
  const applied = record?.phase === "applied" && record.commit === input.commit && record.digest === input.digest;
  const options = { fieldManager: FIELD_MANAGER, mask: maskOf(context.home), ignore: BY, applied };
  const changes = await compareObjects(cluster, objects, options);
  if (!settingsOf(definition, input.digest).prune) return changes;
  const brought = new Set(objects.map((object) => keyOf(object, cluster.namespace)));
  const stale = (record?.objects ?? []).filter((entry) => !brought.has(keyOf(entry, cluster.namespace)));
  const live = await readLive(cluster, stale);
  const owner = ownerLabels(input);
  const removed = stale.flatMap((entry) => {
    const there = live.get(keyOf(entry, cluster.namespace));
    return there && keptFor(entry, there, owner) === null ? [changeOf(there, null, options)] : [];
  });
  return [...changes, ...removed];
}
