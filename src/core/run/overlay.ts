import type { CommitId, EnvironmentId, TargetId } from "../config/config.ts";
import { environmentOf, serviceOf } from "../config/names.ts";
import type { PlanIndex } from "../plan/index.ts";
import type { Member, PlannedStep, StepId } from "../plan/plan.ts";
import type { Relations } from "../plan/relations.ts";
import type * as rows from "./rows.ts";
import {
  decisionKey,
  expiryOf,
  goodKey,
  relationKey,
  renderKey,
  type State,
  type StepKey,
  splitKey,
  stepKey,
  subjectOf,
  untilOf,
} from "./state.ts";
import { runEnded, stepEnded } from "./status.ts";
import { type Counts, type Lane, laneKey, NO_COUNTS, NO_LANE, StepTable } from "./tally.ts";

/** What has been written over a state, and over its indexes. */
class Written {
  readonly runs = new Map<string, rows.RunRow>();
  readonly plans = new Map<string, PlanIndex>();
  readonly steps = new StepTable();
  readonly attempts = new Map<string, rows.AttemptRow>();
  readonly targets = new Map<string, rows.TargetRow>();
  readonly environments = new Map<string, rows.EnvironmentRow>();
  readonly snapshots = new Map<EnvironmentId, rows.SnapshotRow>();
  readonly relations = new Map<string, rows.RelationRow>();
  readonly builds = new Map<string, rows.BuildRow>();
  readonly renders = new Map<string, rows.RenderRow>();
  readonly good = new Set<string>();
  readonly decisions = new Map<string, rows.DecisionRow>();
  readonly counts = new Map<string, Counts>();
  readonly lanes = new Map<string, Lane>();
  readonly watching = new Map<string, Set<StepKey>>();
  readonly bringing = new Map<string, Set<rows.RunId>>();
}

/** A state as it is read while an event is handled: what the event has written lies over what was there, which stays as it is. */
export class Overlay {
  /** The event's time; never before that of an earlier one. */
  readonly at: rows.Time;
  protected readonly base: State;
  protected readonly written = new Written();
  #places: ReadonlyMap<rows.RunId, number> | null = null;

  constructor(base: State, at: rows.Time) {
    this.base = base;
    this.at = Math.max(at, base.meta.at);
  }

  run(id: rows.RunId): rows.RunRow | null {
    return this.written.runs.get(id) ?? this.base.runs.get(id) ?? null;
  }
  runOf(id: rows.RunId): rows.RunRow {
    return must(this.run(id), `run ${id}`);
  }
  activeRuns(): readonly rows.RunRow[] {
    const ids = new Set([...this.base.runs.keys(), ...this.written.runs.keys()]);
    return [...ids].flatMap((id) => this.run(id) ?? []).filter((r) => !runEnded(r.status));
  }
  /** A run's place among those that are open, in the order in which they came. */
  #place(run: rows.RunId): number {
    this.#places ??= new Map([...this.base.runs.keys()].map((id, i) => [id, i]));
    return this.#places.get(run) ?? this.#places.size;
  }
  plan(run: rows.RunId): PlanIndex {
    return must(this.written.plans.get(run) ?? this.base.plans.get(run), `plan of run ${run}`);
  }
  planned(run: rows.RunId, step: StepId): PlannedStep {
    return must(this.plan(run).step.get(step), `step ${step} of run ${run}`);
  }
  member(run: rows.RunId, target: TargetId): Member {
    return must(this.plan(run).plan.members[target], `member ${target} of run ${run}`);
  }
  step(run: rows.RunId, id: StepId): rows.StepRow | null {
    return this.written.steps.get(run, id) ?? this.base.steps.get(run, id) ?? null;
  }
  stepOf(run: rows.RunId, id: StepId): rows.StepRow {
    return must(this.step(run, id), `step ${id} of run ${run}`);
  }
  attempt(id: rows.AttemptId): rows.AttemptRow | null {
    return this.written.attempts.get(id) ?? this.base.attempts.get(id) ?? null;
  }
  target(id: TargetId): rows.TargetRow {
    return this.written.targets.get(id) ?? this.base.targets.get(id) ?? newTarget(id);
  }
  environment(id: EnvironmentId): rows.EnvironmentRow {
    return this.written.environments.get(id) ?? this.base.environments.get(id) ?? newEnvironment(id);
  }
  /** The newest one that is recorded there. */
  snapshot(environment: EnvironmentId): rows.SnapshotRow | null {
    return this.written.snapshots.get(environment) ?? this.base.snapshots.get(environment) ?? null;
  }
  environments(): readonly rows.EnvironmentRow[] {
    return [...new Set([...this.base.environments.keys(), ...this.written.environments.keys()])].map((id) => this.environment(id));
  }
  targetsIn(environment: EnvironmentId): readonly rows.TargetRow[] {
    const ids = new Set([...this.base.targets.keys(), ...this.written.targets.keys()]);
    return [...ids].map((id) => this.target(id as TargetId)).filter((t) => t.environment === environment);
  }
  build(key: string): rows.BuildRow | null {
    return this.written.builds.get(key) ?? this.base.builds.get(key) ?? null;
  }
  render(run: rows.RunId, target: TargetId): rows.RenderRow | null {
    const key = renderKey(run, target);
    return this.written.renders.get(key) ?? this.base.renders.get(key) ?? null;
  }
  isGood(target: TargetId, commit: CommitId): boolean {
    const key = goodKey(target, commit);
    return this.written.good.has(key) || this.base.good.has(key);
  }
  decision(id: string): rows.DecisionRow | null {
    return this.written.decisions.get(id) ?? this.base.decisions.get(id) ?? null;
  }
  decisions(commit: CommitId, environment: EnvironmentId): readonly rows.DecisionRow[] {
    const key = decisionKey(commit, environment);
    const known = [...(this.base.decisionsOf.get(key) ?? [])];
    const made = [...this.written.decisions.values()].filter((d) => decisionKey(d.commit, d.environment) === key).map((d) => d.id);
    const ids = made.length === 0 ? known : new Set([...known, ...made]);
    return Array.from(ids, (id) => must(this.decision(id), `decision ${id}`));
  }
  decisionsIn(environment: EnvironmentId): readonly rows.DecisionRow[] {
    const ids = new Set([...this.base.decisions.keys(), ...this.written.decisions.keys()]);
    return [...ids]
      .flatMap((id) => this.written.decisions.get(id) ?? this.base.decisions.get(id) ?? [])
      .filter((d) => d.environment === environment);
  }
  readonly relations: Relations = (release, live) => {
    const key = relationKey(release, live);
    const row = this.written.relations.get(key) ?? this.base.relations.get(key) ?? null;
    return row?.order === "asked" ? null : row;
  };
  /** Pairs with this commit of which the source could not tell. */
  unknownRelations(commit: CommitId): readonly rows.RelationRow[] {
    return [...this.base.relations.values()].filter((row) => row.order === "unknown" && (row.release === commit || row.live === commit));
  }
  counts(run: rows.RunId): Counts {
    return this.written.counts.get(run) ?? this.base.counts.get(run) ?? NO_COUNTS;
  }
  lane(run: rows.RunId, environment: EnvironmentId): Lane {
    const key = laneKey(run, environment);
    return this.written.lanes.get(key) ?? this.base.lanes.get(key) ?? NO_LANE;
  }
  /** Runs that have not ended on this target, in the order in which they came. */
  bringers(target: TargetId): readonly rows.RunId[] {
    const ids = new Set([...(this.base.bringers.get(target) ?? []), ...(this.written.bringing.get(target) ?? [])]);
    const open = [...ids].filter((run) => {
      const last = this.plan(run).of.get(target)?.at(-1);
      return last !== undefined && !stepEnded(this.stepOf(run, last).status);
    });
    return open.length < 2 ? open : open.toSorted((a, b) => this.#place(a) - this.#place(b));
  }
  /** Who waits for it, the longest first: how they came into memory must not show. */
  watchers(subject: string): readonly StepKey[] {
    const base = this.base.watchers.get(subject);
    const more = this.written.watching.get(subject);
    if (!base && !more) return [];
    return this.#inOrder(new Set([...(base ?? []), ...(more ?? [])]), (row) => subjectOf(row) === subject);
  }
  dueTimers(): readonly StepKey[] {
    return this.#inOrder(this.base.timers.keys(), (row) => (untilOf(row) ?? this.at + 1) <= this.at);
  }
  #inOrder(keys: Iterable<StepKey>, test: (row: rows.StepRow) => boolean): readonly StepKey[] {
    const found: rows.StepRow[] = [];
    for (const key of keys) {
      const { run, step } = splitKey(key);
      const row = this.step(run, step);
      if (row && test(row)) found.push(row);
    }
    if (found.length > 1) found.sort((a, b) => a.since - b.since || this.#place(a.run) - this.#place(b.run) || (a.id < b.id ? -1 : 1));
    return found.map((row) => stepKey(row.run, row.id));
  }
  /** Targets and environments whose lock has ended by now. */
  endedLocks(): readonly string[] {
    return [...this.base.locks].flatMap(([id, until]) => (until <= this.at ? [id] : [])).toSorted();
  }
  expiredDecisions(): readonly rows.DecisionRow[] {
    return [...this.base.decisions.values()].filter((x) => (expiryOf(x) ?? this.at + 1) <= this.at);
  }
  openSteps(run: rows.RunId): readonly StepKey[] {
    return this.plan(run).plan.steps.flatMap((s) => (stepEnded(this.stepOf(run, s.id).status) ? [] : [stepKey(run, s.id)]));
  }
}

/** A target of which nothing is known. */
export function newTarget(id: TargetId): rows.TargetRow {
  return {
    id,
    service: serviceOf(id),
    environment: environmentOf(id),
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
    lock: null,
    pin: null,
    unrestored: null,
  };
}

/** An environment in which nothing has happened yet. */
export function newEnvironment(id: EnvironmentId): rows.EnvironmentRow {
  return { id, hold: null, lock: null, freeze: null, rollback: null, snapshots: [], releases: [], snapshotDue: null };
}

/** For what the core itself has made sure of: its absence is a defect of the core, not of its input. */
export function must<T>(value: T | null | undefined, what: string): T {
  if (value === null || value === undefined) throw new Error(`internal: ${what} is missing`);
  return value;
}
