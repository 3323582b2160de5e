import * as routes from "../../contract/routes/write.ts";
import { presentEnvironment, presentTarget, type Environment, type Target } from "../present/fleet.ts";
import { accepted, ProblemError } from "../problem.ts";
import { actorOf, found, type ApiApp, type ApiContext } from "./context.ts";

/** What a person puts in the way of an environment or a target, and takes away again. Each answers with how that now stands. */
export function addStops(app: ApiApp, context: ApiContext): void {
  addEnvironments(app, context);
  addTargets(app, context);
}

function addEnvironments(app: ApiApp, { control, now }: ApiContext): void {
  const environment = async (id: string): Promise<Environment> => {
    const policy = (await control.environments()).find((known) => known.id === id);
    const row = (await control.store.environments()).find((known) => known.id === id);
    return presentEnvironment(found(policy, `environment ${id}`), row, now());
  };

  app.openapi(routes.holdEnvironment, async (c) => {
    const { id } = c.req.valid("param");
    accepted(await control.hold(id, c.req.valid("json").reason, actorOf(c.get("identity"))));
    return c.json(await environment(id), 200);
  });

  app.openapi(routes.unholdEnvironment, async (c) => {
    const { id } = c.req.valid("param");
    accepted(await control.unhold(id, actorOf(c.get("identity"))));
    return c.json(await environment(id), 200);
  });

  app.openapi(routes.lockEnvironment, async (c) => {
    const { id } = c.req.valid("param");
    accepted(await control.lock(onEnvironment(id), lockOf(c.req.valid("json")), actorOf(c.get("identity"))));
    return c.json(await environment(id), 200);
  });

  app.openapi(routes.unlockEnvironment, async (c) => {
    const { id } = c.req.valid("param");
    accepted(await control.unlock(onEnvironment(id), actorOf(c.get("identity"))));
    return c.json(await environment(id), 200);
  });
}

function addTargets(app: ApiApp, { control, lookup, now }: ApiContext): void {
  const target = async (id: string): Promise<Target> => {
    const [service = "", environment = ""] = id.split("@");
    const page = await control.store.targets({ service, environment }, { limit: 1, cursor: null });
    return presentTarget(found(page.items[0], `target ${id}`), lookup, now());
  };

  app.openapi(routes.settleTarget, async (c) => {
    const { id } = c.req.valid("param");
    const { applied, reason } = c.req.valid("json");
    accepted(await control.settle(id, { applied, reason }, actorOf(c.get("identity"))));
    return c.json(await target(id), 200);
  });

  app.openapi(routes.lockTarget, async (c) => {
    const { id } = c.req.valid("param");
    accepted(await control.lock(onTarget(id), lockOf(c.req.valid("json")), actorOf(c.get("identity"))));
    return c.json(await target(id), 200);
  });

  app.openapi(routes.unlockTarget, async (c) => {
    const { id } = c.req.valid("param");
    accepted(await control.unlock(onTarget(id), actorOf(c.get("identity"))));
    return c.json(await target(id), 200);
  });

  app.openapi(routes.pinTarget, async (c) => {
    const { id } = c.req.valid("param");
    accepted(await control.pin(onTarget(id), c.req.valid("json"), actorOf(c.get("identity"))));
    return c.json(await target(id), 200);
  });

  app.openapi(routes.unpinTarget, async (c) => {
    const { id } = c.req.valid("param");
    accepted(await control.unpin(onTarget(id), actorOf(c.get("identity"))));
    return c.json(await target(id), 200);
  });
}

/** `control` takes either; a route is about one of the two. */
function onTarget(id: string): string {
  if (!id.includes("@")) throw new ProblemError("invalid", `${id} is no target`, "Write it as service@environment, such as api@mainnet");
  return id;
}

function onEnvironment(id: string): string {
  if (id.includes("@")) throw new ProblemError("invalid", `${id} is a target, no environment`, `POST it to /api/v1/targets/${id}`);
  return id;
}

const lockOf = ({ reason, until }: { readonly reason: string; readonly until?: string | null | undefined }) => ({
  reason,
  until: until == null ? null : Date.parse(until),
});
