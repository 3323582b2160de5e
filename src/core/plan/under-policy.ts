import type { Environment } from "../config/config.ts";
import type { Definition } from "./plan.ts";

/** Where an environment's targets may be, and what they may have there: what policy says of it, as a definition holds it. */
export function policyPart(policy: Environment | undefined): Pick<Definition, "cluster" | "allowed"> {
  if (policy === undefined) return {};
  const { namespaces, clusterScoped } = policy.allow;
  return {
    ...(policy.cluster === undefined ? {} : { cluster: policy.cluster }),
    ...(namespaces === null && clusterScoped ? {} : { allowed: { namespaces, clusterScoped } }),
  };
}

/** A recorded definition as policy says now, not as it said then. */
export function underPolicy(recorded: Definition, policy: Environment | undefined): Definition {
  const { cluster: _, allowed: __, ...definition } = recorded;
  return { ...definition, ...policyPart(policy) };
}
