import { expect, test } from "vitest";
import { type Forge, ForgeError, type NewStatus } from "../../../../src/github/forge.ts";
import { statusOf } from "../../../../src/github/records/record.ts";
import { recorded } from "../../../rig/github/recorded.ts";
import type { Run } from "../../../rig/github/run.ts";
import { ends, type JobEnd, type JobOptions, Workflow } from "./rig.ts";

const MINUTE = 60_000;

/** `web` of a commit waits for `api` in `dev`. Time passes only while it waits. */
class Waiting {
  readonly flow: Workflow;
  commit: string;
  waited = 0;

  private constructor(flow: Workflow) {
    this.flow = flow;
    this.commit = flow.commit({ "sluice.yaml": flow.file({ environments: "dev: { needsTimeout: 30m }" }) });
  }
  static begin = async (): Promise<Waiting> => new Waiting(await Workflow.begin());

  /** Each look that finds it waiting is followed by the next of these. */
  async wait(steps: readonly (() => unknown)[] = [], options: JobOptions = {}): Promise<JobEnd> {
    const left = [...steps];
    const wait = async (ms: number): Promise<void> => {
      this.waited += ms;
      await left.shift()?.();
    };
    const end = await this.flow.job(
      { step: "wait", environment: "dev", service: "web" },
      { commit: this.commit, now: () => this.waited, wait, ...options },
    );
    if (left.length > 0) throw new Error(`it has ended ${left.length} steps too early: ${end.out}`);
    return end;
  }

  /** Another workflow run of a commit, whose job ends when it is told to, and which may be run again. */
  run(commit = this.commit) {
    type How = "success" | "failure" | "skipped" | "cancelled";
    let job = Promise.withResolvers<How>();
    const run = this.flow.shop.run({
      commit,
      path: ".github/workflows/deploy-api.yml",
      jobs: [{ name: "deploy", work: () => job.promise }],
    });
    const end = async (how: How): Promise<void> => {
      job.resolve(how);
      await run.ended;
    };
    const again = (): void => {
      job = Promise.withResolvers<How>();
      run.again(false);
    };
    return { run, end, again };
  }

  /** What a leg of that run records of a service. */
  record = (run: Run, status: NewStatus | null, of: Parameters<typeof recorded>[3] = {}): Promise<number> =>
    recorded(this.flow.forge(), run, status, { commit: this.commit, ...of });
  set = (id: number, status: NewStatus): Promise<void> => this.flow.forge().setStatus(id, status);
}

const failing = (error: () => ForgeError, times: number) => (forge: Forge) => {
  let left = times;
  const deployments: Forge["deployments"] = (filter) => (left-- > 0 ? Promise.reject(error()) : forge.deployments(filter));
  return { ...forge, deployments };
};

test("goes on when another run has brought what is needed", async () => {
  const it = await Waiting.begin();
  const { run, end } = it.run();
  let record = 0;
  const steps = [async () => (record = await it.record(run, null)), () => it.set(record, statusOf("serving"))];
  expect(ends(await it.wait(steps))).toEqual({ exit: 0, said: "" });
  await end("success");
  expect(it.waited).toBe(5_000 + 7_500);
});

test("what is needed and failed is not awaited, unless a run may bring it still", async () => {
  const it = await Waiting.begin();
  const { run, end } = it.run();
  await it.record(run, statusOf("unchanged"));
  const failed = await it.wait([() => end("failure")]);
  expect(ends(failed)).toEqual({ exit: 1, said: expect.stringContaining("web@dev cannot come: api@dev has failed at") });
  expect(it.waited).toBe(5_000);
});

test("a run that was re-run is awaited again, and what its first attempt said does not count", async () => {
  const it = await Waiting.begin();
  const { run, end, again } = it.run();
  await it.record(run, statusOf("unchanged"));
  await end("failure");
  expect((await it.wait()).exit).toBe(1);
  again();
  expect(ends(await it.wait([async () => void (await it.record(run, statusOf("good")))]))).toEqual({ exit: 0, said: "" });
});

test.each([
  ["nothing was ever begun", async () => {}],
  ["its workflow was skipped", async (it: Waiting) => it.run().end("skipped")],
  ["it is called otherwise by now", async (it: Waiting) => void (await it.record(it.run().run, statusOf("good"), { service: "gateway" }))],
])("fails when its time is over, and says what would end the wait: %s", async (_name, begin) => {
  const it = await Waiting.begin();
  await begin(it);
  const end = await it.wait();
  expect(ends(end)).toEqual({
    exit: 1,
    said: expect.stringMatching(/web@dev has waited for 1800 s .*nothing is recorded of api@dev.*deploy api of/),
  });
  expect(it.waited).toBeLessThanOrEqual(30 * MINUTE);
  expect(it.waited).toBeGreaterThan(28 * MINUTE);
});

test("what was begun by a run that is gone is in doubt, and nothing can bring it", async () => {
  const it = await Waiting.begin();
  const { run } = it.run();
  await it.record(run, null);
  const end = await it.wait([() => it.flow.shop.runs.delete(run.id)]);
  expect(ends(end)).toEqual({ exit: 1, said: expect.stringContaining("its workflow run is gone") });
});

test("what was begun by a run that has ended without saying how is in doubt", async () => {
  const it = await Waiting.begin();
  const { run, end } = it.run();
  await it.record(run, null);
  await end("cancelled");
  expect(ends(await it.wait())).toEqual({ exit: 1, said: expect.stringContaining("has ended without saying how") });
});

test("what a server has under way is awaited: GitHub knows of no workflow run that does it", async () => {
  const it = await Waiting.begin();
  const id = await it.record(it.run("9".repeat(40)).run, null, { ref: "7/0" });
  expect(ends(await it.wait([() => it.set(id, statusOf("good"))]))).toEqual({ exit: 0, said: "" });
});

test("a run that brings it and ends between two answers of one look is no reason to give up", async () => {
  const it = await Waiting.begin();
  const { run, end } = it.run();
  const record = await it.record(run, null);
  const between = (forge: Forge): Forge => ({
    ...forge,
    openRuns: async (commit) => {
      if (run.conclusion === null) {
        await it.set(record, statusOf("good"));
        await end("success");
      }
      return await forge.openRuns(commit);
    },
  });
  expect(ends(await it.wait([], { between }))).toEqual({ exit: 0, said: "" });
});

test("a newer commit that contains what is needed is enough, one that went another way is not", async () => {
  const it = await Waiting.begin();
  const newer = it.flow.commit({ "api/x": "2" });
  const { run, end } = it.run(newer);
  await it.record(run, statusOf("good"), { commit: newer });
  await end("success");
  expect(ends(await it.wait())).toEqual({ exit: 0, said: "" });
  it.commit = it.flow.commit({ "api/x": "3" });
  expect(ends(await it.wait())).toMatchObject({ exit: 1, said: expect.stringContaining("does not contain what is needed") });
});

test("an attempt under way at what serves is awaited, and what serves counts again when it has changed nothing", async () => {
  const it = await Waiting.begin();
  const { run } = it.run();
  await it.record(run, statusOf("good"));
  const newer = it.flow.commit({ "web/x": "2" });
  const second = it.run(newer);
  const id = await it.record(second.run, null, { commit: newer });
  expect(ends(await it.wait([() => it.set(id, statusOf("unchanged"))]))).toEqual({ exit: 0, said: "" });
});

test("a limit of requests is waited out, within its time", async () => {
  const it = await Waiting.begin();
  await it.record(it.run().run, statusOf("good"));
  const limited = () => new ForgeError("limited", "the limit is used up", "wait", 10 * MINUTE);
  expect(ends(await it.wait([() => {}], { between: failing(limited, 1) }))).toEqual({ exit: 0, said: "" });
  expect(it.waited).toBe(10 * MINUTE);
  const longer = () => new ForgeError("limited", "the limit is used up", "wait", 90 * MINUTE);
  expect(ends(await it.wait([], { between: failing(longer, 1) }))).toMatchObject({
    exit: 1,
    said: expect.stringContaining("the limit is used up"),
  });
});

test("GitHub that does not answer proves nothing", async () => {
  const it = await Waiting.begin();
  await it.record(it.run().run, statusOf("good"));
  const down = () => new ForgeError("unavailable", "503 Service Unavailable", "try again");
  expect(ends(await it.wait([() => {}, () => {}], { between: failing(down, 2) }))).toEqual({ exit: 0, said: "" });
  const end = await it.wait([], { between: failing(down, Infinity) });
  expect(ends(end)).toMatchObject({ exit: 1, said: expect.stringContaining("503 Service Unavailable") });
});

test("what GitHub refuses, and what cannot be read, is no reason to go on", async () => {
  const it = await Waiting.begin();
  const forbidden = () => new ForgeError("forbidden", "Resource not accessible by integration", "grant deployments: read");
  expect(ends(await it.wait([], { between: failing(forbidden, Infinity) }))).toEqual({
    exit: 4,
    said: expect.stringContaining("grant deployments: read"),
  });
  expect(it.waited).toBe(0);
  it.flow.shop.deploy({ ref: it.commit, environment: "dev", task: "sluice:api", payload: { sluice: 2 } }, "eve");
  expect(ends(await it.wait())).toEqual({ exit: 1, said: expect.stringContaining("cannot be relied on") });
});

test("however much is needed, a look asks each thing once", async () => {
  const asked = async (backends: number): Promise<number> => {
    const flow = await Workflow.begin();
    const names = Array.from({ length: backends }, (_, i) => [`b${i}`, "backend"] as const);
    const commit = flow.commit({ "sluice.yaml": flow.file({ services: { ...Object.fromEntries(names), web: "frontend" } }) });
    flow.shop.run({ commit, jobs: [{ name: "leg", work: () => new Promise<"success">(() => {}) }] });
    let [at, looks] = [Date.now(), 1];
    const wait = (ms: number): Promise<void> => Promise.resolve(void ((at += Math.ceil(ms)), (looks += 1)));
    const before = flow.github.log.length;
    const end = await flow.job({ step: "wait", environment: "dev", service: "web" }, { now: () => at, wait });
    expect(ends(end).said).toContain("nothing is recorded of b0@dev; under way:");
    return (flow.github.log.length - before) / looks;
  };
  const one = await asked(1);
  expect(await asked(12)).toBeCloseTo(one, 0);
});
