import type { Allowed, Definition } from "../core/plan/plan.ts";
import type { Cluster } from "./cluster.ts";
import { isClusterError } from "./errors.ts";
import { builtInScope } from "./kinds.ts";
import { groupOf, type KubeObject, type Ref, titleOf } from "./objects.ts";

type Scope = "namespace" | "cluster";
type Scopes = (object: Ref) => Scope | null;
type Asker = Pick<Definition, "allowed" | "environment">;

/**
 * What policy (`allow` of the environment) has against these objects, a line each, as far as it can be told without a cluster: of a kind that neither Kubernetes itself has nor a
 * definition among these brings, nobody knows whether it is in a namespace. @param namespace where objects are that name none
 */
export function refusedByPolicy(objects: readonly KubeObject[], asker: Asker, namespace: string | null): readonly string[] {
  return asker.allowed === undefined ? [] : refused(objects, asker.allowed, asker.environment, namespace, scopesOf(objects));
}

/** The same, with the cluster's word for each kind. Rejects with `ClusterError` where it cannot be asked. */
export async function refusedIn(cluster: Cluster, objects: readonly KubeObject[], asker: Asker): Promise<readonly string[]> {
  if (asker.allowed === undefined) return [];
  const own = scopesOf(objects);
  const known = new Map<string, Scope>();
  for (const { apiVersion, kind } of objects) {
    const key = `${apiVersion} ${kind}`;
    const scope = known.has(key) ? null : await scopeIn(cluster, apiVersion, kind);
    if (scope !== null) known.set(key, scope);
  }
  const scopes: Scopes = (object) => known.get(`${object.apiVersion} ${object.kind}`) ?? own(object);
  return refused(objects, asker.allowed, asker.environment, cluster.namespace, scopes);
}

async function scopeIn(cluster: Cluster, apiVersion: string, kind: string): Promise<Scope | null> {
  try {
    return (await cluster.resourceOf(apiVersion, kind)).namespaced ? "namespace" : "cluster";
  } catch (error) {
    if (isClusterError(error, "unknown-kind")) return null; // it comes with this release, or is refused when it is applied
    throw error;
  }
}

function scopesOf(objects: readonly KubeObject[]): Scopes {
  const brought = new Map(objects.flatMap(scopeOfDefinition));
  return (object) => builtInScope(object) ?? brought.get(`${groupOf(object.apiVersion)}/${object.kind}`) ?? null;
}

function scopeOfDefinition({ kind, spec }: KubeObject): readonly (readonly [string, Scope])[] {
  if (kind !== "CustomResourceDefinition") return [];
  const said = (spec ?? {}) as { readonly group?: string; readonly scope?: string; readonly names?: { readonly kind?: string } };
  return [[`${said.group}/${said.names?.kind}`, said.scope === "Cluster" ? "cluster" : "namespace"]];
}

function refused(
  objects: readonly KubeObject[],
  { namespaces, clusterScoped }: Allowed,
  environment: string,
  namespace: string | null,
  scopes: Scopes,
): readonly string[] {
  const list = namespaces === null ? "any" : namespaces.length === 0 ? "none" : namespaces.join(", ");
  const isOutside = (name: string | null) => namespaces !== null && (name === null || !namespaces.includes(name));
  return objects.flatMap((object) => {
    const title = titleOf(object);
    if (isNamespace(object) && namespaces !== null)
      return isOutside(object.metadata.name) ? [`${title}: policy allows the namespaces ${list} in ${environment}`] : [];
    if (scopes(object) === "cluster")
      return clusterScoped
        ? []
        : [
            `${title} is in no namespace, so that it is the whole cluster's: policy allows that in ${environment} where it says \`allow: { clusterScoped: true }\``,
          ];
    const own = object.metadata.namespace ?? namespace;
    return isOutside(own) ? [`${title} is in the namespace ${own ?? "of the context"}: policy allows ${list} in ${environment}`] : [];
  });
}

export const isNamespace = ({ apiVersion, kind }: Ref): boolean => kind === "Namespace" && groupOf(apiVersion) === "";
