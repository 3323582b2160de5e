import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { Cluster, type WatchEvent } from "../../../src/cluster/cluster.ts";

/** Answers that a real API server gives too rarely to wait for. */
async function serve(
  answer: (request: IncomingMessage, response: ServerResponse, times: number) => void,
): Promise<{ readonly cluster: Cluster; readonly asked: readonly string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    answer(request, response, asked.length);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const stop = new AbortController();
  onTestFinished(() => {
    stop.abort();
    server.closeAllConnections();
    server.close();
  });
  const access = {
    context: "here",
    namespace: "shop",
    server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    trust: { ca: null, servername: null, insecure: false },
    identity: { certificate: null, token: { data: "t0ken" }, exec: null },
    headers: { "Impersonate-User": "ana" },
  };
  return { cluster: new Cluster(access, {}, { signal: stop.signal, home: null }), asked };
}
const json = (response: ServerResponse, status: number, body: object, headers: Readonly<Record<string, string>> = {}) =>
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
const status = (code: number, message: string, more: object = {}) => ({
  kind: "Status",
  apiVersion: "v1",
  status: "Failure",
  code,
  message,
  ...more,
});
const pod = (name: string, resourceVersion: string) => ({ apiVersion: "v1", kind: "Pod", metadata: { name, resourceVersion } });

test("a request shows who asks, and its answer is read whole", async () => {
  const { cluster } = await serve(({ headers }, response) =>
    json(response, 200, { authorization: headers.authorization, as: headers["impersonate-user"], agent: headers["user-agent"] }),
  );
  expect(await cluster.get("/api/v1/x")).toEqual({ authorization: "Bearer t0ken", as: "ana", agent: "sluice" });
});

test("what the server puts off is sent again after the pause that it asks for, also what changes something", async () => {
  const { cluster, asked } = await serve((_, response, times) =>
    times < 3 ? json(response, 429, status(429, "too many requests"), { "retry-after": "0.05" }) : json(response, 201, { ok: true }),
  );
  expect(await cluster.request("POST", "/api/v1/x", { body: {} })).toEqual({ ok: true });
  expect(asked).toHaveLength(3);
});

test("what may have arrived is sent again only where that changes nothing", async () => {
  const { cluster, asked } = await serve((_, response, times) =>
    times % 2 === 1 ? response.destroy() : json(response, 200, { ok: true }),
  );
  expect(await cluster.get("/api/v1/x")).toEqual({ ok: true });
  expect(asked).toHaveLength(2);
  await expect(cluster.request("POST", "/api/v1/x", { body: {} })).rejects.toMatchObject({
    code: "unreachable",
    hint: expect.stringContaining("API server runs") as string,
  });
  expect(asked).toHaveLength(3);
  const busy = await serve((_, response, times) =>
    times < 3 ? json(response, 503, status(503, "starting")) : json(response, 200, { ok: true }),
  );
  await expect(busy.cluster.request("PUT", "/api/v1/x", { body: {} })).rejects.toMatchObject({ code: "unavailable" });
  expect(await busy.cluster.request("PATCH", "/api/v1/x", { body: {}, again: true })).toEqual({ ok: true });
});

test.each<[number, object, string, RegExp]>([
  [401, status(401, "Unauthorized"), "unauthorized", /token has expired/],
  [
    403,
    status(403, 'pods is forbidden: User "ana" cannot list resource "pods" in API group "" in the namespace "shop"'),
    "forbidden",
    /Grant `list` on `pods`/,
  ],
  [
    403,
    status(403, 'pods "a" is forbidden: exceeded quota: small, requested: pods=1, used: pods=1, limited: pods=1'),
    "refused",
    /Raise the quota/,
  ],
  [
    403,
    status(403, "unable to create new content in namespace shop because it is being terminated", {
      details: { causes: [{ reason: "NamespaceTerminating" }] },
    }),
    "refused",
    /deploy again/,
  ],
  [409, status(409, "the object has been modified"), "conflict", /look at what is there now/],
  [413, status(413, "Request entity too large: limit is 3145728"), "too-large", /1.5 MB/],
  [500, status(500, "etcdserver: request is too large"), "too-large", /1.5 MB/],
  [500, status(500, 'failed calling webhook "a.example": connection refused'), "refused", /Correct what the message names/],
  [
    500,
    status(500, "failed to create typed patch object (/a; /v1, Kind=ConfigMap): .datta: field not declared in schema"),
    "invalid",
    /Correct the manifest/,
  ],
  [422, status(422, "spec.selector: field is immutable"), "invalid", /Correct the manifest/],
  [400, status(400, "bad"), "refused", /Correct/],
])("an answer of %d is told with what to do: %j", async (code, body, name, hint) => {
  const { cluster } = await serve((_, response) => json(response, code, body));
  await expect(cluster.request("POST", "/api/v1/x", { body: {} })).rejects.toMatchObject({
    code: name,
    hint: expect.stringMatching(hint) as string,
  });
});

test("what is no API server is told as that; a 404 is nothing", async () => {
  const html = await serve((_, response) => response.writeHead(200).end("<html>a proxy</html>"));
  await expect(html.cluster.get("/api/v1/x")).rejects.toMatchObject({
    message: expect.stringContaining("did not answer with JSON") as string,
  });
  const proxy = await serve((_, response) => response.writeHead(502).end("bad gateway"));
  await expect(proxy.cluster.request("POST", "/x", { body: {} })).rejects.toMatchObject({ code: "unavailable", message: "bad gateway" });
  const none = await serve((_, response) => json(response, 404, status(404, "not found")));
  expect(await none.cluster.get("/api/v1/x")).toBeNull();
  await expect(none.cluster.list("/api/v1/x")).rejects.toMatchObject({ code: "not-found" });
});

test("a watch goes on where it was after a break, and lists again when that is too long ago", async () => {
  const { cluster, asked } = await serve(({ url = "" }, response, times) => {
    const lines = (...events: readonly object[]) =>
      response.writeHead(200).end(events.map((event) => `${JSON.stringify(event)}\n`).join(""));
    if (!url.includes("watch=true"))
      return json(response, 200, {
        kind: "PodList",
        apiVersion: "v1",
        metadata: { resourceVersion: String(times) },
        items: [pod(`listed-${times}`, "1")].map(({ metadata }) => ({ metadata })),
      });
    if (times === 2) return lines({ type: "ADDED", object: pod("a", "5") }, { type: "BOOKMARK", object: pod("", "7") });
    if (times === 3) return response.destroy();
    if (times === 4)
      return lines({ type: "MODIFIED", object: pod("a", "8") }, { type: "ERROR", object: status(410, "too old resource version") });
    if (times === 6) return lines({ type: "DELETED", object: pod("a", "9") });
    return response.writeHead(200).write(""); // silent until the test is over
  });
  const stop = new AbortController();
  const events: WatchEvent[] = [];
  for await (const event of cluster.watch("/api/v1/namespaces/shop/pods", { fieldSelector: "metadata.name=a" }, stop.signal)) {
    events.push(event);
    if (event.type === "deleted") stop.abort();
  }
  const told = events.map(
    (event) =>
      `${event.type} ${event.type === "listed" ? event.objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`).join() : event.object.metadata.name}`,
  );
  expect(told).toEqual(["listed Pod/listed-1", "changed a", "changed a", "listed Pod/listed-5", "deleted a"]);
  expect(asked.map((path) => /resourceVersion=(\d+)/.exec(path)?.[1] ?? "list")).toEqual(["list", "1", "7", "7", "list", "5"]);
});

test("who may not watch is told, and not tried again", async () => {
  const { cluster, asked } = await serve(({ url = "" }, response) =>
    url.includes("watch=true")
      ? json(response, 403, status(403, 'pods is forbidden: User "ana" cannot watch resource "pods" in API group ""'))
      : json(response, 200, { kind: "PodList", apiVersion: "v1", metadata: { resourceVersion: "1" }, items: [] }),
  );
  const watch = cluster.watch("/api/v1/pods", {}, new AbortController().signal);
  expect(await watch.next()).toEqual({ done: false, value: { type: "listed", objects: [] } });
  await expect(watch.next()).rejects.toMatchObject({ code: "forbidden" });
  expect(asked).toHaveLength(2);
});

test("a cluster's time is that of its answers", async () => {
  const { cluster } = await serve((_, response) => json(response, 200, {}, { date: new Date(Date.now() + 3_600_000).toUTCString() }));
  await cluster.get("/version");
  expect(cluster.now() - Date.now()).toBeGreaterThan(3_590_000);
});

test("kinds of the cluster are asked for once by group and version, and again when one is missing", async () => {
  const kinds = [
    { name: "ships", kind: "Ship", namespaced: true },
    { name: "ships/status", kind: "Ship", namespaced: true },
  ];
  const { cluster, asked } = await serve(({ url }, response) =>
    url === "/apis/example.org/v1" ? json(response, 200, { resources: kinds }) : json(response, 404, status(404, "no")),
  );
  expect(await cluster.pathOf({ apiVersion: "example.org/v1", kind: "Ship", metadata: { name: "a:b" } })).toBe(
    "/apis/example.org/v1/namespaces/shop/ships/a%3Ab",
  );
  await cluster.pathOf({ apiVersion: "example.org/v1", kind: "Ship", metadata: { name: "c", namespace: "port" } });
  expect(asked).toHaveLength(1);
  kinds.push({ name: "harbours", kind: "Harbour", namespaced: false });
  expect(await cluster.pathOf({ apiVersion: "example.org/v1", kind: "Harbour", metadata: { name: "x" } })).toBe(
    "/apis/example.org/v1/harbours/x",
  );
  await expect(cluster.pathOf({ apiVersion: "example.org/v1", kind: "Boat", metadata: { name: "x" } })).rejects.toMatchObject({
    code: "unknown-kind",
  });
  await expect(cluster.pathOf({ apiVersion: "example.com/v1", kind: "Ship", metadata: { name: "x" } })).rejects.toMatchObject({
    code: "unknown-kind",
  });
  expect(asked).toHaveLength(4);
  expect(await cluster.pathOf({ apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata: { name: "x" } })).toBe(
    "/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies/x",
  );
  expect(await cluster.pathOf({ apiVersion: "v1", kind: "Endpoints", metadata: { name: "x" } })).toBe(
    "/api/v1/namespaces/shop/endpoints/x",
  );
  expect(asked).toHaveLength(4);
});
