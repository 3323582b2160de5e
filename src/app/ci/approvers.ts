import type { EnvironmentId } from "../../core/config/config.ts";
import { formatDuration } from "../../core/config/duration.ts";
import { gateName } from "../../core/config/github.ts";
import type { Forge, Review } from "../../github/forge.ts";
import { passedAt } from "../../github/gates/passes.ts";
import type { Approvers } from "./drive.ts";
import type { Place } from "./place.ts";

/**
 * Who has let this workflow run pass at the gate of an environment. Nobody where somebody has rejected it, or where it has expired. Whoever started the run, or had it run again, counts only where policy
 * says so: of these the engine knows only the one that acts.
 */
export function approversOf(place: Place, forge: Forge): Approvers {
  let known: Promise<readonly Review[]> | null = null;
  const fresh = new Map<EnvironmentId, Promise<boolean>>();
  return async (environment) => {
    known ??= forge.reviews(place.inputs.runId);
    const here = (await known).filter((review) => review.environments.includes(gateName(environment)));
    if (here.some(({ state }) => state === "rejected")) return [];
    const { approval, rollback } = place.policy.environments[environment] ?? { approval: null, rollback: null };
    const self = (approval?.self ?? true) && (rollback?.self ?? true);
    const by = [...new Set(here.flatMap((review) => (review.state === "approved" ? [review.by] : [])))];
    const counted = self ? by : by.filter((login) => !place.inputs.starters.includes(login));
    if (counted.length === 0) return [];
    const counts = fresh.get(environment) ?? isFresh(place, forge, environment);
    fresh.set(environment, counts);
    return (await counts) ? counted : [];
  };
}

/** Whether an approval still counts when what it lets through starts. GitHub does not say when somebody has approved; the gate's own job ends right after. */
async function isFresh({ host, policy, inputs, outputs }: Place, forge: Forge, environment: EnvironmentId): Promise<boolean> {
  const rules = policy.environments[environment];
  const expiresMs = (host.env["SLUICE_DIRECTION"] === "rollback" ? rules?.rollback : rules?.approval)?.expiresMs ?? null;
  if (expiresMs === null) return true;
  const at = passedAt(await forge.jobs(inputs.runId), environment);
  if (at === null)
    outputs.problem(
      `When this run has passed the gate of ${environment} cannot be told, and approvals there count for ${formatDuration(expiresMs)}`,
      "Write the workflow files again: sluice github generate",
    );
  else if (host.clock.now() > at + expiresMs)
    outputs.problem(
      `The approval of ${environment} has expired: its gate was passed at ${new Date(at).toISOString()}, and approvals there count for ${formatDuration(expiresMs)}`,
      "Start the workflow anew, which asks anew",
    );
  else return true;
  return false;
}
