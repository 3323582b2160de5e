import type { Config, EnvironmentId, Policy, TargetId } from "../../core/config/config.ts";
import { WORKFLOW_FILES } from "../../core/config/github.ts";
import { environmentsOf } from "../../core/plan/needs.ts";

type Where = { readonly environment: EnvironmentId; readonly policy: Policy; readonly file: string };

/** All that a workflow run of a file may deploy in an environment: what deploy all does, and of a file that is none of the generated ones whatever there is. */
export function coveredBy({ services }: Config, { environment, policy, file }: Where): readonly TargetId[] {
  const all = Object.entries(services).filter(([, service]) => environmentsOf(service, policy).includes(environment));
  const isKnown =
    file === WORKFLOW_FILES.all ||
    Object.keys(policy.environments).some((id) => file === WORKFLOW_FILES.environment(id)) ||
    all.some(([id, { manual }]) => !manual && file === WORKFLOW_FILES.service(id));
  return all.flatMap(([id, { manual }]) =>
    !isKnown || !manual || file === WORKFLOW_FILES.service(id) ? [`${id}@${environment}` as const] : [],
  );
}
