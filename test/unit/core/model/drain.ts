import { settleOne } from "./acts-outside.ts";
import { PEOPLE } from "./acts-people.ts";
import type { Play } from "./player.ts";
import { Violation } from "./violation.ts";
import type { World } from "./world.ts";

/** Longer than any history takes to end when nothing keeps it. */
const ROUNDS = 200;

/** Invariant 8: attempts end, images come, gates are decided, locks, holds, freezes and unknowns end, time passes; then every run ends. */
export function drain(p: Play): void {
  const { world } = p;
  world.unpushed.clear();
  for (let round = 0; world.state.runs.size > 0; round++) {
    if (round > ROUNDS) throw new Violation("8", `stuck: ${stuck(world)}`);
    world.answerAll();
    for (const id of world.running.keys()) world.end(id, "ok");
    for (const row of world.state.targets.values())
      if (row.unknown && world.asks.size === 0) settleOne(p, row.id, row.unknown.attempt, false);
    lift(world);
    decideAll(p);
    if (round % 8 !== 7) continue;
    world.now = Math.max(world.now, world.state.nextWake() ?? 0);
    world.send({ type: "tick" });
  }
}

function lift(world: World): void {
  for (const { id, lock } of world.state.targets.values()) if (lock) world.send({ type: "target.unlocked", target: id, by: "ben" });
  for (const { id, lock, freeze, hold, rollback } of world.state.environments.values()) {
    if (lock) world.send({ type: "environment.unlocked", environment: id, by: "ben" });
    if (freeze) world.send({ type: "environment.thawed", environment: id });
    if (hold && rollback === null) world.send({ type: "environment.unheld", environment: id, by: "ben" });
  }
}

function decideAll(p: Play): void {
  const { state } = p.world;
  for (const row of state.steps.values())
    if (row.kind === "gate" && row.status === "waiting")
      for (const by of PEOPLE.toReversed()) {
        if (state.steps.get(row.run, row.id)?.status !== "waiting") break;
        p.decide(by, "approved", state.runs.get(row.run)?.commit ?? "", row.id.slice("gate:".length));
      }
}

function stuck(world: World): string {
  const open = [...world.state.steps.values()].filter((s) => s.endedAt === null);
  return `${open.map((s) => `${s.run} ${s.id} ${s.status} ${JSON.stringify(s.reason)}`).join("; ")}; queues: ${JSON.stringify([...world.state.targets.values()].filter((t) => t.queue.length > 0 || t.busy).map((t) => [t.id, t.busy, t.queue]))}`;
}
