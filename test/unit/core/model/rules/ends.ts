import type { EnvironmentId, TargetId } from "../../../../../src/core/config/config.ts";
import type { RunId, RunRow } from "../../../../../src/core/run/rows.ts";
import { runEnded } from "../../../../../src/core/run/status.ts";
import type { Outcome } from "../../../../../src/core/run/transition.ts";
import { meets } from "../../history.ts";
import { Violation } from "../violation.ts";
import type { World } from "../world.ts";
import { environmentOf, existsIn, type Memory, needsOf, type Rule } from "./memory.ts";

/** Invariant 7, and what a run's end promises. One for each history: it remembers what has ended. */
export function ends(): Rule {
  const ended = new Set<RunId>();
  return (world, _event, outcome, memory) => {
    for (const { table, row } of outcome.changes.filter((c) => c.table === "run" || c.table === "step")) {
      const run = table === "run" ? row.id : row.run;
      if (ended.has(run)) throw new Violation("7", `${row.id} of ended run ${run} changes`);
    }
    for (const change of outcome.changes) {
      if (change.table !== "run" || !runEnded(change.row.status)) continue;
      ended.add(change.row.id);
      verified(world, change.row);
      if (change.row.status === "succeeded") kept(world, memory, change.row);
    }
  };
}

/** What was applied is always verified: a deploy that succeeded is not left without a word, unless somebody cut that short. */
function verified(world: World, run: RunRow): void {
  for (const target of Object.keys(world.db.plans.get(run.id)?.members ?? {})) {
    const verify = world.step(run.id, `verify:${target}`);
    if (world.step(run.id, `deploy:${target}`)?.status !== "succeeded" || !verify || verify.attempt !== null) continue;
    throw new Violation("V2", `${run.id} ended, and ${target} is ${verify.status} without having been verified`);
  }
}

const RULES: ReadonlySet<string> = new Set(["already-live", "newer-is-live", "already-there", "pinned", "not-needed"]);

/** J2 and R4: who says that it succeeded has brought its targets there, or says by which rule it did not have to. */
function kept(world: World, memory: Memory, run: RunRow): void {
  for (const member of Object.values(world.db.plans.get(run.id)?.members ?? {})) {
    const { target, commit } = member;
    const deploy = world.step(run.id, `deploy:${target}`);
    if (deploy?.status === "skipped") {
      if (!RULES.has(deploy.reason?.code ?? "")) throw new Violation("J2", `${run.id} skipped ${target} without a rule`);
    } else if (!world.wasLive(target, commit, memory.admitted.get(run.id) ?? 0))
      throw new Violation("J2", `${run.id} succeeded, but ${target} was not ${commit} at any time`);
    const there = deploy?.status !== "skipped" || deploy.reason?.code === "already-there";
    // what answers a failure holds nothing, so others may have come since, or have looked at it again
    if (run.kind !== "rollback" || run.cause !== null || !there) continue;
    // somebody else has removed it since
    if (!world.actual.has(target)) continue;
    if (world.actual.get(target)?.commit !== commit || world.checked.get(target) !== "good")
      throw new Violation("R4", `rollback ${run.id} succeeded, but ${target} is not ${commit} and good`);
  }
}

/** Section 1: when a run has ended in an environment, what was good last there is recorded, if it works together; and at no other time. */
export const snapshots: Rule = (world, event, outcome) => {
  // what was due is recorded when its commits have been compared
  for (const change of event.type === "relation.known" ? [] : outcome.changes)
    if (change.table === "snapshot" && openIn(world, change.row.run, change.row.environment))
      throw new Violation("S", `${change.row.id} is recorded while ${change.row.run} is under way in ${change.row.environment}`);
  for (const [run, environment] of left(outcome)) {
    const row = world.db.environments.get(environment);
    if (!row || row.snapshotDue || openIn(world, run, environment)) continue;
    const good = [...world.lastGood].filter(([target]) => environmentOf(target) === environment);
    if (good.some(([, commit]) => world.gone.has(commit)) || !fits(environment, new Map(good))) continue;
    const last = world.db.snapshots.get(row.snapshots.findLast((s) => !s.left)?.id ?? "");
    if (good.some(([target, commit]) => last?.entries[target]?.commit !== commit))
      throw new Violation("S", `${run} ended in ${environment}, and what is good there is not recorded`);
  }
};

function* left(outcome: Outcome): Generator<readonly [RunId, EnvironmentId]> {
  const lanes = new Map<string, readonly [RunId, EnvironmentId]>();
  for (const change of outcome.changes) {
    if (change.table !== "step" || change.row.endedAt === null || !change.row.id.includes("@")) continue;
    const environment = change.row.id.slice(change.row.id.indexOf("@") + 1);
    if (change.row.kind !== "build") lanes.set(`${change.row.run}/${environment}`, [change.row.run, environment]);
  }
  yield* lanes.values();
}

function openIn(world: World, run: RunId, environment: EnvironmentId): boolean {
  const steps = world.db.plans.get(run)?.steps ?? [];
  return steps.some((s) => s.target !== null && s.environment === environment && world.step(run, s.id)?.endedAt === null);
}

const fits = (environment: EnvironmentId, good: ReadonlyMap<TargetId, string>): boolean =>
  [...good].every(([target, commit]) =>
    needsOf(target).every((need) => !existsIn(need, environment) || meets(good.get(`${need}@${environment}`) ?? "c0", need, commit)),
  );
