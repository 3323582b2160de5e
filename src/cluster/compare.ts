import type { ObjectChange } from "../engine/ports/driver.ts";
import { applyObject } from "./apply.ts";
import type { Cluster } from "./cluster.ts";
import { isClusterError } from "./errors.ts";
import { readLive } from "./health/assess.ts";
import { withoutInvented } from "./invented.ts";
import { each, groupOf, keyOf, type KubeObject } from "./objects.ts";
import { type Mask, printObject } from "./print.ts";

type Options = {
  readonly fieldManager: string;
  readonly mask: Mask;
  /** Annotations and labels that say who applied it and when, and so differ each time: these, and those that begin with one that ends in `/`. */
  readonly ignore?: readonly string[];
  /** These very objects have been applied as a whole before, and would not be again. */
  readonly applied?: boolean;
};
const AT_ONCE = 8;

/**
 * What applying these would change of what is there, one entry an object in the given order: a dry run of the API server itself against the live object, so that its defaults and
 * what others own (a scaler's replicas) are no difference. `removed` is for the caller, who knows what was there. Rejects with `ClusterError`.
 */
export async function compareObjects(cluster: Cluster, objects: readonly KubeObject[], options: Options): Promise<readonly ObjectChange[]> {
  const live = await readLive(cluster, objects);
  return await each(objects, AT_ONCE, async (object) => {
    const before = live.get(keyOf(object, cluster.namespace)) ?? null;
    const after = await wouldBe(cluster, object, options.fieldManager);
    if (before !== null) return changeOf(before, after, options);
    const shown = withoutInvented(after, object);
    return changeOf(options.applied === true && goesByItself(object) ? shown : null, shown, options);
  });
}

/** A Job that its controller removes some time after it has ended: then that it is gone says that it has. */
function goesByItself({ apiVersion, kind, spec }: KubeObject): boolean {
  const { ttlSecondsAfterFinished: ttl } = (spec ?? {}) as { readonly ttlSecondsAfterFinished?: unknown };
  return kind === "Job" && groupOf(apiVersion) === "batch" && typeof ttl === "number";
}

/** An entry of two objects of the same name, `after` null where it is removed. */
export function changeOf(before: KubeObject | null, after: KubeObject | null, { mask, ignore = [] }: Options): ObjectChange {
  const is = after ?? before;
  const was = before ? print(before, mask, ignore) : null;
  const becomes = after ? print(after, mask, ignore) : null;
  if (is === null) throw new Error("a change of nothing to nothing");
  const change = was === null ? "added" : becomes === null ? "removed" : was === becomes ? "same" : "changed";
  return { kind: is.kind, name: is.metadata.name, namespace: is.metadata.namespace ?? null, change, before: was, after: becomes };
}

/** The object after an apply; as it is written where the API server cannot say: its namespace or its kind is yet to come with the same release, or the field that changes cannot. */
async function wouldBe(cluster: Cluster, object: KubeObject, fieldManager: string): Promise<KubeObject> {
  try {
    return await applyObject(cluster, object, { fieldManager, force: true, dryRun: true });
  } catch (error) {
    if (isClusterError(error, "not-found", "unknown-kind", "invalid")) return object;
    throw error;
  }
}

/** What only the API server and controllers write. */
const NOISE = ["managedFields", "resourceVersion", "uid", "generation", "creationTimestamp", "selfLink"];
const OWN = ["deployment.kubernetes.io/revision", "deprecated.daemonset.template.generation"];

function print(object: KubeObject, mask: Mask, ignore: readonly string[]): string {
  const { status: _, ...rest } = object;
  const { labels, annotations, ...metadata } = without(object.metadata, NOISE) as KubeObject["metadata"];
  const hidden = [...OWN, ...ignore];
  const kept = {
    ...metadata,
    ...named("labels", labels, hidden),
    ...named("annotations", annotations, hidden),
  };
  return printObject({ ...rest, metadata: kept } as KubeObject, mask);
}

function named(name: string, values: Readonly<Record<string, string>> | undefined, hidden: readonly string[]): object {
  const left = Object.entries(values ?? {}).filter(
    ([key]) => !hidden.some((one) => (one.endsWith("/") ? key.startsWith(one) : key === one)),
  );
  return left.length === 0 ? {} : { [name]: Object.fromEntries(left) };
}

const without = (from: object, keys: readonly string[]): object =>
  Object.fromEntries(Object.entries(from).filter(([key]) => !keys.includes(key)));
