import type { KubeObject } from "../../cluster/objects.ts";

/** Who sets the fields of all targets; that one target leaves another's objects alone is told by their labels. */
export const FIELD_MANAGER = "sluice";

/** On every object: by which act it came to be as it is. They say nothing of what it is, and are no difference. */
export const BY = ["sluice.dev/commit", "sluice.dev/attempt", "sluice.dev/run"] as const;
/** On an object that is removed with its release although it holds what others have put in. */
export const PRUNE = "sluice.dev/prune";

export function withLabels(object: KubeObject, labels: Record<string, string>): KubeObject {
  return { ...object, metadata: { ...object.metadata, labels: { ...object.metadata.labels, ...labels } } };
}

export function withAnnotations(object: KubeObject, annotations: Record<string, string>): KubeObject {
  return { ...object, metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, ...annotations } } };
}
