import { readdirSync, readFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { expect, test } from "vitest";
import { LocalExecutor } from "../../../src/executor/local/index.ts";
import { driver } from "../../../src/drivers/process/index.ts";
import { artifact, ask, contextOf, definitionOf, inputOf, pidsOf, processesOf, starts, temporaryHome } from "./rig.ts";

const definition = definitionOf("process", { command: ["node", "server.js"] });
const signal = new AbortController().signal;
const runner = new URL("../../../src/app/attempt.ts", import.meta.url).pathname;
const KEEPER = "keeper/main.ts";

const observe = (home: string) => driver.observe({ project: "harbor", target: "web@devnet", definition }, { signal, home });
const deploy = (home: string, version: string, mode = "good") =>
  driver.apply(inputOf(home, `attempt-${version}`, version, artifact(home, version, mode), definition), contextOf(home));
const killAll = (pids: readonly number[]) => {
  for (const pid of pids) process.kill(pid, "SIGKILL");
};

test("a killed keeper is followed by one that adopts what runs, on the same port, and starts nothing twice", async () => {
  const home = temporaryHome();
  const applied = await deploy(home, "v1");
  const [before] = pidsOf(home, "server.js");
  killAll(pidsOf(home, KEEPER));
  expect(await observe(home)).toMatchObject({ commit: "v1", attempt: "attempt-v1", health: "healthy" });
  expect(pidsOf(home, "server.js")).toEqual([before]);
  expect(await ask(`${applied.ok ? applied.url : ""}/version`)).toMatchObject({ version: "v1", pid: before });
  expect(starts(home)).toEqual(["v1"]);
  expect(await deploy(home, "v2")).toEqual(applied);
  await expect.poll(() => pidsOf(home, "server.js").length, { timeout: 15_000 }).toBe(1);
});

test("a killed keeper whose instances were killed too starts them again", async () => {
  const home = temporaryHome();
  const applied = await deploy(home, "v1");
  killAll([...pidsOf(home, KEEPER), ...pidsOf(home, "server.js")]);
  await expect.poll(() => observe(home), { timeout: 10_000 }).toMatchObject({ commit: "v1", health: "healthy" });
  expect(await ask(`${applied.ok ? applied.url : ""}/version`)).toMatchObject({ version: "v1" });
});

test("a keeper that is killed in the middle of an apply: the same attempt goes on with the next one, and its first try is ended", async () => {
  const home = temporaryHome();
  const slow = definitionOf("process", { command: ["sh", "-c", "sleep 1; exec node server.js"] });
  await deploy(home, "v1");
  const applying = driver.apply(inputOf(home, "attempt-v2", "v2", artifact(home, "v2"), slow), contextOf(home));
  await expect.poll(() => pidsOf(home, "sleep 1").length, { timeout: 5000 }).toBeGreaterThan(0);
  killAll(pidsOf(home, KEEPER));
  expect(await applying).toMatchObject({ ok: true });
  expect(await observe(home)).toMatchObject({ commit: "v2", attempt: "attempt-v2", health: "healthy" });
  await expect.poll(() => pidsOf(home, "server.js").length, { timeout: 15_000 }).toBe(1);
});

test("many that come at once start one keeper, and one instance of an attempt", async () => {
  const home = temporaryHome();
  const answers = await Promise.all(Array.from({ length: 5 }, () => deploy(home, "v1")));
  expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
  await expect.poll(() => pidsOf(home, KEEPER).length, { timeout: 5000 }).toBe(1);
  expect(starts(home)).toEqual(["v1"]);
  expect(readdirSync(join(home, "drivers/process/devnet")).filter((name) => name.startsWith("lock."))).toHaveLength(1);
});

test("nobody talks to a keeper without its token", async () => {
  const home = temporaryHome();
  await deploy(home, "v1");
  const { port } = JSON.parse(readFileSync(join(home, "drivers/process/devnet/keeper.json"), "utf8")) as { port: number };
  const status = await new Promise((resolve, reject) => {
    request({ host: "127.0.0.1", port, path: "/stop", method: "POST", headers: { authorization: "Bearer guess" } }, (response) =>
      resolve(response.statusCode),
    )
      .once("error", reject)
      .end("{}");
  });
  expect(status).toBe(401);
  expect(await observe(home)).toMatchObject({ health: "healthy" });
});

test("an attempt that is killed while its release becomes live: lost, then observed as live, started once, and not ended with the attempt", async () => {
  const home = temporaryHome();
  process.env["STARTS"] = join(home, "starts");
  const given = { ...definitionOf("process", { command: ["sh", "-c", "sleep 1; exec node server.js"] }), credentials: ["STARTS"] };
  const executor = new LocalExecutor({ home, runner, source: home, concurrency: 2, graceMs: 500 });
  const ended = new Promise((resolve) => executor.onEnd((_, end) => resolve(end)));
  const { directory: _, ...input } = inputOf(home, "a1", "v1", artifact(home, "v1"), given);
  await executor.start({ ...input, kind: "deploy", id: "a1", run: "1", timeoutMs: 60_000 });
  await expect.poll(() => pidsOf(home, "sleep 1").length, { timeout: 10_000 }).toBeGreaterThan(0);
  killAll(pidsOf(home, "app/attempt.ts"));
  expect(await ended).toBe("lost");
  expect(await observe(home)).toMatchObject({ commit: "v1", attempt: "a1", health: "healthy" });
  expect(starts(home)).toEqual(["v1"]);
  await executor.close();
});

test("a deploy and its verify through attempts: the service outlives them, what they print is masked", async () => {
  const home = temporaryHome();
  process.env["STARTS"] = join(home, "starts");
  process.env["TOKEN"] = "the-secret-harbour";
  const executor = new LocalExecutor({ home, runner, source: home, concurrency: 2, graceMs: 500 });
  const ends: unknown[] = [];
  executor.onEnd((id, end) => ends.push([id, end === "lost" ? end : end.outcome, end === "lost" ? null : end.message]));
  const verify = { http: "${url}/version", expect: { version: "v1" }, timeoutMs: 5000, soakMs: 0 };
  const given = { ...definition, verify, credentials: ["STARTS", "TOKEN"] };
  const { directory: _, ...input } = inputOf(home, "d1", "v1", artifact(home, "v1"), given);
  await executor.start({ ...input, kind: "deploy", id: "d1", run: "1", timeoutMs: 60_000 });
  await expect.poll(() => ends, { timeout: 10_000 }).toEqual([["d1", "succeeded", null]]);
  const live = await observe(home);
  await executor.start({ ...input, kind: "verify", id: "d2", run: "1", timeoutMs: 60_000, url: live.kind === "live" ? live.url : null });
  await expect.poll(() => ends.length, { timeout: 10_000 }).toBe(2);
  expect(ends[1]).toEqual(["d2", "succeeded", null]);
  await executor.start({
    ...input,
    ...inputOf(home, "d3", "v2", artifact(home, "v2", "crashes"), given),
    kind: "deploy",
    id: "d3",
    run: "1",
    timeoutMs: 60_000,
  });
  await expect.poll(() => ends.length, { timeout: 10_000 }).toBe(3);
  expect(ends[2]).toEqual(["d3", "failed", expect.stringContaining("cannot reach the ***")]);
  await expect.poll(() => processesOf(home, "attempt.ts"), { timeout: 5000 }).toEqual([]);
  expect(await observe(home)).toMatchObject({ commit: "v1", health: "healthy" });
  await executor.close();
});
