import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { Agent } from "node:http";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { driver, stopAll } from "../../../src/drivers/process/index.ts";
import { artifact, ask, contextOf, definitionOf, inputOf, pidsOf, processesOf, starts, temporaryHome } from "./rig.ts";

const definition = definitionOf("process", { command: ["node", "server.js"] });
const signal = new AbortController().signal;
const observe = (home: string, target: "web@devnet" | "other@devnet" = "web@devnet") =>
  driver.observe({ project: "harbor", target, definition }, { signal, home });

async function deploy(home: string, version: string, mode = "good", given = definition) {
  return await driver.apply(inputOf(home, `attempt-${version}`, version, artifact(home, version, mode), given), contextOf(home));
}
async function urlOf(home: string, version: string): Promise<string> {
  const result = await deploy(home, version);
  expect(result).toMatchObject({ ok: true, url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:2\d{4}$/) });
  return result.ok && result.url !== null ? result.url : "";
}

test("a service is started from its artifact, healthy and observed; the same attempt again is no second start", async () => {
  const home = temporaryHome();
  expect(await observe(home)).toEqual({ kind: "absent" });
  expect(processesOf(home)).toEqual([]);
  const url = await urlOf(home, "v1");
  const { version, env } = await ask(`${url}/version`);
  expect(version).toBe("v1");
  expect(env).toMatchObject({ HOST: "127.0.0.1", PORT: expect.stringMatching(/^3\d{4}$/) });
  expect(env).not.toHaveProperty("SLUICE_ATTEMPT_ID");
  expect(await observe(home)).toEqual({
    kind: "live",
    commit: "v1",
    digest: artifact(home, "v1"),
    attempt: "attempt-v1",
    health: "healthy",
    url,
  });
  expect(await deploy(home, "v1")).toEqual({ ok: true, url });
  expect(starts(home)).toEqual(["v1"]);
  expect(statSync(join(home, "drivers/process/devnet/keeper.json")).mode & 0o777).toBe(0o600);
  expect(await observe(home, "other@devnet")).toEqual({ kind: "absent" });
});

test("a replacement leaves no gap: no request fails, slow ones too", { timeout: 60_000 }, async () => {
  const home = temporaryHome();
  const url = await urlOf(home, "v1");
  const seen = new Set<string>();
  const failures: string[] = [];
  let answered = 0;
  let over = false;
  const hammer = async (path: string) => {
    while (!over) {
      try {
        seen.add((await ask(url + path)).version);
        answered++;
      } catch (error) {
        failures.push(`${path}: ${String(error)}`);
      }
    }
  };
  const hammers = [hammer("/version"), hammer("/slow"), hammer("/slow")];
  for (const version of ["v2", "v3", "v4"]) {
    expect(await deploy(home, version)).toEqual({ ok: true, url });
    const before = answered;
    await expect.poll(() => answered - before, { timeout: 10_000 }).toBeGreaterThan(20);
  }
  over = true;
  await Promise.all(hammers);
  expect(failures).toEqual([]);
  expect([...seen].toSorted()).toEqual(["v1", "v2", "v3", "v4"]);
  await expect.poll(() => pidsOf(home, "server.js").length, { timeout: 20_000 }).toBe(1);
});

test("connections that are kept move on to the new instance when they are idle", { timeout: 60_000 }, async () => {
  const home = temporaryHome();
  const url = await urlOf(home, "v1");
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  expect(await ask(`${url}/version`, agent)).toMatchObject({ version: "v1" });
  expect(await deploy(home, "v2")).toMatchObject({ ok: true });
  await expect.poll(() => pidsOf(home, "server.js").length, { timeout: 20_000 }).toBe(1);
  expect(await ask(`${url}/version`, agent)).toMatchObject({ version: "v2" });
});

test.each([
  ["unhealthy", /not healthy within 1 s \(`readyTimeout` raises this\): \/healthz answered 503[^]*starting v2/],
  ["crashes", /ended before it was healthy \(exit code 3\); it printed:\n[^]*cannot reach the harbour/],
])("a release that is %s is ended, and what was live stays", async (mode, message) => {
  const home = temporaryHome();
  const url = await urlOf(home, "v1");
  const context = contextOf(home);
  const hasty = definitionOf("process", { command: ["node", "server.js"], readyTimeout: "1s" });
  const result = await driver.apply(inputOf(home, "attempt-v2", "v2", artifact(home, "v2", mode), hasty), context);
  expect(result).toEqual({ ok: false, changed: false, message: expect.stringMatching(message) });
  expect(context.lines.join("\n")).toMatch(message);
  expect(await ask(`${url}/version`)).toMatchObject({ version: "v1" });
  expect(await observe(home)).toMatchObject({ commit: "v1", attempt: "attempt-v1", health: "healthy" });
  expect(pidsOf(home, "server.js")).toHaveLength(1);
});

test("what cannot be run says why: no program, no folder, an artifact that is not here", async () => {
  const home = temporaryHome();
  const with_ = (config: object) =>
    deploy(home, `v${JSON.stringify(config).length}`, "good", definitionOf("process", { command: ["node", "server.js"], ...config }));
  expect(await with_({ command: ["no-such-program"] })).toMatchObject({
    ok: false,
    changed: false,
    message: expect.stringContaining("there is no program no-such-program on the PATH"),
  });
  await expect(with_({ directory: "missing" })).rejects.toThrow("the artifact has no folder missing");
  await expect(
    driver.apply({ ...inputOf(home, "a", "v1", artifact(home, "v1"), definition), directory: null }, contextOf(home)),
  ).rejects.toThrow("is not on this host as files");
  expect(await observe(home)).toEqual({ kind: "absent" });
});

test("a fixed port is used; one that somebody else has is named, with what to do", async () => {
  const home = temporaryHome();
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  const fixed = definitionOf("process", { command: ["node", "server.js"], port: String(port) });
  expect(await deploy(home, "v1", "good", fixed)).toEqual({
    ok: false,
    changed: false,
    message: `port ${port} of web@devnet is in use by another program: end that program, or set another \`port\` for web`,
  });
  await new Promise((resolve) => server.close(resolve));
  expect(await deploy(home, "v2", "good", fixed)).toEqual({ ok: true, url: `http://127.0.0.1:${port}` });
  expect(await deploy(home, "v3")).toEqual({ ok: true, url: `http://127.0.0.1:${port}` });
});

test("an instance that crashes is started again, and is degraded until it is", async () => {
  const home = temporaryHome();
  const url = await urlOf(home, "v1");
  await expect(ask(`${url}/crash`)).rejects.toThrow("hang up");
  await expect
    .poll(async () => (await observe(home)).kind === "live" && (await observe(home)), { timeout: 5000 })
    .toMatchObject({ health: "degraded" });
  await expect.poll(() => observe(home), { timeout: 10_000 }).toMatchObject({ health: "healthy", attempt: "attempt-v1" });
  expect(await ask(`${url}/version`)).toMatchObject({ version: "v1" });
  expect(starts(home)).toEqual(["v1", "v1"]);
});

test("an apply that is cut off does not go live behind its back", async () => {
  const home = temporaryHome();
  await urlOf(home, "v1");
  const controller = new AbortController();
  const applying = driver.apply(
    inputOf(home, "attempt-v2", "v2", artifact(home, "v2", "unhealthy"), definition),
    contextOf(home, controller.signal),
  );
  await expect.poll(() => starts(home), { timeout: 5000 }).toEqual(["v1", "v2"]);
  controller.abort(new Error("cut off"));
  await expect(applying).rejects.toThrow("cut off");
  expect(await observe(home)).toMatchObject({ commit: "v1", health: "healthy" });
  expect(pidsOf(home, "server.js")).toHaveLength(1);
});

test("stopAll ends everything; resume brings back what was live, on the same port", async () => {
  const home = temporaryHome();
  const url = await urlOf(home, "v1");
  await stopAll(home);
  expect(processesOf(home)).toEqual([]);
  await expect(ask(`${url}/version`)).rejects.toThrow("ECONNREFUSED");
  const input = { ...inputOf(home, "", "v1", artifact(home, "v1"), definition), directory: null };
  await driver.resume?.(input, { ...contextOf(home), env: {} });
  expect(await ask(`${url}/version`)).toMatchObject({ version: "v1" });
  await driver.resume?.(input, { ...contextOf(home), env: {} });
  expect(starts(home)).toEqual(["v1", "v1"]);
  await expect(driver.resume?.({ ...input, commit: "v0" }, contextOf(home))).rejects.toThrow(/has commit v1 on record: deploy it again/);
});

test("a job runs to its end in the attempt, its exit code decides, and it is not run twice for one attempt", async () => {
  const home = temporaryHome();
  const job = (source: string) => definitionOf("process", { command: ["node", "-e", source] }, { job: true, service: "migrate" });
  const adds = job(`fs.appendFileSync(process.env.STARTS, "ran\\n")`);
  const about = { project: "harbor", target: "migrate@devnet", definition: adds } as const;
  expect(await driver.observe(about, { signal, home })).toEqual({ kind: "absent" });
  const input = inputOf(home, "j1", "c1", artifact(home, "v1"), adds);
  expect(await driver.apply(input, contextOf(home))).toEqual({ ok: true, url: null });
  expect(await driver.apply(input, contextOf(home))).toEqual({ ok: true, url: null });
  expect(starts(home)).toEqual(["ran"]);
  expect(await driver.observe(about, { signal, home })).toEqual({
    kind: "live",
    commit: "c1",
    digest: artifact(home, "v1"),
    attempt: "j1",
    health: "none",
    url: null,
  });
  expect(await driver.apply(inputOf(home, "j2", "c2", artifact(home, "v1"), job("process.exit(2)")), contextOf(home))).toMatchObject({
    ok: false,
    changed: true,
  });
  expect(await driver.observe(about, { signal, home })).toMatchObject({ commit: "c1" });
  expect(processesOf(home)).toEqual([]);
});

test("a log that grows too long is put aside once, while the service goes on writing", { timeout: 30_000 }, async () => {
  const home = temporaryHome();
  await urlOf(home, "v1");
  const log = join(home, "drivers/process/devnet/web.log");
  writeFileSync(log, "x".repeat(6 * 1024 * 1024), { flag: "a" });
  await expect.poll(() => existsSync(`${log}.1`) && statSync(log).size, { timeout: 5000 }).toBe(0);
  expect(readFileSync(`${log}.1`, "utf8")).toContain("starting v1");
});
