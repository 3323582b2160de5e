import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { stopAll } from "../../src/drivers/process/index.ts";
import { readLease } from "../../src/store/lease.ts";
import { KillProject } from "../rig/kill-project.ts";
import { seeded } from "../rig/random.ts";
import { TestServer } from "../rig/server.ts";
import { moment, until } from "../rig/wait.ts";
import { Program } from "./cli-rig.ts";

/** Invariant 11: an owner that is stopped for longer than the fence is taken over from, and what it does afterwards changes nothing. */
const SEED = Number(process.env["SLUICE_SEED"] ?? Date.now() % 1_000_000);
const TARGETS = ["api@dev", "auth@dev", "web@dev", "api@prod", "auth@prod", "web@prod"];
const random = seeded(SEED);

let directory: string;
let project: KillProject;
let env: Record<string, string>;
let first: TestServer;
let second: TestServer;
const programs: Program[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "sluice-takeover-"));
  project = new KillProject(directory);
  project.commit("the first");
  env = { XDG_STATE_HOME: join(directory, "state"), SLUICE_FENCE: "2" };
  first = new TestServer(project.directory, env);
  second = new TestServer(project.directory, env);
});
afterEach(async () => {
  for (const program of programs.splice(0)) await program.signal("SIGKILL");
  first.signal("SIGCONT");
  await first.kill("SIGKILL");
  await second.kill("SIGTERM");
  await stopAll(first.home);
  rmSync(directory, { recursive: true, force: true });
});

const owner = () => JSON.parse(readFileSync(join(first.home, "owner.json"), "utf8")) as { readonly pid: number };

async function deploy(api: ReturnType<TestServer["api"]>, commit: string) {
  return await api.POST("/api/v1/runs", { params: { header: { "idempotency-key": commit } }, body: { commit } });
}

async function untilSucceeded(server: TestServer, run: string): Promise<void> {
  await until(async () => {
    const { data } = await server.api().GET("/api/v1/runs/{id}", { params: { path: { id: run } } });
    if (data?.status === "failed") throw new Error(JSON.stringify(data.steps.filter((step) => step.status !== "succeeded")));
    return data?.status === "succeeded" ? true : null;
  }, `run ${run}, seed ${SEED}`);
}

const eachOnce = Object.fromEntries(TARGETS.map((target) => [target, 1]));

describe(`an owner that is stopped in the midst of a run (seed ${SEED})`, () => {
  test("is replaced by one that stands by, which ends the run; when it goes on it is refused, told, and leaves everything alone", async () => {
    const commit = project.commit("one");
    await first.start();
    const stale = first.api();
    const { data } = await deploy(stale, commit);
    const run = data?.run.id ?? "";
    await until(() => (first.attempts().length > 0 ? true : null), "an attempt");
    await moment(random() * 1_500);
    const follower = new Program(["run", "watch", run], { cwd: project.directory, env: { ...process.env, ...env } });
    programs.push(follower);
    await follower.printed(/./);
    first.signal("SIGSTOP");

    await second.start(["--standby"]);
    expect(owner().pid).toBe(second.pid);
    expect(readLease(first.home)).toMatchObject({ pid: second.pid, locked: false });
    await untilSucceeded(second, run);
    expect(project.starts(commit)).toEqual(eachOnce);
    // Whoever had followed it at the first goes on at the second.
    expect(await follower.exit()).toBe(0);

    // Sent to the first while it is stopped: nothing of it may happen.
    const late = project.commit("late");
    const refused = deploy(stale, late);
    first.signal("SIGCONT");
    const { response, error } = await refused;
    expect([response.status, error?.code]).toEqual([503, "deposed"]);
    expect(await first.end()).toEqual({ code: 1, said: expect.stringContaining("Another process has taken this store over") });
    expect(owner().pid).toBe(second.pid);
    await until(() => (readLease(first.home)?.locked ? true : null), "the lock, for the new owner");
    const { data: runs } = await second.api().GET("/api/v1/runs", { params: { query: {} } });
    expect(runs?.items.map(({ id }) => id)).toEqual([run]);

    const next = await deploy(second.api(), late);
    await untilSucceeded(second, next.data?.run.id ?? "");
    expect([project.starts(commit), project.starts(late)]).toEqual([eachOnce, eachOnce]);
  });

  test("is replaced by a command that wants to drive, and by a server that is started beside it", async () => {
    await first.start();
    first.signal("SIGSTOP");
    const commit = project.commit("one");
    const command = new Program(["deploy", "--all", "--yes"], { cwd: project.directory, env: { ...process.env, ...env } });
    programs.push(command);
    expect([await command.exit(), command.err]).toEqual([0, expect.stringContaining("has taken its store over")]);
    expect(project.starts(commit)).toEqual(eachOnce);

    await second.start();
    expect(owner().pid).toBe(second.pid);
    first.signal("SIGCONT");
    expect((await first.end())?.code).toBe(1);
    expect(owner().pid).toBe(second.pid);
  });
});

test("an owner that answers is left alone: a second one says where it is, or stands by until it ends", async () => {
  await first.start();
  const beside = new Program(["serve", "--port", "0"], { cwd: project.directory, env: { ...process.env, ...env } });
  programs.push(beside);
  expect(await beside.exit()).toBe(1);
  expect(beside.err).toContain(`Process ${first.pid} has this project's store`);
  const standing = second.start(["--standby"]);
  await first.kill("SIGTERM");
  await standing;
  expect(owner().pid).toBe(second.pid);
  expect(readLease(first.home)).toMatchObject({ pid: second.pid, locked: true });
});
