import { expect, test } from "vitest";
import { ends, Workflow } from "./rig.ts";

const HOUR = 3_600_000;

/** A release of both services whose gate ben has opened, on a clock that the test sets. */
async function approved(approval: string) {
  const flow = await Workflow.begin();
  flow.commit({ "sluice.yaml": flow.file({ environments: `prod: { approval: { approvers: [ben], ${approval} } }` }), "api/x": "1" });
  const passed = Date.UTC(2026, 0, 31, 9);
  const deploy = (service: string, later: number) =>
    flow.deploy("prod", [service], { approved: { prod: "ben" }, now: () => passed + later });
  return { flow, deploy };
}

test("a leg that starts when its approval has expired is refused, and says what to do", async () => {
  const { flow, deploy } = await approved("expires: 2h");
  expect(ends(await deploy("api", HOUR))).toEqual({ exit: 0, said: "" });
  const late = ends(await deploy("web", 3 * HOUR));
  expect(late).toMatchObject({
    exit: 1,
    said: expect.stringContaining("The approval of prod has expired: its gate was passed at 2026-01-31T09:"),
  });
  expect(late.said).toContain("approvals there count for 2h. Start the workflow anew");
  expect(flow.live("web@prod")).toBeNull();
});

test("without an end it counts as long as the run does", async () => {
  const { deploy } = await approved("count: 1");
  expect(ends(await deploy("api", 1_000 * HOUR))).toEqual({ exit: 0, said: "" });
});

test("where it cannot be told when the gate was passed, an approval that ends does not count", async () => {
  const { flow, deploy } = await approved("expires: 2h");
  flow.github.fail({ path: /runs.\d+.jobs/, text: '{"total_count":0,"jobs":[]}', times: 9 });
  expect(ends(await deploy("api", HOUR))).toMatchObject({ exit: 1, said: expect.stringContaining("cannot be told") });
  expect(flow.live("api@prod")).toBeNull();
});
