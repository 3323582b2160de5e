import type { EnvironmentId } from "../../core/config/config.ts";
import type { Forge } from "../forge.ts";
import { recordsOf } from "./read.ts";
import { HOLD_TASK, type HoldRecord, isTarget, liftedStatus } from "./record.ts";

/** Holds that stand in an environment, oldest first. */
export async function standingHolds(forge: Forge, environment: EnvironmentId): Promise<readonly HoldRecord[]> {
  const records = recordsOf(await forge.deployments({ environment, task: HOLD_TASK }));
  return records.filter((record): record is HoldRecord => !isTarget(record) && !record.lifted);
}

/** Lifts every hold that stands there; resolves to them. */
export async function liftHolds(forge: Forge, environment: EnvironmentId, by: string): Promise<readonly HoldRecord[]> {
  const standing = await standingHolds(forge, environment);
  for (const { id } of standing) await forge.setStatus(id, liftedStatus(by));
  return standing;
}
