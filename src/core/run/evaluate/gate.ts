import type { Draft } from "../draft.ts";
import type { StepRow } from "../rows.ts";
import { setStatus } from "../steps.ts";

/** One gate an environment and run: it asks for its members together, and ends when the last of them has started or ended. */
export function evaluateGate(d: Draft, row: StepRow): void {
  const { environment } = d.planned(row.run, row.id);
  if (environment === null) return;
  const { plan } = d.plan(row.run);
  const { unstarted, unreached, asking, begun } = d.lane(row.run, environment);
  const stop = d.runOf(row.run).stopped;
  // in a wave everyone is asked for together, so nobody who may still come is missing from the list
  const coming = unreached > 0 && plan.kind === "deploy" && plan.environments[environment]?.promotion === "wave";
  if (unstarted > 0 && asking > 0 && !coming)
    setStatus(d, row.run, row.id, "waiting", { code: "approval", commit: d.runOf(row.run).commit, environment });
  else if (unstarted > 0) setStatus(d, row.run, row.id, "pending");
  else if (begun > 0) setStatus(d, row.run, row.id, "succeeded");
  else if (stop) setStatus(d, row.run, row.id, "cancelled", { code: stop.how, by: stop.by, reason: stop.reason });
  else setStatus(d, row.run, row.id, "skipped", { code: "no-members" });
}
