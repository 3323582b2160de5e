import { z } from "@hono/zod-openapi";

/** Full git commit ids; only requests may be shorter. */
export const CommitId = z.string().openapi({ example: "4f9c2d1e8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d", description: "A full git commit id" });
export const Digest = z.string().openapi({ example: "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" });
export const TargetId = z.string().openapi({ example: "api@mainnet", description: "service@environment" });
export const StepId = z.string().openapi({ example: "deploy:api@mainnet" });
/** ISO 8601 in UTC with milliseconds. */
export const Instant = z.iso.datetime({ precision: 3 }).openapi({ example: "2026-01-31T09:30:00.000Z" });

export const RunKind = z.enum(["deploy", "rollback"]).openapi("RunKind");
export const RunStatus = z.enum(["queued", "running", "waiting", "succeeded", "failed", "cancelled", "superseded"]).openapi("RunStatus");
export const StepKind = z.enum(["build", "gate", "deploy", "verify", "soak"]).openapi("StepKind");
export const StepStatus = z
  .enum(["pending", "waiting", "running", "succeeded", "failed", "errored", "blocked", "skipped", "superseded", "cancelled"])
  .openapi("StepStatus");
export const AttemptOutcome = z.enum(["succeeded", "failed", "errored", "cut", "lost"]).openapi("AttemptOutcome");
export const Health = z.enum(["healthy", "progressing", "degraded", "unknown", "none"]).openapi("HealthState");

export const Diagnostic = z
  .object({
    code: z.string(),
    severity: z.enum(["error", "warning"]),
    message: z.string(),
    file: z.string(),
    line: z.int().min(1),
    column: z.int().min(1).openapi({ description: "Counts UTF-16 units from 1" }),
    length: z.int().min(0).openapi({ description: "Width of the squiggle on that line" }),
    hint: z.string().optional(),
  })
  .openapi("Diagnostic");

/** What a caller can tell problems apart by. The HTTP status follows from it (`src/api/problem.ts`). */
export const ProblemCode = z
  .enum([
    "invalid",
    "invalid-config",
    "unauthenticated",
    "not-allowed",
    "not-found",
    "conflict",
    "ended",
    "mismatch",
    "nothing-waits",
    "key-reused",
    "too-large",
    "unsupported-media-type",
    "source-unusable",
    "store-full",
    "store-read-only",
    "deposed",
    "internal",
  ])
  .openapi("ProblemCode");

/** RFC 9457, with the code, what to do about it, and the located problems of a config. */
export const Problem = z
  .object({
    type: z.string().openapi({ example: "urn:sluice:problem:not-found" }),
    title: z.string(),
    status: z.int(),
    detail: z.string().optional(),
    code: ProblemCode,
    hint: z.string().optional(),
    diagnostics: z.array(Diagnostic).optional(),
  })
  .openapi("Problem");

/** Lists are paged: `next` is the cursor of the following page, null on the last one. */
export const page = <T extends z.ZodType>(item: T, name: string) =>
  z
    .object({
      items: z.array(item),
      next: z.string().nullable().openapi({ description: "Cursor of the next page; null: this is the last" }),
    })
    .openapi(name);

export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(500).default(100).openapi({ description: "Items a page" }),
  cursor: z.string().max(500).optional().openapi({ description: "`next` of the page before" }),
};
