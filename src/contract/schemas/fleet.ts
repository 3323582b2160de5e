import { z } from "@hono/zod-openapi";
import { CommitId, Digest, Health, Instant, page, StepId, StepStatus, TargetId } from "./common.ts";

/** A person's stop; one that has ended by itself is told as null. */
export const Lock = z
  .object({
    by: z.string(),
    at: Instant,
    reason: z.string(),
    until: Instant.nullable().openapi({ description: "When it ends by itself; null: when somebody unlocks it" }),
  })
  .openapi("Lock");

export const Environment = z
  .object({
    id: z.string(),
    needs: z.array(z.string()),
    gate: z.boolean().openapi({ description: "Deploys here wait for a decision" }),
    hold: z
      .object({
        by: z.string(),
        at: Instant,
        reason: z.string(),
        run: z.string().nullable().openapi({ description: "The rollback that holds it" }),
      })
      .nullable(),
    lock: Lock.nullable().openapi({ description: "Stops every target here" }),
    freeze: z
      .object({ until: Instant, reason: z.string().nullable() })
      .nullable()
      .openapi({ description: "The window of policy that is open now: no deploy starts" }),
    rollback: z.string().nullable().openapi({ description: "The rollback run under way" }),
  })
  .openapi("Environment");
export const EnvironmentPage = page(Environment, "EnvironmentPage");
/** What stops deploys there from now on; what policy says does not travel by events. */
export const EnvironmentPatch = Environment.pick({ id: true, hold: true, lock: true, freeze: true, rollback: true }).openapi(
  "EnvironmentPatch",
);

export const Target = z
  .object({
    service: z.string(),
    environment: z.string(),
    commit: CommitId.nullable().openapi({ description: "What is live, by the ledger; null: nothing" }),
    artifact: Digest.nullable(),
    health: Health,
    since: Instant.nullable(),
    run: z.string().nullable().openapi({ description: "The run that brought it; null where it was imported or changed from outside" }),
    url: z.string().optional(),
    tier: z.enum(["backend", "frontend"]).optional(),
    serving: z.boolean(),
    good: z.boolean(),
    running: z
      .object({ run: z.string(), step: StepId, status: StepStatus })
      .optional()
      .openapi({ description: "The step that has the target now" }),
    queue: z.int().min(0).openapi({ description: "Steps that wait for the target alone" }),
    unknown: z.object({ since: Instant, commit: CommitId }).nullable().openapi({
      description: "An attempt to apply this commit was cut off, and nobody has said yet whether it is there: the driver, or `settle`",
    }),
    lock: Lock.nullable(),
    pin: z
      .object({ commit: CommitId, by: z.string(), at: Instant, reason: z.string() })
      .nullable()
      .openapi({ description: "It is kept at this commit: deploys and rollbacks skip it unless it is named" }),
    unrestored: z
      .object({ run: z.string(), at: Instant, message: z.string() })
      .nullable()
      .openapi({ description: "Why what failed here could not be brought back to good (`onFailure: rollback`)" }),
  })
  .openapi("Target");
export const TargetPage = page(Target, "TargetPage");

export const LedgerEntry = z
  .object({
    seq: z.int(),
    target: TargetId,
    commit: CommitId,
    artifact: Digest.nullable(),
    fingerprint: Digest,
    attempt: z.string().nullable(),
    run: z.string().nullable(),
    source: z.enum(["attempt", "imported", "external"]),
    live: z.boolean().openapi({ description: "Whether it became live" }),
    serving: z.boolean(),
    good: z.boolean(),
    at: Instant,
  })
  .openapi("LedgerEntry");
export const LedgerPage = page(LedgerEntry, "LedgerPage");

export const Snapshot = z
  .object({
    id: z.string(),
    environment: z.string(),
    at: Instant,
    run: z.string(),
    release: CommitId,
    left: z.boolean().openapi({ description: "A rollback has left it: not offered again" }),
    targets: z.array(
      z.object({ target: TargetId, service: z.string(), environment: z.string(), commit: CommitId, artifact: Digest.nullable() }),
    ),
  })
  .openapi("Snapshot");
export const SnapshotPage = page(Snapshot, "SnapshotPage");

export const HoldRequest = z.strictObject({ reason: z.string().min(1).max(2000) }).openapi("HoldRequest");

export const LockRequest = z
  .strictObject({
    reason: z.string().min(1).max(2000),
    until: z.iso.datetime({ offset: true }).nullish().openapi({ description: "It ends by itself then; null: when somebody unlocks it" }),
  })
  .openapi("LockRequest");

export const PinRequest = z
  .strictObject({
    commit: z.string().min(1).max(250).openapi({ description: "A full or abbreviated id, or a ref" }),
    reason: z.string().min(1).max(2000),
  })
  .openapi("PinRequest");

export const SettleRequest = z
  .strictObject({
    applied: z.boolean().openapi({ description: "Whether what the lost attempt was to apply is there" }),
    reason: z.string().min(1).max(2000),
  })
  .openapi("SettleRequest");

export const Commit = z.object({ id: CommitId, subject: z.string(), author: z.string(), at: Instant }).openapi("Commit");

export const ServerHealth = z
  .object({
    status: z.literal("ok"),
    version: z.string(),
    project: z.string(),
    url: z.string().openapi({ description: "Where the page is" }),
  })
  .openapi("ServerHealth");

export const Session = z
  .object({
    actor: z.string().nullable().openapi({ description: "Who acts in this session; null: nobody is logged in" }),
    tokenRequired: z.boolean().openapi({ description: "Every request needs a token or a session made from one" }),
  })
  .openapi("Session");
export const SessionRequest = z.strictObject({ token: z.string().min(1).max(1000) }).openapi("SessionRequest");
