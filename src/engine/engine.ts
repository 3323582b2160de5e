import type { AdapterSchema, CommitId, EnvironmentId } from "../core/config/config.ts";
import type { Answer } from "../core/run/events.ts";
import type { RunRow } from "../core/run/rows.ts";
import type { State } from "../core/run/state.ts";
import { hasEnded, runEnded } from "../core/run/status.ts";
import { Configs } from "./configs.ts";
import {
  type Actor,
  type Control,
  type Decided,
  type DeployRequest,
  type PendingApproval,
  type Planned,
  RequestError,
  type RollbackPreview,
  type RollbackRequest,
  type WaitingStep,
} from "./control.ts";
import type { DriftReport, EnvironmentDiff } from "./compared.ts";
import { decide } from "./decisions.ts";
import { diffOf } from "./diffs.ts";
import { deploy, type DeployParts, planOf, scopeOf } from "./deploys.ts";
import { driftOf } from "./drift.ts";
import { Dispatcher } from "./dispatch.ts";
import { Freezes } from "./freezes.ts";
import { Loop } from "./loop.ts";
import { pendingApprovals } from "./pending.ts";
import { stopsOf } from "./stops.ts";
import { waitingSteps } from "./waiting.ts";
import type { Clock } from "./ports/clock.ts";
import type { Builder, Driver } from "./ports/driver.ts";
import type { Executor } from "./ports/executor.ts";
import type { Source, Trees } from "./ports/source.ts";
import type { Store, StoreError } from "./ports/store.ts";
import { refused } from "./errors.ts";
import { resume } from "./resume.ts";
import { restore } from "./restores.ts";
import { previewRollback, rollback } from "./rollbacks.ts";
import { Watch } from "./watch.ts";

export type EngineOptions = {
  readonly store: Store;
  readonly executor: Executor;
  readonly source: Source;
  readonly driver: (name: string) => Promise<Driver>;
  readonly trees: Trees;
  readonly builder: (name: string) => Promise<Builder>;
  readonly adapters: readonly AdapterSchema[];
  readonly clock: Clock;
  /** The store's directory, where drivers keep what they must. */
  readonly home: string;
  readonly project: string;
  /** Where policy is read from unless a request says otherwise; null: the default ref. */
  readonly policyRef: string | null;
  readonly log: (level: "info" | "warn" | "error", message: string, details?: object) => void;
  readonly deposed: (error: StoreError) => void;
  /** Beside an owner or where nobody drives: shows what the store says, carries nothing out. The store refuses whatever would change something. */
  readonly readOnly?: boolean;
};

/** The orchestrator: what people ask for becomes events, what the core asks for becomes acts. */
export class Engine implements Control {
  readonly project: string;
  readonly store: Store;
  readonly logs: Executor;
  readonly #options: EngineOptions;
  readonly #loop: Loop;
  readonly #dispatcher: Dispatcher;
  readonly #parts: DeployParts;
  readonly #watch: Watch;
  readonly #stops: ReturnType<typeof stopsOf>;
  readonly #freezes: Freezes;
  readonly #stop = new AbortController();
  readonly #diffs = new Map<string, Promise<EnvironmentDiff>>();
  #lastRun = 0;
  #approvals: { readonly state: State; readonly seq: number; readonly list: readonly PendingApproval[] } | null = null;

  private constructor(options: EngineOptions) {
    this.#options = options;
    this.project = options.project;
    this.store = options.store;
    this.logs = options.executor;
    const configs = new Configs(options.source, options.adapters);
    this.#dispatcher = new Dispatcher({ ...options, configs, loop: () => this.#loop, restore: (ask) => restore(this.#parts, ask) });
    this.#loop = new Loop({ ...options, dispatch: options.readOnly ? () => {} : this.#dispatcher.dispatch });
    this.#watch = new Watch({ ...options, loop: this.#loop });
    this.#freezes = new Freezes({ ...options, configs, loop: this.#loop });
    this.#stops = stopsOf({ ...options, configs, loop: this.#loop });
    this.#parts = {
      ...options,
      configs,
      loop: this.#loop,
      nextRun: () => String(++this.#lastRun),
      env: process.env,
      stop: this.#stop.signal,
    };
  }

  /** Takes up where the last orchestrator left off: attempts are adopted, effects carried out again, host processes brought back. */
  static async open(options: EngineOptions): Promise<Engine> {
    const engine = new Engine(options);
    const newest = await options.store.runs({}, { limit: 1, cursor: null });
    engine.#lastRun = Number(newest.items[0]?.id ?? 0);
    if (options.readOnly) {
      await engine.#loop.open();
      return engine;
    }
    await engine.#freezes.read();
    // what was under way may end at once and let others start: not in a window that has begun meanwhile
    await engine.#loop.open(() => engine.#freezes.due());
    // what an older version left waiting for a reason that this one has no more is looked at too
    engine.#loop.tell({ type: "reevaluate" }, null);
    await resume(options, engine.#loop.state);
    engine.#watch.start();
    engine.#freezes.start();
    return engine;
  }

  /** Lets go: attempts run on, and the next orchestrator adopts them. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#watch.close();
    this.#freezes.close();
    this.#dispatcher.close();
    await this.#options.executor.close();
    await this.#loop.close();
  }

  plan(request: DeployRequest): Promise<Planned> {
    return planOf(this.#parts, request);
  }

  deploy(request: DeployRequest, actor: Actor): Promise<{ readonly run: RunRow; readonly warnings: readonly string[] }> {
    return this.#deploy(request, actor, null);
  }

  async #deploy(request: DeployRequest, actor: Actor, retryOf: Parameters<typeof deploy>[3]): ReturnType<Engine["deploy"]> {
    await this.#freezes.look();
    return await deploy(this.#parts, request, actor, retryOf);
  }

  previewRollback(request: RollbackRequest): Promise<RollbackPreview> {
    return previewRollback(this.#parts, request);
  }

  rollback(request: RollbackRequest, actor: Actor): Promise<{ readonly run: RunRow }> {
    return rollback(this.#parts, request, actor);
  }

  approvals(): Promise<readonly PendingApproval[]> {
    return Promise.resolve(this.#pending());
  }

  /** Pages ask for it after each event that they hear of: made once for each commit, and each state that was loaded. */
  #pending(): readonly PendingApproval[] {
    const { state, seq } = this.#loop;
    if (this.#approvals?.state !== state || this.#approvals.seq !== seq) this.#approvals = { state, seq, list: pendingApprovals(state) };
    return this.#approvals.list;
  }

  async decide(request: Parameters<Control["decide"]>[0], actor: Actor): Promise<Decided> {
    // a gate may outlive its environment in the policy, and must not wait for ever
    if (!this.#pending().some((gate) => gate.environment === request.environment)) await this.#mustKnow(request.environment);
    return await decide({ ...this.#parts, clock: this.#options.clock }, request, actor);
  }

  async cancel(run: string, options: { readonly now: boolean; readonly reason: string | null }, actor: Actor): Promise<Answer> {
    const answer = await this.#loop.command({ type: "run.cancelled", run, by: actor.name, now: options.now, reason: options.reason });
    if (answer.ok || answer.code !== "not-found") return answer;
    const ended = await this.store.run(run);
    return ended ? { ok: false, code: "ended", message: hasEnded(ended) } : answer;
  }

  async retry(run: string, actor: Actor): Promise<{ readonly run: RunRow }> {
    const row = await this.store.run(run);
    if (!row) throw new RequestError("not-found", `no run ${run}`, "sluice runs lists them");
    if (!runEnded(row.status)) {
      const answer = await this.#loop.command({ type: "run.retried", run, by: actor.name });
      if (!answer.ok) throw refused(answer);
      return { run: (await this.store.run(run)) ?? row };
    }
    if (row.kind === "rollback")
      throw new RequestError("conflict", `run ${run} is a rollback that has ended`, "roll back again: sluice rollback");
    if (row.status === "succeeded")
      throw new RequestError("conflict", `run ${run} succeeded; there is nothing to retry`, "apply it again with sluice deploy --redeploy");
    const plan = await this.store.plan(run);
    if (!plan) throw new Error(`run ${run} has no plan`);
    const { services, environments } = scopeOf(plan.members);
    const request: DeployRequest = {
      services,
      environments,
      commit: row.commit,
      policyRef: null,
      reason: row.reason,
      promotion: plan.promotion,
      redeploy: row.options.redeploy,
      acceptDiverged: row.options.acceptDiverged,
      skipNeeds: row.options.skipNeeds,
      now: row.options.now,
      changed: false,
    };
    return await this.#deploy(request, actor, row);
  }

  hold: Control["hold"] = (environment, reason, actor) => this.#stops.hold(environment, reason, actor);
  unhold: Control["unhold"] = (environment, actor) => this.#stops.unhold(environment, actor);
  lock: Control["lock"] = (on, options, actor) => this.#stops.lock(on, options, actor);
  unlock: Control["unlock"] = (on, actor) => this.#stops.unlock(on, actor);
  pin: Control["pin"] = (target, options, actor) => this.#stops.pin(target, options, actor);
  unpin: Control["unpin"] = (target, actor) => this.#stops.unpin(target, actor);
  settle: Control["settle"] = (target, options, actor) => this.#stops.settle(target, options, actor);

  /** Several who look at the same at once are told the same: drivers are asked once. */
  diff(request: Parameters<Control["diff"]>[0]): Promise<EnvironmentDiff> {
    const key = JSON.stringify([request.commit, request.environment, request.services]);
    const known = this.#diffs.get(key) ?? diffOf(this.#parts, request).finally(() => this.#diffs.delete(key));
    this.#diffs.set(key, known);
    return known;
  }

  drift(request: Parameters<Control["drift"]>[0]): Promise<DriftReport> {
    return driftOf(this.#parts, request);
  }

  waiting(): Promise<readonly WaitingStep[]> {
    return Promise.resolve(waitingSteps(this.#loop.state));
  }

  async resolve(ref: string): ReturnType<Control["resolve"]> {
    const id = await this.#options.source.resolve(ref);
    const { subject, author, at } = await this.#options.source.describe(id);
    return { id, subject, author, at };
  }

  async describe(commit: CommitId): Promise<{ readonly subject: string; readonly author: string; readonly at: number } | null> {
    return await this.#options.source.describe(commit).catch(() => null);
  }

  async environments(): Promise<
    readonly { readonly id: EnvironmentId; readonly gate: boolean; readonly needs: readonly EnvironmentId[] }[]
  > {
    const { policy } = await this.#parts.configs.policy(this.#options.policyRef);
    return Object.entries(policy.environments).map(([id, e]) => ({ id, gate: e.approval !== null, needs: e.needs }));
  }

  onCommit(listener: (seq: number) => void): () => void {
    return this.#loop.onCommit(listener);
  }

  idle(): boolean {
    return this.#dispatcher.idle();
  }

  /** When everything that has happened is durable: whether nothing is under way, so that only a person, another process or time could move what still waits. */
  async quiet(): Promise<boolean> {
    await this.#loop.flush();
    // both at once: what has ended since is queued before it counts as ended
    return this.idle() && this.#loop.settled;
  }

  async #mustKnow(environment: EnvironmentId): Promise<void> {
    const known = await this.environments();
    if (!known.some((e) => e.id === environment))
      throw new RequestError("not-found", `no environment ${environment}`, `known: ${known.map((e) => e.id).join(", ")}`);
  }
}
