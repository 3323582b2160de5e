import type { CommitId, Digest, EnvironmentId, Policy, ServiceId, TargetId } from "../config/config.ts";
import { beyondAllow } from "../config/release.ts";
import type { EnvironmentRow, Live, Lock, RunRow, SnapshotRow, TargetRow, Time } from "../run/rows.ts";
import { changing } from "../run/status.ts";
import { stands } from "../run/stops.ts";
import type { Barrier } from "./irreversible.ts";
import type { Definition } from "./plan.ts";
import { type Relations, UNKNOWN_COMMIT } from "./relations.ts";

export type RollbackPlanInput = {
  readonly project: string;
  readonly policy: Policy;
  readonly snapshot: SnapshotRow;
  /** null: the whole set. */
  readonly services: readonly ServiceId[] | null;
  /** Asked for by name: a pin does not keep these. */
  readonly named: ReadonlySet<ServiceId>;
  /** Every target of the environment. */
  readonly targets: readonly TargetRow[];
  /** The environment's own row; null: nothing has happened there. */
  readonly environment: Pick<EnvironmentRow, "lock" | "rollback"> | null;
  /** The run that rolls the environment back now, as far as it is known; its id alone is in the environment's row. */
  readonly underWay?: RollbackUnderWay | null;
  /** When this is planned: a lock that has ended by then stops nothing. */
  readonly at: Time;
  /** Services that the policy ref's file has. */
  readonly declared: ReadonlySet<ServiceId>;
  /** Recorded definitions by digest. */
  readonly definitions: ReadonlyMap<Digest, Definition>;
  /** Targets whose recorded artifact is gone, or of which that could not be found out; each with what to say of it. */
  readonly gone: ReadonlyMap<TargetId, string>;
  /** Targets that cannot go back to what is recorded. */
  readonly barriers: ReadonlyMap<TargetId, Barrier>;
  /** What the drivers of targets that move say; absent for a driver that has nothing to say. */
  readonly ways?: ReadonlyMap<TargetId, WayBack>;
  /** A person goes on where it cannot be known whether a target can be taken back; what is known to be irreversible stays one. */
  readonly acceptUnknown?: boolean;
  /** Recorded commits that the source no longer has: no command names them. */
  readonly lost?: ReadonlySet<CommitId>;
  /** Must know every pair of a target's live and recorded commit with those of what it needs. */
  readonly relations: Relations;
};
/** By which means a target would go back, in words; or why it cannot, or why that is not known. */
export type WayBack = { readonly means: string } | { readonly message: string; readonly hint: string; readonly known: boolean };
export type RollbackUnderWay = Pick<RunRow, "id" | "by" | "reason">;
export type RollbackProblem = { readonly target: TargetId | null; readonly message: string; readonly hint: string };
/** A problem, and the targets without which the rest of the set may go; none: it concerns the whole set. */
export type Finding = RollbackProblem & { readonly without: readonly TargetId[] };

/** Why a target stays: nothing is to be done. */
export const ALREADY_THERE = "already there";

/** Why a target stays: a migration's older image does not undo what a newer one has done; it counts by its last success. */
export const NOT_TAKEN_BACK = "a job is not taken back";

/** Why a target stays: the set does not have it. */
export const DID_NOT_EXIST = "it did not exist then";

/** One rollback of an environment at a time (section 7): which, whose and why, and how it ends. */
export function rollingBack(environment: EnvironmentId, { id, by, reason }: RollbackUnderWay): Omit<RollbackProblem, "target"> {
  return {
    message: `run ${id} is rolling ${environment} back (${by}${reason ? `: ${reason}` : ""})`,
    hint: `await it: sluice run watch ${id}; or end it: sluice run cancel ${id}`,
  };
}

/** What stands against the whole set. */
export function checkEnvironment(input: RollbackPlanInput): readonly Finding[] {
  const id = input.snapshot.environment;
  const { lock = null, rollback = null } = input.environment ?? {};
  const found: Finding[] = [];
  if (rollback !== null)
    found.push({
      target: null,
      ...(input.underWay
        ? rollingBack(id, input.underWay)
        : { message: `run ${rollback} is rolling ${id} back`, hint: `await it, or end it: sluice run cancel ${rollback}` }),
      without: [],
    });
  if (stands(lock, input.at)) found.push({ target: null, ...lockedBy(lock, id, id), without: [] });
  return found;
}

/** What stands against bringing one target back to what is recorded. */
export function checkTarget(input: RollbackPlanInput, target: TargetId, definition: Definition, to: Live): readonly Finding[] {
  const { environment } = input.snapshot;
  const { service } = definition;
  const without = [target];
  const found: Finding[] = [];
  const policy = input.policy.environments[environment];
  for (const { message, hint } of policy === undefined ? [] : beyondAllow(definition, policy))
    found.push({ target, message, hint, without });
  const lock = input.targets.find((t) => t.id === target)?.lock ?? null;
  if (stands(lock, input.at)) found.push({ target, ...lockedBy(lock, target, "it"), without });
  const gone = input.gone.get(target);
  if (gone !== undefined)
    found.push({
      target,
      message: gone,
      hint: `choose another snapshot with --to${deployOf(input, service, to, ", or build it again: ")}`,
      without,
    });
  const way = input.ways?.get(target);
  if (way && "message" in way && (way.known || !input.acceptUnknown))
    found.push({
      target,
      message: way.message,
      hint: way.known
        ? `${way.hint}; or choose another snapshot with --to`
        : `${way.hint}; or go back all the same with --accept-unknown${deployOf(input, service, to, "; or deploy instead: ")}`,
      without,
    });
  const barrier = input.barriers.get(target);
  if (barrier && (barrier.commit !== null || !input.acceptUnknown))
    found.push({
      target,
      message: barrier.why,
      hint:
        barrier.commit === null
          ? `look into what lies between, and go back all the same with --accept-unknown; or fetch that commit${deployOf(input, service, to, "; or deploy instead: ")}`
          : `deploy forward: sluice deploy ${service} --env ${environment}; or choose a set from after that commit with --to`,
      without,
    });
  return found;
}

/** What nobody knows of a target's way back, and with which somebody may want to go on. */
export function unknownsOf({ barriers, ways }: Pick<RollbackPlanInput, "barriers" | "ways">, target: TargetId): readonly string[] {
  const barrier = barriers.get(target);
  const way = ways?.get(target);
  return [...(barrier?.commit === null ? [barrier.why] : []), ...(way && "message" in way && !way.known ? [way.message] : [])];
}

/** The deploy of what is recorded, where the source still has it. */
function deployOf({ snapshot, lost }: RollbackPlanInput, service: ServiceId, { commit }: Live, words: string): string {
  if (commit === UNKNOWN_COMMIT || lost?.has(commit)) return "";
  return `${words}sluice deploy ${service} --env ${snapshot.environment} --commit ${commit}`;
}

function lockedBy({ by, reason, until }: Lock, on: string, called: string): Pick<RollbackProblem, "message" | "hint"> {
  return {
    message: `${called} is locked by ${by}: ${reason}`,
    hint: `sluice unlock ${on}${until === null ? "" : ", or wait until the lock ends"}`,
  };
}

/** Why a target of the set stays as it is; null: it moves. */
export function whyStays(row: TargetRow | undefined, to: Live, named: boolean): string | null {
  if (!row) return null;
  if (isThere(row, to)) return ALREADY_THERE;
  if (row.pin && !named) return `pinned at ${row.pin.commit.slice(0, 12)} by ${row.pin.by}: ${row.pin.reason}`;
  return null;
}

/** Live and good already, and nothing is about to change that. */
function isThere(there: TargetRow, to: Live): boolean {
  const { live, serving, good, unknown } = there;
  return live?.commit === to.commit && live.fingerprint === to.fingerprint && serving && good && unknown === null && !changing(there);
}
