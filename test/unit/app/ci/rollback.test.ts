import { expect, test, vi } from "vitest";
import { ends, Workflow } from "./rig.ts";

// many jobs one after the other, each with processes of its own
vi.setConfig({ testTimeout: 60_000 });
const DEV_ONLY = { environments: "dev: {}" };

/** Two releases of both services; the second is bad. */
async function twoReleases(file: Parameters<Workflow["file"]>[0] = DEV_ONLY) {
  const flow = await Workflow.begin();
  const first = flow.commit({ "sluice.yaml": flow.file(file), "api/x": "1" });
  expect(ends(await flow.deploy("dev", ["api", "web"]))).toEqual({ exit: 0, said: "" });
  const second = flow.commit({ "api/x": "2", "web/x": "2" });
  expect(ends(await flow.deploy("dev", ["api", "web"]))).toEqual({ exit: 0, said: "" });
  return { flow, first, second };
}

test("a rollback brings back what was good together, frontends first, and holds the environment until somebody lifts it", async () => {
  const { flow, first, second } = await twoReleases();
  const found = await flow.rollback("dev");
  expect(ends(found)).toEqual({ exit: 0, said: "" });
  expect(found.outputs).toMatchObject({
    commit: first,
    direction: "rollback",
    gate: "false",
    to: expect.stringMatching(/^dev-[0-9a-f]{12}$/),
  });
  // the frontend leaves before what it needs does
  expect(JSON.parse(found.outputs["waves"] ?? "")).toEqual({
    n: [1, 1],
    waves: [[{ name: "web", services: ["web"] }], [{ name: "api", services: ["api"] }]],
  });
  expect(flow.live("web@dev")).toBe(second);
  const legs = await flow.waves("dev", found);
  expect(legs.map(ends)).toEqual([
    { exit: 0, said: "" },
    { exit: 0, said: "" },
  ]);
  expect([flow.live("api@dev"), flow.live("web@dev")]).toEqual([first, first]);
  expect(flow.order().slice(-2)).toEqual(["web@dev", "api@dev"]);
  // run again, every job finds the very same set, and nothing is left to do
  expect((await flow.waves("dev", found)).map(({ exit }) => exit)).toEqual([0, 0]);
  expect(flow.order().length).toBe(6);

  expect(ends(await flow.deploy("dev", ["api"]))).toMatchObject({
    exit: 1,
    said: expect.stringContaining("dev is held by ana: it is bad"),
  });
  expect(flow.live("api@dev")).toBe(first);
  expect(await flow.unhold("dev")).toMatchObject([{ kind: "hold", by: "ana", reason: "it is bad" }]);
  expect(ends(await flow.deploy("dev", ["api"]))).toEqual({ exit: 0, said: "" });
  expect(flow.live("api@dev")).toBe(second);
});

test("what a rollback has left is not offered again", async () => {
  const { flow, first } = await twoReleases();
  await flow.waves("dev", await flow.rollback("dev"));
  const again = await flow.rollback("dev");
  expect(ends(again)).toMatchObject({ exit: 1, said: expect.stringContaining("nothing to roll dev back to") });
  expect(flow.live("api@dev")).toBe(first);
});

test("a rollback of which no job has begun has left nothing: the next one goes back to where it would have gone", async () => {
  const { flow, second } = await twoReleases();
  // such as one that was cancelled behind its pre-flight
  expect((await flow.rollback("dev")).exit).toBe(0);
  await flow.unhold("dev");
  const third = flow.commit({ "api/x": "3", "web/x": "3" });
  expect((await flow.deploy("dev", ["api", "web"])).exit).toBe(0);
  const back = await flow.rollback("dev");
  expect(back.outputs).toMatchObject({ commit: second });
  // one that brings nothing back has not left what is still there
  flow.mark("web@dev", "fail");
  flow.mark("web@dev", "blind");
  expect((await flow.waves("dev", back))[0]).toMatchObject({ exit: 1 });
  for (const how of ["fail", "blind"] as const) flow.mark("web@dev", how, false);
  await flow.unhold("dev");
  expect(flow.live("web@dev")).toBe(third);
  expect((await flow.rollback("dev")).outputs).toMatchObject({ commit: second });
});

test("who may not deploy there, and who has not passed the gate yet, holds nothing", async () => {
  const { flow, first, second } = await twoReleases({ environments: "dev: { deployers: [ana], rollback: { approvers: [ben] } }" });
  const holds = () => flow.told().filter((line) => line.startsWith("sluice:stop"));
  const refused = { exit: 4, said: expect.stringContaining("eve may not deploy to dev. Who may: ana") as string };
  expect(ends(await flow.rollback("dev", { actor: "eve" }))).toEqual(refused);
  const found = await flow.rollback("dev");
  expect(found.outputs).toMatchObject({ commit: first, gate: "true" });
  expect(ends((await flow.waves("dev", found, { actor: "eve", approved: { dev: "ben" } }))[0] as never)).toMatchObject(refused);
  expect(holds()).toEqual([]);
  expect(flow.live("web@dev")).toBe(second);
  expect((await flow.waves("dev", found, { approved: { dev: "ben" } })).map(({ exit }) => exit)).toEqual([0, 0]);
  expect(holds()).toHaveLength(1);
});

test("every problem is listed, nothing is touched, and no hold is left behind", async () => {
  const { flow, second } = await twoReleases({ environments: "dev: {}", migration: "api/x" });
  const found = await flow.rollback("dev");
  expect(found.exit).toBe(1);
  expect(found.out).toContain("::error::api@dev");
  expect(found.outputs).toEqual({});
  expect(flow.live("api@dev")).toBe(second);
  expect(flow.told().filter((line) => line.startsWith("sluice:stop"))).toEqual([]);
  expect(ends(await flow.deploy("dev", ["api"]))).toMatchObject({ exit: 0 });
});

test("without a reason nothing goes back, and without a commit nothing is resolved", async () => {
  const { flow } = await twoReleases();
  expect(ends(await flow.rollback("dev", { env: { SLUICE_REASON: "" } }))).toMatchObject({
    exit: 2,
    said: expect.stringContaining("SLUICE_REASON is empty"),
  });
  expect(ends(await flow.resolve("dev", { commit: null }))).toMatchObject({
    exit: 2,
    said: expect.stringContaining("the newest one is never assumed"),
  });
});

test("by hand, a commit behind what is live is a rollback by its rules, and one before it a deploy", async () => {
  const { flow, first, second } = await twoReleases({ environments: "dev: { rollback: { approvers: [ben] } }" });
  const back = await flow.resolve("dev", { commit: first, env: { SLUICE_REASON: "it is bad" } });
  expect(ends(back)).toEqual({ exit: 0, said: "" });
  expect(back.outputs).toMatchObject({ direction: "rollback", commit: first, gate: "true" });
  // finding it changes nothing: who may go back is for the gate to say
  expect(flow.told().filter((line) => line.startsWith("sluice:stop"))).toEqual([]);
  // policy asks for an approval of rollbacks, whatever the workflow does
  const [refused] = await flow.waves("dev", back);
  expect([refused?.exit, flow.live("web@dev")]).toEqual([1, second]);
  expect((await flow.waves("dev", back, { approved: { dev: "ben" } })).map(({ exit }) => exit)).toEqual([0, 0]);
  expect([flow.live("api@dev"), flow.live("web@dev")]).toEqual([first, first]);
  expect(ends(await flow.deploy("dev", ["api"]))).toMatchObject({
    exit: 1,
    said: expect.stringContaining("dev is held by ana: it is bad"),
  });
  const forth = await flow.resolve("dev", { commit: second });
  expect(forth.outputs).toMatchObject({ direction: "deploy", commit: second, to: "", gate: "false" });
});

test("what was never good there is no way back, and nothing is held for it", async () => {
  const flow = await Workflow.begin();
  const first = flow.commit({ "sluice.yaml": flow.file(DEV_ONLY) });
  flow.commit({ "api/x": "2" });
  expect((await flow.deploy("dev", ["api", "web"])).exit).toBe(0);
  const back = await flow.resolve("dev", { commit: first, env: { SLUICE_REASON: "it is bad" } });
  expect(ends(back)).toMatchObject({ exit: 1, said: expect.stringContaining("was never live and good") });
  expect(flow.told().filter((line) => line.startsWith("sluice:stop"))).toEqual([]);
});
