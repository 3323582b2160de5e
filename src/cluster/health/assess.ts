import type { Cluster } from "../cluster.ts";
import { isClusterError } from "../errors.ts";
import { each, keyOf, type KubeObject, type Ref, titleOf } from "../objects.ts";
import { Evidence } from "./evidence.ts";
import { isBehind, isWaitedFor, statusOf } from "./status.ts";
import type { Assessment, Trouble, Verdict } from "./types.ts";

/** Of one folder, more than so many objects are read by a list. */
const FEW = 3;
const AT_ONCE = 8;
/** Objects that are explained in one look, and troubles whose log is shown. */
const EXPLAINED = 20;
const LOGS = 3;

/** One look at what can be unready of these objects (manifests, or references to them), explained where it is not. Rejects with `ClusterError`. */
export async function assess(cluster: Cluster, objects: readonly Ref[]): Promise<Assessment> {
  const waited = objects.filter(isWaitedFor);
  const live = await readLive(cluster, waited);
  return await assessLive(
    cluster,
    waited.map((ref) => [ref, live.get(keyOf(ref, cluster.namespace)) ?? null]),
  );
}

/** What is there of these, by `keyOf`. */
export async function readLive(cluster: Cluster, refs: readonly Ref[]): Promise<ReadonlyMap<string, KubeObject>> {
  const folders = new Map<string, Ref[]>();
  for (const ref of refs) {
    const folder = await folderOf(cluster, ref);
    if (folder !== null) folders.set(folder, [...(folders.get(folder) ?? []), ref]);
  }
  const found = await each([...folders], AT_ONCE, async ([folder, inside]) => {
    const [first] = inside;
    const listed = inside.length > FEW && first ? await listOf(cluster, folder, first) : null;
    return listed ?? (await each(inside, AT_ONCE, ({ metadata }) => cluster.get(`${folder}/${encodeURIComponent(metadata.name)}`)));
  });
  return new Map(found.flat().flatMap((object) => (object ? [[keyOf(object, cluster.namespace), object] as const] : [])));
}

/** null where the cluster does not know the kind: then there is no such object either. */
async function folderOf(cluster: Cluster, ref: Ref): Promise<string | null> {
  try {
    return await cluster.folderOf(ref.apiVersion, ref.kind, ref.metadata.namespace);
  } catch (error) {
    if (isClusterError(error, "unknown-kind")) return null;
    throw error;
  }
}

/** null where it may not be listed, though perhaps read one by one. */
async function listOf(cluster: Cluster, folder: string, { apiVersion, kind }: Ref): Promise<readonly KubeObject[] | null> {
  try {
    return (await cluster.list(folder)).map((object) => ({ ...object, apiVersion, kind }));
  } catch (error) {
    if (isClusterError(error, "forbidden")) return null;
    throw error;
  }
}

type Seen = readonly [ref: Ref, live: KubeObject | null];

export function verdictOf([ref, live]: Seen): Verdict {
  if (live !== null) return statusOf(live);
  // A Job that has ended may be removed by its ttlSecondsAfterFinished; of anything else nobody but its owner brings it back.
  return ref.kind === "Job" ? { state: "ready" } : { state: "failed", text: "is not there" };
}

/** Of what was read. */
export async function assessLive(cluster: Cluster, seen: readonly Seen[]): Promise<Assessment> {
  const judged = seen.map((one) => ({ ref: one[0], live: one[1], verdict: verdictOf(one) }));
  const notReady = judged.flatMap(({ ref, live, verdict }) => (verdict.state === "ready" ? [] : [{ ref, live, verdict }]));
  const evidence = new Evidence(
    cluster,
    notReady.flatMap(({ live }) => live ?? []),
  );
  const idle = await each(notReady, AT_ONCE, async ({ live }) => live !== null && isPending(live) && (await evidence.isUnused(live)));
  const unready = notReady.filter((_, at) => idle[at] !== true);
  if (unready.length === 0) return { health: "healthy", certain: false, summary: readyText(seen), problems: [] };
  const explained = await each(unready.slice(0, EXPLAINED), AT_ONCE, async ({ ref, live, verdict }) => ({
    ref,
    verdict,
    troubles: live === null || live.metadata.deletionTimestamp !== undefined || isBehind(live) ? [] : await evidence.of(live),
  }));
  const certain = explained.some(({ verdict, troubles }) => verdict.state === "failed" || troubles.some((trouble) => trouble.certain));
  const first = explained.toSorted((a, b) => Number(isCertain(b)) - Number(isCertain(a)));
  const problems: string[] = [];
  let logs = 0;
  for (const { ref, verdict, troubles } of first) {
    problems.push(`${titleOf(ref)} ${verdict.text}`);
    for (const trouble of troubles) {
      problems.push(`  ${trouble.text}`);
      if (trouble.log !== null && logs++ < LOGS) problems.push(...(await evidence.linesOf(trouble)));
    }
  }
  if (unready.length > EXPLAINED) problems.push(`and ${unready.length - EXPLAINED} more that are not ready`);
  return {
    health: certain || unready.some(({ verdict }) => verdict.state === "degraded") ? "degraded" : "progressing",
    certain,
    summary: summaryOf(first),
    problems,
    stuck: explained.flatMap(({ troubles }) => troubles.flatMap(({ pod, isStuck }) => (pod && isStuck ? [pod] : []))),
  };
}

const isPending = ({ kind, status }: KubeObject): boolean =>
  kind === "PersistentVolumeClaim" && (status as { readonly phase?: string } | undefined)?.phase === "Pending";

type Explained = {
  readonly ref: Ref;
  readonly verdict: Exclude<Verdict, { readonly state: "ready" }>;
  readonly troubles: readonly Trouble[];
};
const isCertain = ({ verdict, troubles }: Explained): boolean => verdict.state === "failed" || troubles.some(({ certain }) => certain);

function summaryOf([first]: readonly Explained[]): string {
  if (first === undefined) return "";
  const { ref, verdict, troubles } = first;
  const trouble = troubles.find(({ certain }) => certain) ?? troubles[0];
  return trouble ? `${titleOf(ref)}: ${trouble.text}` : `${titleOf(ref)} ${verdict.text}`;
}

function readyText(seen: readonly Seen[]): string {
  const [first] = seen;
  if (first === undefined) return "nothing in it has to become ready";
  return seen.length === 1 ? `${titleOf(first[0])} is ready` : `${seen.length} objects are ready`;
}
