import type { Digest, TargetId } from "../config/config.ts";
import type { Member, StepId } from "../plan/plan.ts";
import type { Draft } from "./draft.ts";
import { must } from "./overlay.ts";
import type { AttemptSpec, DeploySpec, LastGood } from "./effects.ts";
import type { AttemptId, AttemptRow, Live, RunId, StepRow } from "./rows.ts";
import { setStatus } from "./steps.ts";

/** After so many attempts that were lost without an outcome a step gives up. */
export const MAX_LOST = 20;
/** How long the verify of a service without checks of its own may take. */
const READY_MS = 60_000;

export const fingerprintOf = (d: Draft, run: RunId, member: Member): Digest | null =>
  member.recorded?.fingerprint ?? d.render(run, member.target)?.fingerprint ?? null;

export function digestOf(d: Draft, run: RunId, member: Member): Digest | null {
  if (member.recorded) return member.recorded.digest;
  return member.artifact === null ? null : (d.build(`${member.artifact} ${d.runOf(run).commit}`)?.digest ?? null);
}

/** The steps that go by an attempt: the one that it was started for, and those that have joined it. */
export function holders(d: Draft, attempt: AttemptRow): readonly StepRow[] {
  return [{ run: attempt.run, step: attempt.step }, ...attempt.joined].flatMap(({ run, step }) => {
    const row = d.step(run, step);
    return row?.status === "running" && row.attempt === attempt.id ? [row] : [];
  });
}

/** Whether what has the target is, or was a moment ago, an attempt of this run or one that it has joined. */
export function holds(d: Draft, target: TargetId, run: RunId): boolean {
  const { busy } = d.target(target);
  return busy !== null && (busy.run === run || (d.attempt(busy.attempt)?.joined.some((j) => j.run === run) ?? false));
}

/** Section 5: what another run does already for the same is not done again: this step goes by that attempt, and ends as it does. */
export function join(d: Draft, row: StepRow, attempt: AttemptRow): void {
  d.setAttempt({ ...attempt, joined: [...attempt.joined, { run: row.run, step: row.id }] });
  d.setStep({ ...setStatus(d, row.run, row.id, "running"), attempt: attempt.id });
}

/** The attempt of another deploy that has the target and brings, or judges, this commit there; null: none does. */
export function underWay(d: Draft, run: RunId, { target, commit }: Member): AttemptRow | null {
  const { busy } = d.target(target);
  const attempt = busy === null ? null : d.attempt(busy.attempt);
  if (!attempt || attempt.outcome !== null || attempt.run === run || d.run(attempt.run)?.kind !== "deploy") return null;
  return d.member(attempt.run, target).commit === commit ? attempt : null;
}

export function startBuild(d: Draft, run: RunId, step: StepId): AttemptId {
  const { plan } = d.plan(run);
  const key = must(d.planned(run, step).artifact, "artifact of a build");
  const id = newAttempt(d, run, step, "build", null, null, null);
  const artifact = must(plan.artifacts[key], `artifact ${key}`);
  emitStart(d, { kind: "build", id, run, project: plan.project, commit: plan.release.commit, artifact });
  return id;
}

/** The caller holds the target, or takes it by this. */
export function startOnTarget(d: Draft, run: RunId, step: StepId, kind: "deploy" | "verify" | "soak"): AttemptId {
  const { plan } = d.plan(run);
  const target = must(d.planned(run, step).target, "target of a step") as TargetId;
  const member = d.member(run, target);
  const row = d.target(target);
  const id = newAttempt(d, run, step, kind, target, digestOf(d, run, member), fingerprintOf(d, run, member));
  d.setTarget({
    ...row,
    busy: { run, step, attempt: id },
    queue: row.queue.filter((q) => q.run !== run || q.step !== step),
    ...(kind === "deploy" ? { health: "progressing" as const } : {}),
  });
  const urls = member.definition.needs.flatMap((s) => {
    const url = d.target(`${s}@${member.environment}`).url;
    return url === null ? [] : [[s, url] as const];
  });
  const spec: Omit<DeploySpec, "kind" | "timeoutMs"> = {
    id,
    run,
    project: plan.project,
    direction: plan.kind,
    target,
    commit: member.commit,
    digest: digestOf(d, run, member),
    definition: member.definition,
    needs: Object.fromEntries(urls),
    fingerprint: fingerprintOf(d, run, member),
    lastGood: row.lastGood && lastGoodOf(row.lastGood),
    takeBack: plan.kind === "rollback" || d.runOf(run).options.redeploy,
  };
  const verify = member.definition.verify;
  if (kind === "deploy") emitStart(d, { ...spec, kind, timeoutMs: member.definition.timeoutMs });
  else
    emitStart(d, {
      ...spec,
      kind,
      url: row.url,
      timeoutMs: (verify?.timeoutMs ?? READY_MS) + (kind === "soak" ? (verify?.soakMs ?? 0) : 0),
    });
  return id;
}

const lastGoodOf = ({ commit, digest, fingerprint, attempt }: Live): LastGood => ({ commit, digest, fingerprint, attempt });

function newAttempt(
  d: Draft,
  run: RunId,
  step: StepId,
  kind: AttemptRow["kind"],
  target: TargetId | null,
  digest: Digest | null,
  fingerprint: Digest | null,
): AttemptId {
  const id = `${run}-${d.seq()}-${d.runOf(run).nonce}`;
  d.setAttempt({
    id,
    run,
    step,
    kind,
    target,
    digest,
    fingerprint,
    startedAt: d.at,
    endedAt: null,
    outcome: null,
    message: null,
    joined: [],
  });
  const row = setStatus(d, run, step, "running");
  d.setStep({ ...row, attempt: id });
  return id;
}

function emitStart(d: Draft, attempt: AttemptSpec): void {
  d.emit({ type: "attempt.start", key: `start:${attempt.id}`, attempt });
}

export function stopAttempt(d: Draft, attempt: AttemptId): void {
  d.emit({ type: "attempt.stop", key: `stop:${attempt}`, attempt });
}
