import { expect, test } from "vitest";
import { ends, Workflow } from "./rig.ts";

const FINE = { exit: 0, said: "" };
const TIMEOUT = { timeout: 120_000 };
const BOTH = ["api", "web"];
const approved = { approved: { prod: "ben" } };

/** What whoever may write deployments can: records of both services, each field as a job of this run would have written it. */
async function forge(flow: Workflow, sha: string, run: string): Promise<void> {
  const eve = flow.forge(flow.github.person("eve"));
  for (const service of BOTH) {
    const task = `sluice:${service}`;
    const real = flow.shop.deployments.find((d) => d.task === task && d.creator !== "eve")?.payload as object;
    const payload = { ...real, kind: "deploy", attempt: `eve-${service}-${sha}-${run}`, run };
    const id = await eve.createDeployment({
      task,
      environment: "prod",
      sha,
      payload: payload as never,
      description: "x",
      production: true,
    });
    await eve.setStatus(id, { state: "success", description: "good" });
  }
}

test(
  "what nobody has approved is no way back that is free, whatever is recorded: it waits for an approval, and its jobs refuse without one",
  TIMEOUT,
  async () => {
    const flow = await Workflow.begin();
    flow.commit({ "sluice.yaml": flow.file({ environments: "prod: { approval: { approvers: [ben] }, from: [main] }" }) });
    const first = flow.commit({ "api/x": "1", "web/x": "1" });
    expect(ends(await flow.deploy("prod", BOTH, approved))).toEqual(FINE);
    flow.commit({ "api/x": "2", "web/x": "2" });
    expect(ends(await flow.deploy("prod", BOTH, approved))).toEqual(FINE);
    // what people have let pass once goes back without them, and does so again
    const free = await flow.rollback("prod");
    expect([ends(free), free.outputs["gate"]]).toEqual([FINE, "false"]);
    expect((await flow.waves("prod", free)).map(ends)).toEqual([FINE, FINE]);
    await flow.unhold("prod");
    flow.commit({ "api/x": "3", "web/x": "3" });
    expect(ends(await flow.deploy("prod", BOTH, approved))).toEqual(FINE);
    const again = await flow.rollback("prod");
    expect([ends(again), again.outputs["commit"], again.outputs["gate"]]).toEqual([FINE, first, "false"]);
    await flow.unhold("prod");
    // merged, and never approved: by a run that there never was, and by one that was approved with another commit
    const genuine = flow.shop.deployments.findLast((d) => d.task === "sluice:api" && d.sha === first)?.payload as { run: string };
    const merged = flow.commit({ "api/x": "4", "web/x": "4" });
    await forge(flow, merged, "999998/1");
    await forge(flow, merged, genuine.run);
    // nor by one that says of itself that it is a server's
    await forge(flow, merged, "5/0");
    await forge(flow, first, "999999/1");
    const found = await flow.rollback("prod", { actor: "eve", env: { SLUICE_TO: merged } });
    expect([ends(found), found.outputs["commit"], found.outputs["gate"]]).toEqual([FINE, merged, "true"]);
    expect(found.out).toContain(
      "It cannot be shown that all of what goes back was approved in prod: it waits for an approval like a deploy",
    );
    expect(flow.told().filter((line) => line.startsWith("sluice:stop") && line.includes("in_progress"))).toEqual([]);
    for (const leg of await flow.waves("prod", found, { actor: "eve" }))
      expect(ends(leg)).toMatchObject({ exit: 4, said: expect.stringContaining("nobody has approved this rollback") });
    expect((await flow.waves("prod", found, { actor: "eve", approved: { prod: "zoe" } })).map(({ exit }) => exit)).toEqual([4, 4]);
    expect([flow.live("api@prod"), flow.live("web@prod")]).not.toContain(merged);
    expect((await flow.waves("prod", found, approved)).map(ends)).toEqual([FINE, FINE]);
    expect([flow.live("api@prod"), flow.live("web@prod")]).toEqual([merged, merged]);
  },
);
