import type { CommitId } from "../../../../../src/core/config/config.ts";
import type { StepRow } from "../../../../../src/core/run/rows.ts";
import { Violation } from "../violation.ts";
import type { World } from "../world.ts";
import type { Rule } from "./memory.ts";

/** Section 5, joining: what several runs want is done once, belongs to all of them, and ends for all as it ends. */
export const joins: Rule = (world, _event, outcome) => {
  for (const effect of outcome.effects)
    if (effect.type === "attempt.start" && effect.attempt.kind === "build")
      builtOnce(world, effect.attempt.id, effect.attempt.artifact.name, effect.attempt.commit);
  for (const change of outcome.changes) {
    if (change.table !== "step") continue;
    const { row } = change;
    if (row.status === "cancelled" && world.db.runs.get(row.run)?.stopped === null)
      throw new Violation("J1", `${row.id} of ${row.run} is cancelled, though nobody cancelled or rejected ${row.run}`);
    if (row.attempt !== null && (row.status === "running" || TOLD.has(row.status))) together(world, row);
  }
};
const TOLD: ReadonlySet<string> = new Set(["succeeded", "failed", "errored"]);

function builtOnce(world: World, id: string, artifact: string, commit: CommitId): void {
  for (const built of world.db.builds.values())
    if (built.artifact === artifact && built.commit === commit) throw new Violation("J3", `${artifact} of ${commit} is built again`);
  for (const [other, { spec }] of world.running)
    if (other !== id && spec.kind === "build" && spec.artifact.name === artifact && spec.commit === commit)
      throw new Violation("J3", `${artifact} of ${commit} is built by ${other} already`);
}

/** All who hold an attempt say the same of it; one whose run was stopped may have let go before. */
function together(world: World, row: StepRow): void {
  for (const other of world.holders(row.attempt ?? "")) {
    if (other.run === row.run || (other.status !== "running" && !TOLD.has(other.status)) || other.status === row.status) continue;
    if ([row, other].some((h) => world.db.runs.get(h.run)?.stopped != null)) continue;
    throw new Violation(
      "J3",
      `${row.id} is ${row.status} in ${row.run} and ${other.status} in ${other.run}, by one attempt ${row.attempt}`,
    );
  }
}
