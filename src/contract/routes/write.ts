import { Environment, HoldRequest, LockRequest, PinRequest, Session, SessionRequest, SettleRequest, Target } from "../schemas/fleet.ts";
import {
  DecisionAnswer,
  DecisionRequest,
  Plan,
  PlanRequest,
  RollbackPreview,
  RollbackPreviewRequest,
  RollbackRequest,
} from "../schemas/plans.ts";
import { Admitted, CancelRequest, DeployRequest, Run } from "../schemas/runs.ts";
import { base, body, createRoute, failures, idParam, json, mutationHeaders } from "./define.ts";

export const createSession = createRoute({
  method: "post",
  path: `${base}/session`,
  operationId: "createSession",
  request: { body: body(SessionRequest) },
  responses: { 200: json(Session, "Logged in: the answer sets the session's cookie"), ...failures },
});

export const createPlan = createRoute({
  method: "post",
  path: `${base}/plans`,
  operationId: "createPlan",
  description: "What would be done. Changes nothing.",
  request: { body: body(PlanRequest) },
  responses: { 200: json(Plan, "The plan"), ...failures },
});

export const createRun = createRoute({
  method: "post",
  path: `${base}/runs`,
  operationId: "createRun",
  request: { headers: mutationHeaders, body: body(DeployRequest) },
  responses: { 201: json(Admitted, "Admitted; it goes on by itself"), ...failures },
});

export const cancelRun = createRoute({
  method: "post",
  path: `${base}/runs/{id}/cancel`,
  operationId: "cancelRun",
  request: { params: idParam, headers: mutationHeaders, body: body(CancelRequest) },
  responses: { 200: json(Run, "Nothing more of it starts"), ...failures },
});

export const retryRun = createRoute({
  method: "post",
  path: `${base}/runs/{id}/retry`,
  operationId: "retryRun",
  request: { params: idParam, headers: mutationHeaders },
  responses: { 201: json(Admitted, "A new run that names the old one"), ...failures },
});

export const previewRollback = createRoute({
  method: "post",
  path: `${base}/rollbacks/preview`,
  operationId: "previewRollback",
  description: "The verdict on a rollback before anything is touched. Changes nothing.",
  request: { body: body(RollbackPreviewRequest) },
  responses: { 200: json(RollbackPreview, "From, to and means for each target, and every problem"), ...failures },
});

export const createRollback = createRoute({
  method: "post",
  path: `${base}/rollbacks`,
  operationId: "createRollback",
  request: { headers: mutationHeaders, body: body(RollbackRequest) },
  responses: { 201: json(Admitted, "Admitted; the environment is held"), ...failures },
});

export const createDecision = createRoute({
  method: "post",
  path: `${base}/decisions`,
  operationId: "createDecision",
  description: "Decides every gate that waits for the commit in the environment, across all runs, in one act.",
  request: { headers: mutationHeaders, body: body(DecisionRequest) },
  responses: { 200: json(DecisionAnswer, "Recorded"), ...failures },
});

export const holdEnvironment = createRoute({
  method: "post",
  path: `${base}/environments/{id}/hold`,
  operationId: "holdEnvironment",
  request: { params: idParam, headers: mutationHeaders, body: body(HoldRequest) },
  responses: { 200: json(Environment, "No deploy starts here until the hold is lifted"), ...failures },
});

export const unholdEnvironment = createRoute({
  method: "post",
  path: `${base}/environments/{id}/unhold`,
  operationId: "unholdEnvironment",
  request: { params: idParam, headers: mutationHeaders },
  responses: { 200: json(Environment, "Deploys start again"), ...failures },
});

export const lockEnvironment = createRoute({
  method: "post",
  path: `${base}/environments/{id}/lock`,
  operationId: "lockEnvironment",
  request: { params: idParam, headers: mutationHeaders, body: body(LockRequest) },
  responses: { 200: json(Environment, "Nothing starts on any target here until it is unlocked"), ...failures },
});

export const unlockEnvironment = createRoute({
  method: "post",
  path: `${base}/environments/{id}/unlock`,
  operationId: "unlockEnvironment",
  request: { params: idParam, headers: mutationHeaders },
  responses: { 200: json(Environment, "What waited for the lock goes on"), ...failures },
});

export const lockTarget = createRoute({
  method: "post",
  path: `${base}/targets/{id}/lock`,
  operationId: "lockTarget",
  request: { params: idParam, headers: mutationHeaders, body: body(LockRequest) },
  responses: { 200: json(Target, "Nothing starts on this target until it is unlocked"), ...failures },
});

export const unlockTarget = createRoute({
  method: "post",
  path: `${base}/targets/{id}/unlock`,
  operationId: "unlockTarget",
  request: { params: idParam, headers: mutationHeaders },
  responses: { 200: json(Target, "What waited for the lock goes on"), ...failures },
});

export const pinTarget = createRoute({
  method: "post",
  path: `${base}/targets/{id}/pin`,
  operationId: "pinTarget",
  request: { params: idParam, headers: mutationHeaders, body: body(PinRequest) },
  responses: { 200: json(Target, "Deploys and rollbacks skip it unless it is named"), ...failures },
});

export const unpinTarget = createRoute({
  method: "post",
  path: `${base}/targets/{id}/unpin`,
  operationId: "unpinTarget",
  request: { params: idParam, headers: mutationHeaders },
  responses: { 200: json(Target, "Deploys and rollbacks take it again"), ...failures },
});

export const settleTarget = createRoute({
  method: "post",
  path: `${base}/targets/{id}/settle`,
  operationId: "settleTarget",
  description: "Says what is true of a target after an attempt was lost, where its driver cannot tell.",
  request: { params: idParam, headers: mutationHeaders, body: body(SettleRequest) },
  responses: { 200: json(Target, "The target is known again"), ...failures },
});
