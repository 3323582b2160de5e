import { execFile } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import http from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { seedHarbor } from "../../../src/app/demo/harbor.ts";
import { checkout, Fleet, SERVICES, temporaryDirectory } from "./fleet.ts";

const run = promisify(execFile);

let home: Awaited<ReturnType<typeof temporaryDirectory>>;
let ids: Readonly<Record<string, string>>;
/** The files of a commit, by its name. */
const tree = (name: string) => path.join(home.path, name);

beforeAll(async () => {
  home = await temporaryDirectory();
  const repository = path.join(home.path, "harbor");
  const { commits } = await seedHarbor(repository);
  ids = Object.fromEntries(commits.map((commit) => [commit.name, commit.id]));
  for (const { name, id } of commits) await checkout(repository, id, tree(name));
});
afterAll(async () => {
  await home[Symbol.asyncDispose]();
});

/** A server of the test's own in the place of a service; closed at the end of `await using`. */
async function standIn(answer: http.RequestListener): Promise<{ readonly url: string } & AsyncDisposable> {
  const server = http.createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** What can be told apart from outside: parts of an answer that the version has, and parts that it lacks. */
type Looks = { readonly service: string; readonly route: string; readonly has: readonly string[]; readonly lacks: readonly string[] };
const SHIPS_V1: Looks = { service: "api", route: "/ships", has: ["Albatross", '"pilots":3'], lacks: ["arrived"] };
const SHIPS_V2: Looks = { service: "api", route: "/ships", has: ['"arrived":"2026-01-04"'], lacks: [] };
const WEB_V1: Looks = { service: "web", route: "/", has: ["Albatross"], lacks: ["12500"] };
const WEB_V3: Looks = { service: "web", route: "/", has: ["<td>12500</td>", "<td>2026-01-02</td>"], lacks: ["of the same commit"] };
const WEB_V4: Looks = { service: "web", route: "/", has: ["All of them are of the same commit as this page."], lacks: [] };
const ADMIN_V1: Looks = { service: "admin", route: "/", has: ["<td>250</td>"], lacks: ["total"] };
const ADMIN_V3: Looks = { service: "admin", route: "/", has: ["<td>750</td>"], lacks: [] };
const ORDERS_V1: Looks = { service: "orders", route: "/orders", has: ['"euros":250'], lacks: ['"euros":334'] };
const ORDERS_V4: Looks = { service: "orders", route: "/orders", has: ['"euros":334', '"euros":500'], lacks: ['"euros":250'] };
const SEARCH: Looks = { service: "indexer", route: "/search?q=BO", has: ['["Bonito"]'], lacks: [] };
const ROLES: Looks = { service: "auth", route: "/roles?name=ana", has: ["harbor-master"], lacks: [] };

describe.each([
  { name: "v1", looks: [SHIPS_V1, WEB_V1, ADMIN_V1, ORDERS_V1, SEARCH, ROLES] },
  { name: "v2", looks: [SHIPS_V2, WEB_V1, ADMIN_V1, ORDERS_V1] },
  { name: "v3", looks: [SHIPS_V2, WEB_V3, ADMIN_V3, ORDERS_V1] },
  { name: "v4", looks: [SHIPS_V2, WEB_V4, ORDERS_V4] },
  { name: "broken-health", looks: [] },
  { name: "broken-build", looks: [ORDERS_V4] },
])("$name", ({ name, looks }) => {
  test("every service that can run says what it is, what it sees, and what is new", async () => {
    const commit = ids[name] ?? "";
    await using fleet = new Fleet(tree(name), "canary", commit);
    const unable = name === "broken-build" ? ["indexer"] : [];
    const running = Object.keys(SERVICES).filter((service) => !unable.includes(service));
    for (const service of running) await fleet.start(service);

    for (const service of running) {
      const seen = SERVICES[service]?.needs.filter((need) => !unable.includes(need)) ?? [];
      expect(await fleet.get(service, "/version")).toEqual({
        status: 200,
        body: { service, environment: "canary", commit, backends: Object.fromEntries(seen.map((need) => [need, commit])) },
      });
      const healthy = !(name === "broken-health" && service === "api");
      expect(await fleet.get(service, "/healthz")).toMatchObject({ status: healthy ? 200 : 503, body: { ok: healthy } });
    }
    for (const { service, route, has, lacks } of looks) {
      const text = await fleet.text(service, route);
      for (const part of has) expect(text).toContain(part);
      for (const part of lacks) expect(text).not.toContain(part);
    }
    for (const service of ["web", "admin"]) expect(await fleet.text(service, "/")).toContain(commit.slice(0, 10));
    for (const service of running) expect(await fleet.stop(service)).toBe(0);
  });

  test("the build ends as the history says", async () => {
    const build = run(process.execPath, ["tools/build.js"], { cwd: tree(name) });
    if (name === "broken-build") {
      await expect(build).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining("build failed: services/indexer/server.js") });
    } else {
      await build;
      expect(Object.keys(await manifests(name))).toEqual(Object.keys(SERVICES).toSorted());
    }
  });
});

const manifests = async (name: string) => {
  const directory = path.join(tree(name), "dist");
  const files = (await readdir(directory)).toSorted();
  const entries = files.map(async (file) => [path.basename(file, ".json"), await readFile(path.join(directory, file), "utf8")] as const);
  return Object.fromEntries(await Promise.all(entries));
};

test("the same sources build to the same bytes, and a change to those concerned only", async () => {
  await run(process.execPath, ["tools/build.js"], { cwd: tree("v1") });
  const v1 = await manifests("v1");
  await run(process.execPath, ["tools/build.js"], { cwd: tree("v1") });
  expect(await manifests("v1")).toEqual(v1);
  await run(process.execPath, ["tools/build.js"], { cwd: tree("v2") });
  const v2 = await manifests("v2");
  expect(Object.keys(v2).filter((service) => v2[service] !== v1[service])).toEqual(["api"]);
});

test("a frontend shows each backend's own version, and which one is missing", async () => {
  await using backends = new Fleet(tree("v2"), "mainnet", ids["v2"] ?? "");
  for (const service of ["auth", "api", "orders", "indexer"]) await backends.start(service);
  await backends.stop("indexer");
  await using fleet = new Fleet(tree("v4"), "mainnet", ids["v4"] ?? "");
  await fleet.start("web", backends.urls);

  expect((await fleet.get("web", "/version")).body).toEqual({
    service: "web",
    environment: "mainnet",
    commit: ids["v4"],
    backends: { auth: ids["v2"], api: ids["v2"], orders: ids["v2"], indexer: null },
  });
  const page = await fleet.text("web", "/");
  expect(page).toContain("does not answer");
  expect(page).toContain("Not all of them are of the same commit as this page.");
});

test("a backend that never answers does not hang the ones that ask it", async () => {
  await using silent = await standIn(() => {});
  await using fleet = new Fleet(tree("v4"), "devnet", ids["v4"] ?? "");
  await fleet.start("orders", { api: silent.url });
  expect((await fleet.get("orders", "/version")).body).toMatchObject({ backends: { api: null } });
  expect((await fleet.get("orders", "/orders")).status).toBe(503);
});

test("what other services say cannot become markup", async () => {
  await using hostile = await standIn((_request, response) => {
    const ships = [{ name: "<script>alert(1)</script>", berth: '"&', tons: 1, arrived: "" }];
    response.end(JSON.stringify({ commit: "<img src=x>", ships }));
  });
  await using fleet = new Fleet(tree("v4"), "devnet", ids["v4"] ?? "");
  await fleet.start("web", { api: hostile.url });
  const page = await fleet.text("web", "/");
  expect(page).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
  expect(page).toContain("&quot;&amp;");
  expect(page).not.toMatch(/<script|<img/);
});

test("asked to stop, a service answers the request that it has begun", async () => {
  let answerNow = () => {};
  const asked = Promise.withResolvers<void>();
  await using api = await standIn((_request, response) => {
    answerNow = () => response.end(JSON.stringify({ ships: [] }));
    asked.resolve();
  });
  await using fleet = new Fleet(tree("v4"), "devnet", ids["v4"] ?? "");
  await fleet.start("orders", { api: api.url });
  const answer = fleet.get("orders", "/orders");
  await asked.promise;
  const stopped = fleet.stop("orders");
  // Gone for new callers, still there for the one it has.
  await expect
    .poll(
      () =>
        fetch(fleet.urls["orders"] ?? "").then(
          () => "listens",
          () => "closed",
        ),
      { interval: 5 },
    )
    .toBe("closed");
  answerNow();
  expect(await answer).toEqual({ status: 200, body: { orders: [] } });
  expect(await stopped).toBe(0);
});
