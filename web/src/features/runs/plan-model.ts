import type { Schemas } from "../../../../src/contract/client.ts";
import { environmentOf, serviceOf } from "../../lib/format.ts";

export type PlannedEnvironment = { readonly id: string; readonly gate: boolean; readonly services: readonly string[] };
export type PlanOutline = { readonly builds: readonly string[]; readonly environments: readonly PlannedEnvironment[] };

/** What a plan does, in the order in which it names environments. */
export function outlineOf({ steps }: Pick<Schemas["Plan"], "steps">): PlanOutline {
  const names = steps.map((step) => ({ kind: step.kind, name: step.id.slice(step.id.indexOf(":") + 1) }));
  const gates = new Set(names.filter(({ kind }) => kind === "gate").map(({ name }) => name));
  const deploys = Map.groupBy(
    names.filter(({ kind }) => kind === "deploy").map(({ name }) => name),
    environmentOf,
  );
  return {
    builds: names.filter(({ kind }) => kind === "build").map(({ name }) => name),
    environments: [...deploys].map(([id, targets]) => ({ id, gate: gates.has(id), services: targets.map(serviceOf) })),
  };
}
