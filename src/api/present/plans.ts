import type { z } from "@hono/zod-openapi";
import { explain } from "../../contract/explain.ts";
import type * as schema from "../../contract/schemas/plans.ts";
import type { Plan } from "../../core/plan/plan.ts";
import type { BuildRow, DecisionRow } from "../../core/run/rows.ts";
import type { PendingApproval, RollbackPreview, Standing } from "../../engine/control.ts";
import { instant, instantOrNull } from "./runs.ts";

export type PublicPlan = z.infer<typeof schema.Plan>;

/** The public projection: a driver's config, variables and names of credentials stay inside. */
export function presentPlan(
  plan: Plan,
  builds: readonly BuildRow[],
  more: { readonly warnings: readonly string[]; readonly policy: PublicPlan["policy"] },
): PublicPlan {
  const digests = new Map(builds.map((build) => [build.artifact, build.digest]));
  return {
    fingerprint: plan.fingerprint,
    kind: plan.kind,
    release: {
      commit: plan.release.commit,
      artifacts: Object.fromEntries(Object.keys(plan.artifacts).map((artifact) => [artifact, digests.get(artifact) ?? null])),
    },
    steps: plan.steps.map((step) => ({ id: step.id, kind: step.kind, needs: [...step.needs], after: [...step.after] })),
    notes: [...plan.notes],
    warnings: [...more.warnings],
    policy: more.policy,
  };
}

export const presentRollback = (preview: RollbackPreview, builds: readonly BuildRow[]): z.infer<typeof schema.RollbackPreview> => ({
  environment: preview.environment,
  snapshot: { id: preview.snapshot.id, at: instant(preview.snapshot.at), release: preview.snapshot.release },
  targets: preview.targets.map(({ target, from, to, digest, means, skip }) => ({ target, from, to, artifact: digest, means, skip })),
  problems: preview.problems.map(({ target, message, hint }) => ({ target, message, hint })),
  notes: [...preview.notes],
  plan: presentRollbackPlan(preview, builds),
});

/** A rollback's plan alone: what stands in its way is said as warnings. */
export const presentRollbackPlan = (preview: RollbackPreview, builds: readonly BuildRow[]): PublicPlan =>
  presentPlan(preview.plan, builds, {
    warnings: preview.problems.map(({ target, message, hint }) =>
      [target === null ? message : `${target}: ${message}`, hint].filter(Boolean).join(". "),
    ),
    policy: null,
  });

export const presentApproval = (approval: PendingApproval, subject: string | null): z.infer<typeof schema.PendingApproval> => ({
  run: approval.run,
  environment: approval.environment,
  commit: approval.commit,
  fingerprint: approval.fingerprint,
  members: [...approval.members],
  leftOut: approval.leftOut.map(({ target, status, reason }) => ({
    target,
    why: reason === null ? status : explain(reason, { run: approval.run, kind: "deploy", commit: approval.commit, target }).message,
  })),
  fingerprints: { ...approval.fingerprints },
  set: approval.set,
  since: instant(approval.since),
  approvers: [...approval.approvers],
  count: approval.count,
  approved: approval.approved.map(({ by, at, expiresAt }) => ({ by, at: instant(at), expiresAt: instantOrNull(expiresAt) })),
  emergency: [...approval.emergency],
  early: approval.early,
  skipNeeds: approval.skipNeeds,
  acceptDiverged: approval.acceptDiverged,
  notes: [...approval.notes],
  ...(subject === null ? {} : { subject }),
});

/** After a decision on this commit. */
export function presentStanding(
  { target, step, approved, count, open }: Standing,
  commit: string,
): z.infer<typeof schema.DecisionAnswer>["members"][number] {
  const { run, status, reason } = step;
  const waits =
    status === "waiting" && reason !== null ? { code: reason.code, ...explain(reason, { run, kind: "deploy", commit, target }) } : null;
  return { target, run, approved: [...approved], count, open, status, ...(waits && { waitingFor: waits }) };
}

export const presentDecision = (row: DecisionRow): z.infer<typeof schema.Decision> => ({
  id: row.id,
  commit: row.commit,
  environment: row.environment,
  verdict: row.verdict,
  by: row.by,
  at: instant(row.at),
  expiresAt: instantOrNull(row.expiresAt),
  comment: row.comment,
  targets: Object.keys(row.fingerprints),
  emergency: row.emergency,
  early: row.early,
  voided: row.voided,
  voids: { ...row.voids },
});
