import { fingerprint } from "../../../../src/core/plan/fingerprint.ts";
import type { EnvironmentId, ServiceId, TargetId } from "../../../../src/core/config/config.ts";
import type { DeploySpec } from "../../../../src/core/run/effects.ts";
import type { Event } from "../../../../src/core/run/events.ts";
import type { LedgerRow, RunId, RunRow } from "../../../../src/core/run/rows.ts";
import { goodKey } from "../../../../src/core/run/state.ts";
import { runEnded, stepEnded } from "../../../../src/core/run/status.ts";
import type { Outcome } from "../../../../src/core/run/transition.ts";
import { contains, meets } from "../history.ts";
import { Violation } from "./violation.ts";
import type { Watch, World } from "./world.ts";

/** Watches a world and judges each event by what is really there, never by what the core believes. */
export class Invariants {
  readonly #ended = new Set<RunId>();
  readonly #broken = new Set<string>();
  /** Environments where somebody accepted a divergence: what that breaks is shown, not prevented. */
  readonly #accepted = new Set<EnvironmentId>();
  readonly #held = new Set<EnvironmentId>();
  readonly #rolling = new Map<EnvironmentId, RunId>();
  /** When each decision and each environment's last rollback happened, counted in events. */
  readonly #decided = new Map<string, number>();
  readonly #rolledBack = new Map<EnvironmentId, number>();
  readonly #unsure = new Set<TargetId>();
  readonly #ledger = new Map<TargetId, Map<number, LedgerRow>>();
  #events = 0;

  readonly watch: Watch = (world, event, outcome) => {
    this.#events++;
    if (outcome.answer.ok) this.#hear(event, outcome);
    for (const effect of outcome.effects)
      if (effect.type === "attempt.start" && effect.attempt.kind !== "build") {
        this.#alone(world, outcome, effect.attempt);
        if (effect.attempt.kind === "deploy") this.#mayStart(world, effect.attempt);
        else if (world.actual.get(effect.attempt.target)?.commit !== effect.attempt.commit)
          throw new Violation("V", `${effect.attempt.kind} of ${effect.attempt.commit} judges something else on ${effect.attempt.target}`);
      }
    this.#stopped(world, outcome);
    this.#terminal(world, outcome);
    this.#snapshots(world, outcome);
    this.#together(world);
    this.#records(world, outcome);
    this.#gates(world);
  };

  #hear(event: Event, outcome: Outcome): void {
    if (event.type === "environment.held") this.#held.add(event.environment);
    else if (event.type === "environment.unheld") this.#held.delete(event.environment);
    else if (event.type === "rollback.admitted") {
      const { environment } = event.snapshot;
      if (this.#rolling.has(environment)) throw new Violation("R1", `two rollbacks of ${environment}`);
      this.#held.add(environment);
      this.#rolling.set(environment, event.run);
      this.#rolledBack.set(environment, this.#events);
    } else if (event.type === "gate.decided") this.#decided.set(event.id, this.#events);
    else if (event.type === "target.settled") this.#unsure.delete(event.target);
    else if (event.type === "target.observed" && (event.observed.kind === "live" || event.observed.kind === "absent"))
      this.#unsure.delete(event.target);
    for (const change of outcome.changes)
      if (change.table === "attempt" && change.row.kind === "deploy" && change.row.target !== null)
        if (["cut", "lost", "errored"].includes(change.row.outcome ?? "") && event.type.startsWith("attempt."))
          this.#unsure.add(change.row.target);
  }

  /** Invariant 1; a soak that is being stopped changes nothing and says nothing any more. */
  #alone(world: World, outcome: Outcome, spec: { readonly id: string; readonly target: TargetId; readonly kind: string }): void {
    const stopped = outcome.effects.flatMap((e) => (e.type === "attempt.stop" ? e.attempt : []));
    for (const [id, other] of world.running) {
      if (other.spec.kind === "build" || other.spec.target !== spec.target) continue;
      if (other.spec.kind === "soak" && (other.stopping || stopped.includes(id))) continue;
      throw new Violation("1", `${spec.kind} ${spec.id} starts on ${spec.target} while ${other.spec.kind} ${id} runs there`);
    }
    const here = outcome.effects.filter(
      (e) => e.type === "attempt.start" && e.attempt.kind !== "build" && e.attempt.target === spec.target,
    );
    if (here.length > 1) throw new Violation("1", `two attempts start on ${spec.target} at once`);
    if (spec.kind === "deploy" && this.#unsure.has(spec.target))
      throw new Violation("4", `${spec.target} is unknown, and ${spec.id} starts blindly`);
  }

  #mayStart(world: World, spec: DeploySpec): void {
    const run = world.db.runs.get(spec.run) as RunRow;
    const environment = environmentOf(spec.target);
    this.#approved(world, run, spec, environment);
    if (run.kind === "rollback") return;
    const says = `${spec.target} ${spec.commit} of ${run.id} starts`;
    if (this.#held.has(environment) || this.#rolling.has(environment)) throw new Violation("R1", `${says} while ${environment} is held`);
    const policy = world.options.config.policy.environments[environment];
    const live = world.actual.get(spec.target);
    if (run.options.acceptDiverged !== null) this.#accepted.add(environment);
    else if (live && policy?.order !== "any" && !contains(spec.commit, live.commit))
      throw new Violation("D", `${says} over ${live.commit}, which it does not descend from`);
    for (const need of spec.definition.needs) {
      const target: TargetId = `${need}@${environment}`;
      const there = world.actual.get(target);
      const word = world.checked.get(target);
      if (!there || !meets(there.commit, need, spec.commit) || (word !== "serving" && word !== "good"))
        throw new Violation("2", `${says} though ${target} is ${there?.commit} (${word})`);
      if (this.#unsure.has(target)) throw new Violation("2", `${says} though ${target} is unknown`);
    }
    for (const before of world.db.plans.get(run.id)?.members[spec.target]?.promotesFrom ?? [])
      if (!world.goodEver.has(goodKey(`${spec.definition.service}@${before}`, spec.commit)))
        throw new Violation("12", `${says}, which was never good in ${before}`);
  }

  /** Invariant 3: enough persons, none of them the author, decided on this very fingerprint, lately and since the last rollback there. */
  #approved(world: World, run: RunRow, spec: DeploySpec, environment: EnvironmentId): void {
    const policy = world.db.plans.get(run.id)?.environments[environment];
    if (!policy?.approval) return;
    const { approval } = policy;
    const approvers = policy.approvers.length > 0 ? policy.approvers : policy.deployers;
    const applied = world.db.attempts.get(spec.id)?.fingerprint;
    const { skipNeeds, acceptDiverged } = run.options;
    // a decision names what the run asks to be let through, too
    const seen =
      skipNeeds === null && acceptDiverged === null ? applied : fingerprint({ applied: applied ?? "", skipNeeds, acceptDiverged });
    const persons = new Set<string>();
    for (const row of world.db.decisions.values()) {
      const fits = row.commit === run.commit && row.environment === environment && row.verdict === "approved";
      const lately = row.at + (approval.expiresMs ?? Number.POSITIVE_INFINITY) > world.now;
      const since = (this.#decided.get(row.id) ?? -1) > (this.#rolledBack.get(environment) ?? -1);
      const may = (approvers.length === 0 || approvers.includes(row.by)) && (approval.self || row.by !== run.by);
      if (fits && lately && since && may && row.fingerprints[spec.target] === seen) persons.add(row.by);
    }
    if (persons.size < approval.count)
      throw new Violation("3", `${spec.target} ${spec.commit} of ${run.id} starts on ${persons.size} decisions`);
  }

  /** After a cancel nothing starts but the check of what was applied. */
  #stopped(world: World, outcome: Outcome): void {
    for (const effect of outcome.effects) {
      if (effect.type !== "attempt.start" || effect.attempt.kind === "verify") continue;
      const { id, run, kind } = effect.attempt;
      if (world.db.runs.get(run)?.stopped?.how === "cancelled") throw new Violation("C", `${kind} ${id} starts in cancelled run ${run}`);
    }
  }

  /** Section 1: when a run has ended in an environment, what was good last there is recorded, if it works together; what a rollback left is not offered. */
  #snapshots(world: World, outcome: Outcome): void {
    const lanes = new Set(
      outcome.changes.flatMap((c) => (c.table === "step" && c.row.endedAt !== null && c.row.id.includes("@") ? laneOf(c.row) : [])),
    );
    for (const lane of lanes) {
      const [run, environment] = lane.split("/") as [RunId, EnvironmentId];
      const steps = [...(world.db.plans.get(run)?.steps ?? [])].filter((s) => s.target !== null && s.environment === environment);
      const row = world.db.environments.get(environment);
      if (steps.some((s) => world.step(run, s.id)?.endedAt === null) || !row || row.snapshotDue) continue;
      const good = new Map([...world.lastGood].filter(([target]) => environmentOf(target) === environment));
      const fits = [...good].every(([target, commit]) =>
        needsOf(target).every((need) => meets(good.get(`${need}@${environment}`) ?? "c0", need, commit)),
      );
      const last = world.db.snapshots.get(row.snapshots.findLast((s) => !s.left)?.id ?? "");
      if (fits && [...good].some(([target, commit]) => last?.entries[target]?.commit !== commit))
        throw new Violation("S", `${run} ended in ${environment}, and what is good there is not recorded`);
    }
  }

  /** Invariant 7, and what a run's end promises. */
  #terminal(world: World, outcome: Outcome): void {
    for (const { table, row } of outcome.changes.filter((c) => c.table === "run" || c.table === "step")) {
      const run = table === "run" ? row.id : row.run;
      if (this.#ended.has(run)) throw new Violation("7", `${row.id} of ended run ${run} changes`);
    }
    for (const change of outcome.changes) {
      if (change.table !== "run" || !runEnded(change.row.status)) continue;
      const { row } = change;
      this.#ended.add(row.id);
      const members = Object.values(world.db.plans.get(row.id)?.members ?? {});
      if (row.kind === "rollback" && row.status === "succeeded")
        for (const m of members)
          if (world.actual.get(m.target)?.commit !== m.commit || world.checked.get(m.target) !== "good")
            throw new Violation("R4", `rollback ${row.id} succeeded, but ${m.target} is not ${m.commit} and good`);
      for (const [environment, run] of this.#rolling) if (run === row.id) this.#rolling.delete(environment);
    }
  }

  /** Invariant 6: no service comes to stand on a needed one that does not satisfy it. */
  #together(world: World): void {
    for (const [target, w] of world.actual) {
      const environment = environmentOf(target);
      for (const need of needsOf(target)) {
        const b = world.actual.get(`${need}@${environment}`);
        const pair = `${target} on ${need}`;
        if (!b || meets(b.commit, need, w.commit)) this.#broken.delete(pair);
        else if (!this.#broken.has(pair)) {
          this.#broken.add(pair);
          const loose = world.options.config.policy.environments[environment]?.order === "any" || this.#accepted.has(environment);
          if (!loose) throw new Violation("6", `${target} ${w.commit} runs on ${need} ${b.commit}`);
        }
      }
    }
  }

  /** Invariant 9: the ledger says what was written; rows say what is there; snapshots are good sets. */
  #records(world: World, outcome: Outcome): void {
    for (const change of outcome.changes) {
      if (change.table === "ledger") {
        const rows = this.#ledger.get(change.row.target) ?? new Map<number, LedgerRow>();
        this.#ledger.set(change.row.target, rows.set(change.row.seq, change.row));
      } else if (change.table === "attempt") {
        const { id, kind, outcome: end } = change.row;
        if (kind === "deploy" && end === "failed" && !outcome.changes.some((c) => c.table === "ledger" && c.row.attempt === id))
          throw new Violation("9", `${id} failed and is not entered`);
      } else if (change.table === "snapshot")
        for (const [target, entry] of Object.entries(change.row.entries)) {
          if (world.db.ledger.get(entry.entry)?.good !== true)
            throw new Violation("9", `snapshot ${change.row.id} holds ${target}, which is not good`);
          for (const need of entry.needs) {
            const other = change.row.entries[`${need}@${change.row.environment}`];
            if (!other || !meets(other.commit, need, entry.commit))
              throw new Violation("9", `snapshot ${change.row.id}: ${target} does not fit ${need}`);
          }
        }
    }
    for (const [target, row] of world.db.targets) {
      const there = world.actual.get(target as TargetId);
      for (const q of row.queue)
        if (world.step(q.run, q.step)?.status !== "waiting" || world.step(q.run, q.step)?.reason?.code !== "queue")
          throw new Violation("Q", `${q.step} of ${q.run} holds a place at ${target} and does not wait for it alone`);
      if (!there || !row.observed || row.busy !== null || row.unknown !== null) continue;
      const word = world.checked.get(target as TargetId);
      const says = `${row.live?.commit} by ${row.live?.attempt}, serving ${row.serving}, good ${row.good}`;
      if (row.live?.attempt !== there.attempt || row.serving !== (word === "serving" || word === "good") || row.good !== (word === "good"))
        throw new Violation("9", `${target} is ${there.commit} by ${there.attempt} (${word}), but its row says ${says}`);
      const entered = [...(this.#ledger.get(target as TargetId)?.values() ?? [])]
        .filter((l) => l.live && l.source === "attempt")
        .map((l) => l.attempt);
      const written = (world.written.get(target as TargetId) ?? []).slice(-entered.length || Number.POSITIVE_INFINITY);
      if (entered.length > 0 && entered.join() !== written.join())
        throw new Violation("9", `${target} was written by ${written.join()}, entered ${entered.join()}`);
    }
  }

  /** No gate asks for nothing, and who waits says for what. */
  #gates(world: World): void {
    for (const row of world.state.steps.values()) {
      if (stepEnded(row.status)) continue;
      if (row.status === "waiting" && row.reason === null)
        throw new Violation("8", `${row.id} of ${row.run} waits and does not say for what`);
      if (row.kind !== "gate" || row.status !== "waiting") continue;
      const asked = [...world.state.steps.values()].some(
        (s) =>
          s.run === row.run &&
          s.kind === "deploy" &&
          s.reached &&
          s.status === "waiting" &&
          s.reason?.code === "approval" &&
          s.id.endsWith(`@${row.id.slice("gate:".length)}`),
      );
      if (!asked) throw new Violation("G", `${row.id} of ${row.run} asks for a decision on nothing`);
    }
  }
}

const NEEDS: Readonly<Record<ServiceId, readonly ServiceId[]>> = { indexer: ["api"], web: ["api", "indexer"] };
const needsOf = (target: TargetId): readonly ServiceId[] => NEEDS[target.slice(0, target.indexOf("@"))] ?? [];
const laneOf = (row: { readonly run: RunId; readonly id: string }) => `${row.run}/${row.id.slice(row.id.indexOf("@") + 1)}`;
const environmentOf = (target: TargetId): EnvironmentId => target.slice(target.indexOf("@") + 1);
