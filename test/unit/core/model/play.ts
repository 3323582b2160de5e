import type { EnvironmentId, TargetId } from "../../../../src/core/config/config.ts";
import type { Change } from "../../../../src/core/run/changes.ts";
import type { AdmitRollback } from "../../../../src/core/run/events.ts";
import { goodKey, relationKey, State } from "../../../../src/core/run/state.ts";
import { type Outcome, transition } from "../../../../src/core/run/transition.ts";
import { HOUR, MINUTE } from "../harbor.ts";
import { COMMITS } from "../history.ts";
import { Invariants } from "./invariants.ts";
import { dump, indexes } from "./look.ts";
import { beginning, configOf } from "./setup.ts";
import type { Story } from "./story.ts";
import { Violation } from "./violation.ts";
import type { Ending, Told, World } from "./world.ts";

/** One random act: what, and three numbers that choose among what there is when it happens. */
export type Token = readonly [act: number, a: number, b: number, c: number];
export type History = { readonly setup: number; readonly tokens: readonly Token[] };
export type Core = { readonly transition: typeof transition };

const ENVIRONMENTS = ["devnet", "canary", "mainnet"] as const;
const SERVICES = ["api", "indexer", "web"] as const;
const LINE = ["c1", "c2", "c3", "c4"];
/** Ana and Ben start runs, and approve what the other has started. */
const PEOPLE = ["ana", "ben", "zoe", "yan"];
/** Events that a state before a restart is told too, to see whether it says the same. */
const SHADOWED = 12;

const ACTS: readonly (readonly [weight: number, act: (p: Play, a: number, b: number, c: number) => void])[] = [
  // first, so that a shorter history is one where less happens
  [1, () => {}],
  [14, (p, a, b, c) => p.deploy(a, b, c)],
  [46, (p, a, b) => p.endOne(a, b)],
  [6, (p, a) => p.applyOne(a)],
  [14, (p, a) => p.answerOne(a)],
  [12, (p, a, b) => p.decide(a, b, "approved")],
  [1, (p, a, b) => p.decide(a, b, "rejected")],
  [6, (p, a, b, c) => p.rollback(a, b, c)],
  [2, (p, a, b, c) => p.prepare(a, b, c)],
  [4, (p, a, b) => p.cancel(a, b)],
  [3, (p, a) => p.retry(a)],
  [2, (p, a) => p.hold(a)],
  [4, (p, a) => p.unhold(a)],
  [5, (p, a, b) => p.pass(a, b)],
  [4, (p, a) => p.again(a)],
  [3, (p, a, b) => p.settle(a, b)],
  [2, (p, a) => p.renderAnew(a)],
  [2, (p, a) => p.see(a)],
  [3, (p) => p.restart()],
];
const TOTAL = ACTS.reduce((sum, [weight]) => sum + weight, 0);

/** Plays a history with every invariant watched, then lets everything end. Throws a `Violation`. */
export function play(history: History, core: Core = { transition }, story?: Story): World {
  const player = new Play(history.setup, core, story);
  for (const [act, a, b, c] of history.tokens) {
    let rest = act % TOTAL;
    for (const [weight, perform] of ACTS) {
      if (rest < weight) {
        perform(player, a, b, c);
        break;
      }
      rest -= weight;
    }
  }
  player.drain();
  return player.world;
}

class Play {
  readonly world: World;
  readonly #core: Core;
  #prepared: Omit<AdmitRollback, "run"> | null = null;
  #shadow: { readonly state: State; left: number } | null = null;
  #sends = 0;
  #ids = 0;

  constructor(setup: number, core: Core, story: Story | undefined) {
    this.#core = core;
    const invariants = new Invariants();
    this.world = beginning(setup & 63).copy({
      config: configOf(setup),
      prompt: (setup & 64) > 0,
      blind: new Set<TargetId>((setup & 256) > 0 ? ["indexer@mainnet", "api@canary"] : []),
      core: { transition: this.#transition },
      watch: (world, event, outcome) => {
        story?.tell(world, event, outcome);
        invariants.watch(world, event, outcome);
      },
      settled: () => this.#settled(),
    });
  }

  /** The core, with an eye on its purity, and on a state that was not restarted. */
  readonly #transition: Core["transition"] = (state, event) => {
    const sampled = this.#sends++ % 16 === 0;
    const before = sampled ? dump(state) : "";
    const outcome = this.#core.transition(state, event);
    if (sampled && dump(state) !== before) throw new Violation("pure", `${event.type} changes the state that it reads`);
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

  /** What an outcome says, but for rows that are written again as they are, and for the expiry of decisions that only sometimes are in memory. */
  #said({ changes, effects, answer }: Outcome): readonly string[] {
    const { db } = this.world;
    const again = (c: Change) =>
      c.table === "meta" ||
      (c.table === "good" && db.good.has(goodKey(c.row.target, c.row.commit))) ||
      (c.table === "build" && db.builds.has(c.row.key)) ||
      (c.table === "decision" && (c.row.voided === "it has expired" || db.decisions.get(c.row.id)?.voided === c.row.voided));
    const news = changes.filter((c) => !again(c));
    // what is asked once more is answered once more
    return [...news, ...effects.filter((e) => e.type !== "relation.ask"), answer].map((x) => JSON.stringify(x));
  }

  /** Invariant 8: looking at everything again changes nothing; and what is derived is as if derived anew. */
  #settled(): void {
    const { world } = this;
    const wake = world.state.nextWake();
    if (wake === null || wake > world.now) {
      const { changes, effects } = this.#core.transition(world.state, { type: "reevaluate", at: world.now });
      if (this.#onTheWay()) return;
      if (changes.length > 0 || effects.some((e) => e.type.startsWith("attempt.")))
        throw new Violation("8", `a trigger was missed: ${JSON.stringify(changes[0] ?? effects[0])}, was ${was(world, changes[0])}`);
    }
    if (this.#sends % 16 !== 1) return;
    const [now, anew] = [indexes(world.state), indexes(State.from(world.db.load()))];
    if (now !== anew) throw new Violation("index", `${now}\nderived anew:\n${anew}`);
  }

  /** A restart has loaded a comparison whose answer is still on the way: that answer will wake who waits for it. */
  #onTheWay(): boolean {
    const { steps, relations } = this.world.state;
    return [...steps.values()].some(({ endedAt, reason }) => {
      if (endedAt !== null || reason?.code !== "comparing") return false;
      const key = relationKey(reason.release, reason.live);
      return relations.has(key) && this.world.asks.has(`relation:${key}`);
    });
  }

  deploy(a: number, b: number, c: number): void {
    const commit = pick(a % 5 === 0 ? Object.keys(COMMITS) : LINE, b) ?? "c1";
    const services = c % 5 < 3 ? null : [SERVICES[c % 3] ?? "api"];
    const environments = a % 4 === 3 ? [ENVIRONMENTS[b % 3] ?? "devnet"] : null;
    const part = {
      services,
      environments,
      by: PEOPLE[c % 2] ?? "ana",
      redeploy: c % 13 === 0,
      acceptDiverged: b % 11 === 0 ? "a hotfix" : null,
    };
    this.world.deploy(commit, part);
  }

  endOne(a: number, b: number): void {
    const id = pick([...this.world.running.keys()], a);
    if (id === undefined) return;
    const running = this.world.running.get(id);
    const odd: readonly Ending[] = ["failed", "changed", "errored", "lost", running?.stopping ? "cut" : "lost"];
    const how = running?.stopping && b % 4 > 0 ? "cut" : b % 10 < 7 ? "ok" : (odd[Math.floor(b / 10) % 5] ?? "ok");
    const deploys = running?.spec.kind === "deploy";
    this.world.end(id, running?.applied && how === "failed" ? "changed" : how === "changed" && !deploys ? "failed" : how, a % 2 === 0);
  }

  applyOne(a: number): void {
    const id = pick([...this.world.running.keys()], a);
    if (id !== undefined) this.world.applyNow(id);
  }

  answerOne(a: number): void {
    const key = pick([...this.world.asks.keys()], a);
    if (key !== undefined) this.world.answer(key);
  }

  decide(a: number, b: number, verdict: "approved" | "rejected"): void {
    const gates = [...this.world.state.steps.values()].filter((s) => s.kind === "gate" && s.status === "waiting");
    const gate = pick(gates, a);
    if (!gate) return;
    const commit = this.world.state.runs.get(gate.run)?.commit ?? "";
    this.#decide(PEOPLE[b % 4] ?? "zoe", verdict, commit, gate.id.slice("gate:".length));
  }

  #decide(by: string, verdict: "approved" | "rejected", commit: string, environment: EnvironmentId): void {
    this.world.send({
      type: "gate.decided",
      id: `d${++this.#ids}`,
      by,
      verdict,
      commit,
      environment,
      comment: null,
      expect: null,
      targets: null,
      emergency: false,
    });
  }

  #rollbackOf(a: number, b: number, c: number) {
    const environment = ENVIRONMENTS[a % 3] ?? "devnet";
    const snapshots = [...this.world.db.snapshots.values()].filter((s) => s.environment === environment);
    const to = b % 3 === 0 ? pick(snapshots, c)?.id : undefined;
    const services = c % 6 === 0 ? [SERVICES[b % 3] ?? "api"] : null;
    return this.world.prepareRollback(environment, { services, now: b % 4 === 0, ...(to === undefined ? {} : { to }) });
  }

  rollback(a: number, b: number, c: number): void {
    const event = this.#prepared ?? this.#rollbackOf(a, b, c);
    this.#prepared = null;
    if (event !== null && typeof event !== "string") this.world.admit(event);
  }

  /** A rollback that is looked at now and admitted later, when its plan may be stale. */
  prepare(a: number, b: number, c: number): void {
    const event = this.#rollbackOf(a, b, c);
    if (event !== null && typeof event !== "string") this.#prepared = event;
  }

  cancel(a: number, b: number): void {
    const run = pick([...this.world.state.runs.keys()], a);
    if (run !== undefined) this.world.send({ type: "run.cancelled", run, by: "ben", now: b % 2 === 0, reason: null });
  }

  retry(a: number): void {
    const run = pick([...this.world.state.runs.keys()], a);
    if (run !== undefined) this.world.send({ type: "run.retried", run, by: "ben" });
  }

  hold(a: number): void {
    this.world.send({ type: "environment.held", environment: ENVIRONMENTS[a % 3] ?? "devnet", by: "ben", reason: "an incident" });
  }

  unhold(a: number): void {
    const held = [...this.world.state.environments.values()].filter((e) => e.hold !== null);
    const environment = pick(held, a)?.id;
    if (environment !== undefined) this.world.send({ type: "environment.unheld", environment, by: "ben" });
  }

  /** Time passes, jumps, or goes back; only sometimes is the core told. */
  pass(a: number, b: number): void {
    this.world.now = Math.max(0, this.world.now + (b % 10 === 0 ? -HOUR : b % 10 === 1 ? 30 * HOUR : (a % 40) * MINUTE));
    this.world.now = Math.max(this.world.now, this.world.db.meta.at);
    if (b % 3 > 0) this.world.send({ type: "tick" });
  }

  /** Invariant 10: what comes twice or late changes nothing. */
  again(a: number): void {
    const told = pick(this.world.told, a);
    if (!told) return;
    this.#unheard(told);
    if (told.type === "attempt.ended") this.#unheard({ type: "attempt.lost", attempt: told.attempt });
  }

  #unheard(told: Told): void {
    const outcome: Outcome = this.world.send(told);
    if (outcome.changes.length > 0 || outcome.effects.length > 0)
      throw new Violation("10", `${told.type} was told again and changed ${JSON.stringify(outcome.changes[0] ?? outcome.effects[0])}`);
  }

  settle(a: number, b: number): void {
    const row = pick(
      [...this.world.state.targets.values()].filter((t) => t.unknown !== null),
      a,
    );
    if (row?.unknown) this.#settle(row.id, row.unknown.attempt, b % 4 === 0);
  }

  #settle(target: TargetId, attempt: string, observed: boolean): void {
    const applied = this.world.actual.get(target)?.attempt === attempt;
    if (observed && !this.world.options.blind?.has(target))
      this.world.send({ type: "target.observed", target, observed: this.world.observe(target) });
    else this.world.send({ type: "target.settled", target, by: "ben", applied, reason: "looked at it" });
  }

  /** A rendering comes out otherwise: what was approved is no longer what would be applied. */
  renderAnew(a: number): void {
    const row = pick([...this.world.state.renders.values()], a);
    if (!row) return;
    const service = row.target.slice(0, row.target.indexOf("@"));
    this.world.renderings.set(service, (this.world.renderings.get(service) ?? 0) + 1);
    const fingerprint = this.world.fingerprint(service, this.world.state.runs.get(row.run)?.commit ?? "");
    this.world.send({ type: "render.known", run: row.run, renders: { [row.target]: { fingerprint } } });
  }

  /** Between runs the engine looks at what is live. */
  see(a: number): void {
    const row = pick([...this.world.state.targets.values()], a);
    if (row?.live) this.world.send({ type: "target.watched", target: row.id, entry: row.live.entry, observed: this.world.observe(row.id) });
  }

  restart(): void {
    const state = this.world.state;
    this.world.restart();
    // how commits stand to each other is asked again where it is not loaded
    state.relations.clear();
    for (const [key, row] of this.world.state.relations) state.relations.set(key, row);
    this.#shadow = { state, left: SHADOWED };
  }

  /** Invariant 8: attempts end, gates are decided, holds and unknowns end, time passes; then every run ends. */
  drain(): void {
    const { world } = this;
    for (let round = 0; world.state.runs.size > 0; round++) {
      if (round > 200) throw new Violation("8", `stuck: ${stuck(world)}`);
      world.answerAll();
      for (const id of world.running.keys()) world.end(id, "ok");
      for (const row of world.state.targets.values())
        if (row.unknown && world.asks.size === 0) this.#settle(row.id, row.unknown.attempt, false);
      for (const row of world.state.environments.values())
        if (row.hold && row.rollback === null) world.send({ type: "environment.unheld", environment: row.id, by: "ben" });
      for (const row of world.state.steps.values())
        if (row.kind === "gate" && row.status === "waiting")
          for (const by of PEOPLE) this.#decide(by, "approved", world.state.runs.get(row.run)?.commit ?? "", row.id.slice(5));
      if (round % 8 !== 7) continue;
      world.now = Math.max(world.now, world.state.nextWake() ?? 0);
      world.send({ type: "tick" });
    }
  }
}

const pick = <T>(from: readonly T[], n: number): T | undefined => from[n % from.length];

function was(world: World, change: Outcome["changes"][number] | undefined): string {
  return change?.table === "step" ? JSON.stringify(world.state.steps.get(change.row.run, change.row.id)) : "not there";
}

function stuck(world: World): string {
  const open = [...world.state.steps.values()].filter((s) => s.endedAt === null);
  return `${open.map((s) => `${s.run} ${s.id} ${s.status} ${JSON.stringify(s.reason)}`).join("; ")}; queues: ${JSON.stringify([...world.state.targets.values()].filter((t) => t.queue.length > 0 || t.busy).map((t) => [t.id, t.busy, t.queue]))}`;
}

function differences(one: readonly string[], other: readonly string[]): string {
  const missing = one.filter((l) => !other.includes(l)).map((l) => `not restarted: ${l}`);
  const added = other.filter((l) => !one.includes(l)).map((l) => `restarted: ${l}`);
  return [...missing, ...added].join("\n");
}
