import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stopAll } from "../../src/drivers/process/index.ts";
import { KillProject } from "../rig/kill-project.ts";
import { seeded } from "../rig/random.ts";
import { TestServer } from "../rig/server.ts";
import { moment, until } from "../rig/wait.ts";

/** Invariant 4: killed at any instant (server, attempts, both) and started again, a run ends as it would have. */
const KILLS = Number(process.env["SLUICE_KILLS"] ?? 50);
const KILLS_A_RUN = 5;
const SEED = Number(process.env["SLUICE_SEED"] ?? Date.now() % 1_000_000);
const TARGETS = ["api@dev", "auth@dev", "web@dev", "api@prod", "auth@prod", "web@prod"];
const ENDED = ["succeeded", "failed", "cancelled", "superseded"];

const directory = mkdtempSync(join(tmpdir(), "sluice-kill-"));
const project = new KillProject(directory);
const server = new TestServer(project.directory, { XDG_STATE_HOME: join(directory, "state") });
const random = seeded(SEED);

beforeAll(async () => {
  project.commit("the first");
  await server.start();
});
afterAll(async () => {
  await server.kill("SIGTERM");
  await stopAll(server.home);
  rmSync(directory, { recursive: true, force: true });
});

test(`${KILLS} kills with kill -9 at random moments, seed ${SEED}`, { timeout: Math.max(600_000, KILLS * 10_000) }, async () => {
  const kills = { server: 0, attempts: 0, both: 0, processes: 0 };
  for (let done = 0, round = 1; done < KILLS; round++) {
    const commit = project.commit(`round ${round}`);
    const run = await deploy(commit);
    for (let i = 0; i < KILLS_A_RUN && (await statusOf(run)) !== "succeeded"; i++, done++) {
      await moment(random() * 900);
      await killSomething(kills);
    }
    const status = await until(async () => endOf(await statusOf(run)), `run ${run} of round ${round}, seed ${SEED}`);
    expect({ round, status, steps: await unsuccessful(run) }).toEqual({ round, status: "succeeded", steps: [] });
    expect(await live()).toEqual(Object.fromEntries(TARGETS.map((t) => [t, commit])));
    expect({ round, starts: project.starts(commit) }).toEqual({ round, starts: Object.fromEntries(TARGETS.map((t) => [t, 1])) });
  }
  console.log(`kills: ${JSON.stringify(kills)}, seed ${SEED}`);
  expect(kills.server).toBeGreaterThan(0);
  expect(kills.processes).toBeGreaterThan(0);
});

async function killSomething(kills: { server: number; attempts: number; both: number; processes: number }): Promise<void> {
  const which = (["server", "attempts", "both"] as const)[Math.floor(random() * 3)] ?? "both";
  kills[which]++;
  const killAttempts = () => {
    for (const pid of server.attempts())
      try {
        process.kill(pid, "SIGKILL");
        kills.processes++;
      } catch {
        // it had ended by itself
      }
  };
  if (which !== "server") killAttempts();
  if (which === "attempts") return;
  await server.kill("SIGKILL");
  if (which === "both") killAttempts();
  await server.start();
}

async function deploy(commit: string): Promise<string> {
  const { data, error } = await server.api().POST("/api/v1/runs", { params: { header: { "idempotency-key": commit } }, body: { commit } });
  if (!data) throw new Error(JSON.stringify(error));
  return data.run.id;
}

async function detail(run: string) {
  const { data, error } = await server.api().GET("/api/v1/runs/{id}", { params: { path: { id: run } } });
  // what was answered 201 is never lost (invariant 5)
  if (!data) throw new Error(JSON.stringify(error));
  return data;
}
const statusOf = async (run: string) => (await detail(run)).status;
const endOf = (status: string) => (ENDED.includes(status) ? status : null);
const unsuccessful = async (run: string) =>
  (await detail(run)).steps.filter((s) => s.status !== "succeeded").map((s) => `${s.id} ${s.status} ${s.reason?.message ?? ""}`);

async function live(): Promise<Record<string, string | null>> {
  const { data } = await server.api().GET("/api/v1/targets", { params: { query: {} } });
  const items = data?.items ?? [];
  for (const item of items) {
    // the ledger says so, and so does what really answers there
    const answer = (await (await fetch(item.url ?? "")).json()) as { commit: string };
    expect(answer.commit).toBe(item.commit);
  }
  return Object.fromEntries(items.map((t) => [`${t.service}@${t.environment}`, t.commit]));
}
