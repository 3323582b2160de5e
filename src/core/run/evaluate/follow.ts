import { holds, join, startOnTarget, underWay } from "../attempts.ts";
import type { Draft } from "../draft.ts";
import type { CommitId, TargetId } from "../../config/config.ts";
import type { Reason } from "../reason.ts";
import type { RunId, StepRow } from "../rows.ts";
import { stepEnded } from "../status.ts";
import { blocked, follow, leaveQueue, mayTake, release, setStatus, stopped, type Verdict, waiting } from "../steps.ts";

/** A verify belongs to its deploy: what was applied is always verified, also when the run has been cancelled since. A rollback's also says that what is there already serves. */
export function evaluateVerify(d: Draft, row: StepRow): void {
  const target = d.planned(row.run, row.id).target;
  if (target === null) return;
  const deploy = d.stepOf(row.run, `deploy:${target}`);
  if (!stepEnded(deploy.status)) return setPending(d, row, deploy.id);
  const stop = stopped(d, row.run);
  const there = deploy.status === "skipped" && deploy.reason?.code === "already-there";
  if (deploy.status !== "succeeded" && !there) return follow(d, row.run, row.id, deploy);
  const gone = there ? replaced(d, target, d.member(row.run, target).commit) : null;
  const same = underWay(d, row.run, d.member(row.run, target));
  if (gone) {
    leaveQueue(d, target, row.run, row.id);
    setStatus(d, row.run, row.id, "superseded", gone);
  } else if (there && stop) setStatus(d, row.run, row.id, stop.status, stop.reason);
  else if (same?.kind === "verify" && d.target(target).live?.attempt === deploy.attempt) join(d, row, same);
  else if (holds(d, target, row.run) || mayTake(d, target, row.run, row.id, there)) startOnTarget(d, row.run, row.id, "verify");
  else setStatus(d, row.run, row.id, "waiting", { code: "queue", target, run: d.target(target).busy?.run ?? null });
}

/** A soak follows a verify on the same target; where the release is live but not good yet, it makes up for it. */
export function evaluateSoak(d: Draft, row: StepRow): void {
  const target = d.planned(row.run, row.id).target;
  if (target === null) return;
  const verify = d.stepOf(row.run, `verify:${target}`);
  if (!stepEnded(verify.status)) return setPending(d, row, verify.id);
  const stop = stopped(d, row.run);
  if (stop) {
    letGo(d, row, target);
    setStatus(d, row.run, row.id, stop.status, stop.reason);
    return;
  }
  const verdict = verify.status === "succeeded" ? afterVerify(d, row, target) : afterSkip(d, row, target, verify);
  if (verdict === "follows") return follow(d, row.run, row.id, verify);
  const cutter = verdict === "go" ? cutterWaiting(d, row.run, target) : null;
  const same = underWay(d, row.run, d.member(row.run, target));
  if (verdict !== "go") {
    leaveQueue(d, target, row.run, row.id);
    setStatus(d, row.run, row.id, verdict.status, verdict.reason);
  } else if (cutter) {
    letGo(d, row, target);
    setStatus(d, row.run, row.id, "superseded", cutter);
  } else if (same?.kind === "soak") join(d, row, same);
  else if (holds(d, target, row.run) || mayTake(d, target, row.run, row.id, false)) startOnTarget(d, row.run, row.id, "soak");
  else setStatus(d, row.run, row.id, "waiting", { code: "queue", target, run: d.target(target).busy?.run ?? null });
}

/** Gives the target up after its verify, unless another run that shares it has yet to soak. */
function letGo(d: Draft, row: StepRow, target: TargetId): void {
  const { busy } = d.target(target);
  const attempt = busy === null || !holds(d, target, row.run) ? null : d.attempt(busy.attempt);
  if (!attempt || attempt.outcome === null) return;
  const others = [{ run: attempt.run }, ...attempt.joined].filter((h) => h.run !== row.run);
  const soaking = others.some(({ run }) => {
    const soak = d.step(run, `soak:${target}`);
    return soak !== null && !stepEnded(soak.status);
  });
  if (!soaking) release(d, target, attempt.id);
}

/** The release was live before this run came: it has yet to soak, unless it is good, or gone. */
function afterSkip(d: Draft, row: StepRow, target: TargetId, verify: StepRow): Verdict | "follows" {
  if (verify.status !== "skipped" || verify.reason?.code !== "already-live") return "follows";
  const there = d.target(target);
  if (there.unknown) return waiting({ code: "observing", target });
  if (there.live?.commit !== d.member(row.run, target).commit) return { status: "superseded", reason: { code: "not-needed" } };
  // the checks have said no since, in the run that brought it
  if (!there.serving) return blocked({ code: "need-ended", target, run: there.live.run, status: "failed", kept: null });
  return there.good ? "follows" : "go";
}

/** What was verified must still be there: a soak says nothing about another release. */
function afterVerify(d: Draft, row: StepRow, target: TargetId): Verdict {
  const { live, unknown } = d.target(target);
  if (unknown) return waiting({ code: "observing", target });
  if (live?.attempt === d.stepOf(row.run, `deploy:${target}`).attempt) return "go";
  return { status: "superseded", reason: whatCame(d, target) };
}

/** Something else has come to the target since it was found to be there already. */
function replaced(d: Draft, target: TargetId, commit: CommitId): Reason | null {
  const { live, busy } = d.target(target);
  return busy === null && live?.commit !== commit ? whatCame(d, target) : null;
}

/** What is live on a target in the place of what was expected there. */
export function whatCame(d: Draft, target: TargetId): Reason {
  const { live } = d.target(target);
  return { code: "replaced", target, run: live?.run ?? null, commit: live?.commit ?? null };
}

/** Who would cut the soak short as soon as it began: a rollback, or a deploy that asks for it. None is begun before these. */
function cutterWaiting(d: Draft, run: RunId, target: TargetId): Reason | null {
  const { environment, queue } = d.target(target);
  const { rollback } = d.environment(environment);
  for (const { run: other, step } of queue) {
    if (other === run || !step.startsWith("deploy:")) continue;
    const row = d.runOf(other);
    if (other === rollback || row.cause) return { code: "rolled-back", run: other };
    if (row.options.now && d.member(other, target).commit !== d.member(run, target).commit) return { code: "cut-short", run: other };
  }
  return null;
}

function setPending(d: Draft, row: StepRow, first: string): void {
  setStatus(d, row.run, row.id, "pending", { code: "step", step: first });
}
