import { z } from "@hono/zod-openapi";
import { CommitId, Digest, Instant, page, RunKind, StepId, StepKind, StepStatus, TargetId } from "./common.ts";
import { DeployPlanRequest, Explanation } from "./runs.ts";

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
  acceptUnknown: z.boolean().optional().openapi({
    description:
      "Go back also where it cannot be known whether that can be done, such as over a commit that is gone; each is said in `notes` and in the run's reason. What is known to be irreversible still stops it",
  }),
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
    notes: z.array(z.string()).openapi({ description: "What stays as it is, what goes all the same, and why" }),
    plan: Plan,
  })
  .openapi("RollbackPreview");

export const PendingApproval = z
  .object({
    run: z.string(),
    environment: z.string(),
    commit: CommitId,
    fingerprint: Digest.openapi({ description: "Over this run's members" }),
    set: Digest.openapi({
      description:
        "Over the members of all runs that wait for a decision on this commit in this environment: what a decision's `expect` is compared with",
    }),
    members: z.array(TargetId),
    fingerprints: z.record(z.string(), Digest).openapi({ description: "What would be applied, by member; `set` is made of these" }),
    leftOut: z.array(z.object({ target: TargetId, why: z.string() })),
    since: Instant,
    approvers: z.array(z.string()).openapi({
      description: "Who may approve one of the members: without its authors, where policy does not let them. Empty: anyone",
    }),
    count: z.int().min(1).openapi({ description: "How many persons must approve" }),
    approved: z
      .array(z.object({ by: z.string(), at: Instant, expiresAt: Instant.nullable().openapi({ description: "It counts until then" }) }))
      .openapi({ description: "Who has, so far" }),
    emergency: z.array(z.string()).openapi({ description: "Persons who may let it pass in an emergency; empty: nobody" }),
    early: z.boolean().openapi({ description: "Members have yet to arrive; policy allows the decision all the same" }),
    skipNeeds: z
      .string()
      .nullable()
      .openapi({ description: "The run asks to pass without having been good in the environments before, and says why" }),
    acceptDiverged: z.string().nullable().openapi({ description: "The run asks to go over a diverged live commit, and says why" }),
    notes: z.array(z.string()).openapi({ description: "What the run's plan wants noticed of targets there" }),
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
    expect: Digest.nullish().openapi({
      description: "`set` of what was seen, also where only some of it is decided; refused with `mismatch` where it is another by now",
    }),
    only: z.array(z.string()).min(1).nullish().openapi({ description: "Only these services; null: all that wait" }),
    except: z.array(z.string()).min(1).nullish().openapi({ description: "All but these services" }),
    emergency: z.boolean().optional().openapi({ description: "By a person whom policy names for emergencies; the comment says why" }),
  })
  .openapi("DecisionRequest");
export const DecisionAnswer = z
  .object({
    id: z.string(),
    targets: z.array(TargetId),
    runs: z.array(z.string()),
    already: z.boolean().openapi({ description: "The same person had decided so before; nothing has changed" }),
    members: z
      .array(
        z.object({
          target: TargetId,
          run: z.string(),
          approved: z.array(z.string()).openapi({ description: "Persons whose approvals count for it" }),
          count: z.int().min(1).openapi({ description: "How many persons must approve" }),
          open: z.boolean().openapi({ description: "That is enough, or it was let pass as an emergency" }),
          status: StepStatus.openapi({ description: "Of its deploy" }),
          waitingFor: Explanation.optional().openapi({ description: "What its deploy waits for all the same" }),
        }),
      )
      .openapi({ description: "How the decided members of open runs stand now, and those that still wait beside them" }),
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
    emergency: z.boolean().openapi({ description: "Passed the count as an emergency: to be reviewed afterwards" }),
    early: z.boolean().openapi({ description: "Decided before every member had arrived" }),
    voided: z.string().nullable().openapi({ description: "Why it no longer counts" }),
    voids: z.record(z.string(), z.string()).openapi({ description: "Targets for which it no longer counts, each with why" }),
  })
  .openapi("Decision");
