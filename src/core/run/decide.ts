import type { TargetId } from "../config/config.ts";
import type { Member } from "../plan/plan.ts";
import {
  approvalsOf,
  authorsOf,
  decidersOf,
  fingerprintsOf,
  mayDecide,
  seenAs,
  setFingerprint,
  stillCounts,
  type Waiting,
  waitingGate,
} from "./approvals.ts";
import type { Draft } from "./draft.ts";
import type { Answer, Event } from "./events.ts";
import type { DecisionRow } from "./rows.ts";
import { setStatus } from "./steps.ts";

type Decided = Extract<Event, { readonly type: "gate.decided" }>;

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

/** Without what this person has started, in whichever run. */
function withoutOwn(d: Draft, event: Decided, waiting: readonly Waiting[]): readonly Waiting[] {
  const own = (w: Waiting, m: Member) => w.policy.approval?.self === false && authorsOf(d, w.run.id, m.target).has(event.by);
  return waiting.map((w) => ({ ...w, members: w.members.filter((m) => !own(w, m)) })).filter((w) => w.members.length > 0);
}

function reject(d: Draft, event: Decided, waiting: Waiting): void {
  const run = waiting.run.id;
  d.setRun({
    ...d.runOf(run),
    stopped: {
      by: event.by,
      at: d.at,
      how: "rejected",
      gate: event.targets === null ? event.environment : null,
      now: false,
      reason: event.comment,
    },
  });
  for (const member of waiting.members)
    setStatus(d, run, `deploy:${member.target}`, "cancelled", { code: "rejected", by: event.by, reason: event.comment });
}

function waitingGates(d: Draft, event: Decided): readonly Waiting[] {
  return d.activeRuns().flatMap((run) => (run.commit === event.commit ? (waitingGate(d, run, event.environment) ?? []) : []));
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
