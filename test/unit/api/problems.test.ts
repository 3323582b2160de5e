import { describe, expect, test } from "vitest";
import { createClient } from "../../../src/contract/client.ts";
import { RequestError } from "../../../src/engine/control.ts";
import { SourceError } from "../../../src/engine/ports/source.ts";
import { StoreError } from "../../../src/engine/ports/store.ts";
import { bearer, deploy, OWNER, send, serve } from "./serve.ts";
import { COMMIT, OLD, SECRET } from "./world.ts";

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
    const { error, response } = await createClient({ baseUrl: running.server.url, token: OWNER }).POST("/api/v1/decisions", {
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

  test("of a form where no body is read", async () => {
    const { server, control } = await serve();
    const headers = { ...bearer(OWNER), "content-type": "text/plain" };
    expect((await send(server, "POST", "/api/v1/environments/mainnet/unhold", headers, "x")).status).toBe(415);
    expect(control.acts).toEqual([]);
  });

  test("of a body without a type", async () => {
    const { server, control } = await serve();
    expect((await send(server, "POST", "/api/v1/runs", bearer(OWNER), "{}")).status).toBe(415);
    expect(control.acts).toEqual([]);
  });
});
