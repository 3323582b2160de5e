import type { z } from "@hono/zod-openapi";
import { describe, expect, test } from "vitest";
import { createClient, idempotencyKey } from "../../../src/contract/client.ts";
import { routes } from "../../../src/contract/document.ts";
import { presentEvent } from "../../../src/api/present/events.ts";
import { createLookup } from "../../../src/api/present/lookup.ts";
import type { Change } from "../../../src/core/run/changes.ts";
import type { AttemptRow } from "../../../src/core/run/rows.ts";
import type { LogEntry } from "../../../src/engine/ports/store.ts";
import { bearer, deploy, OWNER, send, serve, type Running } from "./serve.ts";
import { AT, COMMIT, DIGEST, FINGERPRINT, live, OLD, plan, run, SECRET, step, target } from "./world.ts";

const waits = (id: string, place: number) => ({
  place,
  step: step("1", id, "deploy", {
    status: "waiting",
    reason: { code: "lock", on: "mainnet", by: "ana", reason: "audit", until: null },
  }),
});

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
    running.control.waits = [waits("deploy:api@mainnet", 2)];
    const client = clientOf(running);
    const path = { id: "1" };
    const all = {
      getHealth: await client.GET("/api/v1/health"),
      getGithub: await client.GET("/api/v1/github"),
      getSession: await client.GET("/api/v1/session"),
      listEnvironments: await client.GET("/api/v1/environments"),
      listTargets: await client.GET("/api/v1/targets", { params: { query: { environment: "mainnet" } } }),
      listRuns: await client.GET("/api/v1/runs", { params: { query: { status: "waiting,running", commit: COMMIT, kind: "deploy" } } }),
      getRun: await client.GET("/api/v1/runs/{id}", { params: { path } }),
      listApprovals: await client.GET("/api/v1/approvals"),
      listWaiting: await client.GET("/api/v1/waiting"),
      getDrift: await client.GET("/api/v1/drift", { params: { query: { environments: "mainnet", services: "api" } } }),
      getDiff: await client.GET("/api/v1/diff", { params: { query: { commit: COMMIT, environment: "mainnet", services: "api,web" } } }),
      listSnapshots: await client.GET("/api/v1/snapshots", { params: { query: { environment: "mainnet" } } }),
      listLedger: await client.GET("/api/v1/ledger", { params: { query: { target: "api@mainnet" } } }),
      getAttemptLog: await client.GET("/api/v1/attempts/{id}/log", { params: { path: { id: "at-1" } } }),
      getCommit: await client.GET("/api/v1/commits/{id}", { params: { path: { id: COMMIT } } }),
    };
    for (const [operation, { response, data, error }] of Object.entries(all)) expectSchema(operation, response, data ?? error);
    for (const name of [
      "listTargets",
      "listRuns",
      "listApprovals",
      "listWaiting",
      "listSnapshots",
      "listLedger",
      "listEnvironments",
    ] as const) {
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
    const onTarget = { path: { id: "api@mainnet" } };
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
        params: onTarget,
        body: { applied: true, reason: "I looked" },
      }),
      lockEnvironment: await client.POST("/api/v1/environments/{id}/lock", { params: inEnvironment, body: { reason: "audit" } }),
      unlockEnvironment: await client.POST("/api/v1/environments/{id}/unlock", { params: inEnvironment }),
      lockTarget: await client.POST("/api/v1/targets/{id}/lock", {
        params: onTarget,
        body: { reason: "audit", until: "2026-02-01T12:00:00+02:00" },
      }),
      unlockTarget: await client.POST("/api/v1/targets/{id}/unlock", { params: onTarget }),
      pinTarget: await client.POST("/api/v1/targets/{id}/pin", { params: onTarget, body: { commit: COMMIT, reason: "stays" } }),
      unpinTarget: await client.POST("/api/v1/targets/{id}/unpin", { params: onTarget }),
    };
    for (const [operation, { response, data, error }] of Object.entries(all)) expectSchema(operation, response, data ?? error);
    expect(running.control.acts.map(({ what, by }) => `${by} ${what}`)).toEqual(
      [
        ..."deploy rollback retry cancel decide hold unhold settle".split(" "),
        "lock mainnet",
        "unlock mainnet",
        `lock api@mainnet until ${Date.UTC(2026, 1, 1, 10)}`,
        "unlock api@mainnet",
        `pin api@mainnet ${COMMIT}`,
        "unpin api@mainnet",
      ].map((what) => `ana ${what}`),
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
        unknown: null,
        lock: null,
        pin: null,
        unrestored: null,
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
        unknown: null,
        lock: null,
        pin: null,
        unrestored: null,
      },
    ]);
  });

  test("what stops a target and an environment, until it has ended by itself", async () => {
    const running = await serve();
    const lock = (until: number | null) => ({ by: "ana", at: AT, reason: "audit", until });
    const pin = { commit: OLD, by: "ben", at: AT, reason: "slow" };
    const unrestored = { run: "7", at: AT, message: "no snapshot holds it" };
    const environment = (until: number): Change => ({
      table: "environment",
      row: {
        id: "mainnet",
        hold: null,
        lock: lock(until),
        freeze: { until, reason: "weekend" },
        rollback: null,
        snapshots: [],
        releases: [],
        snapshotDue: null,
      },
    });
    const show = async (until: number) => {
      await running.control.commit([
        { table: "target", row: target("api@mainnet", { lock: lock(until), pin, unrestored }) },
        { table: "target", row: target("web@mainnet", { lock: lock(null), unknown: { attempt: "1.x.1", since: AT, live } }) },
        environment(until),
      ]);
      const client = clientOf(running);
      const targets = (await client.GET("/api/v1/targets")).data?.items ?? [];
      const environments = (await client.GET("/api/v1/environments")).data?.items ?? [];
      return { api: targets[0], web: targets[1], mainnet: environments[1] };
    };
    running.clock.now = AT;
    const told = { by: "ana", at: "2026-01-31T09:30:00.000Z", reason: "audit", until: "2026-01-31T09:30:01.000Z" };
    expect(await show(AT + 1000)).toMatchObject({
      api: {
        lock: told,
        pin: { commit: OLD, by: "ben", at: "2026-01-31T09:30:00.000Z", reason: "slow" },
        unrestored: { run: "7", at: "2026-01-31T09:30:00.000Z", message: "no snapshot holds it" },
      },
      web: { lock: { until: null }, unknown: { since: "2026-01-31T09:30:00.000Z", commit: OLD } },
      mainnet: { lock: told, freeze: { until: told.until, reason: "weekend" } },
    });
    running.clock.now = AT + 1000;
    expect(await show(AT + 1000)).toMatchObject({
      api: { lock: null },
      web: { lock: { until: null } },
      mainnet: { lock: null, freeze: null },
    });
  });

  test("an attempt that a step has joined is among its own, with the run that it was started for; the owner's names who joined", async () => {
    const running = await serve();
    const attempt: AttemptRow = {
      id: "at-9",
      run: "1",
      step: "build:mega",
      kind: "build",
      target: null,
      digest: null,
      fingerprint: null,
      startedAt: AT,
      endedAt: null,
      outcome: null,
      message: null,
      joined: [{ run: "2", step: "build:mega" }],
    };
    await running.control.commit([
      { table: "plan", run: "2", plan },
      { table: "run", row: run("2") },
      { table: "step", row: step("2", "build:mega", "build", { status: "running", attempt: "at-9" }) },
      { table: "attempt", row: attempt },
    ]);
    const client = clientOf(running);
    const build = async (id: string) => (await client.GET("/api/v1/runs/{id}", { params: { path: { id } } })).data?.steps[0];
    expect(await build("2")).toMatchObject({
      joined: { run: "1" },
      attempts: [{ id: "at-9", joined: [{ run: "2", step: "build:mega" }] }],
    });
    expect(await build("1")).toMatchObject({ joined: null, attempts: [{ id: "at-1", joined: [] }, { id: "at-9" }] });

    const events = await running.control.store.eventsAfter(0, 100);
    const patches = (await presentEvent(events.at(-1) as LogEntry, createLookup(running.control))).changes;
    expect(patches.find((patch) => patch.table === "step")?.row).toMatchObject({ run: "2", id: "build:mega", joined: { run: "1" } });
    expect(patches.find((patch) => patch.table === "attempt")?.row).toMatchObject({ run: "1", joined: [{ run: "2", step: "build:mega" }] });
  });

  test("what waits, page by page, also where the last one seen waits no more", async () => {
    const running = await serve();
    const client = clientOf(running);
    const page = async (cursor: string | null) => {
      const { data } = await client.GET("/api/v1/waiting", { params: { query: { limit: 2, ...(cursor === null ? {} : { cursor }) } } });
      return { steps: data?.items.map((item) => item.step), next: data?.next ?? null, first: data?.items[0] };
    };
    running.control.waits = ["a", "b", "c", "d"].map((name, place) => waits(`deploy:${name}@mainnet`, place));
    const first = await page(null);
    expect(first).toMatchObject({ steps: ["deploy:a@mainnet", "deploy:b@mainnet"] });
    expect(first.first).toEqual({
      run: "1",
      runKind: "deploy",
      commit: COMMIT,
      step: "deploy:a@mainnet",
      kind: "deploy",
      target: "a@mainnet",
      environment: "mainnet",
      waitingFor: {
        code: "lock",
        message: "waits for the lock on mainnet by ana (audit): sluice unlock mainnet",
        command: "sluice unlock mainnet",
        since: "2026-01-31T09:30:00.000Z",
      },
      who: ["ana"],
    });
    running.control.waits = running.control.waits.filter(({ place }) => place !== 1);
    expect(await page(first.next)).toMatchObject({ steps: ["deploy:c@mainnet", "deploy:d@mainnet"], next: null });
    expect((await client.GET("/api/v1/waiting", { params: { query: { cursor: "x" } } })).error).toMatchObject({ code: "invalid" });
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
      {
        id: "at-1",
        outcome: "succeeded",
        startedAt: "2026-01-31T09:30:00.000Z",
        endedAt: "2026-01-31T09:30:00.005Z",
        message: "built",
        joined: [],
      },
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
    expect(verify).toMatchObject({ reason: { code: "already-live", message: "already live, by run 7; --redeploy applies it again" } });
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
    expect(data?.items[0]).toMatchObject({
      subject: "Faster quotes",
      leftOut: [{ target: "web@mainnet", why: "this commit was not good in devnet" }],
      set: DIGEST,
      fingerprints: { "api@mainnet": FINGERPRINT },
      count: 2,
      approved: [{ by: "ben", at: "2026-01-31T09:30:00.000Z", expiresAt: null }],
      emergency: ["cleo"],
      early: false,
    });
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
