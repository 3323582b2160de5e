import type { Cluster } from "../../cluster/cluster.ts";
import { connect, variablesOf } from "../../cluster/connect.ts";
import type { Definition } from "../../core/plan/plan.ts";
import { settingsOf } from "./config.ts";

type Looking = { readonly signal: AbortSignal; readonly home: string; readonly warn?: (text: string) => void };

/** The cluster of a target. Rejects with `ClusterError` where it is not the one that its environment names. */
export async function clusterOf(definition: Definition, { signal, home, warn }: Looking): Promise<Cluster> {
  const { place } = settingsOf(definition, null);
  return await connect(place, variablesOf(definition), { signal, home, cluster: definition.cluster, ...(warn ? { warn } : {}) });
}
