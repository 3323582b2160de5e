import type { CommitId, Config, TargetId } from "../../../../src/core/config/config.ts";
import type { planRestore } from "../../../../src/core/plan/restore.ts";
import type { planRollback } from "../../../../src/core/plan/rollback.ts";
import type { AttemptSpec, Effect } from "../../../../src/core/run/effects.ts";
import type { Event, Observed } from "../../../../src/core/run/events.ts";
import type { AttemptId, RunId, StepRow } from "../../../../src/core/run/rows.ts";
import type { offeredSnapshot } from "../../../../src/core/run/snapshots.ts";
import { State, stepKey } from "../../../../src/core/run/state.ts";
import { runEnded } from "../../../../src/core/run/status.ts";
import { type Outcome, transition } from "../../../../src/core/run/transition.ts";
import { relate } from "../history.ts";
import { Database } from "./database.ts";
import { Reality } from "./reality.ts";
import type { World } from "./world.ts";

/** What is told to the core, the clock's part left out. */
export type Told = Event extends infer E ? (E extends Event ? Omit<E, "at"> : never) : never;
/** How an attempt ends; `changed`: it failed and the target is another than before. */
export type Ending = "ok" | "failed" | "changed" | "errored" | "cut" | "lost";
export type Running = { readonly spec: AttemptSpec; readonly applied: boolean; readonly stopping: boolean };
/** An effect that is answered by an event other than an attempt's end. */
export type Ask = Extract<Effect, { readonly type: "rollback.ask" | "target.observe" | "relation.ask" | "render.ask" | "artifact.await" }>;
/** Told of each event after the core's word on it, before anything is carried out. */
export type Watch = (world: World, event: Event, outcome: Outcome) => void;

/** What a wrong reading of the rules may stand in for. */
export type Core = {
  readonly transition: typeof transition;
  readonly planRollback?: typeof planRollback;
  readonly planRestore?: typeof planRestore;
  readonly offeredSnapshot?: typeof offeredSnapshot;
};

export type WorldOptions = {
  readonly config: Config;
  readonly core?: Core;
  /** Whether whatever the core asks is answered at once. */
  readonly prompt?: boolean;
  readonly watch?: Watch;
  /** Told when everything that an event asks for is under way. */
  readonly settled?: (outcome: Outcome) => void;
  /** Targets whose driver cannot tell what is there. */
  readonly blind?: ReadonlySet<TargetId>;
};

type Await = Extract<Ask, { readonly type: "artifact.await" }>;
export const digestOf = (artifact: string, commit: CommitId): string => `sha256:${artifact}-${commit}`;
export const found = ({ build, wait, artifact, commit }: Await): Extract<Told, { readonly type: "artifact.found" }> => ({
  type: "artifact.found",
  build,
  wait,
  digest: digestOf(artifact.name, commit),
});

export const START = 1_000_000;

/** An orchestrator without clock, disk and processes: it tells the core what happens, and does what the core asks for. */
export abstract class Orchestrator extends Reality {
  readonly options: WorldOptions;
  state = new State();
  db = new Database();
  now = START;
  prompt: boolean;
  readonly running = new Map<AttemptId, Running>();
  readonly asks = new Map<string, Ask>();
  /** What was asked for until nobody waited for it any more: a last look may still be under way. */
  readonly forgotten: Await[] = [];
  /** What was told of the outside: each may be told again. */
  readonly told: Told[] = [];

  constructor(options: WorldOptions) {
    super();
    this.options = options;
    this.prompt = options.prompt ?? false;
  }

  send(told: Told): Outcome {
    const event = { ...told, at: this.now } as Event;
    const outcome = (this.options.core?.transition ?? transition)(this.state, event);
    this.state.apply(outcome.changes);
    this.db.put(outcome.changes);
    this.options.watch?.(this.self(), event, outcome);
    for (const effect of outcome.effects) this.#carry(effect);
    for (const change of outcome.changes)
      if (change.table === "run" && runEnded(change.row.status)) {
        this.ended(change.row.id);
        this.state.forget(change.row.id);
      }
    this.options.settled?.(outcome);
    if (this.prompt) this.answerAll();
    return outcome;
  }

  protected abstract self(): World;
  /** A run has ended, and is about to be forgotten. */
  protected abstract ended(run: RunId): void;
  protected abstract restore(ask: Extract<Ask, { readonly type: "rollback.ask" }>): void;

  restart(): void {
    this.state = State.from(this.db.load());
  }

  relate = (release: CommitId, live: CommitId) => relate(release, live, this.gone);

  answerAll(): void {
    for (const key of this.asks.keys()) this.answer(key);
  }

  answer(key: string): void {
    const ask = this.asks.get(key);
    // what is not there yet is asked for again
    if (!ask || (ask.type === "artifact.await" && this.unpushed.has(ask.commit))) return;
    this.asks.delete(key);
    if (ask.type === "relation.ask") this.tell({ type: "relation.known", relation: this.relate(ask.release, ask.live) });
    else if (ask.type === "render.ask") this.tell({ type: "render.known", run: ask.run, renders: this.#rendered(ask) });
    else if (ask.type === "rollback.ask") this.restore(ask);
    else if (ask.type === "artifact.await") this.tell(found(ask));
    else this.tell({ type: "target.observed", target: ask.target, observed: this.observe(ask.target) });
  }

  /** Tells what comes from the outside and may come again. */
  tell(told: Told): Outcome {
    this.told.push(told);
    return this.send(told);
  }

  observe(target: TargetId): Observed {
    const there = this.actual.get(target);
    if (this.options.blind?.has(target)) return { kind: "unobservable" };
    if (!there) return { kind: "absent" };
    return { kind: "live", commit: there.commit, digest: null, attempt: there.attempt, health: "healthy", url: null };
  }

  /** The driver has done its work, though its attempt has not ended. */
  applyNow(id: AttemptId): void {
    const running = this.running.get(id);
    if (running?.spec.kind !== "deploy" || running.applied) return;
    this.write(running.spec.target, { commit: running.spec.commit, attempt: id });
    this.running.set(id, { ...running, applied: true });
  }

  /** `applied`: whether an attempt that did not get to say so has changed its target. */
  end(id: AttemptId, how: Ending, applied = false): Outcome | null {
    const running = this.running.get(id);
    if (!running) return null;
    const { spec } = running;
    if (spec.kind === "deploy" && (how === "ok" || how === "changed" || (applied && how !== "failed"))) this.applyNow(id);
    const changed = this.running.get(id)?.applied === true;
    this.running.delete(id);
    if (spec.kind === "verify" || spec.kind === "soak") this.#judge(id, spec.kind, spec.target, how);
    if (how === "lost") return this.tell({ type: "attempt.lost", attempt: id });
    return this.tell({
      type: "attempt.ended",
      attempt: id,
      outcome: how === "ok" ? "succeeded" : how === "changed" ? "failed" : how,
      message: how === "ok" ? null : how,
      digest: spec.kind === "build" && how === "ok" ? digestOf(spec.artifact.name, spec.commit) : null,
      changed,
      url: null,
    });
  }

  step(run: RunId, id: string): StepRow | undefined {
    return this.db.steps.get(stepKey(run, id));
  }

  /** The steps, of one run or of several that have joined, that an attempt is made for. */
  holders(id: AttemptId): readonly StepRow[] {
    const attempt = this.db.attempts.get(id);
    if (!attempt) return [];
    const all = [{ run: attempt.run, step: attempt.step }, ...attempt.joined].map((h) => this.step(h.run, h.step));
    return all.filter((row) => row?.attempt === id) as readonly StepRow[];
  }

  #forget(key: string): void {
    const ask = this.asks.get(key);
    this.asks.delete(key);
    if (ask?.type === "artifact.await") this.forgotten.push(ask);
  }

  #carry(effect: Effect): void {
    if (effect.type === "attempt.start") this.running.set(effect.attempt.id, { spec: effect.attempt, applied: false, stopping: false });
    else if (effect.type === "attempt.stop") {
      const running = this.running.get(effect.attempt);
      if (running) this.running.set(effect.attempt, { ...running, stopping: true });
    } else if (effect.type === "artifact.forget") this.#forget(effect.asked);
    else this.asks.set(effect.key, effect);
  }

  /** What checks say counts while a step waits for it: a soak that was cut short says nothing any more. */
  #judge(id: AttemptId, kind: "verify" | "soak", target: TargetId, how: Ending): void {
    const holders = this.holders(id).filter((row) => row.status === "running");
    if (holders.length === 0) return;
    if (how === "ok") {
      const soaks = kind === "verify" && holders.some((row) => this.step(row.run, `soak:${target}`) !== undefined);
      this.say(target, soaks ? "serving" : "good");
    } else if (how === "failed" || (how === "errored" && kind === "verify")) this.say(target, "bad");
  }

  #rendered(ask: Extract<Ask, { readonly type: "render.ask" }>) {
    return Object.fromEntries(ask.targets.map((t) => [t.target, { fingerprint: this.fingerprint(t.definition.service, t.commit) }]));
  }
}
