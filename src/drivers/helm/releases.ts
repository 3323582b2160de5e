import { createHash } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";
import type { Cluster } from "../../cluster/cluster.ts";
import type { KubeObject } from "../../cluster/objects.ts";
import type { Place } from "./config.ts";

/** Helm's own words for how a revision stands (pkg/release/common). */
export type Status =
  | "deployed"
  | "superseded"
  | "failed"
  | "uninstalled"
  | "uninstalling"
  | "pending-install"
  | "pending-upgrade"
  | "pending-rollback"
  | "unknown";
/** What the labels of a revision's Secret say, without reading what it holds. */
export type Revision = {
  readonly revision: number;
  readonly status: Status;
  readonly labels: Readonly<Record<string, string>>;
  /** When it was made, and when it was written last, in ms since 1970, to a second. */
  readonly made: number;
  readonly at: number;
};
export type Hook = {
  readonly name: string;
  readonly kind: string;
  readonly manifest: string;
  readonly events: readonly string[];
  readonly phase: string | null;
};
/** What a revision holds. */
export type Stored = Revision & {
  readonly description: string;
  readonly manifest: string;
  readonly hooks: readonly Hook[];
};

const LARGEST = 64 * 1024 * 1024;

export const isPending = (status: Status): boolean => status.startsWith("pending-");

const folderOf = ({ namespace }: Place): string => `/api/v1/namespaces/${namespace}/secrets`;
const pathOf = (place: Place, revision: number): string => `${folderOf(place)}/sh.helm.release.v1.${place.release}.v${revision}`;

/**
 * The revisions of a release, oldest first, with what they hold, by one request. `current`: only those that are more than history, which mostly is one.
 * Rejects with `ClusterError`.
 */
export async function readHistory(cluster: Cluster, place: Place, which: "all" | "current"): Promise<readonly Stored[]> {
  const labelSelector = `owner=helm,name=${place.release}${which === "all" ? "" : ",status!=superseded"}`;
  const secrets = await cluster.list(folderOf(place), { labelSelector });
  return secrets.map(storedOf).toSorted((a, b) => a.revision - b.revision);
}

/** The revisions as they are now and after every change, oldest first. */
export async function* watchHistory(
  cluster: Cluster,
  place: Place,
  signal: AbortSignal,
): AsyncGenerator<readonly Stored[], void, undefined> {
  const query = { labelSelector: `owner=helm,name=${place.release}` };
  const now = new Map<string, Stored>();
  for await (const event of cluster.watch(folderOf(place), query, signal)) {
    if (event.type === "listed") now.clear();
    for (const secret of event.type === "listed" ? event.objects : [event.object])
      if (event.type === "deleted") now.delete(secret.metadata.name);
      else now.set(secret.metadata.name, storedOf(secret));
    yield [...now.values()].toSorted((a, b) => a.revision - b.revision);
  }
}

/** Adds labels to a revision, and takes those away that are null. Helm keeps them: it reads a release's labels from its Secret. */
export async function label(
  cluster: Cluster,
  place: Place,
  revision: number,
  labels: Readonly<Record<string, string | null>>,
): Promise<void> {
  const body = { metadata: { labels } };
  await cluster.request("PATCH", pathOf(place, revision), { body, contentType: "application/merge-patch+json", again: true });
}

/** Calls a revision failed whose Helm has ended and left it pending: nobody works on it any more, and Helm would refuse whatever comes next. */
export async function conclude(cluster: Cluster, place: Place, revision: number, description: string): Promise<void> {
  const secret = await cluster.get(pathOf(place, revision));
  if (secret === null || !isPending(storedOf(secret).status)) return;
  const content = contentOf(secret);
  const release = encode({ ...content, info: { ...content.info, status: "failed", description } });
  const metadata = { ...secret.metadata, labels: { ...secret.metadata.labels, status: "failed" } };
  // with the version that was read: whoever has changed it meanwhile knows better
  await cluster.request("PUT", pathOf(place, revision), { body: { ...secret, metadata, data: { release } } });
}

export function storedOf(secret: KubeObject): Stored {
  const { labels = {}, creationTimestamp } = secret.metadata;
  const { info, manifest = "", hooks = [] } = contentOf(secret);
  const made = Date.parse(creationTimestamp ?? "") || 0;
  const written = Number(labels["modifiedAt"]) * 1000;
  return {
    revision: Number(labels["version"]),
    status: (labels["status"] ?? "unknown") as Status,
    labels,
    made,
    // a revision that has not been written again may have the label of the one before
    at: Number.isFinite(written) ? Math.max(made, written) : made,
    description: info.description ?? "",
    manifest,
    hooks: hooks.map(({ name, kind, manifest: text = "", events = [], last_run: run }) => ({
      name,
      kind,
      manifest: text,
      events,
      phase: run?.phase === "" ? null : (run?.phase ?? null),
    })),
  };
}

type Content = {
  readonly info: { readonly status?: string; readonly description?: string };
  readonly manifest?: string;
  readonly hooks?: readonly {
    readonly name: string;
    readonly kind: string;
    readonly manifest?: string;
    readonly events?: readonly string[];
    readonly last_run?: { readonly phase?: string };
  }[];
};

/** JSON, gzipped by Helm, in base64 by Helm and again by Kubernetes. */
function contentOf(secret: KubeObject): Content {
  const { release = "" } = (secret["data"] ?? {}) as { readonly release?: string };
  try {
    const bytes = Buffer.from(Buffer.from(release, "base64").toString("latin1"), "base64");
    const text = bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes, { maxOutputLength: LARGEST }) : bytes;
    const content = JSON.parse(text.toString("utf8")) as Content;
    return { ...content, info: content.info ?? {} };
  } catch (error) {
    throw new Error(
      `${secret.metadata.name} in ${secret.metadata.namespace} is no release that Helm has written: ${error instanceof Error ? error.message : String(error)}`,
      {
        cause: error,
      },
    );
  }
}

function encode(content: object): string {
  return Buffer.from(gzipSync(JSON.stringify(content)).toString("base64"), "latin1").toString("base64");
}

/** Tells whether a revision still holds what was applied with it. */
export function manifestHash({ manifest, hooks }: Pick<Stored, "manifest" | "hooks">): string {
  const hash = createHash("sha256").update(manifest);
  for (const hook of hooks) hash.update("\0").update(hook.manifest);
  return hash.digest("hex").slice(0, 40);
}

/** How messages name a hook. */
export const titleOf = ({ events, kind, name }: Hook): string => `the hook ${kind}/${name} (${events.join(", ")})`;
