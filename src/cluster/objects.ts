/** An object of Kubernetes as its JSON says it. What is read of it beyond `metadata` is for whoever knows its kind. */
export type KubeObject = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
  readonly [field: string]: unknown;
};
export type Metadata = {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly generation?: number;
  readonly resourceVersion?: string;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly { readonly uid: string; readonly controller?: boolean }[];
  readonly [field: string]: unknown;
};
/** What names an object, and all that is asked of one to find it. */
export type Ref = Pick<KubeObject, "apiVersion" | "kind"> & { readonly metadata: Pick<Metadata, "name" | "namespace"> };

/** `Deployment/web`, as messages name it. */
export const titleOf = ({ kind, metadata }: Ref): string => `${kind}/${metadata.name}`;

export const groupOf = (apiVersion: string): string => (apiVersion.includes("/") ? (apiVersion.split("/")[0] ?? "") : "");

/** The same object under any version of its group. `namespace`: where one that names none is. */
export function keyOf({ apiVersion, kind, metadata }: Ref, namespace: string | null): string {
  return JSON.stringify([groupOf(apiVersion), kind, metadata.namespace ?? namespace ?? "", metadata.name]);
}

/** What others of the same rendering use comes first, as Helm orders it: they exist when a pod starts that mounts them. A kind that is not named comes after these. */
const ORDER = [
  "PriorityClass Namespace NetworkPolicy ResourceQuota LimitRange PodDisruptionBudget ServiceAccount Secret ConfigMap StorageClass",
  "PersistentVolume PersistentVolumeClaim CustomResourceDefinition ClusterRole ClusterRoleBinding Role RoleBinding Service DaemonSet Pod",
  "ReplicationController ReplicaSet Deployment HorizontalPodAutoscaler StatefulSet Job CronJob IngressClass Ingress APIService",
  "MutatingWebhookConfiguration ValidatingWebhookConfiguration",
]
  .join(" ")
  .split(" ");
const RANK = new Map(ORDER.map((kind, rank) => [kind, rank]));

/** Ordered so that it can be applied from the first to the last; stable within a kind. */
export function inOrder<T extends Ref>(objects: readonly T[]): T[] {
  const rank = ({ kind }: Ref) => RANK.get(kind) ?? ORDER.length;
  return objects.toSorted((a, b) => rank(a) - rank(b));
}

/** Runs `act` on each, so many at a time, and keeps the order of the results. The first that fails ends it: no other is begun. */
export async function each<T, R>(items: readonly T[], atOnce: number, act: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const at = next++;
      try {
        results[at] = await act(items[at] as T);
      } catch (error) {
        next = items.length;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  return results;
}
