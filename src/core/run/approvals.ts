import type { CommitId, Digest, EnvironmentId, TargetId } from "../config/config.ts";
import { fingerprint } from "../plan/fingerprint.ts";
import type { Member, PlannedEnvironment } from "../plan/plan.ts";
import { fingerprintOf } from "./attempts.ts";
import type { Draft } from "./draft.ts";
import type { Answer, Event } from "./events.ts";
import type { DecisionRow, RunId, RunRow, Time } from "./rows.ts";
import { setStatus } from "./steps.ts";
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
function authorsOf(d: Draft, run: RunId, target: TargetId): ReadonlySet<string> {
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

function mayDecide(policy: PlannedEnvironment, person: string): boolean {
  const persons = decidersOf(policy);
  return persons.length === 0 || persons.includes(person);
}

type Decided = Extract<Event, { readonly type: "gate.decided" }>;
/** A gate that waits for a decision, and for whom it asks. `early`: not all of them have arrived. */
export type Waiting = {
  readonly run: RunRow;
  readonly members: readonly Member[];
  readonly policy: PlannedEnvironment;
  readonly early: boolean;
};

/** One decision for every gate that waits for (commit, environment), over all runs. */
export function decide(d: Draft, event: Decided): Answer {
  const waiting = waitingGates(d, event);
  const asked = onlyAsked(event, waiting);
  if (asked.length === 0) return nothingWaits(d, event, waiting);
  const may = asked.filter((w) => (event.emergency ? w.policy.emergency.includes(event.by) : mayDecide(w.policy, event.by)));
  if (may.length === 0 || (event.emergency && event.verdict === "rejected")) return notAllowed(event, asked);
  const others = event.verdict === "approved" && !event.emergency ? withoutOwn(d, event, may) : may;
  if (others.length === 0) return onlyOwn(event, may);
  const decided = event.verdict === "approved" ? ofOneMind(d, others) : others;
  const actual = event.expect === null ? null : setFingerprint(fingerprintsOf(d, waiting));
  if (event.expect !== actual)
    return {
      ok: false,
      code: "mismatch",
      message: `what waits has the fingerprint ${actual}, not ${event.expect}`,
      hint: "look again: sluice approvals",
    };
  const before = event.verdict === "approved" ? decidedBefore(d, event, decided) : null;
  if (before) return answerOf(before, decided, true);
  const row = decisionRow(d, event, decided);
  d.setDecision(row);
  if (event.verdict === "rejected") for (const w of decided) reject(d, event, w);
  return answerOf(row, decided, false);
}

function decisionRow(d: Draft, event: Decided, decided: readonly Waiting[]): DecisionRow {
  const expires = Math.min(...decided.map((w) => w.policy.approval?.expiresMs ?? Number.POSITIVE_INFINITY));
  return {
    id: event.id,
    commit: event.commit,
    environment: event.environment,
    verdict: event.verdict,
    by: event.by,
    at: d.at,
    expiresAt: Number.isFinite(expires) ? d.at + expires : null,
    comment: event.comment,
    fingerprints: fingerprintsOf(d, decided),
    emergency: event.emergency,
    early: decided.some((w) => w.early),
    voided: null,
    voids: {},
  };
}

const answerOf = ({ id, fingerprints }: DecisionRow, decided: readonly Waiting[], already: boolean): Answer => ({
  ok: true,
  decision: { id, targets: Object.keys(fingerprints) as TargetId[], runs: decided.map((w) => w.run.id), already },
});

function onlyAsked({ targets }: Decided, waiting: readonly Waiting[]): readonly Waiting[] {
  if (targets === null) return waiting;
  return waiting.map((w) => ({ ...w, members: w.members.filter((m) => targets.includes(m.target)) })).filter((w) => w.members.length > 0);
}

/** Deciding twice is harmless: the same person has decided on all of this already. */
function decidedBefore(d: Draft, event: Decided, decided: readonly Waiting[]): DecisionRow | null {
  let last: DecisionRow | null = null;
  for (const w of decided)
    for (const member of w.members) {
      const own = approvalsOf(d, w.run.id, member).find((x) => x.by === event.by && x.emergency === event.emergency);
      if (!own) return null;
      last = own;
    }
  return last;
}

function notAllowed(event: Decided, asked: readonly Waiting[]): Answer {
  const persons = event.emergency ? [...new Set(asked.flatMap((w) => w.policy.emergency))] : whoMay(asked);
  const named = event.emergency ? "is not named for emergencies in" : "may not decide for";
  const nobody = "nobody is: `emergency:` of the environment names them";
  return {
    ok: false,
    code: "not-allowed",
    message:
      event.emergency && event.verdict === "rejected"
        ? "an emergency approves; it does not reject"
        : `${event.by} ${named} ${event.environment}`,
    hint: persons.length === 0 ? nobody : `who ${event.emergency ? "is" : "may"}: ${persons.join(", ")}`,
  };
}

/** One decision names one fingerprint for a target: a run that asks to be let through otherwise than the one before it is decided by itself. */
function ofOneMind(d: Draft, waiting: readonly Waiting[]): readonly Waiting[] {
  const named = fingerprintsOf(d, waiting);
  return waiting
    .map((w) => ({ ...w, members: w.members.filter((m) => seenAs(d, w.run.id, m) === named[m.target]) }))
    .filter((w) => w.members.length > 0);
}

function onlyOwn(event: Decided, asked: readonly Waiting[]): Answer {
  const others = whoMay(asked).filter((p) => p !== event.by);
  return {
    ok: false,
    code: "not-allowed",
    message: `${event.by} started run ${asked.map((w) => w.run.id).join(", ")} and may not approve it`,
    hint: others.length > 0 ? `who may: ${others.join(", ")}` : "somebody else must approve; `self: true` in the policy lifts this",
  };
}

const whoMay = (asked: readonly Waiting[]): readonly string[] => [...new Set(asked.flatMap((w) => decidersOf(w.policy)))];

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

/** Without what this person has started, in whichever run. */
function withoutOwn(d: Draft, event: Decided, waiting: readonly Waiting[]): readonly Waiting[] {
  const own = (w: Waiting, m: Member) => w.policy.approval?.self === false && authorsOf(d, w.run.id, m.target).has(event.by);
  return waiting.map((w) => ({ ...w, members: w.members.filter((m) => !own(w, m)) })).filter((w) => w.members.length > 0);
}

function reject(d: Draft, event: Decided, waiting: Waiting): void {
  const run = waiting.run.id;
  d.setRun({ ...d.runOf(run), stopped: { by: event.by, at: d.at, how: "rejected", now: false, reason: event.comment } });
  for (const member of waiting.members)
    setStatus(d, run, `deploy:${member.target}`, "cancelled", { code: "rejected", by: event.by, reason: event.comment });
}

function waitingGates(d: Draft, event: Decided): readonly Waiting[] {
  return d.activeRuns().flatMap((run) => (run.commit === event.commit ? (waitingGate(d, run, event.environment) ?? []) : []));
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

function nothingWaits(d: Draft, event: Decided, waiting: readonly Waiting[]): Answer {
  const hint = "what waits: sluice approvals";
  const where = `at the gate of ${event.environment}`;
  if (waiting.length > 0) {
    const there = waiting.flatMap((w) => w.members.map((m) => m.service));
    return {
      ok: false,
      code: "nothing-waits",
      message: `none of the named services waits for ${event.commit.slice(0, 12)} ${where}`,
      hint: `who waits: ${[...new Set(there)].join(", ")}`,
    };
  }
  const last = d.decisions(event.commit, event.environment).findLast((x) => stillCounts(x, d.at));
  if (last?.verdict === event.verdict) return answerOf(last, [], true);
  return {
    ok: false,
    code: "nothing-waits",
    message: `nothing waits for ${event.commit.slice(0, 12)} ${where}: ${last ? `${last.by} ${last.verdict} it` : whyNothing(d, event)}`,
    hint,
  };
}

function whyNothing(d: Draft, event: Decided): string {
  const open = d.activeRuns().filter((r) => r.commit === event.commit && d.step(r.id, `gate:${event.environment}`) !== null);
  for (const run of open)
    for (const id of d.plan(run.id).deploys.get(event.environment) ?? []) {
      const { reason } = d.stepOf(run.id, id);
      if (reason?.code === "superseded") return `run ${run.id} was superseded there by run ${reason.run} (${reason.commit.slice(0, 12)})`;
    }
  return open.length > 0 ? `run ${open.map((r) => r.id).join(", ")} has not reached it yet` : "no open run of that commit has a gate there";
}
