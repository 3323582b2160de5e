import type { CommitId, Digest, EnvironmentId, TargetId } from "../config/config.ts";
import { indexPlan, type PlanIndex } from "../plan/index.ts";
import type { Definition, Member, Plan, PlannedStep, StepId } from "../plan/plan.ts";
import { type Relations, satisfies } from "../plan/relations.ts";
import type { Change } from "./changes.ts";
import type { Effect } from "./effects.ts";
import type * as rows from "./rows.ts";
import {
  type Counts,
  decisionKey,
  expiryOf,
  goodKey,
  recount,
  relationKey,
  renderKey,
  type State,
  type StepKey,
  stepKey,
  subjectOf,
  untilOf,
} from "./state.ts";
import { runEnded, stepEnded } from "./status.ts";
import { Worklist } from "./worklist.ts";

/**
 * What one event writes, over a state that it only reads. Reads see what was written. Whatever is written wakes the steps that watch it,
 * so that no rule has to remember whom to tell.
 */
export class Draft {
  readonly at: rows.Time;
  readonly work = new Worklist();
  readonly #base: State;
  readonly #changes: Change[] = [];
  #meta: rows.MetaRow;
  readonly #runs = new Map<string, rows.RunRow>();
  readonly #plans = new Map<string, PlanIndex>();
  readonly #steps = new Map<string, rows.StepRow>();
  readonly #attempts = new Map<string, rows.AttemptRow>();
  readonly #targets = new Map<string, rows.TargetRow>();
  readonly #environments = new Map<string, rows.EnvironmentRow>();
  readonly #relations = new Map<string, rows.RelationRow>();
  readonly #builds = new Map<string, rows.BuildRow>();
  readonly #renders = new Map<string, rows.RenderRow>();
  readonly #good = new Set<string>();
  readonly #effects = new Map<string, Effect>();
  readonly #decisions = new Map<string, rows.DecisionRow>();
  // written over the indexes of the base
  readonly #counts = new Map<string, Counts>();
  readonly #openIn = new Map<string, number>();
  readonly #watching = new Map<string, Set<StepKey>>();
  readonly #bringing = new Map<string, Set<rows.RunId>>();
  #places: ReadonlyMap<rows.RunId, number> | null = null;

  constructor(base: State, at: rows.Time) {
    this.#base = base;
    this.at = Math.max(at, base.meta.at);
    this.#meta = base.meta;
  }

  /** All that was written, each row once, as it is in the end. */
  changes(): readonly Change[] {
    const last = new Map<string, Change>();
    for (const change of this.#changes) last.set(changeKey(change), change);
    if (last.size > 0) last.set("meta", { table: "meta", row: { ...this.#meta, at: this.at } });
    return [...last.values()];
  }

  effects(): readonly Effect[] {
    return [...this.#effects.values()];
  }

  /** The next number for ledger entries, snapshots and attempts. */
  seq(): number {
    this.#meta = { ...this.#meta, seq: this.#meta.seq + 1 };
    return this.#meta.seq;
  }

  run(id: rows.RunId): rows.RunRow | null {
    return this.#runs.get(id) ?? this.#base.runs.get(id) ?? null;
  }
  runOf(id: rows.RunId): rows.RunRow {
    return must(this.run(id), `run ${id}`);
  }
  activeRuns(): readonly rows.RunRow[] {
    const ids = new Set([...this.#base.runs.keys(), ...this.#runs.keys()]);
    return [...ids].flatMap((id) => this.run(id) ?? []).filter((r) => !runEnded(r.status));
  }
  /** A run's place among those that are open, in the order in which they came. */
  #place(run: rows.RunId): number {
    this.#places ??= new Map([...this.#base.runs.keys()].map((id, i) => [id, i]));
    return this.#places.get(run) ?? this.#places.size;
  }
  plan(run: rows.RunId): PlanIndex {
    return must(this.#plans.get(run) ?? this.#base.plans.get(run), `plan of run ${run}`);
  }
  planned(run: rows.RunId, step: StepId): PlannedStep {
    return must(this.plan(run).step.get(step), `step ${step} of run ${run}`);
  }
  member(run: rows.RunId, target: TargetId): Member {
    return must(this.plan(run).plan.members[target], `member ${target} of run ${run}`);
  }
  step(run: rows.RunId, id: StepId): rows.StepRow | null {
    const key = stepKey(run, id);
    return this.#steps.get(key) ?? this.#base.steps.get(key) ?? null;
  }
  stepOf(run: rows.RunId, id: StepId): rows.StepRow {
    return must(this.step(run, id), `step ${id} of run ${run}`);
  }
  attempt(id: rows.AttemptId): rows.AttemptRow | null {
    return this.#attempts.get(id) ?? this.#base.attempts.get(id) ?? null;
  }
  target(id: TargetId): rows.TargetRow {
    return this.#targets.get(id) ?? this.#base.targets.get(id) ?? newTarget(id);
  }
  environment(id: EnvironmentId): rows.EnvironmentRow {
    return (
      this.#environments.get(id) ??
      this.#base.environments.get(id) ?? { id, hold: null, rollback: null, snapshots: [], releases: [], snapshotDue: null }
    );
  }
  environments(): readonly rows.EnvironmentRow[] {
    return [...new Set([...this.#base.environments.keys(), ...this.#environments.keys()])].map((id) => this.environment(id));
  }
  targetsIn(environment: EnvironmentId): readonly rows.TargetRow[] {
    const ids = new Set([...this.#base.targets.keys(), ...this.#targets.keys()]);
    return [...ids].map((id) => this.target(id as TargetId)).filter((t) => t.environment === environment);
  }
  build(key: string): rows.BuildRow | null {
    return this.#builds.get(key) ?? this.#base.builds.get(key) ?? null;
  }
  render(run: rows.RunId, target: TargetId): rows.RenderRow | null {
    const key = renderKey(run, target);
    return this.#renders.get(key) ?? this.#base.renders.get(key) ?? null;
  }
  isGood(target: TargetId, commit: CommitId): boolean {
    const key = goodKey(target, commit);
    return this.#good.has(key) || this.#base.good.has(key);
  }
  decision(id: string): rows.DecisionRow | null {
    return this.#decisions.get(id) ?? this.#base.decisions.get(id) ?? null;
  }
  decisions(commit: CommitId, environment: EnvironmentId): readonly rows.DecisionRow[] {
    const key = decisionKey(commit, environment);
    const known = [...(this.#base.decisionsOf.get(key) ?? [])];
    const made = [...this.#decisions.values()].filter((d) => decisionKey(d.commit, d.environment) === key).map((d) => d.id);
    const ids = made.length === 0 ? known : new Set([...known, ...made]);
    return Array.from(ids, (id) => must(this.decision(id), `decision ${id}`));
  }
  decisionsIn(environment: EnvironmentId): readonly rows.DecisionRow[] {
    const ids = new Set([...this.#base.decisions.keys(), ...this.#decisions.keys()]);
    return [...ids]
      .flatMap((id) => this.#decisions.get(id) ?? this.#base.decisions.get(id) ?? [])
      .filter((d) => d.environment === environment);
  }
  readonly relations: Relations = (release, live) => {
    const key = relationKey(release, live);
    return this.#relations.get(key) ?? this.#base.relations.get(key) ?? null;
  };
  /** null: not known yet, and asked for. */
  satisfied(needed: string, release: CommitId, live: CommitId): boolean | null {
    const known = satisfies(this.relations, needed, release, live);
    if (known === null) this.ask(release, live);
    return known;
  }
  ask(release: CommitId, live: CommitId): void {
    this.emit({ type: "relation.ask", key: `relation:${relationKey(release, live)}`, release, live });
  }
  counts(run: rows.RunId): Counts {
    return this.#counts.get(run) ?? this.#base.counts.get(run) ?? { open: 0, running: 0, waiting: 0 };
  }
  /** Unended steps of a run in an environment, its gate left out. */
  openIn(run: rows.RunId, environment: EnvironmentId): number {
    const key = `${run}/${environment}`;
    return this.#openIn.get(key) ?? this.#base.openIn.get(key) ?? 0;
  }
  /** Runs that have not ended on this target, in the order in which they came. */
  bringers(target: TargetId): readonly rows.RunId[] {
    const ids = new Set([...(this.#base.bringers.get(target) ?? []), ...(this.#bringing.get(target) ?? [])]);
    const open = [...ids].filter((run) => {
      const last = this.plan(run).of.get(target)?.at(-1);
      return last !== undefined && !stepEnded(this.stepOf(run, last).status);
    });
    return open.length < 2 ? open : open.toSorted((a, b) => this.#place(a) - this.#place(b));
  }
  /** Who waits for it, the longest first: how they came into memory must not show. */
  watchers(subject: string): readonly StepKey[] {
    const base = this.#base.watchers.get(subject);
    const more = this.#watching.get(subject);
    if (!base && !more) return [];
    return this.#inOrder(new Set([...(base ?? []), ...(more ?? [])]), (row) => subjectOf(row) === subject);
  }
  dueTimers(): readonly StepKey[] {
    return this.#inOrder(this.#base.timers.keys(), (row) => (untilOf(row) ?? this.at + 1) <= this.at);
  }
  #inOrder(keys: Iterable<StepKey>, test: (row: rows.StepRow) => boolean): readonly StepKey[] {
    const found: rows.StepRow[] = [];
    for (const key of keys) {
      const row = this.#steps.get(key) ?? this.#base.steps.get(key);
      if (row && test(row)) found.push(row);
    }
    if (found.length > 1) found.sort((a, b) => a.since - b.since || this.#place(a.run) - this.#place(b.run) || (a.id < b.id ? -1 : 1));
    return found.map((row) => stepKey(row.run, row.id));
  }
  expiredDecisions(): readonly rows.DecisionRow[] {
    return [...this.#base.decisions.values()].filter((x) => (expiryOf(x) ?? this.at + 1) <= this.at);
  }
  openSteps(run: rows.RunId): readonly StepKey[] {
    return this.plan(run).plan.steps.flatMap((s) => (stepEnded(this.stepOf(run, s.id).status) ? [] : [stepKey(run, s.id)]));
  }

  emit(effect: Effect): void {
    this.#effects.set(effect.key, effect);
  }

  setRun(row: rows.RunRow): void {
    this.#runs.set(row.id, row);
    this.#changes.push({ table: "run", row });
  }
  setPlan(run: rows.RunId, plan: Plan): void {
    this.#plans.set(run, indexPlan(plan));
    this.#changes.push({ table: "plan", run, plan });
  }
  setDefinition(digest: Digest, definition: Definition): void {
    this.#changes.push({ table: "definition", digest, definition });
  }
  setAttempt(row: rows.AttemptRow): void {
    this.#attempts.set(row.id, row);
    this.#changes.push({ table: "attempt", row });
  }
  addLedger(row: rows.LedgerRow): void {
    this.#changes.push({ table: "ledger", row });
  }
  addSnapshot(row: rows.SnapshotRow): void {
    this.#changes.push({ table: "snapshot", row });
  }
  setDecision(row: rows.DecisionRow): void {
    this.#decisions.set(row.id, row);
    this.#changes.push({ table: "decision", row });
    this.#wakeEnvironment(row.environment);
  }
  setRelation(row: rows.RelationRow): void {
    const key = relationKey(row.release, row.live);
    if (this.relations(row.release, row.live)?.order !== row.order) {
      this.#relations.set(key, row);
      this.#changes.push({ table: "relation", row });
    }
    // also when it was known: a restart may have loaded it while its answer was on the way
    this.work.add(this.watchers(`relation:${key}`));
  }
  setBuild(row: rows.BuildRow): void {
    this.#builds.set(row.key, row);
    this.#changes.push({ table: "build", row });
    this.work.add(this.watchers(`build:${row.key}`));
  }
  setGood(target: TargetId, commit: CommitId): void {
    if (this.isGood(target, commit)) return;
    this.#good.add(goodKey(target, commit));
    this.#changes.push({ table: "good", row: { target, commit } });
    this.work.add(this.watchers(`target:${target}`));
  }
  setRender(row: rows.RenderRow): void {
    this.#renders.set(renderKey(row.run, row.target), row);
    this.#changes.push({ table: "render", row });
    this.work.add([stepKey(row.run, `deploy:${row.target}`)]);
    // what was decided was another fingerprint
    const gate: StepId = `gate:${this.target(row.target).environment}`;
    if (this.plan(row.run).step.has(gate)) this.work.addLast(stepKey(row.run, gate));
  }
  setEnvironment(row: rows.EnvironmentRow): void {
    const before = this.environment(row.id);
    this.#environments.set(row.id, row);
    this.#changes.push({ table: "environment", row });
    if (before.hold !== row.hold || before.rollback !== row.rollback) this.#wakeEnvironment(row.id);
  }
  setTarget(row: rows.TargetRow): void {
    const before = this.target(row.id);
    this.#targets.set(row.id, row);
    this.#changes.push({ table: "target", row });
    this.work.add(this.watchers(`target:${row.id}`));
    this.work.add(row.queue.map((q) => stepKey(q.run, q.step)));
    if (before.live === row.live && before.serving === row.serving && before.unknown === row.unknown && before.busy === row.busy) return;
    this.work.add(this.bringers(row.id).map((run) => stepKey(run, `deploy:${row.id}`)));
    this.#wakeAroundTarget(row);
  }
  setStep(row: rows.StepRow): void {
    const key = stepKey(row.run, row.id);
    const before = this.step(row.run, row.id);
    this.#steps.set(key, row);
    this.#changes.push({ table: "step", row });
    this.#index(key, before, row);
    if (before !== null && before.status === row.status && before.reached === row.reached && before.reason === row.reason) return;
    this.#wakeAround(row, before);
  }

  #index(key: StepKey, before: rows.StepRow | null, row: rows.StepRow): void {
    this.#counts.set(row.run, recount(this.counts(row.run), before, row));
    const planned = this.planned(row.run, row.id);
    const was = before !== null && !stepEnded(before.status);
    const is = !stepEnded(row.status);
    if (was !== is && planned.target !== null && planned.environment !== null) {
      this.#openIn.set(`${row.run}/${planned.environment}`, this.openIn(row.run, planned.environment) + (is ? 1 : -1));
      if (is) put(this.#bringing, planned.target, row.run);
    }
    const subject = subjectOf(row);
    if (subject !== null) put(this.#watching, subject, key);
  }

  /** Whoever may go on, or must not, because of this step. */
  #wakeAround(row: rows.StepRow, before: rows.StepRow | null): void {
    const index = this.plan(row.run);
    const planned = this.planned(row.run, row.id);
    const ended = stepEnded(row.status);
    const endedNow = ended && (before === null || !stepEnded(before.status));
    if (endedNow) {
      const dependents = (index.dependents.get(row.id) ?? []).map((id) => stepKey(row.run, id));
      if (row.status === "succeeded") this.work.addIfWaitingFor(row.id, dependents);
      else this.work.add(dependents);
    }
    if (planned.environment !== null && planned.target !== null) {
      if (endedNow && this.openIn(row.run, planned.environment) === 0) {
        this.work.add((index.wave.get(planned.environment) ?? []).map((id) => stepKey(row.run, id)));
        this.work.addLane(row.run, planned.environment);
      }
      const gate = `gate:${planned.environment}`;
      if (row.kind === "deploy" && concernsGate(before, row) && index.step.has(gate)) this.work.addLast(stepKey(row.run, gate));
    }
    // another run may wait for what this step brings, or for it to end
    const opened = !ended && (before === null || stepEnded(before.status));
    if (planned.target !== null && (opened || endedNow)) {
      this.work.add(this.watchers(`target:${planned.target}`));
      if (index.of.get(planned.target)?.at(-1) === row.id) this.#wakeAroundTarget(this.target(planned.target));
    }
    // in a rollback whoever waits for an order must see when it leads back to itself
    if (planned.target !== null && this.runOf(row.run).kind === "rollback") this.work.add(this.watchers(`target:${planned.target}`));
    if (row.kind === "build" && endedNow)
      this.work.add(this.watchers(`build:${buildKey(planned.artifact ?? "", this.runOf(row.run).commit)}`));
    if (row.kind === "deploy" && endedNow && planned.artifact !== null) this.work.addLast(stepKey(row.run, `build:${planned.artifact}`));
    this.work.addRun(row.run);
  }

  /** Whoever waits and needs this target: a need that was met may be lost. A rollback looks at everything that stands together there. */
  #wakeAroundTarget({ id, environment }: rows.TargetRow): void {
    for (const run of this.activeRuns()) {
      const index = this.plan(run.id);
      const steps = run.kind === "rollback" ? index.deploys.get(environment) : index.needers.get(id);
      for (const step of steps ?? []) if (this.step(run.id, step)?.status === "waiting") this.work.add([stepKey(run.id, step)]);
    }
  }

  #wakeEnvironment(environment: EnvironmentId): void {
    for (const run of this.activeRuns()) {
      const deploys = this.plan(run.id).deploys.get(environment) ?? [];
      this.work.add(deploys.map((id) => stepKey(run.id, id)));
      if (this.plan(run.id).step.has(`gate:${environment}`)) this.work.addLast(stepKey(run.id, `gate:${environment}`));
    }
  }
}

/** A gate asks for members that have reached it and have neither started nor ended; why they wait otherwise is nothing to it. */
function concernsGate(before: rows.StepRow | null, row: rows.StepRow): boolean {
  if (before === null || before.reached !== row.reached) return true;
  const open = ({ status }: rows.StepRow) => status !== "running" && !stepEnded(status);
  const asked = ({ reason }: rows.StepRow) => reason?.code === "approval";
  return open(before) !== open(row) || asked(before) !== asked(row);
}

export const buildKey = (artifact: string, commit: CommitId): string => `${artifact} ${commit}`;

function newTarget(id: TargetId): rows.TargetRow {
  const at = id.lastIndexOf("@");
  return {
    id,
    service: id.slice(0, at),
    environment: id.slice(at + 1),
    live: null,
    serving: false,
    good: false,
    lastGood: null,
    observed: false,
    unknown: null,
    busy: null,
    queue: [],
    health: "none",
    url: null,
  };
}

function changeKey(change: Change): string {
  switch (change.table) {
    case "meta":
      return "meta";
    case "plan":
      return `plan ${change.run}`;
    case "definition":
      return `definition ${change.digest}`;
    case "step":
      return `step ${change.row.run}/${change.row.id}`;
    case "ledger":
      return `ledger ${change.row.seq}`;
    case "relation":
      return `relation ${change.row.release} ${change.row.live}`;
    case "build":
      return `build ${change.row.key}`;
    case "render":
      return `render ${change.row.run}/${change.row.target}`;
    case "good":
      return `good ${change.row.target} ${change.row.commit}`;
    default:
      return `${change.table} ${change.row.id}`;
  }
}

function put<K, V>(map: Map<K, Set<V>>, key: K, value: V): void {
  const set = map.get(key);
  if (set) set.add(value);
  else map.set(key, new Set([value]));
}

/** For what the core itself has made sure of: its absence is a defect of the core, not of its input. */
export function must<T>(value: T | null | undefined, what: string): T {
  if (value === null || value === undefined) throw new Error(`internal: ${what} is missing`);
  return value;
}
