import type { z } from "@hono/zod-openapi";
import { describe, expect, test } from "vitest";
import { createClient, idempotencyKey } from "../../../src/contract/client.ts";
import { routes } from "../../../src/contract/document.ts";
import { bearer, deploy, OWNER, send, serve, type Running } from "./serve.ts";
import { COMMIT, DIGEST, FINGERPRINT, OLD, SECRET } from "./world.ts";

const clientOf = (running: Running) => createClient({ baseUrl: running.server.url, token: OWNER, actor: "ana" });

type Page = { readonly data?: { readonly items: readonly { readonly id: string }[]; readonly next: string | null } | undefined };
type Media = { readonly schema: z.ZodType };
type Responses = Readonly<Record<string, { readonly content?: Readonly<Record<string, Media>> }>>;

/** Asserts that an answer is what its route's schema says, with nothing that the schema does not know. */
function expectSchema(operation: string, response: Response, body: unknown): void {
  const route = routes.find((known) => known.operationId === operation);
  const responses = route?.responses as Responses | undefined;
  const schema = responses?.[response.status]?.content?.["application/json"]?.schema;
  if (!schema) throw new Error(`${operation} is not said to answer ${response.status}: ${JSON.stringify(body)}`);
  expect(schema.parse(body)).toEqual(body);
}

describe("every answer is what its schema says", () => {
  test("reads", async () => {
    const running = await serve();
    const client = clientOf(running);
    const path = { id: "1" };
    const all = {
      getHealth: await client.GET("/api/v1/health"),
      getSession: await client.GET("/api/v1/session"),
      listEnvironments: await client.GET("/api/v1/environments"),
      listTargets: await client.GET("/api/v1/targets", { params: { query: { environment: "mainnet" } } }),
      listRuns: await client.GET("/api/v1/runs", { params: { query: { status: "waiting,running", commit: COMMIT, kind: "deploy" } } }),
      getRun: await client.GET("/api/v1/runs/{id}", { params: { path } }),
      listApprovals: await client.GET("/api/v1/approvals"),
      listSnapshots: await client.GET("/api/v1/snapshots", { params: { query: { environment: "mainnet" } } }),
      listLedger: await client.GET("/api/v1/ledger", { params: { query: { target: "api@mainnet" } } }),
      getAttemptLog: await client.GET("/api/v1/attempts/{id}/log", { params: { path: { id: "at-1" } } }),
      getCommit: await client.GET("/api/v1/commits/{id}", { params: { path: { id: COMMIT } } }),
    };
    for (const [operation, { response, data, error }] of Object.entries(all)) expectSchema(operation, response, data ?? error);
    for (const name of ["listTargets", "listRuns", "listApprovals", "listSnapshots", "listLedger", "listEnvironments"] as const) {
      expect(all[name].data?.items).not.toEqual([]);
    }
    expect(JSON.stringify(Object.values(all).map(({ data }) => data))).not.toContain(SECRET);
  });

  test("changes", async () => {
    const running = await serve();
    running.control.answer = { ok: true, decision: { id: "d", targets: ["api@mainnet"], runs: ["1"], already: false } };
    const client = clientOf(running);
    const params = { header: { "idempotency-key": idempotencyKey() } };
    const inRun = { path: { id: "1" } };
    const inEnvironment = { path: { id: "mainnet" } };
    const all = {
      createSession: await client.POST("/api/v1/session", { body: { token: OWNER } }),
      createPlan: await client.POST("/api/v1/plans", { body: { kind: "deploy", services: ["api"] } }),
      previewRollback: await client.POST("/api/v1/rollbacks/preview", { body: { environment: "mainnet" } }),
      createRun: await client.POST("/api/v1/runs", { params, body: {} }),
      createRollback: await client.POST("/api/v1/rollbacks", { body: { environment: "mainnet", reason: "it is slow" } }),
      retryRun: await client.POST("/api/v1/runs/{id}/retry", { params: inRun }),
      cancelRun: await client.POST("/api/v1/runs/{id}/cancel", { params: inRun, body: {} }),
      createDecision: await client.POST("/api/v1/decisions", { body: { verdict: "approved", commit: COMMIT, environment: "mainnet" } }),
      holdEnvironment: await client.POST("/api/v1/environments/{id}/hold", { params: inEnvironment, body: { reason: "incident" } }),
      unholdEnvironment: await client.POST("/api/v1/environments/{id}/unhold", { params: inEnvironment }),
      settleTarget: await client.POST("/api/v1/targets/{id}/settle", {
        params: { path: { id: "api@mainnet" } },
        body: { applied: true, reason: "I looked" },
      }),
    };
    for (const [operation, { response, data, error }] of Object.entries(all)) expectSchema(operation, response, data ?? error);
    expect(running.control.acts.map(({ what, by }) => `${by} ${what}`)).toEqual(
      ["deploy", "rollback", "retry", "cancel", "decide", "hold", "unhold", "settle"].map((what) => `ana ${what}`),
    );
    expect(JSON.stringify(Object.values(all).map(({ data }) => data))).not.toContain(SECRET);
    const tested = Object.keys(all);
    expect(
      routes
        .filter((route) => route.method === "post")
        .map((route) => route.operationId)
        .filter((name) => !tested.includes(name)),
    ).toEqual([]);
  });

  test("a plan of a rollback names what stands in its way", async () => {
    const { data } = await clientOf(await serve()).POST("/api/v1/plans", { body: { kind: "rollback", environment: "mainnet" } });
    expect(data).toMatchObject({ kind: "rollback", policy: null, warnings: ["api@mainnet: the artifact is gone. build it again"] });
  });
});

describe("what is shown", () => {
  test("a target, exactly", async () => {
    const { data } = await clientOf(await serve()).GET("/api/v1/targets");
    expect(data?.items).toEqual([
      {
        service: "api",
        environment: "mainnet",
        commit: OLD,
        artifact: DIGEST,
        health: "healthy",
        since: "2026-01-31T09:30:00.000Z",
        run: "1",
        url: "http://127.0.0.1:4999",
        tier: "backend",
        serving: true,
        good: true,
        running: { run: "1", step: "deploy:api@mainnet", status: "running" },
        queue: 0,
      },
      {
        service: "web",
        environment: "mainnet",
        commit: null,
        artifact: null,
        health: "none",
        since: null,
        run: null,
        serving: false,
        good: false,
        queue: 0,
      },
    ]);
  });

  test("a run with its steps in the plan's order, saying what they wait for", async () => {
    const { data } = await clientOf(await serve()).GET("/api/v1/runs/{id}", { params: { path: { id: "1" } } });
    expect(data).toMatchObject({
      environments: ["mainnet"],
      promotion: "wave",
      createdAt: "2026-01-31T09:30:00.000Z",
      stopped: { by: "ben", how: "rejected" },
    });
    expect(data?.steps.map((step) => step.id)).toEqual(["build:mega", "gate:mainnet", "deploy:api@mainnet", "verify:api@mainnet"]);
    const [build, gate, deployed, verify] = data?.steps ?? [];
    expect(build?.attempts).toEqual([
      { id: "at-1", outcome: "succeeded", startedAt: "2026-01-31T09:30:00.000Z", endedAt: "2026-01-31T09:30:00.005Z", message: "built" },
    ]);
    expect(gate?.waitingFor).toEqual({
      code: "approval",
      message: "waits for a decision: sluice approve 4f9c2d1e8 --env mainnet",
      command: "sluice approve 4f9c2d1e8 --env mainnet",
      since: "2026-01-31T09:30:00.000Z",
    });
    expect(deployed).toMatchObject({
      target: "api@mainnet",
      environment: "mainnet",
      needs: ["build:mega", "gate:mainnet"],
      waitingFor: { code: "step" },
    });
    expect(verify).toMatchObject({ reason: { code: "already-live", message: "already live, by run 7" } });
  });

  test("a plan's public side", async () => {
    const { data } = await clientOf(await serve()).POST("/api/v1/plans", { body: { kind: "deploy" } });
    expect(data).toMatchObject({
      fingerprint: FINGERPRINT,
      release: { commit: COMMIT, artifacts: { mega: DIGEST } },
      notes: ["worker is manual"],
      warnings: ["the tree is dirty"],
      policy: { ref: "origin/HEAD", commit: COMMIT },
    });
    expect(data?.steps[1]).toEqual({ id: "gate:mainnet", kind: "gate", needs: [], after: ["devnet"] });
  });

  test("approvals with the commit's subject", async () => {
    const { data } = await clientOf(await serve()).GET("/api/v1/approvals");
    expect(data?.items[0]).toMatchObject({ subject: "Faster quotes", leftOut: [{ target: "web@mainnet", why: "it failed in devnet" }] });
  });

  test("lists are paged", async () => {
    const running = await serve();
    for (let n = 0; n < 3; n += 1) await deploy(running.server, bearer(OWNER));
    const client = clientOf(running);
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page: Page = await client.GET("/api/v1/runs", {
        params: { query: { limit: 3, ...(cursor === null ? {} : { cursor }) } },
      });
      seen.push(...(page.data?.items ?? []).map((run) => run.id));
      cursor = page.data?.next ?? null;
    } while (cursor !== null);
    expect(seen.sort()).toEqual(["1", "101", "102", "103"]);
  });
});

describe("a log", () => {
  test("is read in pieces, and waited for", async () => {
    const running = await serve();
    const read = (query: string) => send(running.server, "GET", `/api/v1/attempts/at-1/log?${query}`);
    expect(JSON.parse((await read("limit=3")).text)).toEqual({ text: "hel", next: 3, ended: false });
    const waiting = read("offset=6&wait=20");
    await expect.poll(() => running.control.logWaiters).toBe(1);
    running.control.writeLog("more\n");
    expect(JSON.parse((await waiting).text)).toEqual({ text: "more\n", next: 11, ended: false });
    running.control.logEnded = true;
    expect(JSON.parse((await read("offset=11&wait=20")).text)).toEqual({ text: "", next: 11, ended: true });
  });

  test("lets go of who waits when the server ends", async () => {
    const running = await serve();
    const waiting = send(running.server, "GET", "/api/v1/attempts/at-1/log?offset=6&wait=20");
    await expect.poll(() => running.control.logWaiters).toBe(1);
    running.closing.abort();
    expect((await waiting).status).toBe(200);
  });
});
