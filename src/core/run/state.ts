import type { EnvironmentId, TargetId } from "../config/config.ts";
import { indexPlan, type PlanIndex } from "../plan/index.ts";
import type { Plan, StepId } from "../plan/plan.ts";
import type { Change } from "./changes.ts";
import type * as rows from "./rows.ts";
import { runEnded, stepEnded } from "./status.ts";
import { type Counts, type Lane, laneKey, NO_COUNTS, NO_LANE, recount, relane, StepTable } from "./tally.ts";

/** All rows that the core works on, as a store hands them over: those of unfinished runs, and the state of every target and environment. */
export type Snapshot = {
  readonly meta: rows.MetaRow;
  readonly runs: readonly {
    readonly row: rows.RunRow;
    readonly plan: Plan;
    readonly steps: readonly rows.StepRow[];
    readonly renders: readonly rows.RenderRow[];
  }[];
  /** Attempts that have not ended, and the current one of each unfinished step. */
  readonly attempts: readonly rows.AttemptRow[];
  readonly targets: readonly rows.TargetRow[];
  readonly environments: readonly rows.EnvironmentRow[];
  /** Of commits of unfinished runs. */
  readonly decisions: readonly rows.DecisionRow[];
  readonly builds: readonly rows.BuildRow[];
  readonly good: readonly rows.GoodRow[];
  /** The newest of each environment. */
  readonly snapshots: readonly rows.SnapshotRow[];
  /** Between commits of unfinished runs and live commits. */
  readonly relations: readonly rows.RelationRow[];
};

export type StepKey = `${rows.RunId}/${StepId}`;
export const stepKey = (run: rows.RunId, step: StepId): StepKey => `${run}/${step}`;
export function splitKey(key: StepKey): { readonly run: rows.RunId; readonly step: StepId } {
  const cut = key.indexOf("/");
  return { run: key.slice(0, cut), step: key.slice(cut + 1) };
}
export const relationKey = (release: string, live: string): string => `${release}..${live}`;
export const goodKey = (target: TargetId, commit: string): string => `${target} ${commit}`;
export const renderKey = (run: rows.RunId, target: TargetId): string => `${run}/${target}`;
export const decisionKey = (commit: string, environment: EnvironmentId): string => `${commit}@${environment}`;

/** What a waiting step is looked at again for: it is woken when that changes. */
export function subjectOf({ status, reason }: rows.StepRow): string | null {
  if (status !== "waiting" || reason === null) return null;
  if (reason.code === "comparing") return `relation:${relationKey(reason.release, reason.live)}`;
  if (reason.code === "artifact") return `build:${reason.build}`;
  return "target" in reason ? `target:${reason.target}` : null;
}

export const untilOf = (row: rows.StepRow): rows.Time | null =>
  row.status === "waiting" && (row.reason?.code === "need" || row.reason?.code === "artifact") ? row.reason.until : null;

/** When an approval that counts stops to; null: never, or it counts no more. */
export const expiryOf = (row: rows.DecisionRow): rows.Time | null =>
  row.verdict === "approved" && row.voided === null ? row.expiresAt : null;

/** The tables in memory with their indexes. Read by `Draft`; written by `apply` alone. */
export class State {
  meta: rows.MetaRow = { seq: 1, at: 0 };
  readonly runs = new Map<rows.RunId, rows.RunRow>();
  readonly plans = new Map<rows.RunId, PlanIndex>();
  readonly steps = new StepTable();
  readonly attempts = new Map<rows.AttemptId, rows.AttemptRow>();
  readonly targets = new Map<string, rows.TargetRow>();
  readonly environments = new Map<string, rows.EnvironmentRow>();
  /** The newest snapshot of each environment. */
  readonly snapshots = new Map<EnvironmentId, rows.SnapshotRow>();
  readonly relations = new Map<string, rows.RelationRow>();
  readonly builds = new Map<string, rows.BuildRow>();
  readonly good = new Map<string, rows.GoodRow>();
  readonly renders = new Map<string, rows.RenderRow>();
  readonly decisions = new Map<string, rows.DecisionRow>();

  // indexes, derived from the rows above
  readonly counts = new Map<rows.RunId, Counts>();
  /** By run and environment. */
  readonly lanes = new Map<string, Lane>();
  /** Waiting steps by what wakes them. */
  readonly watchers = new Map<string, Set<StepKey>>();
  readonly timers = new Map<StepKey, rows.Time>();
  /** When locks end by themselves, by the target or environment that is locked. */
  readonly locks = new Map<string, rows.Time>();
  /** Runs that have not ended on a target: its last step there is open. */
  readonly bringers = new Map<string, Set<rows.RunId>>();
  readonly decisionsOf = new Map<string, Set<string>>();

  static from(snapshot: Snapshot): State {
    const state = new State();
    state.meta = snapshot.meta;
    for (const { row, plan, steps, renders } of snapshot.runs) {
      state.plans.set(row.id, indexPlan(plan));
      state.apply([
        { table: "run", row },
        ...steps.map((s) => ({ table: "step" as const, row: s })),
        ...renders.map((r) => ({ table: "render" as const, row: r })),
      ]);
    }
    state.apply(snapshot.attempts.map((row) => ({ table: "attempt", row })));
    state.apply(snapshot.targets.map((row) => ({ table: "target", row })));
    state.apply(snapshot.environments.map((row) => ({ table: "environment", row })));
    state.apply(snapshot.snapshots.map((row) => ({ table: "snapshot", row })));
    state.apply(snapshot.decisions.map((row) => ({ table: "decision", row })));
    state.apply(snapshot.builds.map((row) => ({ table: "build", row })));
    state.apply(snapshot.good.map((row) => ({ table: "good", row })));
    state.apply(snapshot.relations.map((row) => ({ table: "relation", row })));
    return state;
  }

  apply(changes: readonly Change[]): void {
    for (const change of changes) this.#put(change);
  }

  /** Forgets a run that has ended, once its end is durable: only active runs are in memory. */
  forget(run: rows.RunId): void {
    const row = this.runs.get(run);
    const index = this.plans.get(run);
    if (!row || !index || !runEnded(row.status)) return;
    for (const step of index.plan.steps) this.#forgetAttempt(this.steps.get(run, step.id)?.attempt ?? null);
    this.steps.forget(run);
    for (const target of Object.keys(index.plan.members)) this.renders.delete(renderKey(run, target as TargetId));
    for (const environment of Object.keys(index.plan.environments)) this.lanes.delete(laneKey(run, environment));
    this.counts.delete(run);
    this.plans.delete(run);
    this.runs.delete(run);
    this.#forgetCommits();
  }

  /** When something that waits for a time is to be looked at; null: nothing does. */
  nextWake(): rows.Time | null {
    let next: rows.Time | null = null;
    const sooner = (at: rows.Time | null) => {
      if (at !== null && (next === null || at < next)) next = at;
    };
    for (const at of this.timers.values()) sooner(at);
    for (const at of this.locks.values()) sooner(at);
    for (const decision of this.decisions.values()) sooner(expiryOf(decision));
    return next;
  }

  /** What is said of commits that no open run names: a store tells it again when it is needed. */
  #forgetCommits(): void {
    const named = new Set<string>();
    for (const [id, run] of this.runs) {
      named.add(run.commit);
      for (const member of Object.values(this.plans.get(id)?.plan.members ?? {})) named.add(member.commit);
    }
    for (const [key, row] of this.good) if (!named.has(row.commit)) this.good.delete(key);
    for (const [key, row] of this.builds) if (!named.has(row.commit)) this.builds.delete(key);
    for (const [id, row] of this.decisions)
      if (!named.has(row.commit)) {
        this.decisions.delete(id);
        this.decisionsOf.delete(decisionKey(row.commit, row.environment));
      }
    for (const { live, lastGood } of this.targets.values()) for (const is of [live, lastGood]) if (is) named.add(is.commit);
    for (const [key, row] of this.relations) if (!named.has(row.release) || !named.has(row.live)) this.relations.delete(key);
  }

  #put(change: Change): void {
    switch (change.table) {
      case "meta":
        this.meta = change.row;
        return;
      case "plan":
        this.plans.set(change.run, indexPlan(change.plan));
        return;
      case "run":
        this.runs.set(change.row.id, change.row);
        return;
      case "step":
        this.#putStep(change.row);
        return;
      case "attempt":
        // an attempt that outlives its run's memory has ended for everybody
        this.attempts.set(change.row.id, change.row);
        if (change.row.outcome !== null && !this.runs.has(change.row.run)) this.attempts.delete(change.row.id);
        return;
      case "target":
        this.targets.set(change.row.id, change.row);
        this.#putLock(change.row);
        return;
      case "environment":
        this.environments.set(change.row.id, change.row);
        this.#putLock(change.row);
        return;
      case "decision":
        this.decisions.set(change.row.id, change.row);
        addTo(this.decisionsOf, decisionKey(change.row.commit, change.row.environment), change.row.id);
        return;
      case "relation":
        this.relations.set(relationKey(change.row.release, change.row.live), change.row);
        return;
      case "build":
        this.builds.set(change.row.key, change.row);
        return;
      case "good":
        this.good.set(goodKey(change.row.target, change.row.commit), change.row);
        return;
      case "render":
        this.renders.set(renderKey(change.row.run, change.row.target), change.row);
        return;
      case "snapshot":
        this.snapshots.set(change.row.environment, change.row);
        return;
      case "ledger":
      case "definition":
        return; // kept by the store alone
    }
  }

  /** One that has not ended is kept until it does. */
  #forgetAttempt(id: rows.AttemptId | null): void {
    if (id !== null && this.attempts.get(id)?.outcome != null) this.attempts.delete(id);
  }

  #putLock({ id, lock }: rows.TargetRow | rows.EnvironmentRow): void {
    if (lock?.until == null) this.locks.delete(id);
    else this.locks.set(id, lock.until);
  }

  #putStep(row: rows.StepRow): void {
    const key = stepKey(row.run, row.id);
    const before = this.steps.get(row.run, row.id) ?? null;
    this.steps.put(row);
    if (before !== null && before.attempt !== row.attempt) this.#forgetAttempt(before.attempt);
    const step = this.plans.get(row.run)?.step.get(row.id);
    this.counts.set(row.run, recount(this.counts.get(row.run) ?? NO_COUNTS, before, row));
    if (step && step.target !== null && step.environment !== null) {
      const lane = laneKey(row.run, step.environment);
      this.lanes.set(lane, relane(this.lanes.get(lane) ?? NO_LANE, before, row));
      const is = !stepEnded(row.status);
      const last = this.plans.get(row.run)?.of.get(step.target)?.at(-1) === row.id;
      if (last && (before === null || stepEnded(before.status) === is)) (is ? addTo : removeFrom)(this.bringers, step.target, row.run);
    }
    const subjectBefore = before === null ? null : subjectOf(before);
    const subject = subjectOf(row);
    if (subjectBefore !== subject) {
      if (subjectBefore !== null) removeFrom(this.watchers, subjectBefore, key);
      if (subject !== null) addTo(this.watchers, subject, key);
    }
    const until = untilOf(row);
    if (until === null) this.timers.delete(key);
    else this.timers.set(key, until);
  }
}

function addTo<K, V>(index: Map<K, Set<V>>, key: K, value: V): void {
  const set = index.get(key);
  if (set) set.add(value);
  else index.set(key, new Set([value]));
}

function removeFrom<K, V>(index: Map<K, Set<V>>, key: K, value: V): void {
  const set = index.get(key);
  set?.delete(value);
  if (set?.size === 0) index.delete(key);
}
