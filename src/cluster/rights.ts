import type { Finding } from "../engine/ports/driver.ts";
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

/** What is missing of the rights in a namespace, without which nothing can be deployed there (`needed`), or somebody is helped less; one finding that all is well where none is. */
export async function examineRights(
  cluster: Cluster,
  needed: readonly Right[],
  helpful: readonly { readonly rights: readonly Right[]; readonly hint: string }[],
): Promise<readonly Finding[]> {
  const subject = `rights in ${cluster.context}, namespace ${cluster.namespace}`;
  const problem = "Grant them by a Role and a RoleBinding; nothing can be deployed there without";
  const asked = [
    { rights: needed, level: "problem" as const, hint: problem },
    ...helpful.map((one) => ({ ...one, level: "warning" as const })),
  ];
  const found = await Promise.all(asked.map(async (one) => ({ ...one, rights: await missingRights(cluster, one.rights) })));
  const told = found.flatMap(({ level, hint, rights }) =>
    rights.length === 0 ? [] : [{ level, subject, message: "missing", hint, rights }],
  );
  return told.length > 0 ? told : [{ level: "ok", subject, message: "all that are needed are there", hint: null }];
}

/** Which of these the cluster does not give its user, by its own word (SelfSubjectAccessReview), as `create` on `deployments.apps`. */
async function missingRights(cluster: Cluster, rights: readonly Right[]): Promise<NonNullable<Finding["rights"]>> {
  const distinct = [...new Map(rights.map((right) => [JSON.stringify(right), right])).values()];
  const answers = await each(distinct, AT_ONCE, async (right) => ({ right, given: await isGiven(cluster, right) }));
  return answers.flatMap(({ right, given }) => (given ? [] : [{ verb: right.verb, on: objectOf(right) }]));
}

const objectOf = ({ group, resource, name }: Right): string =>
  `${resource}${group === "" ? "" : `.${group}`}${name === undefined ? "" : ` ${name}`}`;

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
