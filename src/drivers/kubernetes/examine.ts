import type { Cluster } from "../../cluster/cluster.ts";
import { isClusterError } from "../../cluster/errors.ts";
import { isWaitedFor } from "../../cluster/health/status.ts";
import { examineRights, type Right, rightsOf } from "../../cluster/rights.ts";
import type { Ref } from "../../cluster/objects.ts";
import { variablesOf } from "../../cluster/connect.ts";
import type { Finding, LookContext, ObserveInput } from "../../engine/ports/driver.ts";
import { runProgram } from "../../host/programs.ts";
import { settingsOf } from "./config.ts";
import { findProgram } from "./kustomize.ts";
import { clusterOf } from "./place.ts";
import { readRecord } from "./record.ts";

type Target = ObserveInput & { readonly definition: NonNullable<ObserveInput["definition"]> };

/** What a target is taken to have that was never deployed: what is in its manifests is known only with a commit. */
const USUAL: readonly Ref[] = [
  { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "" } },
  { apiVersion: "v1", kind: "Service", metadata: { name: "" } },
  { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "" } },
];

/** Programs once; then for each cluster and namespace whether it can be reached, is the right one, and gives the rights that the targets there need. */
export async function examine(inputs: readonly ObserveInput[], context: Omit<LookContext, "tree">): Promise<readonly Finding[]> {
  const targets = inputs.filter((input): input is Target => input.definition !== null);
  const places = Map.groupBy(targets, ({ definition }) =>
    JSON.stringify([settingsOf(definition, null).place, definition.cluster, definition.variables, definition.credentials]),
  );
  const found = await Promise.all([...places.values()].map((group) => ofPlace(group, context)));
  return [...(await ofProgram(targets, context)), ...found.flat()];
}

async function ofProgram(targets: readonly Target[], { signal, home }: Omit<LookContext, "tree">): Promise<readonly Finding[]> {
  const one = targets.find(({ definition }) => settingsOf(definition, null).kustomize !== null);
  if (one === undefined) return [];
  const env = variablesOf(one.definition);
  try {
    const [program = "", verb] = findProgram(env["PATH"] ?? "");
    const args = verb === "kustomize" ? ["version", "--client", "-o", "json"] : ["version"];
    const { code, exit, stdout } = await runProgram([program, ...args], {
      cwd: home,
      env: { PATH: env["PATH"] ?? "", HOME: env["HOME"] ?? home },
      signal,
      timeoutMs: 10_000,
      limit: 65_536,
    });
    if (code !== 0) return [problem("kubectl", `${program} ended with ${exit}`, "Install it again")];
    return [ok(verb === "kustomize" ? "kubectl" : "kustomize", /"gitVersion": "([^"]+)"/.exec(stdout)?.[1] ?? stdout.trim())];
  } catch (error) {
    return [problem("kubectl", error instanceof Error ? error.message : String(error), "Targets with `kustomize` need it")];
  }
}

async function ofPlace(targets: readonly Target[], context: Omit<LookContext, "tree">): Promise<readonly Finding[]> {
  const [first] = targets;
  if (first === undefined) return [];
  const { place } = settingsOf(first.definition, null);
  const subject = `cluster ${place.context ?? "of the current context"}`;
  try {
    const cluster = await clusterOf(first.definition, context);
    const version = (await cluster.get("/version")) as { readonly gitVersion?: string } | null;
    const pinned = first.definition.cluster === undefined ? "" : ", the cluster that this environment names";
    return [
      ok(subject, `Kubernetes ${version?.gitVersion ?? "of an unknown version"} at ${cluster.server}${pinned}`),
      ...(await ofRights(cluster, targets)),
    ];
  } catch (error) {
    if (!isClusterError(error)) throw error;
    return [problem(subject, error.message, error.hint)];
  }
}

/** Those without which nothing can be deployed; by which is told why something does not become healthy; and by which that is mended. */
async function ofRights(cluster: Cluster, targets: readonly Target[]): Promise<readonly Finding[]> {
  const [needed, helpful, mending] = await rightsFor(cluster, targets);
  return await examineRights(cluster, needed, [
    { rights: helpful, hint: "Grant them: without, nobody is told why something does not become healthy" },
    { rights: mending, hint: "Grant them: without, a StatefulSet may stay stuck at a broken pod" },
  ]);
}

async function rightsFor(
  cluster: Cluster,
  targets: readonly Target[],
): Promise<readonly [readonly Right[], readonly Right[], readonly Right[]]> {
  const refs = new Map<string, Ref>();
  for (const target of targets) {
    const record = (await recordOf(cluster, target))?.record.objects ?? USUAL;
    for (const ref of record) refs.set(JSON.stringify([ref.apiVersion, ref.kind, ref.metadata.namespace]), ref);
  }
  const own = { namespace: cluster.namespace, group: "", resource: "configmaps" };
  const needed: Right[] = ["get", "create", "update"].map((verb) => ({ ...own, verb }));
  for (const ref of refs.values()) {
    const verbs = ["get", "create", "patch", "delete", ...(isWaitedFor(ref) ? ["list", "watch"] : [])];
    needed.push(...(await rightsOf(cluster, ref, verbs)));
  }
  if (targets.some(({ definition }) => settingsOf(definition, null).createNamespace))
    needed.push(...["get", "create"].map((verb) => ({ namespace: null, group: "", resource: "namespaces", verb })));
  const reads = [
    ["", "pods"],
    ["", "pods/log"],
    ["", "events"],
    ["apps", "replicasets"],
  ] as const;
  const helpful: Right[] = reads.map(([group, resource]) => ({
    namespace: cluster.namespace,
    group,
    resource,
    verb: resource === "pods/log" ? "get" : "list",
  }));
  const sets = [...refs.values()].some(({ kind }) => kind === "StatefulSet");
  const mending: Right[] = sets ? [{ namespace: cluster.namespace, group: "", resource: "pods", verb: "delete" }] : [];
  return [needed, helpful, mending];
}

/** Where it may not be read, that is one of the rights that are missing. */
async function recordOf(cluster: Cluster, target: Target) {
  try {
    return await readRecord(cluster, target);
  } catch (error) {
    if (isClusterError(error, "forbidden", "conflict", "refused")) return null;
    throw error;
  }
}

const ok = (subject: string, message: string): Finding => ({ level: "ok", subject, message, hint: null });
const problem = (subject: string, message: string, hint: string): Finding => ({ level: "problem", subject, message, hint });
