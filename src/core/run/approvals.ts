import type { Digest, EnvironmentId, TargetId } from "../config/config.ts";
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

/** Invariant 3: a valid, unexpired decision on the very fingerprint that is about to be applied, by somebody who may. */
export function approvedBy(d: Draft, run: RunId, member: Member): DecisionRow | null {
  const row = d.runOf(run);
  const policy = d.plan(run).plan.environments[member.environment];
  const seen = fingerprintOf(d, run, member);
  if (!policy?.approval || seen === null) return null;
  const self = policy.approval.self;
  const valid = d
    .decisions(row.commit, member.environment)
    .filter(
      (x) =>
        x.verdict === "approved" &&
        stillCounts(x, d.at) &&
        x.fingerprints[member.target] === seen &&
        (self || x.by !== row.by) &&
        mayDecide(policy, x.by),
    );
  const persons = new Set(valid.map((x) => x.by));
  return persons.size >= policy.approval.count ? (valid[0] ?? null) : null;
}

/** What `approvals` lists and `--expect` compares: over the fingerprints of the members that wait. */
export function setFingerprint(fingerprints: Readonly<Record<TargetId, Digest>>): Digest {
  return fingerprint(fingerprints);
}

/** Who may decide, by name; empty: anyone. */
export const decidersOf = (policy: PlannedEnvironment): readonly string[] =>
  policy.approvers.length > 0 ? policy.approvers : policy.deployers;

/** Neither voided nor expired. */
export const stillCounts = ({ voided, expiresAt }: DecisionRow, at: Time): boolean =>
  voided === null && (expiresAt === null || expiresAt > at);

function mayDecide(policy: PlannedEnvironment, person: string): boolean {
  const persons = decidersOf(policy);
  return persons.length === 0 || persons.includes(person);
}

type Decided = Extract<Event, { readonly type: "gate.decided" }>;
/** A gate that waits for a decision, and for whom it asks. */
export type Waiting = { readonly run: RunRow; readonly members: readonly Member[]; readonly policy: PlannedEnvironment };

/** One decision for every gate that waits for (commit, environment), over all runs. */
export function decide(d: Draft, event: Decided): Answer {
  const waiting = waitingGates(d, event);
  if (waiting.length === 0) return nothingWaits(d, event);
  const who = [...new Set(waiting.flatMap((w) => decidersOf(w.policy)))];
  if (!waiting.every((w) => mayDecide(w.policy, event.by)))
    return {
      ok: false,
      code: "not-allowed",
      message: `${event.by} may not decide for ${event.environment}`,
      hint: `who may: ${who.join(", ")}`,
    };
  const decided = event.verdict === "approved" ? withoutOwn(d, event, waiting) : waiting;
  if (decided.length === 0)
    return {
      ok: false,
      code: "not-allowed",
      message: `${event.by} started run ${waiting.map((w) => w.run.id).join(", ")} and may not approve it`,
      hint:
        who.length > 0
          ? `who may: ${who.filter((p) => p !== event.by).join(", ")}`
          : "somebody else must approve; `self: true` in the policy lifts this",
    };

  const fingerprints = fingerprintsOf(d, decided);
  const actual = setFingerprint(fingerprintsOf(d, waiting));
  if (event.expect !== null && event.expect !== actual)
    return {
      ok: false,
      code: "mismatch",
      message: `what waits has the fingerprint ${actual}, not ${event.expect}`,
      hint: "look again: sluice approvals",
    };

  const expires = Math.min(...decided.map((w) => w.policy.approval?.expiresMs ?? Number.POSITIVE_INFINITY));
  d.setDecision({
    id: event.id,
    commit: event.commit,
    environment: event.environment,
    verdict: event.verdict,
    by: event.by,
    at: d.at,
    expiresAt: Number.isFinite(expires) ? d.at + expires : null,
    comment: event.comment,
    fingerprints,
    emergency: event.emergency,
    early: false,
    voided: null,
    voids: {},
  });
  if (event.verdict === "rejected") for (const w of waiting) reject(d, event, w);
  return {
    ok: true,
    decision: { id: event.id, targets: Object.keys(fingerprints) as TargetId[], runs: decided.map((w) => w.run.id), already: false },
  };
}

/** What a decision on these gates would name. */
export function fingerprintsOf(d: Draft, waiting: readonly Waiting[]): Record<TargetId, Digest> {
  const fingerprints: Record<TargetId, Digest> = {};
  for (const w of waiting)
    for (const member of w.members) {
      const seen = fingerprintOf(d, w.run.id, member);
      if (seen !== null) fingerprints[member.target] = seen;
    }
  return fingerprints;
}

/** Not the author: nobody who started a run that holds a target decides on that target, whichever run asks. */
function withoutOwn(d: Draft, event: Decided, waiting: readonly Waiting[]): readonly Waiting[] {
  const own = new Set<TargetId>();
  for (const run of d.activeRuns())
    if (run.commit === event.commit && run.by === event.by)
      for (const id of d.plan(run.id).deploys.get(event.environment) ?? []) {
        const { target } = d.planned(run.id, id);
        if (target !== null && !stepEnded(d.stepOf(run.id, id).status)) own.add(target);
      }
  const others = waiting.map((w) =>
    w.policy.approval?.self === false ? { ...w, members: w.members.filter((m) => !own.has(m.target)) } : w,
  );
  return others.filter((w) => w.members.length > 0);
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
  if (!policy || gate?.status !== "waiting" || gate.reason?.code !== "approval") return null;
  const members = gateMembers(d, run.id, environment).filter((m) => approvedBy(d, run.id, m) === null);
  return members.length > 0 ? { run, members, policy } : null;
}

function nothingWaits(d: Draft, event: Decided): Answer {
  const before = d.decisions(event.commit, event.environment).findLast((x) => x.verdict === event.verdict && stillCounts(x, d.at));
  if (before)
    return { ok: true, decision: { id: before.id, targets: Object.keys(before.fingerprints) as TargetId[], runs: [], already: true } };
  const open = d.activeRuns().filter((r) => r.commit === event.commit && d.step(r.id, `gate:${event.environment}`) !== null);
  const why =
    open.length > 0 ? `run ${open.map((r) => r.id).join(", ")} has not reached it yet` : "no open run of that commit has a gate there";
  return {
    ok: false,
    code: "nothing-waits",
    message: `nothing waits for ${event.commit.slice(0, 12)} at the gate of ${event.environment}: ${why}`,
    hint: "what waits: sluice approvals",
  };
}
