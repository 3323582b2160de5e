import type { Cluster } from "../../cluster/cluster.ts";
import { ClusterError } from "../../cluster/errors.ts";
import { keyOf, type KubeObject, type Ref } from "../../cluster/objects.ts";
import { isSameOwner, ownerLabels, ownerOf, ownerText } from "../../cluster/owners.ts";
import type { CommitId, Digest } from "../../core/config/config.ts";
import type { ApplyInput, ObserveInput } from "../../engine/ports/driver.ts";

/**
 * One object that a target has brought. `uid`: which one of that name, once it is known; `stale`: an earlier release brought it, and this one lacks it; `origin`: whether the target made it,
 * or found it there when it deployed it first, which it then never removes. Records of older versions do not say.
 */
export type Entry = Ref & { readonly uid?: string; readonly stale?: true; readonly origin?: Origin };
export type Origin = "made" | "adopted";
export type Release = { readonly commit: CommitId; readonly digest: Digest | null; readonly attempt: string };

/**
 * What a target has in its cluster, kept there as a ConfigMap: what nobody can guess from the objects. It is written before anything is applied and when all is.
 * `applying`: an attempt is at it, or was killed at it; `applied`: all of it is there; `failed`: something of it was refused.
 */
export type TargetRecord = Release & {
  readonly phase: "applying" | "applied" | "failed";
  readonly run: string;
  readonly fingerprint: Digest | null;
  /** All that may be there, from this release and from those before. */
  readonly objects: readonly Entry[];
  /** What was there before `applying` began. */
  readonly before: Release | null;
  /** Why it has failed. */
  readonly message: string | null;
};
/** A record as it was read: whoever writes the next one says which one it follows. null: there is none yet. */
export type Found = { readonly record: TargetRecord; readonly version: string };

type Target = Pick<ObserveInput, "project"> & { readonly definition: NonNullable<ObserveInput["definition"]> };

export const recordName = ({ definition }: Target): string => `sluice.${definition.service}.${definition.environment}`;
const pathOf = (cluster: Cluster, target: Target): string => `${folderOf(cluster)}/${recordName(target)}`;
const folderOf = (cluster: Cluster): string => `/api/v1/namespaces/${encodeURIComponent(cluster.namespace)}/configmaps`;

/** null where there is none. Rejects with `ClusterError`, also where it is another project's. */
export async function readRecord(cluster: Cluster, target: Target): Promise<Found | null> {
  const object = await cluster.get(pathOf(cluster, target));
  if (object === null) return null;
  const owner = ownerOf(object);
  if (owner === null || !isSameOwner(owner, ownerLabels(target)))
    throw new ClusterError(
      "conflict",
      `the ConfigMap ${recordName(target)} in the namespace ${cluster.namespace} is ${owner ? `that of ${ownerText(owner)}` : "not made by Sluice"}`,
      "Two projects of the same services cannot share a namespace: give one of them another `namespace`",
    );
  return { record: parse(object), version: object.metadata.resourceVersion ?? "" };
}

/** Writes it after the one that was found. Rejects with `conflict` where somebody else has written since. */
export async function writeRecord(cluster: Cluster, target: Target, record: TargetRecord, after: Found | null): Promise<Found> {
  const { objects, before, phase, commit, digest, attempt, run, fingerprint, message } = record;
  const body = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      name: recordName(target),
      labels: { ...ownerLabels(target), "app.kubernetes.io/managed-by": "sluice" },
      ...(after === null ? {} : { resourceVersion: after.version }),
    },
    data: {
      phase,
      commit,
      digest: digest ?? "",
      attempt,
      run,
      fingerprint: fingerprint ?? "",
      message: message ?? "",
      before: JSON.stringify(before),
      objects: JSON.stringify(objects.map(packed)),
    },
  };
  const answer =
    after === null ? cluster.request("POST", folderOf(cluster), { body }) : cluster.request("PUT", pathOf(cluster, target), { body });
  return { record, version: ((await answer) as KubeObject).metadata.resourceVersion ?? "" };
}

type Packed = readonly [apiVersion: string, kind: string, namespace: string, name: string, uid: string, stale: 0 | 1, origin?: Origin | ""];

const packed = ({ apiVersion, kind, metadata, uid, stale, origin }: Entry): Packed => [
  apiVersion,
  kind,
  metadata.namespace ?? "",
  metadata.name,
  uid ?? "",
  stale ? 1 : 0,
  origin ?? "",
];

function unpacked([apiVersion, kind, namespace, name, uid, stale, origin = ""]: Packed): Entry {
  return {
    apiVersion,
    kind,
    metadata: { name, ...(namespace === "" ? {} : { namespace }) },
    ...(uid === "" ? {} : { uid }),
    ...(stale === 1 ? { stale: true as const } : {}),
    ...(origin === "" ? {} : { origin }),
  };
}

function parse(object: KubeObject): TargetRecord {
  const data = (object["data"] ?? {}) as Readonly<Record<string, string>>;
  const { phase, commit = "", digest = "", attempt = "", run = "", fingerprint = "", message = "", before = "null", objects = "[]" } = data;
  if (phase !== "applying" && phase !== "applied" && phase !== "failed")
    throw new ClusterError(
      "refused",
      `the ConfigMap ${object.metadata.name} is no record of a target`,
      "Somebody has changed it: delete it, and deploy again",
    );
  return {
    phase,
    commit,
    digest: digest === "" ? null : digest,
    attempt,
    run,
    fingerprint: fingerprint === "" ? null : fingerprint,
    message: message === "" ? null : message,
    before: JSON.parse(before) as Release | null,
    objects: (JSON.parse(objects) as readonly Packed[]).map(unpacked),
  };
}

/** The record with which an attempt begins: what it will bring, and what was there that it lacks. */
export function beginning(
  input: ApplyInput,
  objects: readonly KubeObject[],
  found: Found | null,
  there: { readonly live: ReadonlyMap<string, KubeObject>; readonly namespace: string },
): TargetRecord {
  const { live, namespace } = there;
  const known = found?.record ?? null;
  const brought = new Set(objects.map((object) => keyOf(object, namespace)));
  const entries = new Map(known?.objects.map((entry) => [keyOf(entry, namespace), entry]));
  const own = objects.map((object): Entry => {
    const key = keyOf(object, namespace);
    const entry = entries.get(key);
    const origin = originOf(entry, live.get(key));
    return { ...refOf(object), ...(entry?.uid === undefined ? {} : { uid: entry.uid }), ...(origin === undefined ? {} : { origin }) };
  });
  const stale = (known?.objects ?? [])
    .filter((entry) => !brought.has(keyOf(entry, namespace)))
    .map((entry) => ({ ...entry, stale: true as const }));
  const { commit, digest, attempt, run, fingerprint } = input;
  return {
    phase: "applying",
    commit,
    digest,
    attempt,
    run,
    fingerprint,
    message: null,
    before: beforeOf(known),
    objects: [...own, ...stale],
  };
}

/** What is there and the record does not know, or knows as another one, somebody else has made. */
function originOf(entry: Entry | undefined, live: KubeObject | undefined): Origin | undefined {
  if (live === undefined) return "made";
  if (entry === undefined || (entry.uid !== undefined && entry.uid !== live.metadata.uid)) return "adopted";
  // an attempt was cut off between its record and the object, and somebody else has made that since
  return entry.uid === undefined && ownerOf(live) === null ? "adopted" : entry.origin;
}

const beforeOf = (known: TargetRecord | null): Release | null =>
  known === null
    ? null
    : known.phase === "applying"
      ? known.before
      : { commit: known.commit, digest: known.digest, attempt: known.attempt };

const refOf = ({ apiVersion, kind, metadata: { name, namespace } }: KubeObject): Ref => ({
  apiVersion,
  kind,
  metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
});
