import { copyFileSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { stopAll } from "../../src/drivers/process/index.ts";
import { KillProject } from "../rig/kill-project.ts";
import { TestServer } from "../rig/server.ts";
import { until } from "../rig/wait.ts";

const directory = mkdtempSync(join(tmpdir(), "sluice-restore-"));
const project = new KillProject(directory, { backends: [] });
const server = new TestServer(project.directory, { XDG_STATE_HOME: join(directory, "state") });
const TARGETS = ["api@dev", "web@dev", "api@prod", "web@prod"];
const eachOnce = Object.fromEntries(TARGETS.map((target) => [target, 1]));

afterAll(async () => {
  await server.kill("SIGTERM");
  await stopAll(server.home);
  rmSync(directory, { recursive: true, force: true });
});

let acts = 0;
async function deploy(commit: string): Promise<string> {
  const { data, error } = await server
    .api()
    .POST("/api/v1/runs", { params: { header: { "idempotency-key": `${commit} ${acts++}` } }, body: { commit } });
  if (!data) throw new Error(JSON.stringify(error));
  return data.run.id;
}

async function ended(run: string) {
  return await until(async () => {
    const { data } = await server.api().GET("/api/v1/runs/{id}", { params: { path: { id: run } } });
    return data && !["queued", "running", "waiting"].includes(data.status) ? data : null;
  }, `run ${run}`);
}

async function live() {
  const { data } = await server.api().GET("/api/v1/targets", { params: { query: {} } });
  return Object.fromEntries((data?.items ?? []).map(({ service, environment, commit }) => [`${service}@${environment}`, commit]));
}

const all = (commit: string) => Object.fromEntries(TARGETS.map((target) => [target, commit]));
const isStore = (name: string): boolean => name.startsWith("sluice.db");

test("a store that is an older copy starts nothing, sees what is really there, and lets no older release over it", async () => {
  const first = project.commit("one");
  await server.start();
  await ended(await deploy(first));
  await server.kill("SIGTERM");
  const copy = join(directory, "copy.db");
  copyFileSync(join(server.home, "sluice.db"), copy);

  const second = project.commit("two");
  await server.start();
  expect((await ended(await deploy(second))).status).toBe("succeeded");
  await server.kill("SIGTERM");
  for (const name of readdirSync(server.home).filter(isStore)) rmSync(join(server.home, name));
  copyFileSync(copy, join(server.home, "sluice.db"));

  await server.start();
  // Asked for at once: nobody has looked at any target yet.
  const again = await ended(await deploy(first));
  expect(again.steps.filter(({ kind }) => kind === "deploy").map(({ id, status, reason }) => [id, status, reason?.code])).toEqual(
    TARGETS.map((target) => [`deploy:${target}`, "skipped", "newer-is-live"]),
  );
  expect(await live()).toEqual(all(second));
  const { data: ledger } = await server.api().GET("/api/v1/ledger", { params: { query: { target: "api@prod" } } });
  expect(ledger?.items.map(({ commit, source }) => [commit, source])).toEqual([
    [second, "external"],
    [first, "attempt"],
  ]);
  expect([project.starts(first), project.starts(second)]).toEqual([eachOnce, eachOnce]);

  // What is there was put there by a run that this store does not know: it is deployed again, and verified, before it counts as good.
  const known = await ended(await deploy(second));
  expect(known.status).toBe("succeeded");
  expect(await live()).toEqual(all(second));
});

test("and without anybody asking, a look between runs says so too", { timeout: 120_000 }, async () => {
  const before = project.commit("three");
  await ended(await deploy(before));
  await server.kill("SIGTERM");
  const copy = join(directory, "copy-3.db");
  copyFileSync(join(server.home, "sluice.db"), copy);
  await server.start();
  const after = project.commit("four");
  await ended(await deploy(after));
  await server.kill("SIGTERM");
  for (const name of readdirSync(server.home).filter(isStore)) rmSync(join(server.home, name));
  copyFileSync(copy, join(server.home, "sluice.db"));
  await server.start();
  expect(await live()).toEqual(all(before));
  await until(async () => (Object.values(await live()).every((commit) => commit === after) ? true : null), "the commit that is live");
  const { data: runs } = await server.api().GET("/api/v1/runs", { params: { query: { status: "running,waiting,queued" } } });
  expect(runs?.items ?? []).toEqual([]);
  expect([project.starts(before), project.starts(after)]).toEqual([eachOnce, eachOnce]);
});
