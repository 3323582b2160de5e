import type { Cluster } from "./cluster.ts";
import { isClusterError, type Status } from "./errors.ts";
import type { KubeObject } from "./objects.ts";

type Options = {
  /** Who owns the fields that are set. */
  readonly fieldManager: string;
  /** Takes fields that others own. */
  readonly force: boolean;
  /** Only what would come of it. */
  readonly dryRun?: boolean;
};

/** Server-side apply of one object; unknown fields are refused. Resolves to the object as it is then. Rejects with `ClusterError`: `conflict` where somebody else owns a field (see `conflictsOf`). */
export async function applyObject(
  cluster: Cluster,
  object: KubeObject,
  { fieldManager, force, dryRun = false }: Options,
): Promise<KubeObject> {
  const answer = await cluster.request("PATCH", await cluster.pathOf(object), {
    query: { fieldManager, force, fieldValidation: "Strict", dryRun: dryRun ? "All" : undefined },
    body: object,
    contentType: "application/apply-patch+yaml",
    again: true, // the same again gives the same
  });
  return { ...(answer as KubeObject), apiVersion: object.apiVersion, kind: object.kind };
}

/** Deletes that very object, and none that has taken its name since. */
export async function deleteObject(cluster: Cluster, object: KubeObject, propagationPolicy: "Background" | "Foreground"): Promise<void> {
  const body = { apiVersion: "v1", kind: "DeleteOptions", propagationPolicy, preconditions: { uid: object.metadata.uid } };
  await cluster.request("DELETE", await cluster.pathOf(object), { body, again: true }); // a second one finds nothing, or another uid
}

export type Conflict = { readonly field: string; readonly manager: string };

/** Who owns what an apply would have changed: `.spec.replicas` and `kubectl-edit`. Empty for any other error. */
export function conflictsOf(error: unknown): readonly Conflict[] {
  if (!isClusterError(error, "conflict")) return [];
  const causes: NonNullable<NonNullable<Status["details"]>["causes"]> = error.status?.details?.causes ?? [];
  return causes
    .filter(({ reason }) => reason === "FieldManagerConflict")
    .map(({ field = "", message = "" }) => ({ field, manager: /conflict with "([^"]+)"/.exec(message)?.[1] ?? message }));
}
