import type { EnvironmentId, TargetId } from "../../../../../src/core/config/config.ts";
import type { RunId, RunRow, StepRow } from "../../../../../src/core/run/rows.ts";
import { goodKey, relationKey, renderKey } from "../../../../../src/core/run/state.ts";
import type { Outcome } from "../../../../../src/core/run/transition.ts";
import { contains } from "../../history.ts";
import { Violation } from "../violation.ts";
import type { World } from "../world.ts";
import { deciders } from "./approved.ts";
import { environmentOf, type Memory, type Rule, targetOf } from "./memory.ts";

/** Section 5: who has reached an environment supersedes what is older there and has not begun; nobody else is superseded. */
export const superseding: Rule = (world, _event, outcome, memory) => {
  const touched = new Set<TargetId>();
  for (const change of outcome.changes) {
    if (change.table === "decision") for (const t of Object.keys(change.row.fingerprints)) touched.add(t as TargetId);
    if (change.table !== "step" || change.row.kind !== "deploy") continue;
    touched.add(targetOf(change.row) as TargetId);
    if (change.row.status === "superseded" && change.row.reason?.code === "superseded")
      rightly(world, memory, change.row, change.row.reason.run);
  }
  for (const target of touched) if (supersedes(world, environmentOf(target))) noneLeft(world, memory, outcome, target);
};

const policyOf = (world: World, environment: EnvironmentId) => world.options.config.policy.environments[environment];
function supersedes(world: World, environment: EnvironmentId): boolean {
  return policyOf(world, environment)?.superseding === "supersede" && policyOf(world, environment)?.order === "forward";
}

/** An older release yields to a newer one that has reached the environment, and to no other. */
function rightly(world: World, memory: Memory, row: StepRow, by: RunId): void {
  const target = targetOf(row) as TargetId;
  const environment = environmentOf(target);
  const run = world.db.runs.get(row.run) as RunRow;
  const other = world.db.runs.get(by);
  const says = `${row.id} ${run.commit} of ${run.id} is superseded by ${by} ${other?.commit}`;
  if (!row.reached && follows(world, row, target, by)) return;
  const fail = (why: string) => {
    throw new Violation("SUP", `${says}, ${why}`);
  };
  if (policyOf(world, environment)?.superseding !== "supersede") fail("though policy lets all go through");
  const member = world.db.plans.get(by)?.members[target];
  if (!other || !member || other.commit === run.commit || !contains(other.commit, run.commit)) return fail("which is not newer there");
  const theirs = world.step(by, row.id);
  const arrived = theirs?.reached === true || memory.reached.get(target)?.has(by) === true;
  if (!arrived) fail("which has not reached it");
  for (const before of other.options.skipNeeds === null ? member.promotesFrom : [])
    if (!world.goodEver.has(goodKey(`${member.service}@${before}`, other.commit))) fail(`which was never good in ${before}`);
  if ((memory.begun.get(`${run.id}/${environment}`) ?? memory.event) < memory.event) fail(`though ${run.id} has begun there`);
}

/** It is left out because what it would have followed, or needed, was superseded by the same. */
function follows(world: World, row: StepRow, target: TargetId, by: RunId): boolean {
  const member = world.db.plans.get(row.run)?.members[target];
  const first = [
    ...(member?.promotesFrom ?? []).map((e) => `${member?.service}@${e}`),
    ...(member?.definition.needs ?? []).map((s) => `${s}@${environmentOf(target)}`),
  ];
  return first.some((id) => {
    const reason = world.step(row.run, `deploy:${id}`)?.reason;
    return reason?.code === "superseded" && reason.run === by;
  });
}

/** What stays undone: an older release that waits, unbegun, beside a newer one that has reached the environment; or, worse, begins. */
function noneLeft(world: World, memory: Memory, outcome: Outcome, target: TargetId): void {
  const here: RunRow[] = [];
  for (const run of world.state.runs.values()) {
    const row = run.kind === "deploy" ? world.step(run.id, `deploy:${target}`) : undefined;
    if (row?.reached === true && row.endedAt === null) here.push(run);
  }
  for (const old of here)
    for (const young of here) {
      if (old.commit === young.commit || !contains(young.commit, old.commit)) continue;
      if (world.gone.has(old.commit) || world.gone.has(young.commit)) continue;
      if (memory.begun.has(`${old.id}/${environmentOf(target)}`) || beginsElsewhere(outcome, old.id, target)) continue;
      const begins = world.step(old.id, `deploy:${target}`)?.status === "running";
      if (begins && goesAlong(world, memory, old.id, target)) continue;
      // whether the newer one has arrived is in doubt while it is compared with what is live by now
      if (world.step(young.id, `deploy:${target}`)?.reason?.code === "comparing") continue;
      if (!begins && unsure(world, old, young, target)) continue;
      if (memory.reached.get(target)?.has(young.id) !== true && begins) continue;
      if (decided(world, memory, old, target) && !decided(world, memory, young, target, true)) continue;
      throw new Violation(
        "SUP",
        `deploy:${target} ${old.commit} of ${old.id} is left beside ${young.commit} of ${young.id}, which is newer`,
      );
    }
}

/** It has joined the work of another run, which had begun there and finishes. */
function goesAlong(world: World, memory: Memory, run: RunId, target: TargetId): boolean {
  const attempt = world.step(run, `deploy:${target}`)?.attempt ?? "";
  return world.holders(attempt).some((row) => row.run !== run && memory.begun.has(`${row.run}/${environmentOf(target)}`));
}

/** It begins there by this very event, on another target. */
function beginsElsewhere(outcome: Outcome, run: RunId, target: TargetId): boolean {
  return outcome.changes.some((c) => {
    const other = c.table === "step" && c.row.run === run && c.row.kind === "deploy" && c.row.attempt !== null ? targetOf(c.row) : null;
    return other !== null && other !== target && environmentOf(other) === environmentOf(target);
  });
}

/** `standing`: by decisions alone that have not been voided; why one is void is another rule's business. */
function decided(world: World, memory: Memory, run: RunRow, target: TargetId, standing = false): boolean {
  const of = deciders(world, memory, run, target, world.db.renders.get(renderKey(run.id, target))?.fingerprint ?? null, standing);
  return of !== null && of.persons >= of.needed;
}

/** How the two, or the older and another one, stand to each other is still being asked. */
function unsure(world: World, old: RunRow, young: RunRow, target: TargetId): boolean {
  if (world.step(old.id, `deploy:${target}`)?.reason?.code === "comparing") return true;
  const known = world.state.relations;
  return !known.has(relationKey(young.commit, old.commit));
}
