import type { EnvironmentId, TargetId } from "../config/config.ts";
import type { Plan, PlannedStep, StepId } from "./plan.ts";

/** A plan with the look-ups that a run needs: derived, never stored. */
export type PlanIndex = {
  readonly plan: Plan;
  readonly step: ReadonlyMap<StepId, PlannedStep>;
  /** Steps that name this one in their needs. */
  readonly dependents: ReadonlyMap<StepId, readonly StepId[]>;
  /** Deploy steps of those that need a target to serve. */
  readonly needers: ReadonlyMap<TargetId, readonly StepId[]>;
  /** Deploy steps of each environment. */
  readonly deploys: ReadonlyMap<EnvironmentId, readonly StepId[]>;
  /** Steps that wait for the wave of an environment. */
  readonly wave: ReadonlyMap<EnvironmentId, readonly StepId[]>;
  /** Steps of a target in their order: deploy, verify, soak. */
  readonly of: ReadonlyMap<TargetId, readonly StepId[]>;
};

export function indexPlan(plan: Plan): PlanIndex {
  const dependents = new Map<StepId, StepId[]>();
  const deploys = new Map<EnvironmentId, StepId[]>();
  const wave = new Map<EnvironmentId, StepId[]>();
  const of = new Map<TargetId, StepId[]>();
  const needers = new Map<TargetId, StepId[]>();
  for (const member of Object.values(plan.members)) {
    const deploy = `deploy:${member.target}`;
    for (const need of member.definition.needs) push(needers, `${need}@${member.environment}` as const, deploy);
  }
  for (const step of plan.steps) {
    for (const need of step.needs) push(dependents, need, step.id);
    for (const environment of step.after) push(wave, environment, step.id);
    if (step.kind === "deploy" && step.environment !== null) push(deploys, step.environment, step.id);
    if (step.target !== null) push(of, step.target, step.id);
  }
  return { plan, step: new Map(plan.steps.map((s) => [s.id, s])), dependents, needers, deploys, wave, of };
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
