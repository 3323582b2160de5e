import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseObject } from "../host/answers.ts";
import { readText, writeWhole } from "../host/files.ts";
import { groupOf, type Ref } from "./objects.ts";

/** Where objects of a kind are: `/apis/apps/v1`, `deployments`. */
export type Resource = { readonly root: string; readonly plural: string; readonly namespaced: boolean };

/** Kinds of every cluster, whose place nobody has to ask for: those in a namespace, then those in none. */
const BUILT_IN: Readonly<Record<string, readonly [inNamespace: string, inNone: string]>> = {
  v1: [
    "ConfigMap Endpoints Event LimitRange PersistentVolumeClaim Pod ReplicationController ResourceQuota Secret Service ServiceAccount",
    "Namespace Node PersistentVolume",
  ],
  "apps/v1": ["ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet", ""],
  "batch/v1": ["CronJob Job", ""],
  "autoscaling/v2": ["HorizontalPodAutoscaler", ""],
  "policy/v1": ["PodDisruptionBudget", ""],
  "networking.k8s.io/v1": ["Ingress NetworkPolicy", "IngressClass"],
  "rbac.authorization.k8s.io/v1": ["Role RoleBinding", "ClusterRole ClusterRoleBinding"],
  "apiextensions.k8s.io/v1": ["", "CustomResourceDefinition"],
  "apiregistration.k8s.io/v1": ["", "APIService"],
  "storage.k8s.io/v1": ["", "StorageClass CSIDriver"],
  "scheduling.k8s.io/v1": ["", "PriorityClass"],
  "admissionregistration.k8s.io/v1": [
    "",
    "MutatingWebhookConfiguration ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding ValidatingWebhookConfiguration",
  ],
  "coordination.k8s.io/v1": ["Lease", ""],
};

export const rootOf = (apiVersion: string): string => (apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`);

function builtIn(apiVersion: string, kind: string): Resource | null {
  const [inNamespace = "", inNone = ""] = Object.hasOwn(BUILT_IN, apiVersion) ? (BUILT_IN[apiVersion] ?? []) : [];
  const namespaced = inNamespace.split(" ").includes(kind);
  if (!namespaced && !inNone.split(" ").includes(kind)) return null;
  return { root: rootOf(apiVersion), plural: pluralOf(kind), namespaced };
}

/** Kinds of Kubernetes itself, under any version of their group. */
const SCOPES: ReadonlyMap<string, "namespace" | "cluster"> = new Map(
  Object.entries(BUILT_IN).flatMap(([apiVersion, scopes]) =>
    scopes.flatMap((kinds, index) =>
      kinds.split(" ").map((kind) => [`${groupOf(apiVersion)}/${kind}`, index === 0 ? "namespace" : "cluster"] as const),
    ),
  ),
);

/** Whether objects of a kind are in a namespace; null where only a cluster or a definition can tell. */
export const builtInScope = ({ apiVersion, kind }: Ref): "namespace" | "cluster" | null =>
  SCOPES.get(`${groupOf(apiVersion)}/${kind}`) ?? null;

function pluralOf(kind: string): string {
  const name = kind.toLowerCase();
  if (name === "endpoints") return name;
  return name.endsWith("s") ? `${name}es` : name.endsWith("y") ? `${name.slice(0, -1)}ies` : `${name}s`;
}

/** How long what a cluster has said about its kinds is believed, in ms; a kind that is missing is asked for at once. */
const BELIEVED_MS = 10 * 60 * 1000;
type Listed = { readonly at: number; readonly kinds: Readonly<Record<string, Resource>> };

/** The kinds of one cluster: built-in ones known, others asked for by group and version, kept in memory and under `home` for all processes. */
export class Kinds {
  readonly #file: string | null;
  readonly #ask: (path: string) => Promise<unknown>;
  readonly #listed = new Map<string, Listed>();

  /** @param ask GETs a path: null where there is none. */
  constructor(home: string | null, server: string, ask: (path: string) => Promise<unknown>) {
    const name = createHash("sha256").update(server).digest("hex").slice(0, 16);
    this.#file = home === null ? null : join(home, "drivers", "cluster", `kinds-${name}.json`);
    this.#ask = ask;
  }

  /** null where the cluster has no such kind. */
  async resourceOf(apiVersion: string, kind: string): Promise<Resource | null> {
    const known = builtIn(apiVersion, kind) ?? this.#known(apiVersion)?.kinds[kind];
    return known ?? (await this.#look(apiVersion))[kind] ?? null;
  }

  #known(apiVersion: string): Listed | null {
    const listed = this.#listed.get(apiVersion) ?? this.#stored()[apiVersion];
    return listed !== undefined && Date.now() - listed.at < BELIEVED_MS && listed.at <= Date.now() ? listed : null;
  }

  async #look(apiVersion: string): Promise<Listed["kinds"]> {
    const answer = (await this.#ask(rootOf(apiVersion))) as { readonly resources?: readonly ApiResource[] } | null;
    const own = (answer?.resources ?? []).filter(({ name }) => !name.includes("/"));
    const kinds = Object.fromEntries(
      own.map(({ name: plural, kind, namespaced }) => [kind, { root: rootOf(apiVersion), plural, namespaced }]),
    );
    this.#listed.set(apiVersion, { at: Date.now(), kinds });
    this.#store(apiVersion, { at: Date.now(), kinds });
    return kinds;
  }

  #stored(): Readonly<Record<string, Listed>> {
    const text = this.#file === null ? null : readText(this.#file);
    return text === null ? {} : ((parseObject(text) ?? {}) as Record<string, Listed>);
  }

  /** Of two processes that write at once one is forgotten: its kinds are asked for again. */
  #store(apiVersion: string, listed: Listed): void {
    if (this.#file === null) return;
    mkdirSync(join(this.#file, ".."), { recursive: true, mode: 0o700 });
    writeWhole(this.#file, JSON.stringify({ ...this.#stored(), [apiVersion]: listed }));
  }
}
type ApiResource = { readonly name: string; readonly kind: string; readonly namespaced: boolean };
