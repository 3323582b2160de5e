import type { Change } from "../../../../src/core/run/changes.ts";
import { goodKey, relationKey, State } from "../../../../src/core/run/state.ts";
import type { Outcome } from "../../../../src/core/run/transition.ts";
import { dump, indexes } from "./look.ts";
import type { Core } from "./orchestrator.ts";
import { Violation } from "./violation.ts";
import type { World } from "./world.ts";

/** Events that a state before a restart is told too, to see whether it says the same. */
const SHADOWED = 8;
/** Every so many events the whole state is written out to be compared. */
const SAMPLE = 97;

/** The core, with an eye on its purity, on what it derives, and on a state that was not restarted. */
export class Harness {
  readonly #core: Core;
  readonly #world: () => World;
  #shadow: { readonly state: State; left: number } | null = null;
  #sends = 0;

  constructor(core: Core, world: () => World) {
    this.#core = core;
    this.#world = world;
  }

  /** Rows are frozen, so that one that is written to is seen at once; the tables themselves are compared now and then. */
  readonly transition: Core["transition"] = (state, event) => {
    const sampled = this.#sends++ % SAMPLE === 0;
    const before = sampled ? dump(state) : "";
    const outcome = this.#core.transition(state, event);
    if (sampled && dump(state) !== before) throw new Violation("pure", `${event.type} changes the state that it reads`);
    for (const change of outcome.changes) freeze("row" in change ? change.row : change);
    if (this.#shadow) {
      const same = this.#core.transition(this.#shadow.state, event);
      const lost = differences(this.#said(same), this.#said(outcome));
      if (lost !== "") throw new Violation("4", `after a restart ${event.type} comes out otherwise:\n${lost}`);
      this.#shadow.state.apply(same.changes);
      for (const change of same.changes) if (change.table === "run") this.#shadow.state.forget(change.row.id);
      if (--this.#shadow.left === 0) this.#shadow = null;
    }
    return outcome;
  };

  /** Invariant 8: looking at everything again changes nothing; and what is derived is as if derived anew. */
  readonly settled = (outcome: Outcome): void => {
    const world = this.#world();
    // what changed nothing leaves everything as it was when it was looked at last
    if (outcome.changes.length > 0) this.#lookAgain(world);
    if (this.#sends % SAMPLE !== 1) return;
    const [now, anew] = [indexes(world.state), indexes(State.from(world.db.load()))];
    if (now !== anew) throw new Violation("index", `${now}\nderived anew:\n${anew}`);
  };

  #lookAgain(world: World): void {
    const wake = world.state.nextWake();
    if (wake !== null && wake <= world.now) return;
    const { changes, effects } = this.#core.transition(world.state, { type: "reevaluate", at: world.now });
    const [missed] = changes.length > 0 ? changes : effects.filter((e) => e.type.startsWith("attempt."));
    if (missed && !onTheWay(world)) throw new Violation("8", `a trigger was missed: ${JSON.stringify(missed)}, was ${was(world, missed)}`);
  }

  restart(): void {
    const world = this.#world();
    const { state } = world;
    world.restart();
    // how commits stand to each other is asked again where it is not loaded
    state.relations.clear();
    for (const [key, row] of world.state.relations) state.relations.set(key, row);
    this.#shadow = { state, left: SHADOWED };
  }

  /** What an outcome says, but for rows that are written again as they are, and for the expiry of decisions that only sometimes are in memory. */
  #said({ changes, effects, answer }: Outcome): readonly string[] {
    const { db } = this.#world();
    const again = (c: Change) =>
      c.table === "meta" ||
      (c.table === "good" && db.good.has(goodKey(c.row.target, c.row.commit))) ||
      (c.table === "build" && db.builds.has(c.row.key)) ||
      (c.table === "decision" && (c.row.voided === "it has expired" || db.decisions.get(c.row.id)?.voided === c.row.voided));
    const news = changes.filter((c) => !again(c));
    // what is asked once more is answered once more
    return [...news, ...effects.filter((e) => e.type !== "relation.ask"), answer].map((x) => JSON.stringify(x));
  }
}

/** A restart has loaded a comparison whose answer is still on the way: that answer will wake who waits for it. */
function onTheWay(world: World): boolean {
  const { steps, relations } = world.state;
  return [...steps.values()].some(({ endedAt, reason }) => {
    if (endedAt !== null || reason?.code !== "comparing") return false;
    const key = relationKey(reason.release, reason.live);
    return relations.has(key) && world.asks.has(`relation:${key}`);
  });
}

function freeze(value: unknown): void {
  if (value === null || typeof value !== "object" || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const part of Object.values(value)) freeze(part);
}

function was(world: World, what: Change | Outcome["effects"][number]): string {
  return "table" in what && what.table === "step" ? JSON.stringify(world.state.steps.get(what.row.run, what.row.id)) : "not there";
}

function differences(one: readonly string[], other: readonly string[]): string {
  const missing = one.filter((l) => !other.includes(l)).map((l) => `not restarted: ${l}`);
  const added = other.filter((l) => !one.includes(l)).map((l) => `restarted: ${l}`);
  return [...missing, ...added].join("\n");
}
