import { HTTPException } from "hono/http-exception";
import type { z } from "@hono/zod-openapi";
import type { Problem as ProblemSchema, ProblemCode as ProblemCodeSchema } from "../contract/schemas/common.ts";
import type { Answer, RefusalCode } from "../core/run/events.ts";
import { RequestError } from "../engine/control.ts";
import { SourceError, type SourceErrorCode } from "../engine/ports/source.ts";
import { StoreError, type StoreErrorCode } from "../engine/ports/store.ts";

export type Problem = z.infer<typeof ProblemSchema>;
export type ProblemCode = z.infer<typeof ProblemCodeSchema>;

/** The one table from code to HTTP status and title. */
const kinds: Readonly<Record<ProblemCode, { readonly status: number; readonly title: string }>> = {
  invalid: { status: 400, title: "The request is not valid" },
  "invalid-config": { status: 422, title: "The configuration is not valid" },
  unauthenticated: { status: 401, title: "Who are you?" },
  "not-allowed": { status: 403, title: "Not allowed" },
  "not-found": { status: 404, title: "Not found" },
  conflict: { status: 409, title: "In conflict with what is there" },
  ended: { status: 409, title: "It has ended" },
  mismatch: { status: 409, title: "Not what was seen" },
  "nothing-waits": { status: 409, title: "Nothing waits for this" },
  "key-reused": { status: 422, title: "The idempotency key was used for another request" },
  "too-large": { status: 413, title: "The request is too large" },
  "unsupported-media-type": { status: 415, title: "Only JSON is read" },
  "source-unusable": { status: 503, title: "The source cannot be used" },
  "store-full": { status: 507, title: "The store is full" },
  "store-read-only": { status: 503, title: "The store cannot be written" },
  deposed: { status: 503, title: "Another process owns the store" },
  internal: { status: 500, title: "Something failed inside" },
};

const sourceCodes: Readonly<Record<SourceErrorCode, ProblemCode>> = {
  "unknown-commit": "not-found",
  "ambiguous-commit": "invalid",
  "unsafe-path": "invalid",
  "too-large": "invalid",
  "no-git": "source-unusable",
  "not-a-repository": "source-unusable",
  shallow: "source-unusable",
  "no-policy-ref": "source-unusable",
  "remote-denied": "source-unusable",
  "git-failed": "source-unusable",
};

const storeCodes: Readonly<Record<StoreErrorCode, ProblemCode>> = {
  full: "store-full",
  "read-only": "store-read-only",
  deposed: "deposed",
  owned: "deposed",
  newer: "internal",
  corrupt: "internal",
  failed: "internal",
  "bad-cursor": "invalid",
};

export function problem(code: ProblemCode, detail?: string, more: Pick<Problem, "hint" | "diagnostics"> = {}): Problem {
  const { status, title } = kinds[code];
  return { type: `urn:sluice:problem:${code}`, title, status, ...(detail === undefined ? {} : { detail }), code, ...more };
}

/** An error of this folder that already knows its problem. */
export class ProblemError extends Error {
  override readonly name = "ProblemError";
  readonly problem: Problem;
  constructor(code: ProblemCode, detail: string, hint?: string) {
    super(detail);
    this.problem = problem(code, detail, hint === undefined ? {} : { hint });
  }
}

/** What a caller is told about an error. Only errors that were written for people speak for themselves; of others the caller learns nothing but that there was one. */
export function toProblem(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  if (error instanceof RequestError) {
    return problem(error.code, error.message, {
      ...(error.hint ? { hint: error.hint } : {}),
      ...(error.diagnostics.length > 0 ? { diagnostics: [...error.diagnostics] } : {}),
    });
  }
  if (error instanceof SourceError) return problem(sourceCodes[error.code], error.message, error.hint ? { hint: error.hint } : {});
  if (error instanceof StoreError) return problem(storeCodes[error.code], error.message);
  if (error instanceof HTTPException) return problem(httpCode(error.status), error.message || undefined);
  return problem("internal", "The server's log says more.");
}

function httpCode(status: number): ProblemCode {
  if (status === 413) return "too-large";
  if (status === 415) return "unsupported-media-type";
  return status < 500 ? "invalid" : "internal";
}

/** A refusal of the core as an error; what was accepted passes through. */
export function accepted(answer: Answer): Extract<Answer, { ok: true }> {
  if (answer.ok) return answer;
  const code: RefusalCode = answer.code;
  throw new ProblemError(code, answer.message, answer.hint);
}

export function problemResponse(value: Problem, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(JSON.stringify(value), { status: value.status, headers: { "content-type": "application/problem+json", ...headers } });
}
