import type { CommitId, EnvironmentId, ServiceId, TargetId } from "../../../../../src/core/config/config.ts";
import type { Event } from "../../../../../src/core/run/events.ts";
import type { RunId, StepRow, Time } from "../../../../../src/core/run/rows.ts";
import { stepEnded } from "../../../../../src/core/run/status.ts";
import type { Outcome } from "../../../../../src/core/run/transition.ts";
import { Violation } from "../violation.ts";
import type { World } from "../world.ts";

/** What a rule has to know of the past, counted in events: heard from what people and the outside said, not from what the core keeps. */
export class Memory {
  /** The event that is being judged. */
  event = 0;
  readonly held = new Set<EnvironmentId>();
  /** Until when; null: until somebody unlocks it. */
  readonly locked = new Map<string, Time | null>();
  readonly pinned = new Map<TargetId, CommitId>();
  readonly frozen = new Map<EnvironmentId, Time>();
  readonly rolling = new Map<EnvironmentId, RunId>();
  /** Environments where somebody accepted a divergence: what that breaks is shown, not prevented. */
  readonly accepted = new Set<EnvironmentId>();
  /** Targets of which nobody knows what is there. */
  readonly unsure = new Set<TargetId>();
  readonly decided = new Map<string, number>();
  /** The last rollback of an environment, or of a target by `onFailure`. */
  readonly rolledBack = new Map<string, number>();
  /** When a deploy came to have an attempt in an environment, by run and environment. */
  readonly begun = new Map<string, number>();
  /** When a deploy reached its environment, while it is open, by target. */
  readonly reached = new Map<TargetId, Map<RunId, number>>();
  /** Members that failed after an early decision, by decision. */
  readonly failedSince = new Map<string, Set<TargetId>>();
  /** What was live when a run was admitted, in `World.moment`. */
  readonly admitted = new Map<RunId, number>();

  /** Before the rules judge: what the event itself says. */
  hear(world: World, event: Event, outcome: Outcome): void {
    this.event++;
    if (outcome.answer.ok) this.#heard(world, event);
    if (!event.type.startsWith("attempt.")) return;
    for (const change of outcome.changes)
      if (change.table === "attempt" && change.row.kind === "deploy" && change.row.target !== null)
        if (["cut", "lost", "errored"].includes(change.row.outcome ?? "")) this.unsure.add(change.row.target);
  }

  #heard(world: World, event: Event): void {
    if (event.type === "environment.held") this.held.add(event.environment);
    else if (event.type === "environment.unheld") this.held.delete(event.environment);
    else if (event.type === "target.locked") this.locked.set(event.target, event.until);
    else if (event.type === "target.unlocked") this.locked.delete(event.target);
    else if (event.type === "environment.locked") this.locked.set(event.environment, event.until);
    else if (event.type === "environment.unlocked") this.locked.delete(event.environment);
    else if (event.type === "target.pinned") this.pinned.set(event.target, event.commit);
    else if (event.type === "target.unpinned") this.pinned.delete(event.target);
    else if (event.type === "environment.frozen") this.frozen.set(event.environment, event.until);
    else if (event.type === "environment.thawed") this.frozen.delete(event.environment);
    else if (event.type === "gate.decided") this.decided.set(event.id, this.event);
    else if (event.type === "target.settled") this.unsure.delete(event.target);
    else if (event.type === "target.observed") {
      if (event.observed.kind === "live" || event.observed.kind === "absent") this.unsure.delete(event.target);
    } else if (event.type === "deploy.admitted") this.admitted.set(event.run, world.moment);
    else if (event.type === "rollback.admitted") {
      this.admitted.set(event.run, world.moment);
      this.#rollback(event);
    }
  }

  #rollback(event: Extract<Event, { readonly type: "rollback.admitted" }>): void {
    const { environment } = event.snapshot;
    if (this.rolling.has(environment)) throw new Violation("R1", `two rollbacks of ${environment} at once`);
    if (event.cause !== null) {
      for (const target of Object.keys(event.plan.members)) this.rolledBack.set(target, this.event);
      return;
    }
    this.held.add(environment);
    this.rolling.set(environment, event.run);
    this.rolledBack.set(environment, this.event);
  }

  /** After the rules have judged: what the core did. */
  keep(world: World, outcome: Outcome): void {
    for (const change of outcome.changes) {
      if (change.table === "run" && change.row.endedAt !== null)
        for (const [environment, run] of this.rolling) if (run === change.row.id) this.rolling.delete(environment);
      if (change.table !== "step" || targetOf(change.row) === null) continue;
      this.#keepStep(world, change.row);
    }
  }

  #keepStep(world: World, row: StepRow): void {
    const target = targetOf(row) as TargetId;
    const lane = `${row.run}/${environmentOf(target)}`;
    if (row.kind === "deploy") {
      if (row.attempt !== null && !this.begun.has(lane)) this.begun.set(lane, this.event);
      const here = this.reached.get(target) ?? new Map<RunId, number>();
      this.reached.set(target, here);
      if (!row.reached || stepEnded(row.status)) here.delete(row.run);
      else if (!here.has(row.run)) here.set(row.run, this.event);
    }
    if (row.status === "failed") this.#failed(world, row, target);
  }

  /** Section 6: a decision made early is void for members that then fail. */
  #failed(world: World, row: StepRow, target: TargetId): void {
    const commit = world.db.runs.get(row.run)?.commit;
    for (const decision of world.db.decisions.values()) {
      if (!decision.early || decision.commit !== commit) continue;
      const later: TargetId = `${serviceOf(target)}@${decision.environment}`;
      const member = world.db.plans.get(row.run)?.members[later];
      if (member?.promotesFrom.includes(environmentOf(target)) !== true) continue;
      const failed = this.failedSince.get(decision.id) ?? new Set<TargetId>();
      this.failedSince.set(decision.id, failed.add(later));
    }
  }
}

/** One rule, or some that belong together: throws a `Violation`. */
export type Rule = (world: World, event: Event, outcome: Outcome, memory: Memory) => void;

export const serviceOf = (target: TargetId): ServiceId => target.slice(0, target.indexOf("@"));
export const environmentOf = (target: TargetId): EnvironmentId => target.slice(target.indexOf("@") + 1);
/** The target of a deploy, verify or soak. */
export function targetOf({ id, kind }: Pick<StepRow, "id" | "kind">): TargetId | null {
  return kind === "build" || kind === "gate" ? null : (id.slice(id.indexOf(":") + 1) as TargetId);
}
const NEEDS: Readonly<Record<ServiceId, readonly ServiceId[]>> = { indexer: ["api"], web: ["api", "indexer"] };
export const needsOf = (target: TargetId): readonly ServiceId[] => NEEDS[serviceOf(target)] ?? [];
export const existsIn = (service: ServiceId, environment: EnvironmentId): boolean => service !== "indexer" || environment !== "canary";
