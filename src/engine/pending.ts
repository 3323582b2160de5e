import type { TargetId } from "../core/config/config.ts";
import { decidersOf, fingerprintsOf, setFingerprint, waitingGate } from "../core/run/approvals.ts";
import { Draft } from "../core/run/draft.ts";
import type { RunId } from "../core/run/rows.ts";
import type { State } from "../core/run/state.ts";
import { stepEnded } from "../core/run/status.ts";
import type { PendingApproval } from "./control.ts";

/** Every gate that waits for a decision, with what a decision would open: the core's own rules, asked without an event. */
export function pendingApprovals(state: State): readonly PendingApproval[] {
  const d = new Draft(state, state.meta.at);
  const found: PendingApproval[] = [];
  for (const run of d.activeRuns())
    for (const environment of Object.keys(d.plan(run.id).plan.environments)) {
      const waiting = waitingGate(d, run, environment);
      if (!waiting) continue;
      found.push({
        run: run.id,
        environment,
        commit: run.commit,
        fingerprint: setFingerprint(fingerprintsOf(d, [waiting])),
        members: waiting.members.map((m) => m.target),
        leftOut: leftOut(d, run.id, environment),
        since: d.stepOf(run.id, `gate:${environment}`).since,
        approvers: decidersOf(waiting.policy),
        count: waiting.policy.approval?.count ?? 1,
        approved: [],
        early: false,
        skipNeeds: run.options.skipNeeds,
        acceptDiverged: run.options.acceptDiverged,
      });
    }
  return found;
}

/** Members that have ended there without an attempt, and why. */
function leftOut(d: Draft, run: RunId, environment: string): PendingApproval["leftOut"] {
  return (d.plan(run).deploys.get(environment) ?? []).flatMap((id) => {
    const { status, reason, attempt } = d.stepOf(run, id);
    const target = id.slice("deploy:".length) as TargetId;
    return stepEnded(status) && attempt === null ? [{ target, why: reason === null ? status : `${status}: ${reason.code}` }] : [];
  });
}
