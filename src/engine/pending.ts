import type { Digest, TargetId } from "../core/config/config.ts";
import { approvedBy, gateMembers, setFingerprint } from "../core/run/approvals.ts";
import { fingerprintOf } from "../core/run/attempts.ts";
import { Draft } from "../core/run/draft.ts";
import type { State } from "../core/run/state.ts";
import { stepEnded } from "../core/run/status.ts";
import type { PendingApproval } from "./control.ts";

/** Every gate that waits for a decision, with what a decision would open: the core's own rules, asked without an event. */
export function pendingApprovals(
  state: State,
  why: (target: TargetId, status: string, code: string | null) => string,
): readonly PendingApproval[] {
  const d = new Draft(state, state.meta.at);
  const found: PendingApproval[] = [];
  for (const run of d.activeRuns()) {
    const { plan, deploys } = d.plan(run.id);
    for (const environment of Object.values(plan.environments)) {
      const gate = d.step(run.id, `gate:${environment.id}`);
      if (gate?.status !== "waiting" || gate.reason?.code !== "approval") continue;
      const members = gateMembers(d, run.id, environment.id).filter((m) => approvedBy(d, run.id, m) === null);
      const fingerprints: Record<TargetId, Digest> = {};
      for (const member of members) {
        const seen = fingerprintOf(d, run.id, member);
        if (seen !== null) fingerprints[member.target] = seen;
      }
      const leftOut = (deploys.get(environment.id) ?? [])
        .map((id) => d.stepOf(run.id, id))
        .filter((row) => stepEnded(row.status) && row.attempt === null)
        .map((row) => {
          const target = row.id.slice("deploy:".length) as TargetId;
          return { target, why: why(target, row.status, row.reason?.code ?? null) };
        });
      found.push({
        run: run.id,
        environment: environment.id,
        commit: run.commit,
        fingerprint: setFingerprint(fingerprints),
        members: members.map((m) => m.target),
        leftOut,
        since: gate.since,
        approvers: environment.approvers.length > 0 ? environment.approvers : environment.deployers,
      });
    }
  }
  return found;
}
