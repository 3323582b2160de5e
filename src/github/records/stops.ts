import type { EnvironmentId, TargetId } from "../../core/config/config.ts";
import type { Time } from "../../core/run/rows.ts";
import type { Forge } from "../forge.ts";
import { recordsOf } from "./read.ts";
import { isTarget, liftedStatus, type PinRecord, type Record, standsStatus, STOP_TASK, stopDeploymentOf, type NewStop } from "./record.ts";
import type { HoldRecord, LockRecord, StopRecord } from "./record.ts";

/** Those that stand, oldest first; of those of one kind on the same, the last counts. */
export const standing = (records: readonly Record[], now: Time): readonly StopRecord[] =>
  records.filter((r): r is StopRecord => !isTarget(r) && !r.lifted && !(r.kind === "lock" && r.until !== null && r.until <= now));

/** The hold that stands in an environment; null: none does. */
export const holdOf = (records: readonly Record[], environment: EnvironmentId): HoldRecord | null =>
  standing(records, 0).findLast((r): r is HoldRecord => r.kind === "hold" && r.environment === environment) ?? null;

export const pinOf = (records: readonly Record[], target: TargetId): PinRecord | null =>
  standing(records, 0).findLast((r): r is PinRecord => r.kind === "pin" && r.target === target) ?? null;

/** The lock on a target, or on its environment as a whole. */
export const lockOf = (records: readonly Record[], target: TargetId, now: Time): LockRecord | null =>
  standing(records, now).findLast(
    (r): r is LockRecord => r.kind === "lock" && (r.target === target || (r.target === null && target.endsWith(`@${r.environment}`))),
  ) ?? null;

/** What stands in an environment, oldest first. */
export async function standingStops(
  forge: Pick<Forge, "deployments">,
  environment: EnvironmentId,
  now: Time,
): Promise<readonly StopRecord[]> {
  return standing(recordsOf(await forge.deployments({ environment, task: STOP_TASK })), now);
}

/** Resolves to its number. */
export async function placeStop(forge: Pick<Forge, "createDeployment" | "setStatus">, stop: NewStop): Promise<number> {
  const id = await forge.createDeployment(stopDeploymentOf(stop));
  await forge.setStatus(id, standsStatus(stop.kind));
  return id;
}

export async function liftStops(forge: Pick<Forge, "setStatus">, ids: readonly number[], by: string): Promise<void> {
  for (const id of ids) await forge.setStatus(id, liftedStatus(by));
}
