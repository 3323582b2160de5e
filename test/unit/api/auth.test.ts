import { describe, expect, test } from "vitest";
import { checkListen, parseTokens } from "../../../src/api/auth.ts";
import { isForeign, isOwnHost } from "../../../src/api/hosts.ts";
import { RequestError } from "../../../src/engine/control.ts";
import { bearer, deploy, OWNER, send, serve } from "./serve.ts";

const tokens = [
  { name: "ci", secret: "ci-secret" },
  { name: "ana", secret: "ana-secret" },
];

describe("without configured tokens", () => {
  test("reads are open, changes need the owner's token or the page's session", async () => {
    const { server, control } = await serve();
    expect((await send(server, "GET", "/api/v1/runs")).status).toBe(200);
    expect((await deploy(server)).status).toBe(401);
    expect((await deploy(server, bearer("wrong"))).status).toBe(401);
    expect((await deploy(server, { cookie: `sluice_${server.port}=wrong` })).status).toBe(401);
    expect(control.acts).toEqual([]);

    expect((await deploy(server, bearer(OWNER))).status).toBe(201);
    expect(control.acts).toEqual([{ what: "deploy", by: "uma" }]);
  });

  test("what only asks, but makes the server work, needs one too", async () => {
    const { server } = await serve();
    const body = { kind: "deploy" };
    const ask = (headers: Readonly<Record<string, string>>) =>
      send(server, "POST", "/api/v1/plans", { "content-type": "application/json", ...headers }, JSON.stringify(body));
    expect((await ask({})).status).toBe(401);
    expect((await ask(bearer(OWNER))).status).toBe(200);
  });

  test("a wrong token is refused even for a read", async () => {
    const { server } = await serve();
    const reply = await send(server, "GET", "/api/v1/runs", bearer("wrong"));
    expect(reply.status).toBe(401);
    expect(reply.headers["www-authenticate"]).toBe("Bearer");
    expect(JSON.parse(reply.text)).toMatchObject({ code: "unauthenticated", status: 401 });
  });

  test("the owner's token says who acts", async () => {
    const { server, control } = await serve();
    await deploy(server, { ...bearer(OWNER), "sluice-actor": encodeURIComponent("Zoë") });
    expect(control.acts).toEqual([{ what: "deploy", by: "Zoë" }]);
    for (const claim of ["", "%E0%A4%A", "a%0Ab", "x".repeat(101)]) {
      expect((await deploy(server, { ...bearer(OWNER), "sluice-actor": claim })).status).toBe(400);
    }
  });
});

describe("with configured tokens", () => {
  test("every request needs one, and its name acts", async () => {
    const { server, control } = await serve({ tokens });
    for (const path of ["/api/v1/health", "/api/v1/runs", "/api/v1/events", "/api/openapi.json", "/api/v1/nothing"]) {
      expect((await send(server, "GET", path)).status).toBe(401);
    }
    expect((await send(server, "GET", "/api/v1/runs", bearer("ci-secret"))).status).toBe(200);
    await deploy(server, { ...bearer("ana-secret"), "sluice-actor": "somebody-else" });
    expect(control.acts).toEqual([{ what: "deploy", by: "ana" }]);
  });

  test("a login gives the page a session in the token's name", async () => {
    const { server, control } = await serve({ tokens });
    const login = (token: string) =>
      send(server, "POST", "/api/v1/session", { "content-type": "application/json" }, JSON.stringify({ token }));
    const wrong = await login("wrong");
    expect(wrong.status).toBe(401);
    expect(wrong.headers["set-cookie"]).toBeUndefined();

    const right = await login("ana-secret");
    expect(JSON.parse(right.text)).toEqual({ actor: "ana", tokenRequired: true });
    const cookie = String(right.headers["set-cookie"]);
    expect(cookie).toMatch(/; HttpOnly/);
    expect(cookie).toMatch(/; SameSite=Strict/);
    expect(cookie).toMatch(/; Path=\//);
    expect(cookie).not.toContain("ana-secret");

    const session = { cookie: cookie.split(";")[0] ?? "" };
    expect((await deploy(server, session)).status).toBe(201);
    expect(control.acts).toEqual([{ what: "deploy", by: "ana" }]);
    expect((await send(server, "GET", "/api/v1/session", session)).text).toContain('"actor":"ana"');
    expect((await send(server, "GET", "/api/v1/session")).text).toContain('"actor":null');
  });
});

describe("pages of other sites", () => {
  test.each([
    { origin: "http://evil.example" },
    { origin: "null" },
    { origin: "http://127.0.0.1:1" },
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
  ])("cannot change anything: %o", async (headers) => {
    const { server, control } = await serve();
    const reply = await deploy(server, { ...bearer(OWNER), ...(headers as Record<string, string>) });
    expect(reply.status).toBe(403);
    expect(JSON.parse(reply.text)).toMatchObject({ code: "not-allowed" });
    expect(control.acts).toEqual([]);
  });

  test("cannot log in", async () => {
    const { server } = await serve({ tokens });
    const headers = { "content-type": "application/json", origin: "http://evil.example" };
    expect((await send(server, "POST", "/api/v1/session", headers, JSON.stringify({ token: "ana-secret" }))).status).toBe(403);
  });

  test("the server's own page can", async () => {
    const { server } = await serve();
    expect((await deploy(server, { ...bearer(OWNER), origin: server.url, "sec-fetch-site": "same-origin" })).status).toBe(201);
  });

  test("under a rebound name see nothing, on any path", async () => {
    const { server } = await serve();
    for (const path of ["/", "/api/v1/runs", "/api/openapi.json", "/assets/x.js"]) {
      for (const host of [
        "evil.example",
        `evil.example:${server.port}`,
        "127.0.0.1:1",
        "127.0.0.1",
        `localhost.evil.example:${server.port}`,
      ]) {
        expect((await send(server, "GET", path, { host })).status).toBe(403);
      }
    }
    expect((await send(server, "GET", "/api/v1/runs", { host: `localhost:${server.port}` })).status).toBe(200);
  });
});

test.each([
  ["127.0.0.1:80", true],
  ["127.0.0.1", true],
  ["[::1]:80", true],
  ["LOCALHOST", true],
  ["10.0.0.5:80", true],
  ["sluice.example", true],
  ["10.0.0.5:81", false],
  ["evil.example", false],
  ["127.0.0.1.evil.example", false],
  ["", false],
  [undefined, false],
])("behind 0.0.0.0:80 the Host %s is ours: %s", (host, ours) => {
  expect(isOwnHost(host, { host: "0.0.0.0", port: 80 }, "https://sluice.example")).toBe(ours);
});

test("only addresses in full are one's own name when bound to one of them", () => {
  expect(isOwnHost("10.0.0.6:80", { host: "10.0.0.5", port: 80 }, null)).toBe(false);
});

test("an origin with another scheme behind a proxy is still the server's own", () => {
  expect(isForeign({ origin: "https://sluice.example", fetchSite: "same-origin", host: "sluice.example" })).toBe(false);
});

test("tokens are read from SLUICE_TOKEN", () => {
  expect(parseTokens(undefined)).toEqual([]);
  expect(parseTokens("s3cret")).toEqual([{ name: "token", secret: "s3cret" }]);
  expect(parseTokens(" ci:a:b , ana:c")).toEqual([
    { name: "ci", secret: "a:b" },
    { name: "ana", secret: "c" },
  ]);
  expect(() => parseTokens("ci:")).toThrow(RequestError);
  expect(() => parseTokens("a:1,a:2")).toThrow(/named a/);
});

test("listens to others only with a token", () => {
  for (const host of ["127.0.0.1", "127.8.0.1", "::1", "[::1]", "localhost"]) expect(() => checkListen(host, false)).not.toThrow();
  for (const host of ["0.0.0.0", "::", "", "10.0.0.5", "example.com"]) {
    expect(() => checkListen(host, false)).toThrow(/without a token/);
    expect(() => checkListen(host, true)).not.toThrow();
  }
});
