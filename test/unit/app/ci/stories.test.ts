import { expect, test } from "vitest";
import { ends, Workflow } from "./rig.ts";

const DEV_ONLY = "dev: {}";

test("an older commit does not overwrite a newer one, and one that went another way is refused", async () => {
  const flow = await Workflow.begin();
  const first = flow.commit({ "sluice.yaml": flow.file({ environments: DEV_ONLY }) });
  const second = flow.commit({ "api/new": "1" });
  expect(ends(await flow.deploy("dev", ["api"]))).toEqual({ exit: 0, said: "" });
  const older = await flow.deploy("dev", ["api"], { commit: first });
  expect([older.exit, older.summary]).toEqual([0, expect.stringContaining("left as it is")]);
  expect(flow.live("api@dev")).toBe(second);
  flow.repo.git("checkout", "-q", "-b", "side", first);
  const side = flow.repo.commit({ "api/other": "1" });
  const diverged = await flow.deploy("dev", ["api"], { commit: side });
  expect(ends(diverged)).toMatchObject({ exit: 1, said: expect.stringContaining("diverged") });
  expect(flow.live("api@dev")).toBe(second);
});

test("a frontend is refused before its backends serve what it needs", async () => {
  const flow = await Workflow.begin();
  const commit = flow.commit({ "sluice.yaml": flow.file({ environments: DEV_ONLY }) });
  const early = await flow.deploy("dev", ["web"]);
  expect(ends(early)).toMatchObject({ exit: 1, said: expect.stringContaining("api@dev") });
  expect(flow.live("web@dev")).toBeNull();
  await flow.deploy("dev", ["api"]);
  expect(ends(await flow.deploy("dev", ["web"]))).toEqual({ exit: 0, said: "" });
  expect(flow.live("web@dev")).toBe(commit);
  // both in one chunk: the engine keeps the order
  const next = flow.commit({ "api/x": "1", "web/x": "1" });
  expect(ends(await flow.deploy("dev", ["web", "api"]))).toEqual({ exit: 0, said: "" });
  expect([flow.order().slice(-2), flow.live("web@dev")]).toEqual([["api@dev", "web@dev"], next]);
});

test("without an approval that GitHub tells of nothing starts, whoever has taken the gate out of the workflow", async () => {
  const flow = await Workflow.begin();
  const commit = flow.commit({ "sluice.yaml": flow.file({ environments: "prod: { approval: { approvers: [ben, cem] } }" }) });
  expect(ends(await flow.deploy("prod", ["api"]))).toMatchObject({ exit: 1, said: expect.stringContaining("waits for a decision") });
  expect(ends(await flow.deploy("prod", ["api"], { approved: { prod: "eve" } }))).toMatchObject({ exit: 1 });
  // whoever started it is not the one to approve it
  expect(ends(await flow.deploy("prod", ["api"], { actor: "ben", approved: { prod: "ben" } }))).toMatchObject({ exit: 1 });
  expect(ends(await flow.deploy("prod", ["api"], { approved: { dev: "ben" } }))).toMatchObject({ exit: 1 });
  expect(flow.told()).toEqual([]);
  expect(ends(await flow.deploy("prod", ["api"], { approved: { prod: "ben" } }))).toEqual({ exit: 0, said: "" });
  expect(flow.live("api@prod")).toBe(commit);
});

test("events of others deploy nothing, also where a job says otherwise", async () => {
  const flow = await Workflow.begin();
  flow.commit({ "sluice.yaml": flow.file({ environments: DEV_ONLY }) });
  for (const event of ["pull_request", "pull_request_target", "fork", "issue_comment"]) {
    expect(ends(await flow.deploy("dev", ["api"], { event }))).toMatchObject({ exit: 4, said: expect.stringContaining(event) });
    expect(ends(await flow.plan({ event }))).toMatchObject({ exit: 4 });
    expect(ends(await flow.deploy("dev", ["api"], { event, env: { GITHUB_EVENT_NAME: "push" } }))).toMatchObject({
      exit: 4,
      said: expect.stringContaining("was started by"),
    });
  }
  expect(flow.told()).toEqual([]);
});

test("a commit that `from` does not allow is refused", async () => {
  const flow = await Workflow.begin();
  flow.commit({ "sluice.yaml": flow.file({ environments: "dev: { from: [main] }" }) });
  flow.repo.git("checkout", "-q", "-b", "side");
  const side = flow.repo.commit({ "api/x": "1" });
  expect(ends(await flow.deploy("dev", ["api"], { commit: side }))).toMatchObject({
    exit: 4,
    said: expect.stringContaining("takes only commits from main"),
  });
  expect(ends(await flow.plan({ commit: side }))).toMatchObject({ exit: 4 });
});

test("a failed apply is recorded as what it was, and fails the job", async () => {
  const flow = await Workflow.begin();
  const commit = flow.commit({ "sluice.yaml": flow.file({ environments: DEV_ONLY }) });
  flow.mark("api@dev", "fail");
  expect(ends(await flow.deploy("dev", ["api"]))).toMatchObject({ exit: 1, said: expect.stringContaining("deploy failed") });
  expect(flow.told()).toEqual([expect.stringContaining("sluice:api dev failure failed: changed")]);
  flow.mark("api@dev", "fail", false);
  expect(ends(await flow.deploy("dev", ["api"]))).toEqual({ exit: 0, said: "" });
  expect(flow.live("api@dev")).toBe(commit);
});

test.each([
  { how: "hang", there: "api@dev", said: "sluice:api dev success good" },
  { how: "stall", there: "api@dev.stalled", said: "sluice:api dev failure failed: nothing changed" },
] as const)("a job that is cancelled asks the driver what it has left ($how)", async ({ how, there, said }) => {
  const flow = await Workflow.begin();
  const commit = flow.commit({ "sluice.yaml": flow.file({ environments: DEV_ONLY }) });
  flow.mark("api@dev", how);
  const cancel = new AbortController();
  const job = flow.deploy("dev", ["api"], { interrupted: cancel.signal });
  await expect.poll(() => flow.isThere(there), { timeout: 15_000 }).toBe(true);
  expect(flow.told()).toEqual(["sluice:api dev -"]);
  cancel.abort();
  expect(ends(await job)).toMatchObject({ exit: 130 });
  expect(flow.told()).toEqual([expect.stringContaining(said)]);
  flow.mark("api@dev", how, false);
  expect(ends(await flow.deploy("dev", ["api"]))).toEqual({ exit: 0, said: "" });
  expect(flow.live("api@dev")).toBe(commit);
});
