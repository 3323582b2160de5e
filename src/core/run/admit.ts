import type { EnvironmentId, TargetId } from "../config/config.ts";
import type { Plan } from "../plan/plan.ts";
import { voidTarget } from "./approvals.ts";
import { stopAttempt } from "./attempts.ts";
import type { Draft } from "./draft.ts";
import type { AdmitDeploy, AdmitRollback, Answer } from "./events.ts";
import { askRenders } from "./renders.ts";
import type { DecisionRow, RunRow } from "./rows.ts";
import { leaveBehind } from "./snapshots.ts";
import { stepKey } from "./state.ts";
import { stepEnded } from "./status.ts";
import { setStatus } from "./steps.ts";

export function admitDeploy(d: Draft, event: AdmitDeploy): Answer {
  const refused = mayDeploy(event.plan, event.by) ?? unknownRun(d, event.run);
  if (refused) return refused;
  const { plan } = event;
  openRun(d, plan, {
    ...newRun(d, event),
    commit: plan.release.commit,
    policyCommit: event.policyCommit,
    options: event.options,
    retryOf: event.retryOf,
    snapshot: null,
    cause: null,
  });
  for (const target of event.goodBefore) d.setGood(target, plan.release.commit);
  for (const row of event.built) if (!d.build(row.key)) d.setBuild(row);
  recall(d, event.decided);
  d.askAgain(plan.release.commit);
  askRenders(d, event.run, null);
  return { ok: true, run: event.run };
}

/** Section 7: holds the environment, voids its open decisions, supersedes what has reached it and not begun. */
export function admitRollback(d: Draft, event: AdmitRollback): Answer {
  const { plan, snapshot } = event;
  const environment = d.environment(snapshot.environment);
  // what policy itself asks for needs nobody who may
  const refused = (event.cause === null ? mayDeploy(plan, event.by) : null) ?? unknownRun(d, event.run) ?? answered(d, event);
  if (refused) return refused;
  if (environment.rollback !== null)
    return {
      ok: false,
      code: "conflict",
      message: `run ${environment.rollback} is rolling ${environment.id} back`,
      hint: `await it, or end it: sluice run cancel ${environment.rollback}`,
    };
  openRun(d, plan, {
    ...newRun(d, event),
    commit: plan.release.commit,
    policyCommit: null,
    options: { redeploy: false, acceptDiverged: null, skipNeeds: null, now: event.now, named: event.named },
    retryOf: null,
    snapshot: snapshot.id,
    cause: event.cause,
  });
  recall(d, event.decided);
  if (event.cause) {
    voidMembers(d, event);
    return { ok: true, run: event.run };
  }
  d.setEnvironment({
    ...d.environment(environment.id),
    hold: { by: event.by, at: d.at, reason: event.reason, run: event.run },
    rollback: event.run,
    ...leaveBehind(environment, snapshot, [...(Object.keys(plan.members) as TargetId[]), ...pinnedIn(d, environment.id)]),
  });
  for (const decision of d.decisionsIn(environment.id))
    if (decision.voided === null) d.setDecision({ ...decision, voided: `run ${event.run} rolled ${environment.id} back` });
  supersedeReached(d, event);
  return { ok: true, run: event.run };
}

/** Kept where they are by a person: a set without them is whole. */
const pinnedIn = (d: Draft, environment: EnvironmentId): readonly TargetId[] =>
  d.targetsIn(environment).flatMap((t) => (t.pin ? [t.id] : []));

/** What failed has been replaced since, so there is nothing to bring back. */
function answered(d: Draft, { cause }: AdmitRollback): Answer | null {
  if (cause === null || d.target(cause.target).live?.entry === cause.entry) return null;
  return { ok: false, code: "conflict", message: `something else is live on ${cause.target} by now` };
}

/** A rollback that answers a failure holds nothing, and voids decisions for its own targets only. */
function voidMembers(d: Draft, { run, plan, snapshot }: AdmitRollback): void {
  for (const { target } of Object.values(plan.members))
    for (const decision of d.decisionsIn(snapshot.environment)) voidTarget(d, decision, target, `run ${run} brought ${target} back`);
}

/** Decisions on commits without an open run are not in memory; one that is there already may have been voided since it was read. */
function recall(d: Draft, decided: readonly DecisionRow[]): void {
  for (const decision of decided) if (!d.decision(decision.id)) d.setDecision(decision);
}

function supersedeReached(d: Draft, event: AdmitRollback): void {
  const environment = event.snapshot.environment;
  for (const run of d.activeRuns()) {
    if (run.id === event.run) continue;
    const rows = (d.plan(run.id).deploys.get(environment) ?? []).map((id) => d.stepOf(run.id, id));
    if (run.cause === null && !rows.some((row) => row.reached || row.attempt !== null)) continue;
    for (const row of rows)
      if (row.status !== "running" && !stepEnded(row.status))
        setStatus(d, run.id, row.id, "superseded", { code: "rolled-back", run: event.run });
  }
  if (!event.now) return;
  // what is beside the set is awaited: what was applied there is verified
  for (const target of d.targetsIn(environment))
    if (event.plan.members[target.id] && target.busy && target.busy.run !== event.run) stopAttempt(d, target.busy.attempt);
}

function newRun(
  d: Draft,
  event: AdmitDeploy | AdmitRollback,
): Pick<RunRow, "id" | "kind" | "status" | "by" | "reason" | "fingerprint" | "nonce" | "stopped" | "createdAt" | "startedAt" | "endedAt"> {
  return {
    id: event.run,
    kind: event.plan.kind,
    status: "queued",
    by: event.by,
    reason: event.reason,
    fingerprint: event.plan.fingerprint,
    nonce: event.nonce,
    stopped: null,
    createdAt: d.at,
    startedAt: null,
    endedAt: null,
  };
}

function openRun(d: Draft, plan: Plan, row: RunRow): void {
  d.setRun(row);
  d.setPlan(row.id, plan);
  for (const member of Object.values(plan.members))
    if (member.recorded === null) d.setDefinition(member.definitionDigest, member.definition);
  for (const step of plan.steps)
    d.setStep({
      run: row.id,
      id: step.id,
      kind: step.kind,
      status: "pending",
      reason: null,
      awaited: null,
      since: d.at,
      reached: false,
      attempt: null,
      lost: 0,
      startedAt: null,
      endedAt: null,
    });
  d.work.add(plan.steps.map((s) => stepKey(row.id, s.id)));
  d.work.addRun(row.id);
}

function mayDeploy(plan: Plan, by: string): Answer | null {
  for (const environment of Object.values(plan.environments))
    if (environment.deployers.length > 0 && !environment.deployers.includes(by))
      return {
        ok: false,
        code: "not-allowed",
        message: `${by} may not deploy to ${environment.id}`,
        hint: `who may: ${environment.deployers.join(", ")}`,
      };
  return null;
}

function unknownRun(d: Draft, run: string): Answer | null {
  return d.run(run) ? { ok: false, code: "conflict", message: `run ${run} exists already` } : null;
}
