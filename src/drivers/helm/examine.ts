import type { Cluster } from "../../cluster/cluster.ts";
import { variablesOf } from "../../cluster/connect.ts";
import { isClusterError } from "../../cluster/errors.ts";
import { isWaitedFor } from "../../cluster/health/status.ts";
import type { Ref } from "../../cluster/objects.ts";
import { examineRights, type Right, rightsOf } from "../../cluster/rights.ts";
import type { Definition } from "../../core/plan/plan.ts";
import type { Finding, LookContext, ObserveInput } from "../../engine/ports/driver.ts";
import { settingsOf } from "./config.ts";
import { helmEnvironment, versionOf } from "./helm.ts";
import { currentHistory, lookAt } from "./look.ts";
import { objectsOf } from "./objects.ts";
import type { Stored } from "./releases.ts";

type Context = Omit<LookContext, "tree">;

/** What a release is taken to have that was never deployed: what its chart makes is known only with a commit. */
const USUAL: readonly Ref[] = [
  { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "" } },
  { apiVersion: "v1", kind: "Service", metadata: { name: "" } },
  { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "" } },
];

/** Helm once; then for each cluster and namespace whether it can be reached, is the right one and gives the rights, and how its releases stand. */
export async function examine(inputs: readonly ObserveInput[], context: Context): Promise<readonly Finding[]> {
  const definitions = inputs.flatMap(({ definition }) => definition ?? []);
  const places = Map.groupBy(definitions, (definition) => {
    const { release: _, ...where } = settingsOf(definition, null).place;
    return JSON.stringify([where, definition.cluster, definition.variables, definition.credentials]);
  });
  const [first] = definitions;
  const found = await Promise.all([...places.values()].map((group) => ofPlace(group, context)));
  return [...(first ? [await ofHelm(first, context)] : []), ...found.flat()];
}

async function ofHelm(definition: Definition, { signal, home }: Context): Promise<Finding> {
  try {
    const { text } = await versionOf({ env: helmEnvironment(variablesOf(definition), home), home, signal });
    return ok("helm", text);
  } catch (error) {
    return problem("helm", error instanceof Error ? error.message : String(error), "Helm 4, or 3.14 and newer, on the PATH of the server");
  }
}

async function ofPlace(definitions: readonly Definition[], context: Context): Promise<readonly Finding[]> {
  const [first] = definitions;
  if (first === undefined) return [];
  const { place } = settingsOf(first, null);
  const subject = `cluster ${place.context ?? "of the current context"}`;
  try {
    const { cluster } = await lookAt(first, context);
    const version = (await cluster.get("/version")) as { readonly gitVersion?: string } | null;
    const pinned = first.cluster === undefined ? "" : ", the cluster that this environment names";
    const histories = await Promise.all(definitions.map(async (definition) => [definition, await historyOf(definition, context)] as const));
    return [
      ok(subject, `Kubernetes ${version?.gitVersion ?? "of an unknown version"} at ${cluster.server}${pinned}`),
      ...(await ofNamespace(cluster, definitions)),
      ...(await ofRights(cluster, histories)),
      ...histories.flatMap(([definition, history]) => ofRelease(definition, history ?? [])),
    ];
  } catch (error) {
    if (!isClusterError(error)) throw error;
    return [problem(subject, error.message, error.hint)];
  }
}

/** null where it may not be read: that is one of the rights that are missing. */
async function historyOf(definition: Definition, context: Context): Promise<readonly Stored[] | null> {
  try {
    return await currentHistory(await lookAt(definition, context));
  } catch (error) {
    if (isClusterError(error, "forbidden")) return null;
    throw error;
  }
}

async function ofNamespace(cluster: Cluster, definitions: readonly Definition[]): Promise<readonly Finding[]> {
  if (definitions.some((definition) => settingsOf(definition, null).createNamespace)) return [];
  try {
    if ((await cluster.get(`/api/v1/namespaces/${cluster.namespace}`)) !== null) return [];
    return [problem(`namespace ${cluster.namespace}`, `there is none in ${cluster.context}`, "Make it, or say `createNamespace: true`")];
  } catch (error) {
    if (isClusterError(error, "forbidden")) return []; // rights in one namespace need not be on it
    throw error;
  }
}

async function ofRights(
  cluster: Cluster,
  releases: readonly (readonly [Definition, readonly Stored[] | null])[],
): Promise<readonly Finding[]> {
  const refs = new Map<string, Ref>();
  for (const [, history] of releases) {
    const latest = history?.at(-1);
    for (const ref of latest ? objectsOf(latest) : USUAL) refs.set(JSON.stringify([ref.apiVersion, ref.kind, ref.metadata.namespace]), ref);
  }
  const { namespace } = cluster;
  const rights = (group: string, resource: string, verbs: readonly string[]): Right[] =>
    verbs.map((verb) => ({ namespace, group, resource, verb }));
  const needed = rights("", "secrets", ["get", "list", "create", "update", "patch", "delete"]);
  for (const ref of refs.values()) {
    const verbs = ["get", "create", "patch", "delete", ...(isWaitedFor(ref) ? ["list", "watch"] : [])];
    needed.push(...(await rightsOf(cluster, ref, verbs)));
  }
  if (releases.some(([definition]) => settingsOf(definition, null).createNamespace))
    needed.push({ namespace: null, group: "", resource: "namespaces", verb: "create" });
  const helpful = [
    ...rights("", "secrets", ["watch"]),
    ...rights("", "pods", ["list"]),
    ...rights("", "pods/log", ["get"]),
    ...rights("", "events", ["list"]),
    ...rights("apps", "replicasets", ["list"]),
  ];
  return await examineRights(cluster, needed, [
    { rights: helpful, hint: "Grant them: without, nobody is told why something does not become healthy" },
  ]);
}

function ofRelease(definition: Definition, history: readonly Stored[]): readonly Finding[] {
  const { place } = settingsOf(definition, null);
  const latest = history.at(-1);
  if (latest === undefined || latest.status === "deployed" || latest.status === "uninstalled") return [];
  const since = new Date(latest.at).toISOString();
  return [
    {
      level: "warning",
      subject: `release ${place.release} in ${place.namespace}`,
      message: `its revision ${latest.revision} is ${latest.status} since ${since}: ${latest.description}`,
      hint: "The next deploy or rollback sets right what an attempt has left, and waits for what somebody else has begun",
    },
  ];
}

const ok = (subject: string, message: string): Finding => ({ level: "ok", subject, message, hint: null });
const problem = (subject: string, message: string, hint: string): Finding => ({ level: "problem", subject, message, hint });
