import type { RenderInput } from "../engine/ports/driver.ts";
import type { KubeObject } from "./objects.ts";

/** On every object of a target of the driver `kubernetes`: whose it is. */
export const OWNER = ["sluice.dev/project", "sluice.dev/service", "sluice.dev/environment"] as const;

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
