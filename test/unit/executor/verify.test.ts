import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { COMMIT, orchestrator, script, temporaryHome, verifySpec } from "./rig.ts";

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const check = (http: string | null, expected: Record<string, string> = {}) => ({ http, expect: expected, timeoutMs: 700, soakMs: 600 });
const live = (answer: object) => script(`console.log(process.argv[1])`, JSON.stringify(answer));

test("verify looks again until the service answers as expected, at the driver's address", async () => {
  const home = temporaryHome();
  const { executor, end } = orchestrator(home);
  let asked = 0;
  const url = await serve((_, response) => void response.end(JSON.stringify({ commit: asked++ < 2 ? "old" : COMMIT, more: 1 })));
  await executor.start(verifySpec("verify", "v", { ...check("${url}/version", { commit: COMMIT, more: "1" }), timeoutMs: 5000 }, url));
  expect(await end("v")).toEqual({ outcome: "succeeded", message: null, digest: null, changed: false, url });
  expect(asked).toBe(3);
});

test("a wrong answer, a redirect, an endless body, no JSON, another scheme and nobody there: each fails and says what is wrong", async () => {
  const home = temporaryHome();
  const { executor, end } = orchestrator(home, { concurrency: 8 });
  const url = await serve((request, response) => {
    if (request.url === "/moved") response.writeHead(302, { location: "/ok" }).end();
    else if (request.url === "/endless") for (let i = 0; i < 40; i++) response.write("x".repeat(100_000));
    else if (request.url === "/text") response.end("hello");
    else if (request.url === "/down") response.writeHead(503).end();
    else response.end(JSON.stringify({ commit: "other" }));
  });
  const cases: readonly [string, string, Record<string, string>, RegExp][] = [
    ["wrong", "${url}/", { commit: COMMIT, extra: "1" }, /commit is "other", expected "c+"; extra is not there/],
    ["moved", "${url}/moved", {}, /302, a redirect/],
    ["endless", "${url}/endless", {}, /larger than/],
    ["text", "${url}/text", { commit: COMMIT }, /JSON object/],
    ["down", "${url}/down", {}, /answered 503/],
    ["file", "file:///etc/passwd", {}, /not an http or https address/],
    ["nobody", "http://127.0.0.1:1/", {}, /ECONNREFUSED/],
  ];
  for (const [id, http, expected] of cases) await executor.start(verifySpec("verify", id, check(http, expected), url));
  for (const [id, , , message] of cases)
    expect(await end(id)).toMatchObject({ outcome: "failed", message: expect.stringMatching(message) });
  expect(await end("wrong")).toMatchObject({ message: expect.stringContaining("`verify.timeout` of api") });
});

test("what the driver sees comes first: another commit, nothing, or an answer that is none", async () => {
  const home = temporaryHome();
  const { executor, end } = orchestrator(home);
  const cases: readonly [string, readonly string[], object][] = [
    ["other", live({ commit: "other", health: "healthy" }), { outcome: "failed", message: expect.stringContaining("runs commit other") }],
    ["degraded", live({ commit: COMMIT, health: "degraded" }), { outcome: "failed", message: expect.stringContaining("is degraded") }],
    [
      "explained",
      live({ commit: COMMIT, health: "progressing", why: "pod api-1 starts" }),
      { outcome: "failed", message: expect.stringContaining("is progressing: pod api-1 starts") },
    ],
    ["absent", ["true"], { outcome: "failed", message: expect.stringContaining("nothing is live") }],
    ["rubbish", ["echo", "hello"], { outcome: "failed", message: expect.stringContaining("something else than one JSON object") }],
    ["good", live({ commit: COMMIT, health: "healthy" }), { outcome: "succeeded" }],
  ];
  for (const [id, observe] of cases) await executor.start(verifySpec("verify", id, check(null), null, observe));
  for (const [id, , ended] of cases) expect(await end(id)).toMatchObject(ended);
});

test("what is certain is not waited for", async () => {
  const { executor, end } = orchestrator(temporaryHome());
  const observe = live({ commit: COMMIT, health: "degraded", why: "pod api-1: no such image", certain: true });
  await executor.start(verifySpec("verify", "v", { ...check(null), timeoutMs: 3_600_000 }, null, observe));
  expect(await end("v")).toMatchObject({ outcome: "failed", message: "api@devnet is degraded: pod api-1: no such image" });
});

test("in a soak a look that is not answered says nothing, unless the last one is not answered either", async () => {
  const home = temporaryHome();
  const { executor, end } = orchestrator(home);
  // not answered the first and the third time, then always; or never
  const every = `const fs = require("fs"); fs.appendFileSync(process.argv[1], "x"); const n = fs.readFileSync(process.argv[1]).length;`;
  const answer = `console.log(JSON.stringify({ commit: ${JSON.stringify(COMMIT)}, health: "healthy" }))`;
  const some = script(`${every} if (n === 1 || n === 3) process.exit(1); ${answer}`, join(home, "some"));
  await executor.start(verifySpec("soak", "some", { ...check(null), soakMs: 2000 }, null, some));
  await executor.start(verifySpec("soak", "none", check(null), null, ["false"]));
  expect(await end("some")).toMatchObject({ outcome: "succeeded" });
  expect(await end("none")).toMatchObject({ outcome: "errored", message: expect.stringContaining("`false` ended with exit code 1") });
});

test("a soak watches for all of its time, and the first look that fails ends it", async () => {
  const home = temporaryHome();
  const { executor, end } = orchestrator(home);
  let asked = 0;
  const url = await serve((request, response) => void response.writeHead(request.url === "/breaks" && ++asked > 2 ? 500 : 200).end());
  const begun = performance.now();
  await executor.start(verifySpec("soak", "good", check("${url}/"), url));
  await executor.start(verifySpec("soak", "breaks", { ...check("${url}/breaks"), soakMs: 60_000 }, url));
  expect(await end("good")).toMatchObject({ outcome: "succeeded" });
  expect(performance.now() - begun).toBeGreaterThan(600);
  expect(await end("breaks")).toMatchObject({ outcome: "failed", message: expect.stringMatching(/of 60 s: .*answered 500/) });
});

test("a soak that is stopped is cut at once", async () => {
  const home = temporaryHome();
  const { executor, end } = orchestrator(home);
  let asked = 0;
  const url = await serve((_, response) => void response.end(String(asked++)));
  await executor.start(verifySpec("soak", "long", { ...check("${url}/"), soakMs: 3_600_000 }, url));
  await expect.poll(() => asked, { timeout: 5000 }).toBeGreaterThan(0);
  await executor.stop("long");
  expect(await end("long")).toMatchObject({ outcome: "cut" });
});
