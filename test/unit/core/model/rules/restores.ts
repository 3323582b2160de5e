import type { Cause } from "../../../../../src/core/run/rows.ts";
import { stepEnded } from "../../../../../src/core/run/status.ts";
import { Violation } from "../violation.ts";
import type { World } from "../world.ts";
import { environmentOf, type Rule, targetOf } from "./memory.ts";

/** Section 5 and 7, `onFailure: rollback`: a failure is answered once, holds nothing, starts no other, and yields to a person's rollback. One for each history. */
export function restores(): Rule {
  const asked = new Set<string>();
  return (world, event, outcome) => {
    for (const effect of outcome.effects) if (effect.type === "rollback.ask") askedRightly(world, effect.cause, asked);
    if (event.type === "rollback.admitted" && outcome.answer.ok && event.cause === null) yieldsTo(world, event.snapshot.environment);
    for (const change of outcome.changes)
      if (change.table === "environment" && change.row.hold !== null && change.row.hold.run !== null)
        if (world.db.runs.get(change.row.hold.run)?.cause != null)
          throw new Violation("R5", `${change.row.hold.run} answers a failure and holds ${change.row.id}`);
  };
}

function askedRightly(world: World, cause: Cause, asked: Set<string>): void {
  const run = world.db.runs.get(cause.run);
  const says = `a way back is asked for ${cause.step} of ${cause.run}`;
  const policy = world.db.plans.get(cause.run)?.environments[environmentOf(cause.target)];
  if (policy?.onFailure !== "rollback") throw new Violation("R5", `${says}, which policy does not say`);
  if (run?.kind !== "deploy") throw new Violation("R5", `${says}, which is a rollback itself`);
  // those who have joined an attempt share its failure
  const key = world.step(cause.run, cause.step)?.attempt ?? "";
  if (asked.has(key)) throw new Violation("R5", `${says} a second time`);
  asked.add(key);
}

/** A person's rollback of the environment voids those that have not started. */
function yieldsTo(world: World, environment: string): void {
  for (const run of world.state.runs.values()) {
    if (run.cause === null) continue;
    for (const step of world.db.plans.get(run.id)?.steps ?? []) {
      const row = world.step(run.id, step.id);
      if (!row || row.kind !== "deploy" || stepEnded(row.status) || row.status === "running") continue;
      const target = targetOf(row);
      if (target !== null && environmentOf(target) === environment)
        throw new Violation("R5", `${row.id} of ${run.id} is still to come, though a person rolls ${environment} back`);
    }
  }
}
