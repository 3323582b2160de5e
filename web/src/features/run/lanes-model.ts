import type { Schemas } from "../../../../src/contract/client.ts";
import { serviceOf } from "../../lib/format.ts";
import { stepEnded, stepWrong } from "../../lib/status.ts";

type Step = Schemas["Step"];
type Kind = Step["kind"];

export type LaneColumn = { readonly environment: string; readonly kind: Kind };
export type LaneEnvironment = { readonly id: string; readonly gate: Step | null; readonly kinds: readonly Kind[] };
/** One cell for each column; null where the plan has no such step. */
export type LaneRow = { readonly service: string; readonly cells: readonly (Step | null)[] };
export type Lanes = {
  readonly builds: readonly Step[];
  readonly environments: readonly LaneEnvironment[];
  readonly columns: readonly LaneColumn[];
  readonly rows: readonly LaneRow[];
};

const LANE: readonly Kind[] = ["deploy", "verify", "soak"];

/** A run's steps as lanes: a row a service, in the plan's order, and a group of columns an environment, in the policy's. */
export function lanesOf(run: Pick<Schemas["RunDetail"], "environments" | "steps">): Lanes {
  const byPlace = new Map<string, Step>();
  const services = new Set<string>();
  const kinds = new Map<string, Set<Kind>>();
  for (const step of run.steps) {
    if (step.target === undefined || step.environment === undefined) continue;
    const service = serviceOf(step.target);
    services.add(service);
    byPlace.set(placeOf(service, step.environment, step.kind), step);
    kinds.set(step.environment, (kinds.get(step.environment) ?? new Set()).add(step.kind));
  }
  const ids = [...new Set([...run.environments, ...kinds.keys()])].filter((id) => kinds.has(id));
  const environments = ids.map((id) => ({
    id,
    gate: run.steps.find((step) => step.kind === "gate" && step.environment === id) ?? null,
    kinds: LANE.filter((kind) => kinds.get(id)?.has(kind)),
  }));
  const columns = environments.flatMap(({ id, kinds: own }) => own.map((kind) => ({ environment: id, kind })));
  return {
    builds: run.steps.filter((step) => step.kind === "build"),
    environments,
    columns,
    rows: [...services].map((service) => ({
      service,
      cells: columns.map(({ environment, kind }) => byPlace.get(placeOf(service, environment, kind)) ?? null),
    })),
  };
}

const placeOf = (service: string, environment: string, kind: Kind): string => `${kind}:${service}@${environment}`;

/** Steps that ended wrong, those that ran before those that were kept from running: the cause before its consequences. */
export function troubleOf(steps: readonly Step[]): readonly Step[] {
  const wrong = steps.filter((step) => stepWrong(step.status));
  return [...wrong.filter((step) => step.status !== "blocked"), ...wrong.filter((step) => step.status === "blocked")];
}

/** Steps that wait, a person's decision first, then the longest wait. */
export function waitsOf(steps: readonly Step[]): readonly Step[] {
  const since = (step: Step): string => step.waitingFor?.since ?? "";
  return steps
    .filter((step) => step.status === "waiting")
    .sort((a, b) => Number(b.kind === "gate") - Number(a.kind === "gate") || (since(a) < since(b) ? -1 : since(a) > since(b) ? 1 : 0));
}

export type SameReason = { readonly step: Step; readonly others: number };

/** Steps of which the same is to be said, by the first of each: a closed gate keeps all of its members waiting, and is one thing to know. */
export function sameReasons(steps: readonly Step[]): readonly SameReason[] {
  const said = (step: Step): string => `${step.status} ${(step.waitingFor ?? step.reason)?.message ?? step.id}`;
  return [...Map.groupBy(steps, said).values()].flatMap(([step, ...others]) => (step ? [{ step, others: others.length }] : []));
}

/** In which environments something newer took the place of a run's steps, and what; each once. */
export function supersededBy(steps: readonly Step[]): readonly { readonly environment: string; readonly message: string }[] {
  const said = steps.flatMap(({ status, environment, reason }) =>
    status === "superseded" && environment !== undefined && reason ? [{ environment, message: reason.message }] : [],
  );
  return [...new Map(said.map((each) => [`${each.environment} ${each.message}`, each])).values()];
}

/** How far a run is: `ended` of `total` steps. */
export const progressOf = (steps: readonly Step[]): { readonly ended: number; readonly total: number } => ({
  ended: steps.filter((step) => stepEnded(step.status)).length,
  total: steps.length,
});
