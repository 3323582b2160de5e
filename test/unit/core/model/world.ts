import type { CommitId, Config, EnvironmentId, ServiceId, TargetId } from "../../../../src/core/config/config.ts";
import { type DeployPlanInput, planDeploy } from "../../../../src/core/plan/deploy.ts";
import type { Plan } from "../../../../src/core/plan/plan.ts";
import { planRollback } from "../../../../src/core/plan/rollback.ts";
import type { AttemptSpec, Effect } from "../../../../src/core/run/effects.ts";
import type { AdmitRollback, Event, Observed } from "../../../../src/core/run/events.ts";
import type { AttemptId, RunId, SnapshotRow, StepRow } from "../../../../src/core/run/rows.ts";
import { offeredSnapshot } from "../../../../src/core/run/snapshots.ts";
import { goodKey, State, stepKey } from "../../../../src/core/run/state.ts";
import { runEnded } from "../../../../src/core/run/status.ts";
import { type Outcome, transition } from "../../../../src/core/run/transition.ts";
import { relate } from "../history.ts";
import { Database } from "./database.ts";
import { Violation } from "./violation.ts";

/** What is told to the core, the clock's part left out. */
export type Told = Event extends infer E ? (E extends Event ? Omit<E, "at"> : never) : never;
/** How an attempt ends; `changed`: it failed and the target is another than before. */
export type Ending = "ok" | "failed" | "changed" | "errored" | "cut" | "lost";
export type Applied = { readonly commit: CommitId; readonly attempt: AttemptId };
export type Running = { readonly spec: AttemptSpec; readonly applied: boolean; readonly stopping: boolean };
/** An effect that is answered by an event other than an attempt's end. */
export type Ask = Extract<Effect, { readonly type: "rollback.ask" | "target.observe" | "relation.ask" | "render.ask" }>;
/** Told of each event after the core's word on it, before anything is carried out. */
export type Watch = (world: World, event: Event, outcome: Outcome) => void;

export type WorldOptions = {
  readonly config: Config;
  readonly core?: { readonly transition: typeof transition };
  /** Whether whatever the core asks is answered at once. */
  readonly prompt?: boolean;
  readonly watch?: Watch;
  /** Told when everything that an event asks for is under way. */
  readonly settled?: () => void;
  /** Targets whose driver cannot tell what is there. */
  readonly blind?: ReadonlySet<TargetId>;
};

export const START = 1_000_000;

/** An orchestrator without clock, disk and processes: what drivers would have done is kept here, apart from what the core believes. */
export class World {
  readonly options: WorldOptions;
  state = new State();
  db = new Database();
  now = START;
  prompt: boolean;
  readonly running = new Map<AttemptId, Running>();
  readonly asks = new Map<string, Ask>();
  /** Ends that were told: each may be told again. */
  readonly told: Told[] = [];
  /** What is really on each target, and everybody who ever put something there. */
  readonly actual = new Map<TargetId, Applied>();
  readonly written = new Map<TargetId, AttemptId[]>();
  /** What the checks said of what is there; nothing: they have not. */
  readonly checked = new Map<TargetId, "serving" | "good" | "bad">();
  readonly goodEver = new Set<string>();
  /** The last commit that was good on each target. */
  readonly lastGood = new Map<TargetId, CommitId>();
  /** Snapshots that a rollback of everything has gone back behind. */
  readonly left = new Set<string>();
  /** How often a service's rendering has changed without its commit. */
  readonly renderings = new Map<ServiceId, number>();
  readonly #behind = new Map<RunId, readonly string[]>();
  #runs = 0;
  readonly #plans = new Map<string, Plan>();

  constructor(options: WorldOptions) {
    this.options = options;
    this.prompt = options.prompt ?? false;
  }

  /** The same, to go on from: rows and truth are copied, what runs is not. */
  copy(options: WorldOptions): World {
    const copy = new World(options);
    copy.db = this.db.copy();
    copy.state = State.from(copy.db.load());
    copy.now = this.now;
    copy.#runs = this.#runs;
    for (const [target, applied] of this.actual) copy.actual.set(target, applied);
    for (const [target, attempts] of this.written) copy.written.set(target, [...attempts]);
    for (const [target, word] of this.checked) copy.checked.set(target, word);
    for (const key of this.goodEver) copy.goodEver.add(key);
    for (const [target, commit] of this.lastGood) copy.lastGood.set(target, commit);
    return copy;
  }

  send(told: Told): Outcome {
    const event = { ...told, at: this.now } as Event;
    const outcome = (this.options.core?.transition ?? transition)(this.state, event);
    this.state.apply(outcome.changes);
    this.db.put(outcome.changes);
    this.options.watch?.(this, event, outcome);
    for (const effect of outcome.effects) this.#carry(effect);
    for (const change of outcome.changes)
      if (change.table === "run" && runEnded(change.row.status)) {
        if (change.row.status === "succeeded") for (const id of this.#behind.get(change.row.id) ?? []) this.left.add(id);
        this.state.forget(change.row.id);
      }
    this.options.settled?.();
    if (this.prompt) this.answerAll();
    return outcome;
  }

  restart(): void {
    this.state = State.from(this.db.load());
  }

  answerAll(): void {
    for (const key of this.asks.keys()) this.answer(key);
  }

  answer(key: string): void {
    const ask = this.asks.get(key);
    if (!ask) return;
    this.asks.delete(key);
    if (ask.type === "relation.ask") this.send({ type: "relation.known", relation: relate(ask.release, ask.live) });
    else if (ask.type === "render.ask") this.send({ type: "render.known", run: ask.run, renders: this.#rendered(ask) });
    else if (ask.type === "rollback.ask") this.send({ type: "rollback.declined", cause: ask.cause, message: "not modelled" });
    else this.send({ type: "target.observed", target: ask.target, observed: this.observe(ask.target) });
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
    this.#write(running.spec.target, { commit: running.spec.commit, attempt: id });
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
    const told: Told =
      how === "lost"
        ? { type: "attempt.lost", attempt: id }
        : {
            type: "attempt.ended",
            attempt: id,
            outcome: how === "ok" ? "succeeded" : how === "changed" ? "failed" : how,
            message: how === "ok" ? null : how,
            digest: spec.kind === "build" && how === "ok" ? `sha256:${spec.artifact.name}-${spec.commit}` : null,
            changed,
            url: null,
          };
    this.told.push(told);
    return this.send(told);
  }

  step(run: RunId, id: string): StepRow | undefined {
    return this.db.steps.get(stepKey(run, id));
  }

  // --- commands ------------------------------------------------------------------------------------------------------------

  deploy(
    commit: CommitId,
    part: {
      readonly services?: readonly ServiceId[] | null;
      readonly environments?: readonly EnvironmentId[] | null;
      readonly promotion?: "wave" | "stream" | null;
      readonly by?: string;
      readonly redeploy?: boolean;
      readonly acceptDiverged?: string | null;
      /** What the file says at that commit, where it says something else. */
      readonly release?: Config;
    } = {},
  ): RunId | null {
    const plan = this.#planOf({
      release: part.release ?? this.options.config,
      policy: this.options.config.policy,
      commit,
      services: part.services ?? null,
      environments: part.environments ?? null,
      promotion: part.promotion ?? null,
    });
    if (!plan) return null;
    const run = `r${++this.#runs}`;
    this.send({
      type: "deploy.admitted",
      run,
      nonce: "n",
      plan,
      by: part.by ?? "ana",
      reason: null,
      policyCommit: null,
      options: {
        redeploy: part.redeploy ?? false,
        acceptDiverged: part.acceptDiverged ?? null,
        skipNeeds: null,
        now: false,
        named: (part.services ?? null) !== null,
      },
      retryOf: null,
      goodBefore: [...this.db.good.values()].filter((g) => g.commit === commit).map((g) => g.target),
      built: [...this.db.builds.values()].filter((b) => b.commit === commit),
      decided: [...this.db.decisions.values()].filter((x) => x.commit === commit && x.voided === null),
    });
    return run;
  }

  #planOf(input: DeployPlanInput): Plan | null {
    const { commit, services, environments, promotion } = input;
    const key = input.release === this.options.config ? JSON.stringify([commit, services, environments, promotion]) : null;
    const known = key === null ? undefined : this.#plans.get(key);
    if (known) return known;
    const planned = planDeploy(input);
    if (!("plan" in planned)) return null;
    if (key !== null) this.#plans.set(key, planned.plan);
    return planned.plan;
  }

  /** The event that admits a rollback; null where nothing is offered, a string with what stands against it. */
  prepareRollback(
    environment: EnvironmentId,
    part: { readonly to?: string; readonly services?: readonly ServiceId[] | null; readonly by?: string; readonly now?: boolean } = {},
  ): Omit<AdmitRollback, "run"> | string | null {
    const row = this.db.environments.get(environment);
    const offered = part.to ?? (row ? offeredSnapshot(row)?.id : undefined);
    if (part.to === undefined && this.left.has(offered ?? ""))
      throw new Violation("R2", `${offered} is offered, though a rollback has left it`);
    const snapshot = offered === undefined ? undefined : this.db.snapshots.get(offered);
    if (!snapshot) return null;
    const { plan, problems } = this.planRollback(snapshot, part.services ?? null);
    if (problems.length > 0) return problems.map((p) => `${p.target}: ${p.message}`).join("; ");
    const decided = [...this.db.decisions.values()].filter((x) => x.environment === environment && x.voided === null);
    return {
      type: "rollback.admitted",
      nonce: "n",
      plan,
      by: part.by ?? "ben",
      reason: "it is bad",
      snapshot,
      decided,
      now: part.now ?? false,
      cause: null,
    };
  }

  planRollback(snapshot: SnapshotRow, services: readonly ServiceId[] | null) {
    return planRollback({
      project: this.options.config.project,
      policy: this.options.config.policy,
      snapshot,
      services,
      targets: [...this.db.targets.values()].filter((t) => t.environment === snapshot.environment),
      definitions: this.db.definitions,
      gone: new Set(),
      relations: relate,
    });
  }

  rollback(environment: EnvironmentId, part: Parameters<World["prepareRollback"]>[1] = {}): RunId {
    const event = this.prepareRollback(environment, part);
    if (event === null || typeof event === "string") throw new Error(`no rollback of ${environment}: ${event ?? "nothing is offered"}`);
    return this.admit(event).run;
  }

  admit(event: Omit<AdmitRollback, "run">): { readonly run: RunId; readonly outcome: Outcome } {
    const run = `r${++this.#runs}`;
    const { entries, environment, seq, id } = event.snapshot;
    const whole = Object.keys(entries).every((target) => event.plan.members[target as TargetId] !== undefined);
    const later = [...this.db.snapshots.values()].filter((s) => whole && s.environment === environment && s.seq > seq);
    const outcome = this.send({ ...event, run });
    if (outcome.answer.ok) {
      this.left.delete(id);
      this.#behind.set(
        run,
        later.map((s) => s.id),
      );
    }
    return { run, outcome };
  }

  // --- the other side --------------------------------------------------------------------------------------------------------

  #carry(effect: Effect): void {
    if (effect.type === "attempt.start") this.running.set(effect.attempt.id, { spec: effect.attempt, applied: false, stopping: false });
    else if (effect.type === "attempt.stop") {
      const running = this.running.get(effect.attempt);
      if (running) this.running.set(effect.attempt, { ...running, stopping: true });
    } else this.asks.set(effect.key, effect);
  }

  #write(target: TargetId, applied: Applied): void {
    this.actual.set(target, applied);
    this.checked.delete(target);
    const attempts = this.written.get(target);
    if (attempts) attempts.push(applied.attempt);
    else this.written.set(target, [applied.attempt]);
  }

  /** What checks say counts while their step waits for it: a soak that was cut short says nothing any more. */
  #judge(id: AttemptId, kind: "verify" | "soak", target: TargetId, how: Ending): void {
    const attempt = this.db.attempts.get(id);
    const there = this.actual.get(target);
    if (!attempt || !there || this.step(attempt.run, attempt.step)?.attempt !== id) return;
    if (this.step(attempt.run, attempt.step)?.status !== "running") return;
    if (how === "ok") {
      const good = kind === "soak" || this.step(attempt.run, `soak:${target}`) === undefined;
      this.checked.set(target, good ? "good" : "serving");
      if (!good) return;
      this.goodEver.add(goodKey(target, there.commit));
      this.lastGood.set(target, there.commit);
    } else if (how === "failed" || (how === "errored" && kind === "verify")) this.checked.set(target, "bad");
  }

  #rendered(ask: Extract<Ask, { readonly type: "render.ask" }>) {
    return Object.fromEntries(ask.targets.map((t) => [t.target, { fingerprint: this.fingerprint(t.definition.service, t.commit) }]));
  }

  fingerprint(service: ServiceId, commit: CommitId): string {
    return `${service} ${commit} ${this.renderings.get(service) ?? 0}`;
  }
}
