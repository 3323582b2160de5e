import type { CommitId, ServiceId, TargetId } from "../../config/config.ts";
import type { Member } from "../../plan/plan.ts";
import { startOnTarget } from "../attempts.ts";
import type { Draft } from "../draft.ts";
import type { Reason } from "../reason.ts";
import type { StepRow, TargetRow } from "../rows.ts";
import { stepEnded } from "../status.ts";
import { blocked, leaveQueue, mayTake, pending, setStatus, skipped, type Verdict, waiting } from "../steps.ts";
import { beforeTarget, type Checks, gateOf, lockedCheck, lookedAt, pinOf } from "./deploy.ts";
import { whatCame } from "./follow.ts";
import { cutSoak } from "./soak.ts";

/** Section 7: a target of the recorded set moves when its move leaves every need of what is live satisfied. */
export function evaluateRollback(d: Draft, row: StepRow): void {
  const target = d.planned(row.run, row.id).target;
  if (target === null) return;
  const member = d.member(row.run, target);
  const verdict = beforeTarget(d, row, member, CHECKS);
  if (verdict !== "go") {
    leaveQueue(d, target, row.run, row.id);
    setStatus(d, row.run, row.id, verdict.status, verdict.reason);
    return;
  }
  cutSoak(d, row, target, { code: "rolled-back", run: row.run });
  if (mayTake(d, target, row.run, row.id, true)) startOnTarget(d, row.run, row.id, "deploy");
  else setStatus(d, row.run, row.id, "waiting", { code: "queue", target, run: d.target(target).busy?.run ?? null });
}

/** What answers a failure ends when something else has come in the place of what failed. */
function overtaken(d: Draft, row: StepRow, _member: Member): Verdict {
  const { cause } = d.runOf(row.run);
  const live = cause === null ? null : d.target(cause.target).live;
  if (cause === null || live?.entry === cause.entry || live?.run === row.run) return "go";
  return { status: "superseded", reason: whatCame(d, cause.target) };
}

/** What has failed was passed by whoever named it for the deploy: its pin does not keep it there. */
const pinned = (d: Draft, row: StepRow, member: Member): Verdict =>
  d.runOf(row.run).cause?.target === member.target ? "go" : pinOf(d, row, member);

/** The plan's order; whether the other one succeeded is judged by `safe`, on what is live. */
function orderOf(d: Draft, row: StepRow, _member: Member): Verdict {
  const open = d.planned(row.run, row.id).needs.find((id) => !id.startsWith("gate:") && !stepEnded(d.stepOf(row.run, id).status));
  return open === undefined ? "go" : pending({ code: "step", step: open });
}

function thereAlready(d: Draft, _row: StepRow, member: Member): Verdict {
  const there = d.target(member.target);
  const same = there.live?.commit === member.commit && there.live.fingerprint === member.recorded?.fingerprint;
  return same && there.serving && there.good && !there.busy ? skipped({ code: "already-there" }) : "go";
}

/** Invariant 6, going back: nothing that is there may lose what it needs, nor may this come back to less than it needs. What is broken already does not bind. */
function safe(d: Draft, row: StepRow, member: Member): Verdict {
  const { live } = d.target(member.target);
  if (!live) return "go";
  for (const w of d.targetsIn(member.environment))
    for (const state of w.id === member.target ? [] : mayBeThere(d, w))
      if (state.needs.includes(member.service)) {
        const verdict = worse(d, row, w, member.service, [state.commit, live.commit], [state.commit, member.commit]);
        if (verdict !== "go") return verdict;
      }
  for (const need of member.definition.needs) {
    const b = d.target(`${need}@${member.environment}`);
    for (const state of mayBeThere(d, b)) {
      const before = live.needs.includes(need) ? ([live.commit, state.commit] as const) : null;
      const verdict = worse(d, row, b, need, before, [member.commit, state.commit]);
      if (verdict !== "go") return verdict;
    }
  }
  return "go";
}

type Pair = readonly [release: CommitId, live: CommitId];

/** Whether a need that is met now (`before`; null: nothing needed it) would not be afterwards. */
function worse(d: Draft, row: StepRow, other: TargetRow, needed: ServiceId, before: Pair | null, after: Pair): Verdict {
  const then = d.satisfied(needed, ...after);
  if (then === null) return waiting({ code: "comparing", release: after[0], live: after[1] });
  if (then) return "go";
  const now = before === null ? true : d.satisfied(needed, ...before);
  if (now === null && before !== null) return waiting({ code: "comparing", release: before[0], live: before[1] });
  return now === true ? unsafe(d, row, other) : "go";
}

/** What is live on a target, and what an attempt that runs or was cut off there may have put in its place. */
function mayBeThere(d: Draft, there: TargetRow): readonly { readonly commit: CommitId; readonly needs: readonly ServiceId[] }[] {
  const found: { readonly commit: CommitId; readonly needs: readonly ServiceId[] }[] = there.live ? [there.live] : [];
  if (there.unknown) found.push(there.unknown.live);
  if (there.busy?.step.startsWith("deploy:")) {
    const { commit, definition } = d.member(there.busy.run, there.id);
    found.push({ commit, needs: definition.needs });
  }
  return found;
}

/** It may become safe when the other one moves, unless that one waits for this one. */
function unsafe(d: Draft, row: StepRow, other: TargetRow): Verdict {
  const step = d.step(row.run, `deploy:${other.id}`);
  const mayMove =
    (step !== null && !stepEnded(d.stepOf(row.run, `verify:${other.id}`).status)) || other.busy !== null || other.unknown !== null;
  if (!mayMove || waitsFor(d, row, other.id)) return blocked({ code: "no-safe-order", target: other.id });
  return waiting({ code: "unsafe-order", target: other.id });
}

/** Whether the other target's step leads back to this one by what the steps wait for. */
function waitsFor(d: Draft, row: StepRow, other: TargetId): boolean {
  let at: TargetId | null = other;
  for (let hops = 0; at !== null && hops < 1000; hops++) {
    const reason: Reason | null = d.step(row.run, `deploy:${at}`)?.reason ?? null;
    if (reason?.code === "unsafe-order") at = reason.target;
    else if (reason?.code === "step") at = d.planned(row.run, reason.step).target;
    else return false;
    if (at === d.planned(row.run, row.id).target) return true;
  }
  return false;
}

// the decision is for the whole set, before any of it moves
const CHECKS: Checks = { arriving: [overtaken, pinned, lookedAt, thereAlready], there: [gateOf, orderOf, safe, lockedCheck] };
