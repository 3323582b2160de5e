import { z } from "@hono/zod-openapi";
import { AttemptOutcome, CommitId, Instant, page, RunKind, RunStatus, StepId, StepKind, StepStatus, TargetId } from "./common.ts";

export const Attempt = z
  .object({
    id: z.string(),
    outcome: AttemptOutcome.nullable().openapi({ description: "null while it runs" }),
    startedAt: Instant,
    endedAt: Instant.nullable(),
    message: z.string().optional(),
    joined: z
      .array(z.object({ run: z.string(), step: StepId }))
      .openapi({ description: "Steps of other runs that share it and end as it does" }),
  })
  .openapi("Attempt");

export const Explanation = z
  .object({
    code: z.string().openapi({ example: "need" }),
    message: z.string().openapi({ example: "waits for api@mainnet, run 42" }),
    command: z.string().optional().openapi({ description: "The command that ends the wait or goes on from here" }),
  })
  .openapi("Explanation");

export const Waiting = Explanation.extend({
  since: Instant,
  until: Instant.optional().openapi({ description: "When the wait ends by itself, where it does" }),
}).openapi("Waiting");

const stepFields = {
  id: StepId,
  kind: StepKind,
  status: StepStatus,
  target: TargetId.optional(),
  environment: z.string().optional(),
  waitingFor: Waiting.optional().openapi({ description: "What it waits for, or while pending what comes before it" }),
  reason: Explanation.optional().openapi({ description: "Why it ended as it did" }),
  joined: z
    .object({ run: z.string() })
    .nullable()
    .openapi({ description: "The run whose attempt this is, under way or the last one; null: its own run's, or none yet" }),
  startedAt: Instant.nullable(),
  endedAt: Instant.nullable(),
};
export const Step = z.object({ ...stepFields, needs: z.array(StepId), attempts: z.array(Attempt) }).openapi("Step");
/** A step as the stream of events tells it: what never changes (`needs`) and what has messages of its own (`attempts`) is left out. */
export const StepPatch = z.object({ ...stepFields, run: z.string() }).openapi("StepPatch");

export const Run = z
  .object({
    id: z.string(),
    kind: RunKind,
    status: RunStatus,
    commit: CommitId,
    by: z.string().openapi({ description: "Who started it" }),
    reason: z.string().nullable(),
    createdAt: Instant,
    startedAt: Instant.nullable(),
    endedAt: Instant.nullable(),
    environments: z.array(z.string()).openapi({ description: "In policy order" }),
    promotion: z.enum(["wave", "stream"]),
    retryOf: z.string().nullable(),
    snapshot: z.string().nullable().openapi({ description: "Rollback only: the set that it returns to" }),
    cause: z
      .object({ run: z.string(), step: StepId, target: TargetId })
      .nullable()
      .openapi({ description: "The failed step that this rollback answers (`onFailure: rollback`); null: a person asked for the run" }),
    stopped: z
      .object({ by: z.string(), at: Instant, how: z.enum(["cancelled", "rejected"]), now: z.boolean(), reason: z.string().nullable() })
      .nullable()
      .openapi({ description: "How a person ended it" }),
  })
  .openapi("Run");
export const RunPage = page(Run, "RunPage");
export const RunDetail = Run.extend({ steps: z.array(Step) }).openapi("RunDetail");

/** A step that waits, with what it waits for and who can end that. */
export const WaitingStep = z
  .object({
    run: z.string(),
    runKind: RunKind,
    commit: CommitId,
    step: StepId,
    kind: StepKind,
    target: TargetId.optional(),
    environment: z.string().optional(),
    waitingFor: Waiting,
    who: z.array(z.string()).openapi({ description: "Persons who can end the wait; empty: it ends by itself, or anyone can" }),
  })
  .openapi("WaitingStep");
export const WaitingPage = page(WaitingStep, "WaitingPage");

const scope = {
  services: z.array(z.string()).min(1).nullish().openapi({ description: "null: all but manual ones" }),
  environments: z.array(z.string()).min(1).nullish().openapi({ description: "null: all" }),
};
const deployFields = {
  ...scope,
  commit: z.string().min(1).max(250).nullish().openapi({ description: "A ref, a short hash, or null for HEAD" }),
  policyRef: z.string().min(1).max(250).nullish(),
  reason: z.string().max(2000).nullish(),
  promotion: z.enum(["wave", "stream"]).nullish(),
  redeploy: z.boolean().optional().openapi({ description: "Apply again what is already live" }),
  acceptDiverged: z.string().min(1).max(2000).nullish().openapi({ description: "Go ahead over a diverged live commit, and why" }),
  skipNeeds: z.string().min(1).max(2000).nullish().openapi({
    description: "Go ahead where the commit was not good in the environments before, and why; only through a gate, which shows it",
  }),
  now: z.boolean().optional().openapi({ description: "Cut short the soaks of other releases instead of awaiting them" }),
  changed: z
    .boolean()
    .optional()
    .openapi({ description: "Of these services, those whose paths have changed since what is live somewhere in the scope" }),
};
export const DeployRequest = z.strictObject(deployFields).openapi("DeployRequest");
export const DeployPlanRequest = z.strictObject({ kind: z.literal("deploy"), ...deployFields }).openapi("DeployPlanRequest");

export const Admitted = z.object({ run: Run, warnings: z.array(z.string()) }).openapi("Admitted");
export const CancelRequest = z
  .strictObject({
    now: z.boolean().optional().openapi({ description: "Stop running attempts too, instead of awaiting them" }),
    reason: z.string().max(2000).nullish(),
  })
  .openapi("CancelRequest");

export const LogChunk = z
  .object({
    text: z.string(),
    next: z.int().min(0).openapi({ description: "Offset in bytes to go on from" }),
    ended: z.boolean().openapi({ description: "No more will come" }),
  })
  .openapi("LogChunk");
