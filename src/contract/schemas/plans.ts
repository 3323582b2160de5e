import { z } from "@hono/zod-openapi";
import { CommitId, Digest, Instant, page, RunKind, StepId, StepKind, TargetId } from "./common.ts";
import { DeployPlanRequest } from "./runs.ts";

/** A plan's public side: neither drivers' configs nor variables. */
export const Plan = z
  .object({
    fingerprint: Digest,
    kind: RunKind,
    release: z.object({
      commit: CommitId,
      artifacts: z.record(z.string(), Digest.nullable()).openapi({ description: "Digest by artifact; null: not built yet" }),
    }),
    steps: z.array(
      z.object({
        id: StepId,
        kind: StepKind,
        needs: z.array(StepId),
        after: z.array(z.string()).openapi({ description: "Environments in which every member must have ended first" }),
      }),
    ),
    notes: z.array(z.string()),
    warnings: z.array(z.string()),
    policy: z
      .object({ ref: z.string(), commit: CommitId })
      .nullable()
      .openapi({ description: "Where policy was read; null: a rollback's plan comes from the ledger" }),
  })
  .openapi("Plan");

const set = {
  environment: z.string().min(1),
  services: z.array(z.string()).min(1).nullish().openapi({ description: "null: all targets of the set" }),
  to: z
    .string()
    .min(1)
    .max(250)
    .nullish()
    .openapi({ description: "A snapshot's id, a commit, a time (ISO 8601), or null for the offered one" }),
};
export const RollbackPreviewRequest = z.strictObject(set).openapi("RollbackPreviewRequest");
export const RollbackPlanRequest = z.strictObject({ kind: z.literal("rollback"), ...set }).openapi("RollbackPlanRequest");
export const RollbackRequest = z
  .strictObject({
    ...set,
    reason: z.string().min(1).max(2000),
    now: z.boolean().optional().openapi({ description: "Cut short what runs there instead of awaiting it" }),
  })
  .openapi("RollbackRequest");
export const PlanRequest = z.discriminatedUnion("kind", [DeployPlanRequest, RollbackPlanRequest]).openapi("PlanRequest");

/** The verdict before anything is touched: every problem, not the first. Without problems the rollback can be started as shown. */
export const RollbackPreview = z
  .object({
    environment: z.string(),
    snapshot: z.object({ id: z.string(), at: Instant, release: CommitId }),
    targets: z.array(
      z.object({
        target: TargetId,
        from: CommitId.nullable(),
        to: CommitId,
        artifact: Digest.nullable(),
        means: z.string(),
        skip: z.string().nullable().openapi({ description: "Why it stays as it is; null: it moves" }),
      }),
    ),
    problems: z.array(z.object({ target: TargetId.nullable(), message: z.string(), hint: z.string() })),
    plan: Plan,
  })
  .openapi("RollbackPreview");

export const PendingApproval = z
  .object({
    run: z.string(),
    environment: z.string(),
    commit: CommitId,
    fingerprint: Digest.openapi({ description: "Over all members; a decision may name it in `expect`" }),
    members: z.array(TargetId),
    leftOut: z.array(z.object({ target: TargetId, why: z.string() })),
    since: Instant,
    approvers: z.array(z.string()).openapi({ description: "Empty: anyone" }),
    subject: z.string().optional().openapi({ description: "The commit's subject line" }),
  })
  .openapi("PendingApproval");
export const ApprovalPage = page(PendingApproval, "ApprovalPage");

export const DecisionRequest = z
  .strictObject({
    verdict: z.enum(["approved", "rejected"]),
    commit: z.string().min(1).max(250).openapi({ description: "A full or abbreviated id, or a ref" }),
    environment: z.string().min(1),
    comment: z.string().max(2000).nullish(),
    expect: Digest.nullish().openapi({ description: "The fingerprint that was seen; refused with `mismatch` where it is another by now" }),
  })
  .openapi("DecisionRequest");
export const DecisionAnswer = z
  .object({
    id: z.string(),
    targets: z.array(TargetId),
    runs: z.array(z.string()),
    already: z.boolean().openapi({ description: "The same person had decided so before; nothing has changed" }),
  })
  .openapi("DecisionAnswer");

export const Decision = z
  .object({
    id: z.string(),
    commit: CommitId,
    environment: z.string(),
    verdict: z.enum(["approved", "rejected"]),
    by: z.string(),
    at: Instant,
    expiresAt: Instant.nullable(),
    comment: z.string().nullable(),
    targets: z.array(TargetId),
    voided: z.string().nullable().openapi({ description: "Why it no longer counts" }),
  })
  .openapi("Decision");
