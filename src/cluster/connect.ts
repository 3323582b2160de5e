import type { Definition } from "../core/plan/plan.ts";
import { hostVariables, pick } from "../host/environment.ts";
import { Cluster } from "./cluster.ts";
import { ClusterError, isClusterError } from "./errors.ts";
import { findAccess, type Place } from "./kubeconfig.ts";

type Options = {
  readonly signal: AbortSignal;
  /** The store's directory, where what a cluster says of its kinds is kept; null: nowhere. */
  readonly home: string | null;
  /** The only cluster that it may be: the UID of its namespace kube-system. */
  readonly cluster?: string | undefined;
  /** The API server's warnings, such as of a version that will go. */
  readonly warn?: (text: string) => void;
};

/** How long a cluster that was asked who it is stays that one, in ms. */
const KNOWN_MS = 30_000;
const known = new Map<string, number>();

/**
 * A cluster to ask. Where `cluster` names the only one that it may be, that is asked first, and what may not look is refused as well; else nothing is sent before the first request.
 * `env`: what the target's programs get, of which KUBECONFIG and HOME count. Rejects with `ClusterError`.
 */
export async function connect(place: Place, env: Readonly<Record<string, string>>, options: Options): Promise<Cluster> {
  const access = await findAccess(place, env);
  const cluster = new Cluster(access, env, options);
  if (options.cluster !== undefined) await mustBe(cluster, options.cluster, JSON.stringify([access, options.cluster]));
  return cluster;
}

/** Variables and credentials of a target's environment, as its attempts get them: for looks from outside of an attempt. */
export function variablesOf({ variables, credentials }: Definition): Record<string, string> {
  return { ...hostVariables(), ...variables, ...pick(process.env, credentials) };
}

/** @param key of this access and that answer */
async function mustBe(cluster: Cluster, wanted: string, key: string): Promise<void> {
  if (performance.now() - (known.get(key) ?? -Infinity) < KNOWN_MS) return;
  const found = await uidOf(cluster);
  if (found !== wanted)
    throw new ClusterError(
      "wrong-cluster",
      `the context ${cluster.context} leads to the cluster ${found ?? "that has no namespace kube-system"}, and this environment is in ${wanted}`,
      "Correct `context` or `kubeconfig`; where the cluster was made anew, correct `cluster` of the environment in sluice.yaml",
    );
  known.set(key, performance.now());
}

async function uidOf(cluster: Cluster): Promise<string | null> {
  try {
    return (await cluster.get("/api/v1/namespaces/kube-system"))?.metadata.uid ?? null;
  } catch (error) {
    if (!isClusterError(error, "forbidden")) throw error;
    throw new ClusterError(
      "forbidden",
      `whether the context ${cluster.context} leads to the cluster that this environment names cannot be told: ${error.message}`,
      "Grant `get` on the namespace kube-system (a Role in it is enough: resources: [namespaces], resourceNames: [kube-system], verbs: [get]), or take `cluster` out of the environment",
    );
  }
}
