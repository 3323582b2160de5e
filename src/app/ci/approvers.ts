import type { Forge } from "../../github/forge.ts";
import { gateName } from "../../core/config/github.ts";
import type { Approvers } from "./drive.ts";
import type { Place } from "./place.ts";

/**
 * Who has let this workflow run pass at the gate of an environment. Nobody where somebody has rejected it. Whoever started the run, or had it run again, counts only where policy says so:
 * of these the engine knows only the one that acts.
 */
export function approversOf(place: Place, forge: Forge): Approvers {
  let known: Promise<Awaited<ReturnType<Forge["reviews"]>>> | null = null;
  return async (environment) => {
    known ??= forge.reviews(place.inputs.runId);
    const here = (await known).filter((review) => review.environments.includes(gateName(environment)));
    if (here.some(({ state }) => state === "rejected")) return [];
    const { approval, rollback } = place.policy.environments[environment] ?? { approval: null, rollback: null };
    const self = (approval?.self ?? true) && (rollback?.self ?? true);
    const by = [...new Set(here.flatMap((review) => (review.state === "approved" ? [review.by] : [])))];
    return self ? by : by.filter((login) => !place.inputs.starters.includes(login));
  };
}
