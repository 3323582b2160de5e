import type { Schemas } from "../../../../src/contract/client.ts";
import { spoken } from "../../lib/format.ts";
import { stepEnded, type StepStatus } from "../../lib/status.ts";

type Target = Schemas["Target"];
type Step = Schemas["Step"];
type RunDetail = Schemas["RunDetail"];

/** The step that a target is in, or comes to next. */
export type Now = {
  readonly run: string;
  readonly step: string;
  readonly kind: string;
  readonly status: StepStatus;
  readonly why: string | null;
};
export type FleetCell = { readonly target: Target; readonly now: Now | null };
/** One cell for each environment, in their order; null where the service has no target there. */
export type FleetRow = { readonly service: string; readonly tier: Target["tier"]; readonly cells: readonly (FleetCell | null)[] };

export function fleetRows(
  environments: readonly { readonly id: string }[],
  targets: readonly Target[],
  open: readonly RunDetail[],
  filter: string,
): readonly FleetRow[] {
  const wanted = filter.trim().toLowerCase();
  const now = nowOf(open);
  const services = Map.groupBy(targets, (target) => target.service);
  return [...services]
    .filter(([service]) => service.toLowerCase().includes(wanted))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([service, own]) => ({
      service,
      tier: own.find((target) => target.tier !== undefined)?.tier,
      cells: environments.map(({ id }) => {
        const target = own.find((each) => each.environment === id);
        return target ? { target, now: runningOf(target) ?? now.get(`${service}@${id}`) ?? null } : null;
      }),
    }));
}

function runningOf({ running }: Target): Now | null {
  if (!running) return null;
  return { run: running.run, step: running.step, kind: kindOf(running.step), status: running.status, why: null };
}

const kindOf = (step: string): string => step.slice(0, step.indexOf(":"));
const urgency = (status: StepStatus): number => (status === "running" ? 2 : status === "waiting" ? 1 : 0);

/** Of each target the first open step of a run: the most urgent one, of the newest run where they are alike. Runs come newest first. */
function nowOf(open: readonly RunDetail[]): ReadonlyMap<string, Now> {
  const found = new Map<string, Now>();
  for (const run of open) {
    const seen = new Set<string>();
    for (const step of run.steps) {
      if (step.target === undefined || stepEnded(step.status) || seen.has(step.target)) continue;
      seen.add(step.target);
      const before = found.get(step.target);
      if (!before || urgency(before.status) < urgency(step.status)) found.set(step.target, stepNow(run.id, step));
    }
  }
  return found;
}

function stepNow(run: string, step: Step): Now {
  const why = step.waitingFor ?? step.reason;
  return { run, step: step.id, kind: step.kind, status: step.status, why: why ? spoken(why).text : null };
}
