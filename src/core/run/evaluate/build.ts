import { startBuild } from "../attempts.ts";
import { buildKey, type Draft } from "../draft.ts";
import { askRenders } from "../renders.ts";
import type { StepRow } from "../rows.ts";
import { stepEnded } from "../status.ts";
import { setStatus, stopped } from "../steps.ts";

/** An artifact of a commit is built once, whichever run comes first. */
export function evaluateBuild(d: Draft, row: StepRow): void {
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
    setStatus(d, row.run, row.id, "skipped", { code: "already-built", run: null });
    askRenders(d, row.run, artifact);
    return;
  }
  const other = d
    .activeRuns()
    .find((r) => r.id !== row.run && r.commit === d.runOf(row.run).commit && d.step(r.id, row.id)?.status === "running");
  if (other) setStatus(d, row.run, row.id, "waiting", { code: "building", artifact: key, run: other.id });
  else startBuild(d, row.run, row.id);
}
