import { applyObject, type Conflict, conflictsOf } from "../../cluster/apply.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import { type ClusterError, isClusterError } from "../../cluster/errors.ts";
import { readLive } from "../../cluster/health/assess.ts";
import { each, groupOf, keyOf, type KubeObject, titleOf } from "../../cluster/objects.ts";
import { isSameOwner, ownerOf, ownerText } from "../../cluster/owners.ts";
import { FIELD_MANAGER } from "./labels.ts";
import type { Entry } from "./record.ts";

type Preflight = {
  /** What is there, by `keyOf`. */
  readonly live: ReadonlyMap<string, KubeObject>;
  /** Jobs that cannot be changed into what is wanted: they are made anew. */
  readonly replaced: ReadonlySet<string>;
  /** Why not, one line each; nothing has been changed. */
  readonly problems: readonly string[];
  /** What becomes this target's although it did not make it. */
  readonly adopted: readonly string[];
  /** Fields that others have set and that are set back, a line each. */
  readonly takenBack: readonly string[];
};
type Options = {
  /** What happens with fields that others own: the release is refused, they are taken, or taken and told. */
  readonly conflicts: "refuse" | "take" | "tell";
  readonly owner: Record<string, string>;
  readonly known: readonly Entry[];
  readonly newNamespaces: ReadonlySet<string>;
};

const AT_ONCE = 8;

/** Asks the API server what it would say to each object, before anything is changed: so a release is refused as a whole, with all that is wrong with it. Rejects where it cannot be asked. */
export async function preflight(cluster: Cluster, objects: readonly KubeObject[], options: Options): Promise<Preflight> {
  const live = await readLive(cluster, objects);
  const kinds = new Set(objects.flatMap(kindOf));
  const replaced = new Set<string>();
  const takenBack: string[] = [];
  const found = await each(objects, AT_ONCE, async (object) => {
    const key = keyOf(object, cluster.namespace);
    const there = live.get(key);
    const foreign = there ? foreignTo(there, object, options.owner) : null;
    if (foreign !== null) return foreign;
    let error = await dryRun(cluster, object, options.conflicts === "take");
    if (options.conflicts === "tell" && isClusterError(error, "conflict")) {
      const lines = conflictsOf(error).map(({ field, manager }) => `${titleOf(object)}: ${field}, which was set by ${manager}`);
      error = await dryRun(cluster, object, true);
      if (error === null) takenBack.push(...lines);
    }
    if (error === null || isYetToCome(error, object, kinds, options.newNamespaces)) return null;
    if (there && isJob(object) && isClusterError(error, "invalid") && /field is immutable/.test(error.message)) {
      replaced.add(key);
      return null;
    }
    return problemOf(object, error);
  });
  const known = new Set(options.known.map((entry) => keyOf(entry, cluster.namespace)));
  const adopted = objects.flatMap((object) => {
    const key = keyOf(object, cluster.namespace);
    const there = live.get(key);
    return there && !known.has(key) && ownerOf(there) === null ? [`${titleOf(object)}, which ${managersOf(there)} made,`] : [];
  });
  return { live, replaced, problems: found.filter((problem) => problem !== null), adopted, takenBack };
}

export const isJob = (object: Pick<KubeObject, "apiVersion" | "kind">): boolean =>
  object.kind === "Job" && groupOf(object.apiVersion) === "batch";

/** null where it would be taken. */
async function dryRun(cluster: Cluster, object: KubeObject, force: boolean): Promise<ClusterError | null> {
  try {
    await applyObject(cluster, object, { fieldManager: FIELD_MANAGER, force, dryRun: true });
    return null;
  } catch (error) {
    // A webhook that cannot be asked without consequences is asked when it is applied.
    if (isClusterError(error) && /does not support dry run/.test(error.message)) return null;
    if (isClusterError(error) && !isClusterError(error, "unreachable", "unavailable", "unauthorized", "untrusted")) return error;
    throw error;
  }
}

/** Its namespace or its kind comes with the same release. */
function isYetToCome(error: ClusterError, object: KubeObject, kinds: ReadonlySet<string>, namespaces: ReadonlySet<string>): boolean {
  if (error.code === "unknown-kind") return kinds.has(`${groupOf(object.apiVersion)}/${object.kind}`);
  const namespace = object.metadata.namespace;
  return (
    error.code === "not-found" &&
    [...namespaces].some((name) => name === namespace || error.message.includes(`namespaces "${name}" not found`))
  );
}

/** The kinds that a definition brings. */
function kindOf(object: KubeObject): readonly string[] {
  if (object.kind !== "CustomResourceDefinition") return [];
  const { group, names } = (object["spec"] ?? {}) as { readonly group?: string; readonly names?: { readonly kind?: string } };
  return [`${group}/${names?.kind}`];
}

function foreignTo(there: KubeObject, object: KubeObject, owner: Record<string, string>): string | null {
  const other = ownerOf(there);
  if (other === null || isSameOwner(other, owner)) return null;
  return `${titleOf(object)} belongs to ${ownerText(other)}: only one of the two can deploy it (\`select\` tells them apart; to hand it over, remove its labels sluice.dev/…)`;
}

/** What the API server has against an object, and what to do. */
export function problemOf(object: KubeObject, error: ClusterError): string {
  const conflicts = conflictsOf(error);
  if (conflicts.length > 0) return conflictText(object, conflicts);
  if (/field is immutable|may not change once set|updates to \w+ spec for fields other than/.test(error.message))
    return `${titleOf(object)}: ${error.message}\n  What cannot be changed in place needs another name; or delete it first, which takes it down meanwhile`;
  const noNamespace = error.code === "not-found" && /^namespaces "[^"]+" not found$/.test(error.message);
  return `${titleOf(object)}: ${error.message}\n  ${noNamespace ? "Make it, or say `createNamespace: true`" : error.hint}`;
}

function conflictText(object: KubeObject, conflicts: readonly Conflict[]): string {
  const lines = conflicts.slice(0, 10).map(({ field, manager }) => `  ${field} was set by ${manager}`);
  if (conflicts.length > 10) lines.push(`  and ${conflicts.length - 10} more fields`);
  return `${titleOf(object)} has fields that somebody else has set:\n${lines.join("\n")}\n  Take them into the manifest or out of it; or \`forceConflicts: true\` sets them anyway, as a rollback and \`sluice deploy --redeploy\` do`;
}

function managersOf(there: KubeObject): string {
  const entries = (there.metadata["managedFields"] ?? []) as readonly { readonly manager?: string; readonly subresource?: string }[];
  const names = [
    ...new Set(entries.flatMap(({ manager, subresource }) => (manager === undefined || subresource !== undefined ? [] : [manager]))),
  ];
  return names.filter((name) => name !== "kube-controller-manager").join(", ") || "somebody";
}
