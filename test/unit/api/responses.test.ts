import type { z } from "@hono/zod-openapi";
import { describe, expect, test } from "vitest";
import { createClient, idempotencyKey } from "../../../src/contract/client.ts";
import { routes } from "../../../src/contract/document.ts";
import { RequestError } from "../../../src/engine/control.ts";
import { SourceError } from "../../../src/engine/ports/source.ts";
import { StoreError } from "../../../src/engine/ports/store.ts";
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
    };
    for (const [operation, { response, data, error }] of Object.entries(all)) expectSchema(operation, response, data ?? error);
    expect(running.control.acts.map(({ what, by }) => `${by} ${what}`)).toEqual(
      ["deploy", "rollback", "retry", "cancel", "decide", "hold", "unhold"].map((what) => `ana ${what}`),
    );
    expect(JSON.stringify(Object.values(all).map(({ data }) => data))).not.toContain(SECRET);
    const tested = [...Object.keys(all), "getHealth"];
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

describe("a problem", () => {
  const cases: readonly (readonly [Error, number, string])[] = [
    [new RequestError("invalid", "no", "do"), 400, "invalid"],
    [new RequestError("invalid-config", "no", "do"), 422, "invalid-config"],
    [new RequestError("not-allowed", "no", "do"), 403, "not-allowed"],
    [new RequestError("conflict", "no", "do"), 409, "conflict"],
    [new SourceError("unknown-commit", "no", "do"), 404, "not-found"],
    [new SourceError("no-policy-ref", "no", "do"), 503, "source-unusable"],
    [new StoreError("full", "no"), 507, "store-full"],
    [new StoreError("read-only", "no"), 503, "store-read-only"],
    [new StoreError("deposed", "no"), 503, "deposed"],
  ];
  test.each(cases)("of %s", async (failure, status, code) => {
    const { server, control, errors } = await serve();
    control.failure = failure;
    const reply = await deploy(server, bearer(OWNER));
    expect(reply.status).toBe(status);
    expect(reply.headers["content-type"]).toBe("application/problem+json");
    expect(JSON.parse(reply.text)).toMatchObject({ type: `urn:sluice:problem:${code}`, status, code, detail: "no" });
    expect(errors).toEqual([]);
  });

  test("with the diagnostics of a config", async () => {
    const { server, control } = await serve();
    const diagnostic = {
      code: "unknown-key",
      severity: "error" as const,
      message: "no",
      file: "sluice.yaml",
      line: 3,
      column: 1,
      length: 4,
    };
    control.failure = new RequestError("invalid-config", "no", "do", [diagnostic]);
    expect(JSON.parse((await deploy(server, bearer(OWNER))).text)).toMatchObject({ hint: "do", diagnostics: [diagnostic] });
  });

  test("of an error inside tells the log, not the caller", async () => {
    const { server, control, errors } = await serve();
    control.failure = new Error(`at ${SECRET}`);
    const reply = await deploy(server, bearer(OWNER));
    expect(reply.status).toBe(500);
    expect(reply.text).not.toContain(SECRET);
    expect(errors).toEqual([control.failure]);
  });

  test("of the core's refusal carries its hint", async () => {
    const running = await serve();
    running.control.answer = { ok: false, code: "nothing-waits", message: "nothing waits", hint: "sluice approvals" };
    const { error, response } = await clientOf(running).POST("/api/v1/decisions", {
      body: { verdict: "approved", commit: COMMIT, environment: "mainnet" },
    });
    expect(response.status).toBe(409);
    expect(error).toMatchObject({ code: "nothing-waits", hint: "sluice approvals" });
  });

  test.each([
    ["GET", "/api/v1/runs/999", 404],
    ["GET", "/api/v1/nothing", 404],
    ["GET", "/api/v1/attempts/999/log", 404],
    ["GET", "/api/v1/attempts/..%2f..%2fetc/log", 404],
    ["GET", `/api/v1/commits/${OLD}`, 404],
    ["GET", "/api/v1/runs?status=tired", 400],
    ["GET", "/api/v1/runs?limit=0", 400],
    ["GET", "/api/v1/runs?cursor=nonsense", 400],
    ["GET", "/api/v1/ledger?target=api", 400],
    ["GET", "/api/v1/ledger", 400],
    ["POST", "/api/v1/environments/nope/unhold", 404],
  ])("of %s %s is %i", async (method, path, status) => {
    const reply = await send((await serve()).server, method, path, bearer(OWNER));
    expect(reply.status).toBe(status);
    expect(reply.headers["content-type"]).toBe("application/problem+json");
  });

  test.each([
    ["not JSON", "{", "application/json", 400],
    ["an unknown key", '{"servises":["api"]}', "application/json", 400],
    ["a wrong type", '{"services":"api"}', "application/json", 400],
    ["a form", "services=api", "application/x-www-form-urlencoded", 415],
    ["a form in disguise", "{}", "text/plain; application/json", 415],
    ["2 MB", JSON.stringify({ reason: "x".repeat(2_000_000) }), "application/json", 413],
  ])("of a body that is %s", async (_name, body, type, status) => {
    const { server, control } = await serve();
    const reply = await deploy(server, { ...bearer(OWNER), "content-type": type }, body);
    expect(reply.status).toBe(status);
    expect(control.acts).toEqual([]);
  });

  test("of a body without a type", async () => {
    const { server, control } = await serve();
    expect((await send(server, "POST", "/api/v1/runs", bearer(OWNER), "{}")).status).toBe(415);
    expect(control.acts).toEqual([]);
  });
});
