import { z } from "@hono/zod-openapi";
import { pageQuery, RunKind, TargetId } from "../schemas/common.ts";
import { Diff, Drift } from "../schemas/compared.ts";
import { StreamEvent } from "../schemas/events.ts";
import { Commit, EnvironmentPage, LedgerPage, ServerHealth, Session, SnapshotPage, TargetPage } from "../schemas/fleet.ts";
import { GithubStatus } from "../schemas/github.ts";
import { ApprovalPage } from "../schemas/plans.ts";
import { LogChunk, RunDetail, RunPage, WaitingPage } from "../schemas/runs.ts";
import { base, createRoute, failures, idParam, json } from "./define.ts";

export const getHealth = createRoute({
  method: "get",
  path: `${base}/health`,
  operationId: "getHealth",
  responses: { 200: json(ServerHealth, "The server is there and owns the store"), ...failures },
});

export const getGithub = createRoute({
  method: "get",
  path: `${base}/github`,
  operationId: "getGithub",
  responses: { 200: json(GithubStatus, "How the server stands with GitHub"), ...failures },
});

export const getSession = createRoute({
  method: "get",
  path: `${base}/session`,
  operationId: "getSession",
  responses: { 200: json(Session, "Who this session acts as"), ...failures },
});

export const listEnvironments = createRoute({
  method: "get",
  path: `${base}/environments`,
  operationId: "listEnvironments",
  responses: { 200: json(EnvironmentPage, "Environments in policy order"), ...failures },
});

export const listTargets = createRoute({
  method: "get",
  path: `${base}/targets`,
  operationId: "listTargets",
  request: { query: z.object({ environment: z.string().optional(), service: z.string().optional(), ...pageQuery }) },
  responses: { 200: json(TargetPage, "The fleet: what is live on each target"), ...failures },
});

export const listRuns = createRoute({
  method: "get",
  path: `${base}/runs`,
  operationId: "listRuns",
  request: {
    query: z.object({
      status: z
        .string()
        .max(200)
        .optional()
        .openapi({ description: "One or more, separated by commas", example: "queued,running,waiting" }),
      commit: z.string().optional(),
      kind: RunKind.optional(),
      ...pageQuery,
    }),
  },
  responses: { 200: json(RunPage, "Runs, newest first"), ...failures },
});

export const getRun = createRoute({
  method: "get",
  path: `${base}/runs/{id}`,
  operationId: "getRun",
  request: { params: idParam },
  responses: { 200: json(RunDetail, "The run with its steps and their attempts"), ...failures },
});

export const listApprovals = createRoute({
  method: "get",
  path: `${base}/approvals`,
  operationId: "listApprovals",
  responses: { 200: json(ApprovalPage, "Gates that wait for a decision"), ...failures },
});

export const listWaiting = createRoute({
  method: "get",
  path: `${base}/waiting`,
  operationId: "listWaiting",
  request: { query: z.object(pageQuery) },
  responses: { 200: json(WaitingPage, "Every step that waits, over all open runs, the oldest run first"), ...failures },
});

export const getDiff = createRoute({
  method: "get",
  path: `${base}/diff`,
  operationId: "getDiff",
  request: {
    query: z.object({
      commit: z.string().min(1).max(250).openapi({ description: "A full or abbreviated id, or a ref" }),
      environment: z.string().min(1),
      services: z.string().min(1).optional().openapi({ description: "One or more, separated by commas; without: all that are not manual" }),
    }),
  },
  responses: { 200: json(Diff, "What would be applied, target by target, against what is live"), ...failures },
});

export const getDrift = createRoute({
  method: "get",
  path: `${base}/drift`,
  operationId: "getDrift",
  description: "Looks at every target that is asked for, which may take minutes. Changes nothing, and records nothing.",
  request: {
    query: z.object({
      environments: z.string().min(1).optional().openapi({ description: "One or more, separated by commas; without: all" }),
      services: z.string().min(1).optional().openapi({ description: "One or more, separated by commas; without: all" }),
    }),
  },
  responses: { 200: json(Drift, "What is there now, target by target, against what the ledger says"), ...failures },
});

export const listSnapshots = createRoute({
  method: "get",
  path: `${base}/snapshots`,
  operationId: "listSnapshots",
  request: { query: z.object({ environment: z.string().min(1), ...pageQuery }) },
  responses: { 200: json(SnapshotPage, "Recorded sets that work together, newest first"), ...failures },
});

export const listLedger = createRoute({
  method: "get",
  path: `${base}/ledger`,
  operationId: "listLedger",
  request: { query: z.object({ target: TargetId, ...pageQuery }) },
  responses: { 200: json(LedgerPage, "What became live on a target, newest first"), ...failures },
});

export const getAttemptLog = createRoute({
  method: "get",
  path: `${base}/attempts/{id}/log`,
  operationId: "getAttemptLog",
  request: {
    params: idParam,
    query: z.object({
      offset: z.coerce.number().int().min(0).default(0).openapi({ description: "In bytes" }),
      limit: z.coerce.number().int().min(1).max(1_048_576).default(65_536).openapi({ description: "In bytes" }),
      wait: z.coerce.number().min(0).max(30).default(0).openapi({ description: "Seconds to wait for more, where there is none yet" }),
    }),
  },
  responses: { 200: json(LogChunk, "A piece of the attempt's log"), ...failures },
});

export const getCommit = createRoute({
  method: "get",
  path: `${base}/commits/{id}`,
  operationId: "getCommit",
  description: "By its id, which may be abbreviated, or by a ref. `invalid` where it is short for several, and says which.",
  request: { params: idParam },
  responses: { 200: json(Commit, "What the source says about a commit"), ...failures },
});

export const streamEvents = createRoute({
  method: "get",
  path: `${base}/events`,
  operationId: "streamEvents",
  description:
    "Server-sent events. First `hello` (schema Hello), then one message for each event: `id` is its `seq`, `event` its `type`, `data` a StreamEvent. A reconnect with `Last-Event-ID` goes on where the last one ended, without loss or repetition. Without a position the stream starts with what happens next.",
  request: {
    headers: z.object({
      "last-event-id": z
        .string()
        .regex(/^\d{1,15}$/)
        .optional(),
    }),
    query: z.object({
      after: z.coerce.number().int().min(0).optional().openapi({ description: "Go on behind this `seq`; `Last-Event-ID` comes first" }),
    }),
  },
  responses: {
    200: { description: "Messages, each with such data", content: { "text/event-stream": { schema: StreamEvent } } },
    ...failures,
  },
});
