import { expect, test } from "vitest";
import { gateJobName } from "../../../../src/core/config/github.ts";
import type { Run } from "../../../rig/github/run.ts";
import { ends, Workflow } from "./rig.ts";

const DAY = 86_400_000;

/** Two releases in prod; ben has approved the run of each, and rollbacks too. */
async function released(policy = "approval: { approvers: [ben] }") {
  const flow = await Workflow.begin();
  const file = flow.file({ environments: `prod: { ${policy} }`, services: { api: "backend" } });
  const good = flow.commit({ "sluice.yaml": file, "api/x": "1" });
  const run = passed(flow, good);
  expect(ends(await flow.deploy("prod", ["api"], { run, commit: good }))).toEqual({ exit: 0, said: "" });
  const bad = flow.commit({ "api/x": "2" });
  const badRun = passed(flow, bad);
  expect(ends(await flow.deploy("prod", ["api"], { run: badRun, commit: bad }))).toEqual({ exit: 0, said: "" });
  return { flow, good, bad, badRun };
}
/** A run that has passed prod's gate by ben's approval. */
function passed(flow: Workflow, commit: string, event = "push"): Run {
  const { id } = flow.shop.environment("prod-approval", { reviewers: ["ben"] });
  const run = flow.shop.run({ commit, event, startedBy: "ana", jobs: [{ name: gateJobName("prod"), environment: "prod-approval" }] });
  run.review("ben", [id], "approved", "");
  return run;
}

test("what was approved before a rollback is not deployed by running its leg again", async () => {
  const { flow, good, bad, badRun } = await released();
  const back = await flow.rollback("prod");
  expect((await flow.waves("prod", back)).map(ends)).toEqual([{ exit: 0, said: "" }]);
  await flow.unhold("prod");
  badRun.attempt += 1;
  const again = ends(await flow.deploy("prod", ["api"], { run: badRun, commit: bad, now: () => Date.now() + 5 * DAY }));
  expect(again).toMatchObject({ exit: 1, said: expect.stringContaining("The approval of prod is void: its gate was passed at") });
  expect(again.said).toContain("has begun a rollback of api@prod");
  expect(again.said).toContain("Start the workflow anew");
  expect(flow.live("api@prod")).toBe(good);
  const anew = passed(flow, bad);
  expect(ends(await flow.deploy("prod", ["api"], { run: anew, commit: bad }))).toEqual({ exit: 0, said: "" });
});

test("nor does a rollback that was approved take away what was deployed after it", async () => {
  const { flow, bad } = await released("approval: { approvers: [ben] }, rollback: { approvers: [ben] }");
  const run = passed(flow, bad, "workflow_dispatch");
  const back = await flow.rollback("prod", { run });
  expect((await flow.waves("prod", back, { run })).map(ends)).toEqual([{ exit: 0, said: "" }]);
  await flow.unhold("prod");
  const fix = flow.commit({ "api/x": "3" });
  expect(ends(await flow.deploy("prod", ["api"], { run: passed(flow, fix), commit: fix }))).toEqual({ exit: 0, said: "" });
  run.attempt += 1;
  const [again] = (await flow.waves("prod", back, { run })).map(ends);
  expect(again).toMatchObject({ exit: 1, said: expect.stringContaining("The approval of prod is void") });
  expect(flow.live("api@prod")).toBe(fix);
});
