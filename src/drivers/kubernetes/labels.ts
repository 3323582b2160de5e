import type { KubeObject } from "../../cluster/objects.ts";
import type { RenderInput } from "../../engine/ports/driver.ts";

/** Who sets the fields of all targets; that one target leaves another's objects alone is told by their labels. */
export const FIELD_MANAGER = "sluice";

/** On every object of a target: whose it is. */
export const OWNER = ["sluice.dev/project", "sluice.dev/service", "sluice.dev/environment"] as const;
/** On every object: by which act it came to be as it is. They say nothing of what it is, and are no difference. */
export const BY = ["sluice.dev/commit", "sluice.dev/attempt", "sluice.dev/run"] as const;
/** On an object that is removed with its release although it holds what others have put in. */
export const PRUNE = "sluice.dev/prune";

type Target = Pick<RenderInput, "project"> & { readonly definition: Pick<RenderInput["definition"], "service" | "environment"> };

export function ownerLabels({ project, definition }: Target): Record<string, string> {
  const values = [project, definition.service, definition.environment];
  return Object.fromEntries(OWNER.map((label, index) => [label, values[index] ?? ""]));
}

/** Whose an object is: null where it is nobody's who deploys by Sluice. */
export function ownerOf({ metadata }: KubeObject): Record<string, string> | null {
  const labels = OWNER.map((label) => [label, metadata.labels?.[label] ?? ""] as const);
  return labels.every(([, value]) => value === "") ? null : Object.fromEntries(labels);
}

export const isSameOwner = (a: Record<string, string>, b: Record<string, string>): boolean => OWNER.every((label) => a[label] === b[label]);

/** `api@mainnet of the project harbor`. */
export const ownerText = (owner: Record<string, string>): string =>
  `${owner[OWNER[1]]}@${owner[OWNER[2]]} of the project ${owner[OWNER[0]]}`;

export function withLabels(object: KubeObject, labels: Record<string, string>): KubeObject {
  return { ...object, metadata: { ...object.metadata, labels: { ...object.metadata.labels, ...labels } } };
}

export function withAnnotations(object: KubeObject, annotations: Record<string, string>): KubeObject {
  return { ...object, metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, ...annotations } } };
}
