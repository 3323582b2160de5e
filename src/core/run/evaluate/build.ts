import { join, startBuild } from "../attempts.ts";
import { awaitBuild, endWait } from "../awaited.ts";
import { buildKey, type Draft } from "../draft.ts";
import { askRenders } from "../renders.ts";
import type { AttemptRow, StepRow } from "../rows.ts";
import { stepEnded } from "../status.ts";
import { setStatus, stopped } from "../steps.ts";

/** An artifact of a commit is built once, whichever run comes first; or waited for, where somebody else makes it. */
export function evaluateBuild(d: Draft, row: StepRow): void {
  look(d, row);
  if (row.reason?.code === "artifact") endWait(d, row.reason);
}

function look(d: Draft, row: StepRow): void {
  const { artifact } = d.planned(row.run, row.id);
  if (artifact === null) return;
  const stop = stopped(d, row.run);
  if (stop) {
    setStatus(d, row.run, row.id, stop.status, stop.reason);
    return;
  }
  const users = (d.plan(row.run).dependents.get(row.id) ?? []).filter((id) => id.startsWith("deploy:"));
  if (users.every((id) => stepEnded(d.stepOf(row.run, id).status))) {
    setStatus(d, row.run, row.id, "skipped", { code: "not-needed" });
    return;
  }
  const key = buildKey(artifact, d.runOf(row.run).commit);
  if (d.build(key)) {
    if (row.reason?.code === "artifact") setStatus(d, row.run, row.id, "succeeded");
    else setStatus(d, row.run, row.id, "skipped", { code: "already-built", run: null });
    askRenders(d, row.run, artifact);
    return;
  }
  const attempt = underWay(d, row);
  if (attempt) join(d, row, attempt);
  else if (d.plan(row.run).plan.artifacts[artifact]?.awaits !== undefined) awaitBuild(d, row, key);
  else startBuild(d, row.run, row.id);
}

/** Another run's attempt to build the same. */
function underWay(d: Draft, row: StepRow): AttemptRow | null {
  const { commit } = d.runOf(row.run);
  for (const run of d.activeRuns()) {
    const step = run.id !== row.run && run.commit === commit && run.kind === "deploy" ? d.step(run.id, row.id) : null;
    if (step?.status === "running" && step.attempt !== null) return d.attempt(step.attempt);
  }
  return null;
}
