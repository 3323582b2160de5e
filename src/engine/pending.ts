import type { Digest, TargetId } from "../core/config/config.ts";
import { approvalsOf, approvedBy, decidersOf, fingerprintsOf, setFingerprint, type Waiting, waitingGate } from "../core/run/approvals.ts";
import { Draft } from "../core/run/draft.ts";
import type { RunId, RunRow } from "../core/run/rows.ts";
import type { State } from "../core/run/state.ts";
import { runEnded, stepEnded } from "../core/run/status.ts";
import type { PendingApproval, Standing } from "./control.ts";

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
    approvers: whoMayApprove(d, waiting),
    count: policy.approval?.count ?? 1,
    approved: approvedSoFar(d, waiting),
    emergency: policy.emergency,
    early: waiting.early,
    skipNeeds: run.options.skipNeeds,
    acceptDiverged: run.options.acceptDiverged,
    notes: d.plan(run.id).plan.notes.filter((note) => note.split(" ", 1)[0]?.endsWith(`@${environment}`)),
  };
}

/** Persons who may approve one of the members, which its authors may not (section 6); empty: anyone. Where policy leaves nobody, those whom it names. */
export function whoMayApprove(d: Draft, { run, members, policy }: Pick<Waiting, "run" | "members" | "policy">): readonly string[] {
  const named = decidersOf(policy);
  if (policy.approval?.self !== false) return named;
  const authors = new Set(d.activeRuns().flatMap((r) => (r.kind === run.kind && r.commit === run.commit ? [r.by] : [])));
  const left = named.filter((person) => !authors.has(person) || members.some((m) => !isAuthor(d, run, m.target, person)));
  return left.length > 0 ? left : named;
}

/** Nobody who started a run that holds the target decides on it, whichever run asks. */
function isAuthor(d: Draft, { by, kind, commit }: RunRow, target: TargetId, person: string): boolean {
  const holds = (id: RunId): boolean => {
    const other = d.runOf(id);
    return other.by === person && other.kind === kind && other.commit === commit;
  };
  return by === person || [...d.bringers(target)].some(holds);
}

/** How the members of gates stand after a decision on them: who has enough approvals, and who lacks some. */
export function standingsOf(
  state: State,
  environment: string,
  { targets, runs }: { readonly targets: readonly TargetId[]; readonly runs: readonly RunId[] },
): readonly Standing[] {
  const d = new Draft(state, state.meta.at);
  return runs.flatMap((id) => {
    const run = d.run(id);
    if (!run || runEnded(run.status)) return [];
    const { members, environments } = d.plan(id).plan;
    const waiting = waitingGate(d, run, environment)?.members.map((m) => m.target) ?? [];
    return [...new Set([...targets, ...waiting])].flatMap((target) => {
      const member = members[target];
      const step = d.step(id, `deploy:${target}`);
      if (!member || !step) return [];
      const approved = [...new Set(approvalsOf(d, id, member).map((x) => x.by))];
      return [{ target, step, approved, count: environments[environment]?.approval?.count ?? 1, open: approvedBy(d, id, member) !== null }];
    });
  });
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
