import * as routes from "../../contract/routes/read.ts";
import { RunStatus as RunStatusSchema } from "../../contract/schemas/common.ts";
import type { RunStatus } from "../../core/run/rows.ts";
import { isTarget } from "../../engine/stops.ts";
import { presentEvent } from "../present/events.ts";
import { presentEnvironment, presentLedgerEntry, presentSnapshot, presentTarget } from "../present/fleet.ts";
import { presentDiff, presentDrift } from "../present/compared.ts";
import { presentGithub } from "../present/github.ts";
import { presentApproval } from "../present/plans.ts";
import { instant, presentRun, presentRunDetail } from "../present/runs.ts";
import { waitingPage } from "../present/waiting.ts";
import { ProblemError } from "../problem.ts";
import { eventStream } from "../stream.ts";
import { found, type ApiApp, type ApiContext } from "./context.ts";

export function addReads(app: ApiApp, context: ApiContext): void {
  const { control, lookup } = context;
  const { store } = control;

  app.openapi(routes.getHealth, (c) =>
    c.json({ status: "ok" as const, version: context.version, project: control.project, url: context.auth.url }, 200),
  );

  app.openapi(routes.getGithub, async (c) => c.json(presentGithub(await context.github()), 200));

  app.openapi(routes.getSession, (c) =>
    c.json({ actor: c.get("identity")?.actor.name ?? null, tokenRequired: context.auth.tokenRequired }, 200),
  );

  app.openapi(routes.listEnvironments, async (c) => {
    const rows = new Map((await store.environments()).map((row) => [row.id, row]));
    const policies = await control.environments();
    return c.json({ items: policies.map((policy) => presentEnvironment(policy, rows.get(policy.id), context.now())), next: null }, 200);
  });

  app.openapi(routes.listTargets, async (c) => {
    const { environment, service, limit, cursor } = c.req.valid("query");
    const page = await store.targets(
      { ...(environment ? { environment } : {}), ...(service ? { service } : {}) },
      { limit, cursor: cursor ?? null },
    );
    return c.json({ items: await Promise.all(page.items.map((row) => presentTarget(row, lookup, context.now()))), next: page.next }, 200);
  });

  app.openapi(routes.listRuns, async (c) => {
    const { status, commit, kind, limit, cursor } = c.req.valid("query");
    const filter = { ...(status ? { status: statuses(status) } : {}), ...(commit ? { commit } : {}), ...(kind ? { kind } : {}) };
    const page = await store.runs(filter, { limit, cursor: cursor ?? null });
    return c.json({ items: await Promise.all(page.items.map((row) => presentRun(row, lookup))), next: page.next }, 200);
  });

  app.openapi(routes.getRun, async (c) => {
    const { id } = c.req.valid("param");
    const row = found(await store.run(id), `run ${id}`);
    const [plan, steps, attempts] = await Promise.all([store.plan(id), store.steps(id), store.attempts(id)]);
    return c.json(await presentRunDetail(row, found(plan, `plan of run ${id}`), steps, attempts, lookup), 200);
  });

  app.openapi(routes.listApprovals, async (c) => {
    const approvals = await control.approvals();
    const items = await Promise.all(approvals.map(async (approval) => presentApproval(approval, await lookup.subject(approval.commit))));
    return c.json({ items, next: null }, 200);
  });

  app.openapi(routes.listWaiting, async (c) => {
    const { limit, cursor } = c.req.valid("query");
    return c.json(waitingPage(await control.waiting(), limit, cursor ?? null), 200);
  });

  app.openapi(routes.getDiff, async (c) => {
    const { commit, environment, services } = c.req.valid("query");
    return c.json(presentDiff(await control.diff({ commit, environment, services: services?.split(",") ?? null })), 200);
  });

  app.openapi(routes.getDrift, async (c) => {
    const { environments, services } = c.req.valid("query");
    const report = await control.drift({ environments: environments?.split(",") ?? null, services: services?.split(",") ?? null });
    return c.json(presentDrift(report), 200);
  });

  app.openapi(routes.listSnapshots, async (c) => {
    const { environment, limit, cursor } = c.req.valid("query");
    const row = (await store.environments()).find((known) => known.id === environment);
    const page = await store.snapshots(environment, { limit, cursor: cursor ?? null });
    return c.json({ items: page.items.map((snapshot) => presentSnapshot(snapshot, row)), next: page.next }, 200);
  });

  app.openapi(routes.listLedger, async (c) => {
    const { target, limit, cursor } = c.req.valid("query");
    if (!isTarget(target)) throw new ProblemError("invalid", `${target} is not a target`, "Write it as service@environment");
    const page = await store.ledger(target, { limit, cursor: cursor ?? null });
    return c.json({ items: page.items.map(presentLedgerEntry), next: page.next }, 200);
  });

  app.openapi(routes.getCommit, async (c) => {
    const { id, subject, author, at } = await control.resolve(c.req.valid("param").id);
    return c.json({ id, subject, author, at: instant(at) }, 200);
  });

  addLog(app, context);
  addStream(app, context);
}

function addLog(app: ApiApp, { control, closing }: ApiContext): void {
  app.openapi(routes.getAttemptLog, async (c) => {
    const { id } = c.req.valid("param");
    const { offset, limit, wait } = c.req.valid("query");
    // Also keeps anything but an attempt's id away from the folder of logs.
    found(await control.store.attempt(id), `attempt ${id}`);
    const read = () => control.logs.readLog(id, offset, limit);
    let chunk = await read();
    if (chunk.text === "" && !chunk.ended && wait > 0) {
      const over = AbortSignal.any([AbortSignal.timeout(wait * 1000), closing, c.req.raw.signal]);
      await control.logs.logGrown(id, offset, over);
      chunk = await read();
    }
    return c.json({ text: chunk.text, next: chunk.next, ended: chunk.ended }, 200);
  });
}

function addStream(app: ApiApp, { control, lookup, closing, keepaliveMs, onError }: ApiContext): void {
  app.openapi(routes.streamEvents, (c) => {
    const last = c.req.valid("header")["last-event-id"];
    const stream = eventStream({
      store: control.store,
      onCommit: (listener) => control.onCommit(listener),
      after: last === undefined ? (c.req.valid("query").after ?? null) : Number(last),
      present: (entry) => presentEvent(entry, lookup),
      closing,
      keepaliveMs,
      onError,
    });
    return c.body(stream, 200, { "content-type": "text/event-stream", "x-accel-buffering": "no" });
  });
}

function statuses(text: string): RunStatus[] {
  return text.split(",").map((part) => {
    const status = RunStatusSchema.safeParse(part.trim());
    if (!status.success)
      throw new ProblemError("invalid", `${part} is not a status of a run`, `One of ${RunStatusSchema.options.join(", ")}`);
    return status.data;
  });
}
