import { buildKey, type Draft } from "./draft.ts";
import type { Event } from "./events.ts";
import { must } from "./overlay.ts";
import type { Reason } from "./reason.ts";
import type { StepRow } from "./rows.ts";
import { splitKey } from "./state.ts";
import { setStatus } from "./steps.ts";

type Waits = Extract<Reason, { readonly code: "artifact" }>;

/** A step waits for what somebody else pushes, or has waited long enough. Nothing is held meanwhile: no attempt, no place. All runs of the commit go by one wait, each with an end of its own. */
export function awaitBuild(d: Draft, row: StepRow, build: string): void {
  const { reason } = row;
  if (reason?.code === "artifact") {
    if (reason.until > d.at) return;
    setStatus(d, row.run, row.id, "blocked", { code: "artifact-timeout", reference: reason.reference, problem: reason.problem });
    return;
  }
  const { plan } = d.plan(row.run);
  const artifact = must(plan.artifacts[d.planned(row.run, row.id).artifact ?? ""], `artifact of ${row.id}`);
  const until = d.at + artifact.timeoutMs;
  const shared = waitsFor(d, build)[0]?.reason;
  const own = { code: "artifact", reference: must(artifact.awaits, `reference of ${row.id}`), build, problem: null } as const;
  const wait = shared?.wait ?? d.seq();
  setStatus(d, row.run, row.id, "waiting", { ...own, ...shared, wait, until });
  if (shared) return;
  d.emit({ type: "artifact.await", key: awaitKey(wait), build, wait, project: plan.project, commit: plan.release.commit, artifact });
}

/** After a step has left a wait: when nobody is left in it, nobody need ask any more. */
export function endWait(d: Draft, { build, wait }: Waits): void {
  if (!waitsFor(d, build).some(({ reason }) => reason.wait === wait))
    d.emit({ type: "artifact.forget", key: `forget:${wait}`, asked: awaitKey(wait) });
}

/** What comes twice, or after everybody has gone, changes nothing. */
export function artifactFound(d: Draft, { build, wait, digest }: Extract<Event, { readonly type: "artifact.found" }>): void {
  const first = waitsFor(d, build).find(({ reason }) => reason.wait === wait);
  if (!first) return;
  const artifact = must(d.planned(first.row.run, first.row.id).artifact, "artifact of a build");
  const { commit } = d.runOf(first.row.run);
  d.setBuild({ key: buildKey(artifact, commit), artifact, commit, digest, attempt: null, at: d.at });
}

/** Whoever waits says why it could not be told; the wait goes on, and is as old as it was. */
export function artifactAsked(d: Draft, { build, wait, problem }: Extract<Event, { readonly type: "artifact.asked" }>): void {
  for (const { row, reason } of waitsFor(d, build))
    if (reason.wait === wait && reason.problem !== problem) d.setStep({ ...row, reason: { ...reason, problem } });
}

const awaitKey = (wait: number): string => `await:${wait}`;

function waitsFor(d: Draft, build: string): readonly { readonly row: StepRow; readonly reason: Waits }[] {
  return d.watchers(`build:${build}`).flatMap((key) => {
    const { run, step } = splitKey(key);
    const row = d.stepOf(run, step);
    return row.reason?.code === "artifact" ? [{ row, reason: row.reason }] : [];
  });
}
