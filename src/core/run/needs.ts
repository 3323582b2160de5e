import type { CommitId, EnvironmentId, ServiceId, TargetId } from "../config/config.ts";
import type { Member, StepId } from "../plan/plan.ts";
import type { Draft } from "./draft.ts";
import type { Kept, Reason } from "./reason.ts";
import type { RunId, StepRow, StepStatus } from "./rows.ts";
import { changing, stepEnded } from "./status.ts";
import { blocked, pending, type Verdict, waiting } from "./steps.ts";
import { lockOn } from "./stops.ts";

/** Section 4: what serves of each needed service must contain what this release needs of it. Judged on what is live now. */
export function needsOf(d: Draft, run: RunId, member: Member, row: StepRow): Verdict {
  const { needs } = member.definition;
  // From the last one on: needs end about in their order, so the last is open longest and the look at the others is seldom repeated.
  for (let i = needs.length - 1; i >= 0; i--) {
    const own = d.step(run, `verify:${needs[i]}@${member.environment}`);
    if (own && !stepEnded(own.status)) return pending({ code: "step", step: own.id });
  }
  // whom it has waited for so far comes first: that wait has a beginning and an end
  const awaited = lastNeed(row)?.target ?? null;
  const first = awaited === null ? undefined : needs.find((need) => awaited === `${need}@${member.environment}`);
  const still = first === undefined ? "go" : needOf(d, run, member, first, row);
  if (still !== "go") return still;
  for (const need of needs) {
    const verdict = needOf(d, run, member, need, row);
    if (verdict !== "go") return verdict;
  }
  return "go";
}

type Need = Extract<Reason, { readonly code: "need" }>;

/** The need that a step waits for, or waited for before something had to be looked up in between. */
const lastNeed = ({ reason, awaited }: StepRow): Need | null => (reason?.code === "need" ? reason : awaited);

/** Lookups in between: they end by themselves, and a wait for a need goes on behind them where it was. */
const LOOKUPS: ReadonlySet<string> = new Set(["comparing", "observing", "rendering"]);

/** What a step remembers of its wait for a need, given what it waits for now. */
export function keptNeed(row: StepRow, reason: Reason | null): Need | null {
  return reason !== null && LOOKUPS.has(reason.code) ? lastNeed(row) : null;
}

function needOf(d: Draft, run: RunId, member: Member, need: ServiceId, row: StepRow): Verdict {
  const target: TargetId = `${need}@${member.environment}`;
  const there = d.target(target);
  if (there.live && there.serving && !there.unknown) {
    const enough = d.satisfied(need, member.commit, there.live.commit);
    if (enough === null) return waiting({ code: "comparing", release: member.commit, live: there.live.commit });
    // while it is being changed it is neither what it was nor verified
    if (enough && there.busy !== null && changing(there))
      return waiting({ code: "need", target, run: there.busy.run, until: null, kept: null });
    if (enough) return "go";
  }

  const bringer = bringerOf(d, run, member, need, target);
  if (bringer && "unsure" in bringer) return waiting({ code: "comparing", release: member.commit, live: bringer.unsure });
  if (bringer && "loop" in bringer) return blocked({ code: "no-safe-order", target });
  if (bringer) return waiting({ code: "need", target, run: bringer.run, until: null, kept: keptBy(d, target, bringer.run) });
  if (d.step(run, `verify:${target}`))
    return blocked({ code: "need-ended", target, run, status: endOf(d, run, target), kept: keptBy(d, target, null) });
  const last = lastNeed(row);
  const before = last?.target === target ? last : null;
  if (before?.run != null)
    return blocked({ code: "need-ended", target, run: before.run, status: endOf(d, before.run, target), kept: keptBy(d, target, null) });
  const until = before?.until ?? d.at + timeoutOf(d, run, member.environment);
  const command = `sluice deploy ${need} --env ${member.environment} --commit ${member.commit}`;
  if (until <= d.at) return blocked({ code: "needs-timeout", target, command });
  return waiting({
    code: "need",
    target,
    run: null,
    until,
    kept: keptBy(d, target, null) ?? (d.plan(run).plan.manual.includes(need) ? "manual" : null),
  });
}

/** What a person or policy has put in the way of the needed target. */
function keptBy(d: Draft, target: TargetId, bringer: RunId | null): Kept | null {
  const { pin, environment } = d.target(target);
  const { hold, freeze } = d.environment(environment);
  if (pin && (bringer === null || d.member(bringer, target).commit !== pin.commit)) return "pinned";
  if (lockOn(d, target)) return "locked";
  return hold ? "held" : freeze ? "frozen" : null;
}

/** The first other run whose release would do and which has not ended there; in their order, so that no answer that comes early or late changes who is named. */
function bringerOf(
  d: Draft,
  run: RunId,
  member: Member,
  need: ServiceId,
  target: TargetId,
): { readonly run: RunId } | { readonly unsure: CommitId } | { readonly loop: true } | null {
  let loop = false;
  for (const other of d.bringers(target)) {
    if (other === run) continue;
    const { commit } = d.member(other, target);
    const enough = d.satisfied(need, member.commit, commit);
    if (enough && leadsBack(d, run, member.target, other, target)) loop = true;
    else if (enough) return { run: other };
    if (enough === null) return { unsure: commit };
  }
  return loop ? { loop } : null;
}

/**
 * Whether what another run waits for, to bring its target, is that this run brings `mine`. Releases may disagree about who needs whom, so
 * two runs can each wait for the other. Such a wait stays within an environment: promotion only looks at those before.
 */
function leadsBack(d: Draft, run: RunId, mine: TargetId, other: RunId, target: TargetId): boolean {
  let at: { readonly run: RunId; readonly target: TargetId } | null = { run: other, target };
  for (let hops = 0; at !== null && hops < MAX_HOPS; hops++) {
    const reason: Reason | null = d.step(at.run, `deploy:${at.target}`)?.reason ?? null;
    if (reason?.code === "need" && reason.run !== null) at = { run: reason.run, target: reason.target };
    else if (reason?.code === "step" && d.planned(at.run, reason.step).target !== null)
      at = { run: at.run, target: d.planned(at.run, reason.step).target ?? target };
    else return false;
    if (at.run === run && at.target === mine) return true;
  }
  return false;
}
/** Longer than any chain of needs that a person would write down. */
const MAX_HOPS = 10_000;

function endOf(d: Draft, run: RunId, target: TargetId) {
  const deploy = d.step(run, `deploy:${target}`);
  return deploy && deploy.status !== "succeeded" ? deploy.status : (d.step(run, `verify:${target}`)?.status ?? null);
}

const timeoutOf = (d: Draft, run: RunId, environment: EnvironmentId) => d.plan(run).plan.environments[environment]?.needsTimeoutMs ?? 0;

const FAILED: ReadonlySet<StepStatus> = new Set(["failed", "errored", "blocked"]);

/** Section 3: this release of the service must have been good in the environments before; in a wave, everyone must have ended there. */
export function promotionOf(d: Draft, run: RunId, step: StepId, member: Member): Verdict {
  for (const environment of d.planned(run, step).after)
    if (d.lane(run, environment).open > 0) return pending({ code: "wave", environment });
  for (const environment of member.promotesFrom) {
    const before: TargetId = `${member.service}@${environment}`;
    // its last step is what the plan names, and what wakes this one
    const own = d.plan(run).of.get(before) ?? [];
    const last = own.at(-1);
    if (last !== undefined && !stepEnded(d.stepOf(run, last).status)) return pending({ code: "step", step: last });
    if (letThrough(d, run, member.environment)) continue;
    // whatever it was before: this run has found it bad
    if (own.some((id) => FAILED.has(d.stepOf(run, id).status))) return blocked({ code: "not-good-before", environment });
    if (d.isGood(before, member.commit)) continue;
    const left = d.step(run, `deploy:${before}`);
    if (left?.status === "superseded") return { status: "superseded", reason: left.reason };
    const other = d.bringers(before).find((r) => r !== run && d.runOf(r).kind === "deploy" && d.runOf(r).commit === member.commit);
    if (other !== undefined) return waiting({ code: "promotion", target: before, run: other });
    return blocked({ code: "not-good-before", environment });
  }
  return "go";
}

/** `--skip-needs`: only where a gate shows it to whoever decides. */
function letThrough(d: Draft, run: RunId, environment: EnvironmentId): boolean {
  const approval = d.plan(run).plan.environments[environment]?.approval ?? null;
  return approval !== null && d.runOf(run).options.skipNeeds !== null;
}
