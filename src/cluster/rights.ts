import type { Cluster } from "./cluster.ts";
import { isClusterError } from "./errors.ts";
import { each, groupOf, type Ref } from "./objects.ts";

/** What somebody may do. `resource`: `deployments`, or `pods/log`; `namespace` null: outside of any. */
export type Right = {
  readonly namespace: string | null;
  readonly group: string;
  readonly resource: string;
  readonly verb: string;
  /** Of one object alone; absent: of all. */
  readonly name?: string;
};
const AT_ONCE = 8;

/** The rights to do this to objects of a kind, in the namespace that the object names or else the cluster's; empty for a kind that is not there. */
export async function rightsOf(cluster: Cluster, { apiVersion, kind, metadata }: Ref, verbs: readonly string[]): Promise<readonly Right[]> {
  try {
    const { plural, namespaced } = await cluster.resourceOf(apiVersion, kind);
    const namespace = namespaced ? (metadata.namespace ?? cluster.namespace) : null;
    return verbs.map((verb) => ({ namespace, group: groupOf(apiVersion), resource: plural, verb }));
  } catch (error) {
    if (isClusterError(error, "unknown-kind")) return [];
    throw error;
  }
}

/** Which of these the cluster does not give its user, by its own word (SelfSubjectAccessReview), as `create, patch on deployments.apps`. */
export async function missingRights(cluster: Cluster, rights: readonly Right[]): Promise<readonly string[]> {
  const distinct = [...new Map(rights.map((right) => [JSON.stringify(right), right])).values()];
  const answers = await each(distinct, AT_ONCE, async (right) => ({ right, given: await isGiven(cluster, right) }));
  const missing = answers.filter(({ given }) => !given).map(({ right }) => right);
  const groups = Map.groupBy(
    missing,
    ({ group, resource, name }) => `${resource}${group === "" ? "" : `.${group}`}${name === undefined ? "" : ` ${name}`}`,
  );
  return [...groups].map(([what, ones]) => `${ones.map(({ verb }) => verb).join(", ")} on ${what}`);
}

async function isGiven(cluster: Cluster, { namespace, group, resource: whole, verb, name }: Right): Promise<boolean> {
  const [resource, subresource] = whole.split("/");
  const resourceAttributes = {
    verb,
    group,
    resource,
    ...(subresource ? { subresource } : {}),
    ...(namespace === null ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
  };
  const body = { apiVersion: "authorization.k8s.io/v1", kind: "SelfSubjectAccessReview", spec: { resourceAttributes } };
  const answer = await cluster.request("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", { body, again: true });
  return (answer as { readonly status?: { readonly allowed?: boolean } }).status?.allowed === true;
}
