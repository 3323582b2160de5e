import { beforeAll, describe, expect, test } from "vitest";
import type { Config } from "../../../src/core/config/config.ts";
import { configOf, filesOf, harborWith } from "../../rig/workflows/projects.ts";
import type { Unit } from "../../rig/workflows/run.ts";
import { Scripted } from "../../rig/workflows/scripted.ts";
import { Simulation } from "../../rig/workflows/simulation.ts";
import type { Files } from "../../rig/workflows/workflow.ts";

const path = (name: string): string => `.github/workflows/${name}.yml`;
let config: Config;
let files: Files;
beforeAll(async () => {
  const file = harborWith({ wait: "rule" });
  config = await configOf(file);
  files = await filesOf(file);
});

describe("a wait that a rule holds", () => {
  test("takes no runner, keeps nothing else from going on, and goes on when the rule lets it", async () => {
    let said: "wait" | "approve" = "wait";
    const asked = new Set<string | null>();
    const offered = new Set<string>();
    const world = new Scripted(config, {
      rule: ({ environment }: Unit) => (asked.add(environment), said),
      choose: (ready) => {
        for (const { id } of ready) offered.add(id);
        return ready[0];
      },
    });
    const simulation = new Simulation(files, world);
    const web = await simulation.start(path("deploy-web"), "push");
    const auth = await simulation.start(path("deploy-auth"), "push");
    await simulation.settle();
    expect([web.result, auth.result]).toEqual([null, "success"]);
    expect([...offered].filter((id) => id.startsWith("wait"))).toEqual([]);
    expect([...asked]).toEqual(["devnet-needs"]);
    said = "approve";
    await simulation.settle();
    expect(web.result).toBe("success");
    // The job itself makes sure, after the rule.
    for (const environment of ["devnet", "canary", "mainnet"])
      expect(world.done.indexOf(`wait ${environment}`)).toBeLessThan(world.done.indexOf(`deploy web@${environment}`));
  });

  test("that the rule rejects deploys nothing there or later", async () => {
    const world = new Scripted(config, { rule: ({ environment }: Unit) => (environment === "canary-needs" ? "reject" : "approve") });
    const simulation = new Simulation(files, world);
    const web = await simulation.start(path("deploy-web"), "push");
    await simulation.settle();
    expect(web.result).toBe("failure");
    expect(world.done.filter((what) => what.startsWith("deploy"))).toEqual(["deploy web@devnet"]);
  });

  test("that nothing holds, since nobody has made the environment, waits by itself", async () => {
    const world = new Scripted(config, { broken: ["wait devnet"] });
    const simulation = new Simulation(files, world);
    const web = await simulation.start(path("deploy-web"), "push");
    await simulation.settle();
    expect(web.result).toBe("failure");
    expect(world.done.at(-1)).toBe("wait devnet");
  });
});

test("unless it is asked for, no wait is in an environment", async () => {
  expect([...(await filesOf(harborWith({})))].filter(([, text]) => text.includes("-needs\n"))).toEqual([]);
});
