import { approvedBy, gateMembers } from "../approvals.ts";
import type { Draft } from "../draft.ts";
import type { StepRow } from "../rows.ts";
import { stepEnded } from "../status.ts";
import { setStatus } from "../steps.ts";

/** One gate an environment and run: it asks for its members together, and ends when the last of them has started or ended. */
export function evaluateGate(d: Draft, row: StepRow): void {
  const environment = d.planned(row.run, row.id).environment;
  if (environment === null) return;
  const rows = (d.plan(row.run).deploys.get(environment) ?? []).map((id) => d.stepOf(row.run, id));
  const open = rows.filter((r) => r.status !== "running" && !stepEnded(r.status));
  if (open.length === 0) {
    const began = rows.some((r) => r.attempt !== null);
    const stop = d.runOf(row.run).stopped;
    if (began) setStatus(d, row.run, row.id, "succeeded");
    else if (stop) setStatus(d, row.run, row.id, "cancelled", { code: stop.how, by: stop.by, reason: stop.reason });
    else setStatus(d, row.run, row.id, "skipped", { code: "no-members" });
    return;
  }
  const asked = gateMembers(d, row.run, environment).filter((m) => approvedBy(d, row.run, m) === null);
  // in a wave everyone is asked for together, so nobody who may still come is missing from the list
  const together = d.plan(row.run).plan.environments[environment]?.promotion === "wave" && d.plan(row.run).plan.kind === "deploy";
  const coming = together && open.some((r) => !r.reached);
  if (asked.length > 0 && !coming)
    setStatus(d, row.run, row.id, "waiting", { code: "approval", commit: d.runOf(row.run).commit, environment });
  else setStatus(d, row.run, row.id, "pending");
}
