import type { TargetId } from "../../config/config.ts";
import { holders, stopAttempt } from "../attempts.ts";
import type { Draft } from "../draft.ts";
import type { Reason } from "../reason.ts";
import type { StepRow } from "../rows.ts";
import { setStatus } from "../steps.ts";

/** Ends another run's soak on the target, for a rollback or for who asked to: cut short, that release is not good there. */
export function cutSoak(d: Draft, row: StepRow, target: TargetId, reason: Reason): void {
  const { busy } = d.target(target);
  if (!busy?.step.startsWith("soak:") || busy.run === row.run) return;
  stopAttempt(d, busy.attempt);
  const attempt = d.attempt(busy.attempt);
  for (const soak of attempt ? holders(d, attempt) : []) setStatus(d, soak.run, soak.id, "superseded", reason);
  d.setTarget({ ...d.target(target), busy: null });
}
