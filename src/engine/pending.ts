import type { Digest, TargetId } from "../core/config/config.ts";
import { approvalsOf, decidersOf, fingerprintsOf, setFingerprint, type Waiting, waitingGate } from "../core/run/approvals.ts";
import { Draft } from "../core/run/draft.ts";
import type { RunId } from "../core/run/rows.ts";
import type { State } from "../core/run/state.ts";
import { stepEnded } from "../core/run/status.ts";
import type { PendingApproval } from "./control.ts";

/** Every gate that waits for a decision, with what a decision would open: the core's own rules, asked without an event. */
export function pendingApprovals(state: State): readonly PendingApproval[] {
  const d = new Draft(state, state.meta.at);
  const gates = d.activeRuns().flatMap((run) =>
    Object.keys(d.plan(run.id).plan.environments).flatMap((environment) => {
      const waiting = waitingGate(d, run, environment);
      return waiting ? [{ environment, waiting }] : [];
    }),
  );
  const sets = Map.groupBy(gates, ({ environment, waiting }) => `${waiting.run.commit} ${environment}`);
  return [...sets.values()].flatMap((all) => {
    const set = setFingerprint(
      fingerprintsOf(
        d,
        all.map(({ waiting }) => waiting),
      ),
    );
    return all.map(({ environment, waiting }) => pending(d, environment, waiting, set));
  });
}

function pending(d: Draft, environment: string, waiting: Waiting, set: Digest): PendingApproval {
  const { run, members, policy } = waiting;
  const fingerprints = fingerprintsOf(d, [waiting]);
  return {
    run: run.id,
    environment,
    commit: run.commit,
    fingerprint: setFingerprint(fingerprints),
    set,
    members: members.map((m) => m.target),
    fingerprints,
    leftOut: leftOut(d, run.id, environment),
    since: d.stepOf(run.id, `gate:${environment}`).since,
    approvers: decidersOf(policy),
    count: policy.approval?.count ?? 1,
    approved: approvedSoFar(d, waiting),
    emergency: policy.emergency,
    early: waiting.early,
    skipNeeds: run.options.skipNeeds,
    acceptDiverged: run.options.acceptDiverged,
  };
}

/** Who has approved one of the members, where that is not enough yet; a person once. */
function approvedSoFar(d: Draft, { run, members }: Waiting): PendingApproval["approved"] {
  const environment = members[0]?.environment;
  if (environment === undefined || d.decisions(run.commit, environment).length === 0) return [];
  const counting = members.flatMap((member) => approvalsOf(d, run.id, member));
  return [...new Map(counting.map((x) => [x.by, { by: x.by, at: x.at, expiresAt: x.expiresAt }])).values()];
}

function leftOut(d: Draft, run: RunId, environment: string): PendingApproval["leftOut"] {
  return (d.plan(run).deploys.get(environment) ?? []).flatMap((id) => {
    const { status, reason, attempt } = d.stepOf(run, id);
    const target = id.slice("deploy:".length) as TargetId;
    return stepEnded(status) && attempt === null ? [{ target, status, reason }] : [];
  });
}
