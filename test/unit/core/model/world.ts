import type { CommitId, Config, EnvironmentId, ServiceId, TargetId } from "../../../../src/core/config/config.ts";
import { type DeployPlanInput, planDeploy } from "../../../../src/core/plan/deploy.ts";
import type { Plan } from "../../../../src/core/plan/plan.ts";
import { planRestore } from "../../../../src/core/plan/restore.ts";
import { planRollback } from "../../../../src/core/plan/rollback.ts";
import type { AdmitRollback, Answer } from "../../../../src/core/run/events.ts";
import type { Cause, RunId, RunOptions, SnapshotRow } from "../../../../src/core/run/rows.ts";
import { offeredSnapshot } from "../../../../src/core/run/snapshots.ts";
import { State } from "../../../../src/core/run/state.ts";
import type { Outcome } from "../../../../src/core/run/transition.ts";
import { type Ask, Orchestrator, type WorldOptions } from "./orchestrator.ts";
import { Violation } from "./violation.ts";

export type { Ending, Told, WorldOptions } from "./orchestrator.ts";

export type DeployPart = Partial<RunOptions> & {
  readonly services?: readonly ServiceId[] | null;
  readonly environments?: readonly EnvironmentId[] | null;
  readonly promotion?: "wave" | "stream" | null;
  readonly by?: string;
  readonly retryOf?: RunId;
  /** What the file says at that commit, where it says something else. */
  readonly release?: Config;
};
export type RollbackPart = {
  readonly to?: string;
  readonly services?: readonly ServiceId[] | null;
  readonly by?: string;
  readonly now?: boolean;
};

/** What people ask for. */
export class World extends Orchestrator {
  /** Snapshots that a rollback of everything has gone back behind. */
  readonly left = new Set<string>();
  /** How each deploy was asked for: what a retry of an ended run asks for again. */
  readonly asked = new Map<RunId, { readonly commit: CommitId; readonly part: DeployPart }>();
  readonly #behind = new Map<RunId, readonly string[]>();
  #runs = 0;

  /** The same, to go on from: rows and truth are copied, what runs is not. */
  copy(options: WorldOptions): World {
    const copy = new World(options);
    copy.db = this.db.copy();
    copy.state = State.from(copy.db.load());
    copy.now = this.now;
    copy.#runs = this.#runs;
    copy.copyReality(this);
    return copy;
  }

  deploy(commit: CommitId, part: DeployPart = {}): RunId | null {
    return this.tryDeploy(commit, part)?.run ?? null;
  }

  /** null: there is nothing to deploy. */
  tryDeploy(commit: CommitId, part: DeployPart): { readonly run: RunId; readonly answer: Answer } | null {
    const plan = planOf({
      release: part.release ?? this.options.config,
      policy: this.options.config.policy,
      commit,
      services: part.services ?? null,
      environments: part.environments ?? null,
      promotion: part.promotion ?? null,
    });
    if (!plan) return null;
    const run = `r${++this.#runs}`;
    this.asked.set(run, { commit, part });
    const { answer } = this.tell({
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
        skipNeeds: part.skipNeeds ?? null,
        now: part.now ?? false,
        named: (part.services ?? null) !== null,
      },
      retryOf: part.retryOf ?? null,
      goodBefore: [...this.db.good.values()].filter((g) => g.commit === commit).map((g) => g.target),
      built: [...this.db.builds.values()].filter((b) => b.commit === commit),
      decided: [...this.db.decisions.values()].filter((x) => x.commit === commit && x.voided === null),
    });
    return { run, answer };
  }

  /** The event that admits a rollback; null where nothing is offered, a string with what stands against it. */
  prepareRollback(environment: EnvironmentId, part: RollbackPart = {}): Omit<AdmitRollback, "run"> | string | null {
    const row = this.db.environments.get(environment);
    const offered = part.to ?? (row ? (this.options.core?.offeredSnapshot ?? offeredSnapshot)(row)?.id : undefined);
    if (part.to === undefined && this.left.has(offered ?? ""))
      throw new Violation("R2", `${offered} is offered, though a rollback has left it`);
    const snapshot = offered === undefined ? undefined : this.db.snapshots.get(offered);
    if (!snapshot) return null;
    const { plan, problems } = this.planRollback(snapshot, part.services ?? null);
    if (problems.length > 0) return problems.map((p) => `${p.target}: ${p.message}`).join("; ");
    return {
      type: "rollback.admitted",
      nonce: "n",
      plan,
      by: part.by ?? "ben",
      reason: "it is bad",
      snapshot,
      decided: this.#decidedIn(environment),
      now: part.now ?? false,
      named: (part.services ?? null) !== null,
      cause: null,
    };
  }

  planRollback(snapshot: SnapshotRow, services: readonly ServiceId[] | null) {
    const facts = this.#factsOf(snapshot.environment);
    return (this.options.core?.planRollback ?? planRollback)({ ...facts, snapshot, services, named: new Set(services) });
  }

  #factsOf(environment: EnvironmentId) {
    const { config } = this.options;
    return {
      project: config.project,
      policy: config.policy,
      targets: this.targetsIn(environment),
      environment: this.db.environments.get(environment) ?? null,
      at: Math.max(this.now, this.db.meta.at),
      declared: new Set(Object.keys(config.services)),
      definitions: this.db.definitions,
      gone: new Map(),
      barriers: new Map(),
      relations: this.relate,
    };
  }

  targetsIn(environment: EnvironmentId) {
    return [...this.db.targets.values()].filter((t) => t.environment === environment);
  }

  rollback(environment: EnvironmentId, part: RollbackPart = {}): RunId {
    const event = this.prepareRollback(environment, part);
    if (event === null || typeof event === "string") throw new Error(`no rollback of ${environment}: ${event ?? "nothing is offered"}`);
    return this.admit(event).run;
  }

  admit(event: Omit<AdmitRollback, "run">): { readonly run: RunId; readonly outcome: Outcome } {
    const run = `r${++this.#runs}`;
    const { entries, environment, seq, id } = event.snapshot;
    const whole = event.cause === null && Object.keys(entries).every((target) => event.plan.members[target as TargetId] !== undefined);
    const later = [...this.db.snapshots.values()].filter((s) => whole && s.environment === environment && s.seq > seq);
    const outcome = this.tell({ ...event, run });
    if (outcome.answer.ok) {
      this.left.delete(id);
      this.#behind.set(
        run,
        later.map((s) => s.id),
      );
    }
    return { run, outcome };
  }

  protected override self(): World {
    return this;
  }

  protected override ended(run: RunId): void {
    if (this.db.runs.get(run)?.status === "succeeded") for (const id of this.#behind.get(run) ?? []) this.left.add(id);
  }

  /** `onFailure: rollback`: what has failed is brought back, or somebody is told why it cannot be. */
  protected override restore({ cause }: Extract<Ask, { readonly type: "rollback.ask" }>): void {
    const { environment } = this.db.targets.get(cause.target) ?? { environment: "" };
    const refs = this.db.environments.get(environment)?.snapshots ?? [];
    const snapshots = refs.flatMap((s) => (s.left ? [] : (this.db.snapshots.get(s.id) ?? []))).toReversed();
    const planned = (this.options.core?.planRestore ?? planRestore)({ ...this.#factsOf(environment), cause, snapshots });
    const refused = "message" in planned ? planned.message : this.#admitRestore(cause, planned, environment);
    if (refused !== null) this.tell({ type: "rollback.declined", cause, message: refused });
  }

  #admitRestore(
    cause: Cause,
    { plan, snapshot }: Extract<ReturnType<typeof planRestore>, { readonly plan: Plan }>,
    environment: EnvironmentId,
  ) {
    const by = this.db.runs.get(cause.run)?.by ?? "";
    const decided = this.#decidedIn(environment);
    const parts = { nonce: "n", plan, by, reason: "onFailure", snapshot, decided, now: false, named: false, cause };
    const { answer } = this.admit({ type: "rollback.admitted", ...parts }).outcome;
    return answer.ok ? null : answer.message;
  }

  #decidedIn(environment: EnvironmentId) {
    return [...this.db.decisions.values()].filter((x) => x.environment === environment && x.voided === null);
  }
}

const plans = new WeakMap<Config, Map<string, Plan | null>>();

/** Plans are data: of the same request there is one. */
function planOf(input: DeployPlanInput): Plan | null {
  const known = plans.get(input.release) ?? new Map<string, Plan | null>();
  plans.set(input.release, known);
  const key = JSON.stringify([input.commit, input.services, input.environments, input.promotion, input.policy === input.release.policy]);
  const before = input.policy === input.release.policy ? known.get(key) : undefined;
  if (before !== undefined) return before;
  const planned = planDeploy(input);
  const plan = "plan" in planned ? planned.plan : null;
  known.set(key, plan);
  return plan;
}
