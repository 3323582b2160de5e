import type { z } from "@hono/zod-openapi";
import * as routes from "../../contract/routes/write.ts";
import type { RollbackPreviewRequest } from "../../contract/schemas/plans.ts";
import type { DeployRequest as DeployBody } from "../../contract/schemas/runs.ts";
import type { DeployRequest, RollbackRequest } from "../../engine/control.ts";
import { presentStanding, presentPlan, presentRollback, presentRollbackPlan } from "../present/plans.ts";
import { presentRun, type Run } from "../present/runs.ts";
import { accepted, ProblemError } from "../problem.ts";
import { actOf, actorOf, found, type ApiApp, type ApiContext } from "./context.ts";

export function addWrites(app: ApiApp, context: ApiContext): void {
  addPlans(app, context);
  addRuns(app, context);
  addPeople(app, context);
}

/** What is asked before anything is changed. */
function addPlans(app: ApiApp, { control }: ApiContext): void {
  const { store } = control;

  app.openapi(routes.createPlan, async (c) => {
    const request = c.req.valid("json");
    if (request.kind === "deploy") {
      const { plan, warnings, policy } = await control.plan(deployRequest(request));
      return c.json(
        presentPlan(plan, await store.builds(plan.release.commit), { warnings, policy: { ref: policy.ref, commit: policy.commit } }),
        200,
      );
    }
    const preview = await control.previewRollback(rollbackRequest(request, "", false));
    return c.json(presentRollbackPlan(preview, await store.builds(preview.plan.release.commit)), 200);
  });

  app.openapi(routes.previewRollback, async (c) => {
    const preview = await control.previewRollback(rollbackRequest(c.req.valid("json"), "", false));
    return c.json(presentRollback(preview, await store.builds(preview.plan.release.commit)), 200);
  });
}

function addRuns(app: ApiApp, { control, lookup }: ApiContext): void {
  const { store } = control;

  app.openapi(routes.createRun, async (c) => {
    const { run, warnings } = await control.deploy(
      deployRequest(c.req.valid("json")),
      actOf(c.get("identity"), c.req.header("idempotency-key")),
    );
    return c.json({ run: await presentRun(run, lookup), warnings: [...warnings] }, 201);
  });

  app.openapi(routes.createRollback, async (c) => {
    const body = c.req.valid("json");
    const { run } = await control.rollback(
      rollbackRequest(body, body.reason, body.now ?? false),
      actOf(c.get("identity"), c.req.header("idempotency-key")),
    );
    return c.json({ run: await presentRun(run, lookup), warnings: [] }, 201);
  });

  app.openapi(routes.retryRun, async (c) => {
    const { run } = await control.retry(c.req.valid("param").id, actOf(c.get("identity"), c.req.header("idempotency-key")));
    return c.json({ run: await presentRun(run, lookup), warnings: [] }, 201);
  });

  app.openapi(routes.cancelRun, async (c) => {
    const { id } = c.req.valid("param");
    const { now = false, reason = null } = c.req.valid("json");
    accepted(await control.cancel(id, { now, reason }, actorOf(c.get("identity"))));
    const run: Run = await presentRun(found(await store.run(id), `run ${id}`), lookup);
    return c.json(run, 200);
  });
}

function addPeople(app: ApiApp, { control, auth }: ApiContext): void {
  app.openapi(routes.createSession, (c) => {
    const identity = auth.login(c, c.req.valid("json").token);
    if (!identity) throw new ProblemError("unauthenticated", "The token is not one of this server's");
    return c.json({ actor: identity.actor.name, tokenRequired: auth.tokenRequired }, 200);
  });

  app.openapi(routes.createDecision, async (c) => {
    const {
      verdict,
      commit,
      environment,
      comment = null,
      expect = null,
      only = null,
      except = null,
      emergency = false,
    } = c.req.valid("json");
    const request = { verdict, commit, environment, comment, expect, only, except, emergency };
    const decided = await control.decide(request, actorOf(c.get("identity")));
    const { id, targets, runs, already } = found(accepted(decided).decision, "decision");
    const members = (decided.standings ?? []).map((standing) => presentStanding(standing, commit));
    return c.json({ id, targets: [...targets], runs: [...runs], already, members }, 200);
  });
}

const deployRequest = (body: z.infer<typeof DeployBody>): DeployRequest => ({
  services: body.services ?? null,
  environments: body.environments ?? null,
  commit: body.commit ?? null,
  policyRef: body.policyRef ?? null,
  reason: body.reason ?? null,
  promotion: body.promotion ?? null,
  redeploy: body.redeploy ?? false,
  acceptDiverged: body.acceptDiverged ?? null,
  skipNeeds: body.skipNeeds ?? null,
  now: body.now ?? false,
  changed: body.changed ?? false,
});

const rollbackRequest = (body: z.infer<typeof RollbackPreviewRequest>, reason: string, now: boolean): RollbackRequest => ({
  environment: body.environment,
  services: body.services ?? null,
  to: body.to ?? null,
  reason,
  now,
  acceptUnknown: body.acceptUnknown ?? false,
});
