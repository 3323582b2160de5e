import type { Member } from "../../plan/plan.ts";
import { UNKNOWN_COMMIT } from "../../plan/relations.ts";
import { approvedBy, voidFor } from "../approvals.ts";
import { fingerprintOf, join, startOnTarget, underWay } from "../attempts.ts";
import type { Draft } from "../draft.ts";
import { keptNeed, needsOf, promotionOf } from "../needs.ts";
import { isRendered } from "../renders.ts";
import type { AttemptRow, RunRow, StepRow } from "../rows.ts";
import { noteRelease } from "../snapshots.ts";
import { changing, stepEnded } from "../status.ts";
import { blocked, leaveQueue, mayTake, pending, sameReason, setStatus, skipped, stopped, type Verdict, waiting } from "../steps.ts";
import { lockOn } from "../stops.ts";
import { cutSoak } from "./soak.ts";
import { forgetDecisions, supersededBy } from "./supersede.ts";

/** Sections 3 to 5: a deploy starts when nothing is missing any more; the target comes last, so that nothing else holds its place. */
export function evaluateDeploy(d: Draft, row: StepRow): void {
  const target = d.planned(row.run, row.id).target;
  if (target === null) return;
  const member = d.member(row.run, target);
  const same = stopped(d, row.run) ? null : sameWork(d, row, member);
  if (same) return goAlong(d, row, member, same);
  const verdict = beforeTarget(d, row, member, CHECKS);
  if (verdict !== "go") {
    leaveQueue(d, target, row.run, row.id);
    const awaited = keptNeed(row, verdict.reason);
    const now = setStatus(d, row.run, row.id, verdict.status, verdict.reason);
    if (!sameReason(now.awaited, awaited)) d.setStep({ ...now, awaited });
    afterwards(d, row, member, verdict);
    return;
  }
  if (d.runOf(row.run).options.now) cutSoak(d, row, target, { code: "cut-short", run: row.run });
  if (mayTake(d, target, row.run, row.id, false)) {
    noteRelease(d, member.environment, member.commit, row.run);
    startOnTarget(d, row.run, row.id, "deploy");
  } else
    setStatus(d, row.run, row.id, "waiting", {
      code: "queue",
      target,
      run: d.target(target).busy?.run ?? d.target(target).queue[0]?.run ?? null,
    });
}

/** Another run brings the very same there already, or has just brought it and checks it. */
function sameWork(d: Draft, row: StepRow, member: Member): AttemptRow | null {
  const attempt = underWay(d, row.run, member);
  if (!attempt || attempt.kind === "soak") return null;
  const run = d.runOf(row.run);
  const seen = fingerprintOf(d, row.run, member);
  if (seen === null || attempt.fingerprint !== seen) return null;
  // what this run's own gate has not let through, it does not go along with
  if (gateOf(d, row, member) !== "go") return null;
  // applying it again was asked for after that had begun
  if (run.options.redeploy && (attempt.kind !== "deploy" || attempt.startedAt < run.createdAt)) return null;
  return attempt;
}

/** Deploy and verify are one work: whoever comes while it is being verified was not there when it was applied, and shares what comes of it. */
function goAlong(d: Draft, row: StepRow, member: Member, attempt: AttemptRow): void {
  leaveQueue(d, member.target, row.run, row.id);
  if (attempt.kind === "deploy") join(d, row, attempt);
  else d.setStep({ ...setStatus(d, row.run, row.id, "succeeded"), attempt: d.target(member.target).live?.attempt ?? attempt.id });
}

/** Decisions end with what they were about. */
function afterwards(d: Draft, row: StepRow, member: Member, verdict: Exclude<Verdict, "go">): void {
  if (verdict.reason?.code === "superseded") forgetDecisions(d, row, member.target, member.commit, verdict.reason.run);
  else if (verdict.status === "blocked") voidFor(d, member.commit, member.target, "it failed on its way there", "early");
}

type Check = (d: Draft, row: StepRow, member: Member) => Verdict;
/** `arriving`: what a step passes to reach its environment; `there`: what is left then, but for the target. */
export type Checks = { readonly arriving: readonly Check[]; readonly there: readonly Check[] };

/** Everything that may be missing before the target is asked for, going forward or back. */
export function beforeTarget(d: Draft, row: StepRow, member: Member, { arriving, there }: Checks): Verdict {
  return stopped(d, row.run) ?? arrival(d, row, member, arriving) ?? passed(d, row, member, there) ?? "go";
}

/** The first check that says more than `go`; null: none does. */
function passed(d: Draft, row: StepRow, member: Member, checks: readonly Check[]): Exclude<Verdict, "go"> | null {
  for (const check of checks) {
    const verdict = check(d, row, member);
    if (verdict !== "go") return verdict;
  }
  return null;
}

/** What passes these has reached the environment: it is a member of its gate, until one of them says otherwise. */
function arrival(d: Draft, row: StepRow, member: Member, checks: readonly Check[]): Exclude<Verdict, "go"> | null {
  const verdict = passed(d, row, member, checks);
  const now = d.stepOf(row.run, row.id);
  // what was there is there still while something has yet to be looked up again
  const reached = verdict === null || (now.reached && (stepEnded(verdict.status) || verdict.status === "waiting"));
  if (now.reached !== reached) d.setStep({ ...now, reached });
  return verdict;
}

function buildOf(d: Draft, row: StepRow, member: Member): Verdict {
  if (member.artifact === null) return "go";
  const build = d.stepOf(row.run, `build:${member.artifact}`);
  if (!stepEnded(build.status)) return pending({ code: "step", step: build.id });
  if (build.status === "succeeded" || build.reason?.code === "already-built") return "go";
  return blocked({ code: "step-ended", step: build.id, status: build.status });
}

/** Kept at a commit by a person: only whoever names the service moves it. */
export function pinOf(d: Draft, row: StepRow, member: Member): Verdict {
  const { pin } = d.target(member.target);
  if (!pin || pin.commit === member.commit || d.runOf(row.run).options.named) return "go";
  return skipped({ code: "pinned", target: member.target, commit: pin.commit, reason: pin.reason });
}

const promotionCheck = (d: Draft, row: StepRow, member: Member): Verdict => promotionOf(d, row.run, row.id, member);
/**
 * Nobody is asked about what cannot come; a need that nothing brings is waited for from the beginning, whatever is decided meanwhile and expires again.
 * Else the decision comes first: what is needed may wait for the same one.
 */
function decisionAndNeeds(d: Draft, row: StepRow, member: Member): Verdict {
  const need = needsOf(d, row.run, member, row);
  if (need !== "go" && need.status !== "pending" && !(need.reason?.code === "need" && need.reason.run !== null)) return need;
  const gate = gateOf(d, row, member);
  return gate === "go" ? need : gate;
}

/**
 * A target met for the first time is observed before anything is decided about it; so is one whose last attempt was cut off.
 * What the ledger knows is believed until something is to be done, or left undone, for it: see `lookedAt`.
 */
function metCheck(d: Draft, row: StepRow, member: Member): Verdict {
  const { live, unknown } = d.target(member.target);
  return (live || row.reached) && !unknown ? "go" : lookedAt(d, row, member);
}

/** What is there has been asked of its driver since the store was opened, and since an attempt was cut off. */
export function lookedAt(d: Draft, row: StepRow, { target, definition }: Member): Verdict {
  const { observed, unknown, busy } = d.target(target);
  if (observed && !unknown) return "go";
  // asked once by each who begins to wait; the outbox keeps it until it is answered
  if (row.reason?.code !== "observing" && (!unknown || !busy)) {
    const key = unknown ? `observe:${target}/${unknown.attempt}` : `observe:${target}`;
    d.emit({ type: "target.observe", key, target, definition, attempt: unknown?.attempt ?? null });
  }
  return waiting({ code: "observing", target });
}

/** Nothing is left undone for what only the ledger says. */
function forwardOnly(d: Draft, row: StepRow, member: Member): Verdict {
  const verdict = wayOf(d, row, member);
  if (verdict === "go" || !stepEnded(verdict.status)) return verdict;
  const looked = lookedAt(d, row, member);
  return looked === "go" ? verdict : looked;
}

/** Section 5: live is this already; live is newer; live has gone another way. Not judged while something changes the target. */
function wayOf(d: Draft, row: StepRow, member: Member): Verdict {
  const there = d.target(member.target);
  const run = d.runOf(row.run);
  if (!there.live) return "go";
  if (there.live.commit === member.commit) return alreadyLive(d, row, member);
  if (changing(there)) return "go";
  if (d.plan(row.run).plan.environments[member.environment]?.order === "any") return "go";
  const relation = there.live.commit === UNKNOWN_COMMIT ? null : d.relations(member.commit, there.live.commit);
  if (!relation && there.live.commit !== UNKNOWN_COMMIT) {
    d.ask(member.commit, there.live.commit);
    return waiting({ code: "comparing", release: member.commit, live: there.live.commit });
  }
  // a way back is named only where there is one: to what was good here before
  const command = d.isGood(member.target, member.commit)
    ? `sluice rollback ${member.service} --env ${member.environment} --to ${member.commit} --reason "…"`
    : null;
  if (relation?.order === "contains") return skipped({ code: "newer-is-live", live: there.live.commit, command });
  if (relation?.order === "behind" || run.options.acceptDiverged !== null) return "go";
  return blocked({ code: "diverged", live: there.live.commit, release: member.commit });
}

function alreadyLive(d: Draft, row: StepRow, member: Member): Verdict {
  const there = d.target(member.target);
  if (d.runOf(row.run).options.redeploy || !there.serving || changing(there)) return "go";
  const render = d.render(row.run, member.target);
  if (render === null) return waiting({ code: "rendering", environment: member.environment });
  if (there.live?.fingerprint !== render.fingerprint) return "go";
  return skipped({ code: "already-live", run: there.live?.run ?? null });
}

/** What would be applied is known. */
function renderOf(d: Draft, row: StepRow, member: Member): Verdict {
  const render = d.render(row.run, member.target);
  if (!isRendered(render)) return waiting({ code: "rendering", environment: member.environment });
  return render.problem === null ? "go" : blocked({ code: "render-failed", message: render.problem });
}

export function gateOf(d: Draft, row: StepRow, member: Member): Verdict {
  const policy = d.plan(row.run).plan.environments[member.environment];
  if (!policy?.approval || approvedBy(d, row.run, member)) return "go";
  const rejected = rejectionOf(d, row.run, member.environment);
  if (rejected) return { status: "cancelled", reason: { code: "rejected", by: rejected.by, reason: rejected.reason } };
  return waiting({ code: "approval", commit: d.runOf(row.run).commit, environment: member.environment });
}

/** Who has rejected this run at the gate, as a whole: for those that arrive there later, too. */
function rejectionOf(d: Draft, run: string, environment: string): RunRow["stopped"] {
  const { stopped } = d.runOf(run);
  return stopped?.how === "rejected" && stopped.gate === environment ? stopped : null;
}

function holdOf(d: Draft, _row: StepRow, { environment }: Member): Verdict {
  const { hold, freeze } = d.environment(environment);
  if (hold) return waiting({ code: "hold", environment, reason: hold.reason });
  return freeze ? waiting({ code: "freeze", environment, until: freeze.until, reason: freeze.reason }) : "go";
}

/** A person's stop: what it is on waits, it does not fail. */
export function lockedCheck(d: Draft, _row: StepRow, member: Member): Verdict {
  const locked = lockOn(d, member.target);
  if (!locked) return "go";
  const { by, reason, until } = locked.lock;
  return waiting({ code: "lock", on: locked.on, by, reason, until });
}

const CHECKS: Checks = {
  arriving: [pinOf, buildOf, promotionCheck, metCheck, forwardOnly, renderOf],
  there: [supersededBy, decisionAndNeeds, holdOf, lockedCheck, lookedAt],
};
