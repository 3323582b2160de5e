import { isNamespace } from "../../cluster/allowed.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import { ClusterError, isClusterError } from "../../cluster/errors.ts";
import type { KubeObject } from "../../cluster/objects.ts";
import { applyObject } from "../../cluster/apply.ts";
import { FIELD_MANAGER } from "./labels.ts";

/** The namespaces that a release brings, by its manifests or since it is to make its own. */
export function namespacesOf(objects: readonly KubeObject[], own: string | null): readonly string[] {
  const named = objects.filter(isNamespace).map(({ metadata }) => metadata.name);
  return own === null ? named : [...named, own];
}

/** Makes them before all else, also before the target's record, which is in one of them. Rejects with `ClusterError` for one that is being deleted. */
export async function makeNamespaces(
  cluster: Cluster,
  objects: readonly KubeObject[],
  createOwn: boolean,
  log: (text: string) => void,
): Promise<void> {
  const named = objects.filter(isNamespace);
  for (const object of named) usable(await applyObject(cluster, object, { fieldManager: FIELD_MANAGER, force: false }));
  if (!createOwn || named.some(({ metadata }) => metadata.name === cluster.namespace)) return;
  const there = await cluster.get(`/api/v1/namespaces/${encodeURIComponent(cluster.namespace)}`);
  if (there) return usable(there);
  try {
    await cluster.request("POST", "/api/v1/namespaces", {
      body: { apiVersion: "v1", kind: "Namespace", metadata: { name: cluster.namespace } },
    });
    log(`made the namespace ${cluster.namespace}`);
  } catch (error) {
    if (!isClusterError(error, "conflict")) throw error; // somebody else has made it
  }
}

function usable({ metadata }: KubeObject): void {
  if (metadata.deletionTimestamp !== undefined)
    throw new ClusterError(
      "conflict",
      `the namespace ${metadata.name} is being deleted`,
      "Wait until it is gone, then deploy again; `kubectl get namespace -o yaml` says what it waits for",
    );
}
