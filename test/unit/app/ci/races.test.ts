import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import type { JsonObject } from "../../../../src/core/config/config.ts";
import type { Forge } from "../../../../src/github/forge.ts";
import { runIdOf, type RunRef } from "../../../../src/github/records/record.ts";
import { placeStop } from "../../../../src/github/records/stops.ts";
import { wait } from "../../../../src/host/wait.ts";
import { ends, type JobEnd, Workflow } from "./rig.ts";

const MAIN = fileURLToPath(new URL("../../../../bin/sluice.js", import.meta.url));
const FILE = { environments: "dev: {}" };
const FINE = { exit: 0, said: "" };
/** Waits are shorter here; what they wait for is the same. */
const soon = (_ms: number, signal: AbortSignal): Promise<void> => wait(20, signal);

test("of two jobs that begin at once one goes on, and the other finds it done", async () => {
  const flow = await Workflow.begin();
  const commit = flow.commit({ "sluice.yaml": flow.file(FILE) });
  const [one, two] = await Promise.all([flow.deploy("dev", ["api"], { wait: soon }), flow.deploy("dev", ["api"], { wait: soon })]);
  expect([ends(one), ends(two)]).toEqual([FINE, FINE]);
  expect([flow.order(), flow.live("api@dev")]).toEqual([["api@dev"], commit]);
});

test("a job that ends between two answers of another's look has said how it ended, and is not in doubt", async () => {
  const flow = await Workflow.begin();
  const commit = flow.commit({ "sluice.yaml": flow.file(FILE) });
  const [recorded, asked] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const first = flow.deploy("dev", ["api"], {
    between: (forge) => ({
      ...forge,
      async createDeployment(made) {
        const id = await forge.createDeployment(made);
        recorded.resolve();
        await asked.promise;
        return id;
      },
    }),
  });
  await recorded.promise;
  const payloads = flow.shop.deployments.flatMap(({ task, payload }) =>
    task === "sluice:api" ? [payload as { readonly run: RunRef }] : [],
  );
  const [run] = payloads.map((payload) => runIdOf(payload.run));
  const second = await flow.deploy("dev", ["api"], {
    wait: soon,
    between: (forge) => ({
      ...forge,
      async workflowRun(id) {
        if (id === run) {
          asked.resolve();
          await first;
          await flow.shop.runs.get(id)?.ended;
        }
        return await forge.workflowRun(id);
      },
    }),
  });
  expect([ends(await first), ends(second)]).toEqual([FINE, FINE]);
  expect(second.out).not.toContain("recorded meanwhile");
  expect([flow.order(), flow.live("api@dev")]).toEqual([["api@dev"], commit]);
});

test("a hold that is placed after a job has begun is seen before anything is applied", async () => {
  const flow = await Workflow.begin();
  flow.commit({ "sluice.yaml": flow.file(FILE) });
  const between = (forge: Forge): Forge => ({
    ...forge,
    async createDeployment(made) {
      const held = flow.told().some((line) => line.startsWith("sluice:stop"));
      const hold = {
        kind: "hold",
        environment: "dev",
        by: "ben",
        reason: "wait for me",
        run: "1/1",
        rollback: null,
        commit: made.sha,
        production: false,
      } as const;
      if (!held) await placeStop(forge, hold);
      return await forge.createDeployment(made);
    },
  });
  const end = await flow.deploy("dev", ["api"], { between });
  expect(ends(end)).toMatchObject({ exit: 1, said: expect.stringContaining("dev is held by ben: wait for me") });
  expect([flow.order(), flow.live("api@dev")]).toEqual([[], null]);
  expect(flow.told()).toEqual(["sluice:stop dev in_progress held", expect.stringContaining("failed: nothing changed")]);
});

/** An act that somebody else has begun on api@dev and said nothing more of, in a run that `run` names. */
async function begunBy(flow: Workflow, run: string): Promise<void> {
  const done = flow.shop.deployments.find(({ task }) => task === "sluice:api");
  const forge = flow.forge();
  await forge.createDeployment({
    sha: flow.repo.git("rev-parse", "HEAD"),
    environment: "dev",
    task: "sluice:api",
    description: "",
    production: false,
    payload: { ...(done?.payload as JsonObject), attempt: "1-9-x", run },
  });
}

test("what a job has left that died is in doubt at once, though its workflow run waits for people for weeks", async () => {
  const flow = await Workflow.begin();
  flow.commit({ "sluice.yaml": flow.file(FILE) });
  expect(ends(await flow.deploy("dev", ["api", "web"]))).toEqual(FINE);
  const second = flow.commit({ "api/x": "2", "web/x": "2" });
  flow.shop.environment("prod-approval", { reviewers: ["ben"] });
  const died = Promise.withResolvers<void>();
  const run = flow.shop.run({
    commit: second,
    event: "push",
    startedBy: "ana",
    jobs: [
      { name: "leg", work: () => died.promise.then(() => "failure" as const) },
      { name: "gate", environment: "prod-approval" },
    ],
  });
  await begunBy(flow, `${run.id}/1`);
  let at = Date.now();
  const waits: number[] = [];
  const patient = {
    now: () => at,
    wait: async (ms: number, signal: AbortSignal) => {
      waits.push(ms);
      at += Math.ceil(ms);
      if (waits.length === 3) died.resolve();
      await soon(ms, signal);
    },
  };
  expect(ends(await flow.deploy("dev", ["api"], patient))).toEqual(FINE);
  expect(run.conclusion).toBe(null);
  expect(waits.length).toBeGreaterThanOrEqual(3);
  expect(flow.live("api@dev")).toBe(second);
});

test("what a server has begun only that server ends: no job takes its target", async () => {
  const flow = await Workflow.begin();
  const first = flow.commit({ "sluice.yaml": flow.file(FILE) });
  expect(ends(await flow.deploy("dev", ["api", "web"]))).toEqual(FINE);
  flow.commit({ "api/x": "2" });
  await begunBy(flow, "3/0");
  let at = Date.now();
  const patient = {
    now: () => at,
    wait: async (ms: number, signal: AbortSignal) => {
      at += Math.ceil(ms);
      await soon(ms, signal);
    },
  };
  expect(ends(await flow.deploy("dev", ["api"], patient))).toEqual({
    exit: 1,
    said: expect.stringMatching(/^Others are at it still: api@dev \(run 3 of a server of Sluice's\)\. .*sluice github settle$/) as string,
  });
  expect(flow.live("api@dev")).toBe(first);
});

test("what cannot be recorded is not begun", async () => {
  const flow = await Workflow.begin();
  flow.commit({ "sluice.yaml": flow.file(FILE) });
  const { ForgeError } = await import("../../../../src/github/forge.ts");
  const between = (forge: Forge): Forge => ({
    ...forge,
    createDeployment: () =>
      Promise.reject(new ForgeError("forbidden", "Resource not accessible by integration", "grant deployments: write")),
  });
  const end = await flow.deploy("dev", ["api"], { between });
  expect([end.exit, flow.live("api@dev")]).toEqual([1, null]);
  expect(end.out).toContain("Resource not accessible by integration");
});

test("a job that was killed before it had begun leaves a record that says it may have, and the next one has its driver look", async () => {
  const flow = await Workflow.begin();
  const commit = flow.commit({ "sluice.yaml": flow.file(FILE) });
  const { ForgeError } = await import("../../../../src/github/forge.ts");
  let dead = false;
  const between = (forge: Forge): Forge => {
    const down = () => Promise.reject(new ForgeError("unavailable", "nobody answers the dead", ""));
    const createDeployment: Forge["createDeployment"] = async (made) => {
      const id = await forge.createDeployment(made);
      dead = true;
      return id;
    };
    const deployments: Forge["deployments"] = (filter) => (dead ? down() : forge.deployments(filter));
    const setStatus: Forge["setStatus"] = (id, status) => (dead ? down() : forge.setStatus(id, status));
    return { ...forge, createDeployment, deployments, setStatus };
  };
  expect((await flow.deploy("dev", ["api"], { between })).exit).toBe(1);
  expect([flow.told(), flow.live("api@dev")]).toEqual([["sluice:api dev -"], null]);
  expect(ends(await flow.deploy("dev", ["api"]))).toEqual(FINE);
  expect(flow.told()).toEqual([expect.stringContaining("failed: nothing changed"), "sluice:api dev success good"]);
  expect(flow.live("api@dev")).toBe(commit);
});

/** With a soak of some seconds for `api`, and what is done once it has begun. */
async function soaking(meanwhile: (flow: Workflow) => Promise<void>): Promise<Workflow> {
  const flow = await Workflow.begin();
  flow.commit({ "sluice.yaml": flow.file(FILE).replace("paths: [api],", "paths: [api], verify: { soak: 2s },") });
  const between = (forge: Forge): Forge => ({
    ...forge,
    async setStatus(id, status) {
      await forge.setStatus(id, status);
      if (status.description === "serving") await meanwhile(flow);
    },
  });
  expect(ends(await flow.deploy("dev", ["api"], { between }))).toEqual(FINE);
  return flow;
}

test("a soak over which somebody has brought something else there says nothing good of what was there before", async () => {
  const flow = await soaking(async (going) => {
    const { sha = "", payload = {} } = going.shop.deployments[0] ?? {};
    const other = { ...(payload as JsonObject), attempt: "another", run: "99/1", kind: "rollback" };
    await going
      .forge()
      .createDeployment({ sha, environment: "dev", task: "sluice:api", payload: other, description: "", production: false });
  });
  expect(flow.told()).toEqual(["sluice:api dev in_progress serving", "sluice:api dev -"]);
});

test("another release waits for the end of a soak", async () => {
  let next: Promise<JobEnd> | null = null;
  const waited: string[][] = [];
  const flow = await soaking((going) => {
    going.commit({ "sluice.yaml": going.file(FILE), "api/x": "2" });
    const pause = (ms: number, signal: AbortSignal): Promise<void> => {
      if (ms >= 1_000) waited.push([...going.told()]);
      return wait(20, signal);
    };
    // the double has a time of its own
    next = going.deploy("dev", ["api"], { wait: pause, now: () => going.shop.deployments[0]?.statuses[0]?.at ?? 0 });
    return Promise.resolve();
  });
  expect(ends(await (next ?? Promise.reject(new Error("nobody came"))))).toEqual(FINE);
  expect(waited[0]).toEqual(["sluice:api dev in_progress serving"]);
  const [second, first] = flow.shop.deployments;
  expect(flow.told()).toEqual(["sluice:api dev success good", "sluice:api dev success good"]);
  expect(second?.at).toBeGreaterThan(first?.statuses[0]?.at ?? Infinity);
});

test.each([
  { how: "hang", file: "api@dev", said: "sluice:api dev failure failed: changed" },
  { how: "stall", file: "api@dev.stalled", said: "sluice:api dev failure failed: nothing changed" },
] as const)("a job that was killed is in doubt, and the next one has its driver look ($how)", async ({ how, file, said }) => {
  const flow = await Workflow.begin();
  const commit = flow.commit({ "sluice.yaml": flow.file(FILE) });
  const home = mkdtempSync(join(tmpdir(), "sluice-ci-home-"));
  onTestFinished(() => rmSync(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 }));
  flow.mark("api@dev", how);
  const killed = Promise.withResolvers<"failure">();
  const run = flow.shop.run({ commit, jobs: [{ name: "leg", work: () => killed.promise }] });
  const { env } = flow.environment({ env: { SLUICE_HOME: home, SLUICE_CHUNK: JSON.stringify({ name: "api", services: ["api"] }) } }, run);
  const child = spawn(process.execPath, [MAIN, "ci", "deploy", "--env", "dev"], { cwd: flow.repo.directory, env, stdio: "ignore" });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  await expect.poll(() => flow.isThere(file), { timeout: 15_000 }).toBe(true);
  child.kill("SIGKILL");
  await ended;
  killed.resolve("failure");
  await run.ended;
  expect(flow.told()).toEqual(["sluice:api dev -"]);
  flow.mark("api@dev", how, false);
  // what the killed one has left running on this host is ended first
  expect(ends(await flow.deploy("dev", ["api"], { env: { SLUICE_HOME: home } }))).toEqual(FINE);
  expect(flow.told()).toEqual([expect.stringContaining(said), "sluice:api dev success good"]);
  expect(flow.live("api@dev")).toBe(commit);
});
