import type { CommitId, Digest, EnvironmentId, TargetId } from "../config/config.ts";
import { indexPlan } from "../plan/index.ts";
import type { Definition, Plan, StepId } from "../plan/plan.ts";
import { satisfies } from "../plan/relations.ts";
import { type Change, changeKey } from "./changes.ts";
import type { Effect } from "./effects.ts";
import { Overlay } from "./overlay.ts";
import type * as rows from "./rows.ts";
import { goodKey, relationKey, renderKey, type State, stepKey, subjectOf } from "./state.ts";
import { stepEnded } from "./status.ts";
import { laneKey, recount, relane, sameGate } from "./tally.ts";
import { Worklist } from "./worklist.ts";

/**
 * What one event writes, over a state that it only reads. Reads see what was written. Whatever is written wakes the steps that watch it,
 * so that no rule has to remember whom to tell.
 */
export class Draft extends Overlay {
  readonly work = new Worklist();
  readonly #changes: Change[] = [];
  readonly #effects = new Map<string, Effect>();
  #meta: rows.MetaRow;

  constructor(base: State, at: rows.Time) {
    super(base, at);
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

  /** null: not known yet, and asked for. */
  satisfied(needed: string, release: CommitId, live: CommitId): boolean | null {
    const known = satisfies(this.relations, needed, release, live);
    if (known === null) this.ask(release, live);
    return known;
  }
  /** What the source could not tell of a commit may be known by now: it is asked for again. */
  askAgain(commit: CommitId): void {
    const unknown = this.unknownRelations(commit);
    for (const row of unknown) {
      this.setRelation({ ...row, order: "asked" });
      this.ask(row.release, row.live);
    }
    // whoever went by that waits for the answer, too
    for (const run of unknown.length > 0 ? this.activeRuns() : []) this.work.add(this.openSteps(run.id));
  }
  ask(release: CommitId, live: CommitId): void {
    this.emit({ type: "relation.ask", key: `relation:${relationKey(release, live)}`, release, live });
  }
  emit(effect: Effect): void {
    this.#effects.set(effect.key, effect);
  }

  setRun(row: rows.RunRow): void {
    this.written.runs.set(row.id, row);
    this.#changes.push({ table: "run", row });
  }
  setPlan(run: rows.RunId, plan: Plan): void {
    this.written.plans.set(run, indexPlan(plan));
    this.#changes.push({ table: "plan", run, plan });
  }
  setDefinition(digest: Digest, definition: Definition): void {
    this.#changes.push({ table: "definition", digest, definition });
  }
  setAttempt(row: rows.AttemptRow): void {
    this.written.attempts.set(row.id, row);
    this.#changes.push({ table: "attempt", row });
  }
  addLedger(row: rows.LedgerRow): void {
    this.#changes.push({ table: "ledger", row });
  }
  addSnapshot(row: rows.SnapshotRow): void {
    this.written.snapshots.set(row.environment, row);
    this.#changes.push({ table: "snapshot", row });
  }
  setDecision(row: rows.DecisionRow): void {
    this.written.decisions.set(row.id, row);
    this.#changes.push({ table: "decision", row });
    this.#wakeEnvironment(row.environment);
  }
  setRelation(row: rows.RelationRow): void {
    const key = relationKey(row.release, row.live);
    if (this.relations(row.release, row.live)?.order !== row.order || row.order === "asked") {
      this.written.relations.set(key, row);
      this.#changes.push({ table: "relation", row });
    }
    // also when it was known: a restart may have loaded it while its answer was on the way
    this.work.add(this.watchers(`relation:${key}`));
  }
  setBuild(row: rows.BuildRow): void {
    this.written.builds.set(row.key, row);
    this.#changes.push({ table: "build", row });
    this.work.add(this.watchers(`build:${row.key}`));
  }
  setGood(target: TargetId, commit: CommitId): void {
    if (this.isGood(target, commit)) return;
    this.written.good.add(goodKey(target, commit));
    this.#changes.push({ table: "good", row: { target, commit } });
    this.work.add(this.watchers(`target:${target}`));
  }
  setRender(row: rows.RenderRow): void {
    this.written.renders.set(renderKey(row.run, row.target), row);
    this.#changes.push({ table: "render", row });
    // what is decided by what it is now may take the place of others
    this.#wakeBringers(row.target);
    // what was decided was another fingerprint
    this.#wakeGate(row.run, this.target(row.target).environment);
  }
  setEnvironment(row: rows.EnvironmentRow): void {
    const before = this.environment(row.id);
    this.written.environments.set(row.id, row);
    this.#changes.push({ table: "environment", row });
    if (before.hold !== row.hold || before.rollback !== row.rollback || before.lock !== row.lock || before.freeze !== row.freeze)
      this.#wakeEnvironment(row.id);
  }
  setTarget(row: rows.TargetRow): void {
    const before = this.target(row.id);
    this.written.targets.set(row.id, row);
    this.#changes.push({ table: "target", row });
    this.work.add(this.watchers(`target:${row.id}`));
    this.work.add(row.queue.map((q) => stepKey(q.run, q.step)));
    if (
      before.live === row.live &&
      before.serving === row.serving &&
      before.unknown === row.unknown &&
      before.busy === row.busy &&
      before.lock === row.lock &&
      before.pin === row.pin
    )
      return;
    this.#wakeBringers(row.id);
    this.#wakeAroundTarget(row);
  }
  setStep(row: rows.StepRow): void {
    const before = this.step(row.run, row.id);
    this.written.steps.put(row);
    this.#changes.push({ table: "step", row });
    this.#index(before, row);
    if (before !== null && before.status === row.status && before.reached === row.reached && before.reason === row.reason) return;
    this.#wakeAround(row, before);
  }

  #index(before: rows.StepRow | null, row: rows.StepRow): void {
    this.written.counts.set(row.run, recount(this.counts(row.run), before, row));
    const { target, environment } = this.planned(row.run, row.id);
    if (target !== null && environment !== null) {
      const lane = this.lane(row.run, environment);
      const next = relane(lane, before, row);
      this.written.lanes.set(laneKey(row.run, environment), next);
      if (!sameGate(lane, next)) this.#wakeGate(row.run, environment);
      if (lane.begun === 0 && next.begun > 0) this.#wakeBegun(row.run, environment);
      if (!stepEnded(row.status)) put(this.written.bringing, target, row.run);
    }
    const subject = subjectOf(row);
    if (subject !== null) put(this.written.watching, subject, stepKey(row.run, row.id));
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
      if (endedNow && this.lane(row.run, planned.environment).open === 0) {
        this.work.add((index.wave.get(planned.environment) ?? []).map((id) => stepKey(row.run, id)));
        this.work.addLane(row.run, planned.environment);
      }
    }
    // another run may wait for what this step brings, or for it to end
    const opened = !ended && (before === null || stepEnded(before.status));
    if (planned.target !== null && (opened || endedNow)) {
      this.work.add(this.watchers(`target:${planned.target}`));
      if (index.of.get(planned.target)?.at(-1) === row.id) {
        this.#wakeAroundTarget(this.target(planned.target));
        this.#wakeBringers(planned.target);
      }
    }
    // a newer release that arrives may take the place of older ones
    if (planned.target !== null && row.kind === "deploy" && row.reached !== (before?.reached ?? false)) this.#wakeBringers(planned.target);
    // in a rollback whoever waits for an order must see when it leads back to itself
    if (planned.target !== null && this.runOf(row.run).kind === "rollback") this.work.add(this.watchers(`target:${planned.target}`));
    if (row.kind === "deploy" && endedNow && planned.artifact !== null) this.work.addLast(stepKey(row.run, `build:${planned.artifact}`));
    this.work.addRun(row.run);
  }

  /** Deploys of every run that has not ended on this target: who else is there may decide who may go, and who may approve. */
  #wakeBringers(target: TargetId): void {
    this.work.add(this.bringers(target).map((run) => stepKey(run, `deploy:${target}`)));
  }

  /** Whoever waits and needs this target: a need that was met may be lost. A rollback looks at everything that stands together there. */
  #wakeAroundTarget({ id, environment }: rows.TargetRow): void {
    for (const run of this.activeRuns()) {
      if (this.lane(run.id, environment).waiting === 0 && run.cause?.target !== id) continue;
      const index = this.plan(run.id);
      const steps = run.kind === "rollback" ? index.deploys.get(environment) : index.needers.get(id);
      // what answers a failure ends when something else has come there: also whoever has yet to wait
      const all = run.cause?.target === id;
      for (const step of steps ?? []) if (all || this.step(run.id, step)?.status === "waiting") this.work.add([stepKey(run.id, step)]);
    }
  }

  #wakeEnvironment(environment: EnvironmentId): void {
    for (const run of this.activeRuns()) {
      const deploys = this.plan(run.id).deploys.get(environment) ?? [];
      this.work.add(deploys.map((id) => stepKey(run.id, id)));
      this.#wakeGate(run.id, environment);
    }
  }

  /** What has begun in an environment is not superseded there: who was being compared for that is looked at again. */
  #wakeBegun(run: rows.RunId, environment: EnvironmentId): void {
    for (const step of this.plan(run).deploys.get(environment) ?? [])
      if (this.step(run, step)?.reason?.code === "comparing") this.work.add([stepKey(run, step)]);
  }

  #wakeGate(run: rows.RunId, environment: EnvironmentId): void {
    const gate: StepId = `gate:${environment}`;
    if (this.plan(run).step.has(gate)) this.work.addLast(stepKey(run, gate));
  }
}

export const buildKey = (artifact: string, commit: CommitId): string => `${artifact} ${commit}`;

function put<K, V>(map: Map<K, Set<V>>, key: K, value: V): void {
  const set = map.get(key);
  if (set) set.add(value);
  else map.set(key, new Set([value]));
}
