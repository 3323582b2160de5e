import type { EnvironmentId } from "../../../../../src/core/config/config.ts";
import type { Reason } from "../../../../../src/core/run/reason.ts";
import type { RunId, StepRow } from "../../../../../src/core/run/rows.ts";
import { stepEnded } from "../../../../../src/core/run/status.ts";
import { contains } from "../../history.ts";
import { Violation } from "../violation.ts";
import type { World } from "../world.ts";
import { type Rule, targetOf } from "./memory.ts";

const SAYS: ReadonlySet<string> = new Set(["waiting", "blocked", "skipped", "superseded", "cancelled"]);

/** Section 1: who waits or is left out says why, and what it says is so. */
export const reasons: Rule = (world, _event, outcome) => {
  const lanes = new Map<string, readonly [RunId, EnvironmentId]>();
  for (const change of outcome.changes) {
    if (change.table !== "step") continue;
    const { row } = change;
    if (SAYS.has(row.status) && row.reason === null)
      throw new Violation("8", `${row.id} of ${row.run} is ${row.status} and does not say why`);
    if (row.reason !== null && row.kind === "deploy") isSo(world, row, row.reason);
    const environment = world.db.plans.get(row.run)?.steps.find((s) => s.id === row.id)?.environment;
    if (environment != null) lanes.set(`${row.run}/${environment}`, [row.run, environment]);
  }
  for (const [run, environment] of lanes.values()) asksForSomething(world, run, environment);
};

function isSo(world: World, row: StepRow, reason: Reason): void {
  const target = targetOf(row);
  const run = world.db.runs.get(row.run);
  if (target === null || !run) return;
  const there = world.db.targets.get(target);
  const wrong = (why: string) => {
    throw new Violation("8", `${row.id} ${run.commit} of ${run.id} is ${row.status} (${reason.code}), but ${why}`);
  };
  if (row.status === "waiting" && "run" in reason && reason.run !== null && world.db.runs.get(reason.run)?.endedAt != null)
    wrong(`${reason.run} has ended`);
  const around = world.db.environments.get(there?.environment ?? "");
  const live = there?.live?.commit ?? "c0";
  if (reason.code === "newer-is-live" && !contains(live, run.commit)) wrong(`${live} is live`);
  if (reason.code === "already-live" && (live !== run.commit || there?.serving !== true)) wrong(`${live} is live`);
  const known = !world.gone.has(run.commit) && !("live" in reason && world.gone.has(reason.live));
  if (reason.code === "diverged" && known && contains(run.commit, reason.live)) wrong("it descends from that");
  if (reason.code === "pinned" && !there?.pin) wrong("there is no pin");
  if (reason.code === "lock" && !there?.lock && !around?.lock) wrong("nothing is locked");
  if (reason.code === "hold" && !around?.hold) wrong("nothing is held");
  if (reason.code === "freeze" && !around?.freeze) wrong("nothing is frozen");
}

/** No gate asks for a decision on nothing. */
function asksForSomething(world: World, run: RunId, environment: EnvironmentId): void {
  const gate = world.step(run, `gate:${environment}`);
  if (!gate || stepEnded(gate.status) || gate.status !== "waiting") return;
  const plan = world.db.plans.get(run);
  const asked = plan?.steps.some((s) => {
    const row = s.kind === "deploy" && s.environment === environment ? world.step(run, s.id) : undefined;
    return row?.reached === true && row.status === "waiting" && row.reason?.code === "approval";
  });
  if (asked !== true) throw new Violation("G", `${gate.id} of ${run} asks for a decision on nothing`);
}
