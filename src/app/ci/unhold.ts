import type { EnvironmentId } from "../../core/config/config.ts";
import type { Forge } from "../../github/forge.ts";
import { recordsOf } from "../../github/records/read.ts";
import { HOLD_TASK, type HoldRecord, isTarget, liftedStatus } from "../../github/records/record.ts";

/** Lifts every hold that stands in an environment; resolves to them, oldest first. */
export async function liftHolds(forge: Forge, environment: EnvironmentId, by: string): Promise<readonly HoldRecord[]> {
  const records = recordsOf(await forge.deployments({ environment, task: HOLD_TASK }));
  const standing = records.filter((record): record is HoldRecord => !isTarget(record) && !record.lifted);
  for (const { id } of standing) await forge.setStatus(id, liftedStatus(by));
  return standing;
}
