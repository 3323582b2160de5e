import type { CommitId, Digest, EnvironmentId, TargetId } from "../config/config.ts";
import { fingerprint } from "../plan/fingerprint.ts";
import type { Member, PlannedEnvironment } from "../plan/plan.ts";
import { fingerprintOf } from "./attempts.ts";
import type { Draft } from "./draft.ts";
import type { DecisionRow, RunId, RunRow, Time } from "./rows.ts";
import { stepEnded } from "./status.ts";

/** Members of a run's gate: those that have reached the environment and have neither started nor ended. */
export function gateMembers(d: Draft, run: RunId, environment: EnvironmentId): readonly Member[] {
  const members: Member[] = [];
  for (const id of d.plan(run).deploys.get(environment) ?? []) {
    const row = d.stepOf(run, id);
    const target = d.planned(run, id).target;
    if (target !== null && row.reached && row.status !== "running" && !stepEnded(row.status)) members.push(d.member(run, target));
  }
  return members;
}

/** What a decision names: what would be applied, and what the run asks to be let through. null: not known yet. */
export function seenAs(d: Draft, run: RunId, member: Member): Digest | null {
  const applied = fingerprintOf(d, run, member);
  const { skipNeeds, acceptDiverged } = d.runOf(run).options;
  return applied === null || (skipNeeds === null && acceptDiverged === null)
    ? applied
    : fingerprint({ applied, skipNeeds, acceptDiverged });
}

/** Invariant 3: enough valid, unexpired decisions on the very fingerprint that is about to be applied, by persons who may. The first of them. */
export function approvedBy(d: Draft, run: RunId, member: Member): DecisionRow | null {
  const approval = d.plan(run).plan.environments[member.environment]?.approval;
  const valid = approvalsOf(d, run, member);
  const emergency = valid.find((x) => x.emergency);
  if (emergency || !approval) return emergency ?? null;
  return new Set(valid.map((x) => x.by)).size >= approval.count ? (valid[0] ?? null) : null;
}

/** The decisions that count for a member, whether or not they are enough. */
export function approvalsOf(d: Draft, run: RunId, member: Member): readonly DecisionRow[] {
  const policy = d.plan(run).plan.environments[member.environment];
  const seen = seenAs(d, run, member);
  if (!policy?.approval || seen === null) return [];
  const decisions = d.decisions(d.runOf(run).commit, member.environment);
  const valid = decisions.filter(
    (x) => x.verdict === "approved" && countsFor(x, member.target, d.at) && x.fingerprints[member.target] === seen,
  );
  if (valid.length === 0) return valid;
  const authors = policy.approval.self ? new Set<string>() : authorsOf(d, run, member.target);
  return valid.filter((x) => (x.emergency ? policy.emergency.includes(x.by) : !authors.has(x.by) && mayDecide(policy, x.by)));
}

/** Section 6: nobody who started a run that holds the target decides on it, whichever run asks. */
export function authorsOf(d: Draft, run: RunId, target: TargetId): ReadonlySet<string> {
  const { kind, commit, by } = d.runOf(run);
  const others = d.bringers(target).map((id) => d.runOf(id));
  return new Set([by, ...others.filter((r) => r.kind === kind && r.commit === commit).map((r) => r.by)]);
}

/** What `approvals` lists and `--expect` compares: over the fingerprints of the members that wait. */
export function setFingerprint(fingerprints: Readonly<Record<TargetId, Digest>>): Digest {
  return fingerprint(fingerprints);
}

/** Who may decide, by name; empty: anyone. */
export const decidersOf = (policy: PlannedEnvironment): readonly string[] =>
  policy.approvers.length > 0 ? policy.approvers : policy.deployers;

/** It still counts for a target. */
const countsFor = (row: DecisionRow, target: TargetId, at: Time): boolean => stillCounts(row, at) && row.voids[target] === undefined;

/** Takes a target out of the decisions on a commit there: of all, or of those that were made before it had arrived. */
export function voidFor(d: Draft, commit: CommitId, target: TargetId, why: string, which: "all" | "early" = "all"): void {
  for (const decision of d.decisions(commit, d.target(target).environment))
    if (which === "all" || decision.early) voidTarget(d, decision, target, why);
}

export function voidTarget(d: Draft, decision: DecisionRow, target: TargetId, why: string): void {
  if (decision.verdict !== "approved" || decision.fingerprints[target] === undefined || !countsFor(decision, target, d.at)) return;
  d.setDecision({ ...decision, voids: { ...decision.voids, [target]: why } });
}

/** Neither voided, as a whole or for each of its targets, nor expired. */
export const stillCounts = ({ voided, expiresAt, voids, fingerprints }: DecisionRow, at: Time): boolean => {
  const targets = Object.keys(fingerprints) as TargetId[];
  const gone = targets.length > 0 && targets.every((target) => voids[target] !== undefined);
  return voided === null && !gone && (expiresAt === null || expiresAt > at);
};

export function mayDecide(policy: PlannedEnvironment, person: string): boolean {
  const persons = decidersOf(policy);
  return persons.length === 0 || persons.includes(person);
}

/** A gate that waits for a decision, and for whom it asks. `early`: not all of them have arrived. */
export type Waiting = {
  readonly run: RunRow;
  readonly members: readonly Member[];
  readonly policy: PlannedEnvironment;
  readonly early: boolean;
};
/** What a decision on these gates would name. */
export function fingerprintsOf(d: Draft, waiting: readonly Waiting[]): Record<TargetId, Digest> {
  const fingerprints: Record<TargetId, Digest> = {};
  for (const w of waiting)
    for (const member of w.members) {
      const seen = seenAs(d, w.run.id, member);
      if (seen !== null) fingerprints[member.target] ??= seen;
    }
  return fingerprints;
}
/** null: this run's gate there does not wait for a decision. */
export function waitingGate(d: Draft, run: RunRow, environment: EnvironmentId): Waiting | null {
  const gate = d.step(run.id, `gate:${environment}`);
  const policy = d.plan(run.id).plan.environments[environment];
  if (!policy || !gate) return null;
  const early = gate.status === "pending" && policy.approval?.early === true;
  if (!early && (gate.status !== "waiting" || gate.reason?.code !== "approval")) return null;
  const all = early ? comingMembers(d, run.id, environment) : gateMembers(d, run.id, environment);
  const members = all?.filter((m) => approvedBy(d, run.id, m) === null) ?? [];
  return members.length > 0 ? { run, members, policy, early } : null;
}

/** All that have neither started nor ended there, arrived or not; null: what would be applied is not known of all yet. */
function comingMembers(d: Draft, run: RunId, environment: EnvironmentId): readonly Member[] | null {
  const members: Member[] = [];
  for (const id of d.plan(run).deploys.get(environment) ?? []) {
    const row = d.stepOf(run, id);
    const target = d.planned(run, id).target;
    if (target === null || row.status === "running" || stepEnded(row.status)) continue;
    const member = d.member(run, target);
    if (fingerprintOf(d, run, member) === null) return null;
    members.push(member);
  }
  return members;
}
