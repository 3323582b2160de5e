import type { Outcome } from "../../../../../src/core/run/transition.ts";
import { Violation } from "../violation.ts";
import type { World } from "../world.ts";
import type { Rule } from "./memory.ts";

/** Section 3: what somebody else makes is not built but waited for: asked for once for all who wait, while somebody does; and nothing of it is deployed before it is there. */
export const awaits: Rule = (world, _event, outcome) => {
  for (const effect of outcome.effects) {
    if (effect.type !== "attempt.start") continue;
    const { attempt } = effect;
    if (attempt.kind === "build" && attempt.artifact.awaits !== undefined)
      throw new Violation("A", `${attempt.artifact.name} of ${attempt.commit} is built, though somebody else makes it`);
    if (attempt.kind === "deploy" && attempt.direction === "deploy" && isAwaited(world, attempt.run) && attempt.digest === null)
      throw new Violation("A", `${attempt.target} ${attempt.commit} starts without its image`);
  }
  if (outcome.changes.some((c) => c.table === "step" && c.row.kind === "build")) askedOnce(world, outcome);
};

const isAwaited = (world: World, run: string): boolean =>
  Object.values(world.db.plans.get(run)?.artifacts ?? {}).some((artifact) => artifact.awaits !== undefined);

function askedOnce(world: World, outcome: Outcome): void {
  const asked = new Map([...world.asks].flatMap(([key, ask]) => (ask.type === "artifact.await" ? [[key, ask.wait] as const] : [])));
  for (const effect of outcome.effects)
    if (effect.type === "artifact.await") asked.set(effect.key, effect.wait);
    else if (effect.type === "artifact.forget") asked.delete(effect.asked);
  const builds = new Map<string, number>();
  for (const { reason, status, run, id } of world.db.steps.values()) {
    if (status !== "waiting" || reason?.code !== "artifact") continue;
    if (![...asked.values()].includes(reason.wait)) throw new Violation("A", `${id} of ${run} waits, and nobody asks for ${reason.build}`);
    if (builds.get(reason.build) !== undefined && builds.get(reason.build) !== reason.wait)
      throw new Violation("A", `${reason.build} is asked for twice`);
    builds.set(reason.build, reason.wait);
  }
  for (const wait of asked.values())
    if (![...builds.values()].includes(wait)) throw new Violation("A", `wait ${wait} is asked for, though nobody waits`);
}
