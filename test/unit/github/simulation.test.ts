import { beforeAll, describe, expect, test } from "vitest";
import { configOf, filesOf, harbor, manyServices } from "../../rig/workflows/projects.ts";
import { Scripted } from "../../rig/workflows/scripted.ts";
import type { Run } from "../../rig/workflows/run.ts";
import { Simulation } from "../../rig/workflows/simulation.ts";
import type { Files } from "../../rig/workflows/workflow.ts";
import type { Config } from "../../../src/core/config/config.ts";

const path = (name: string): string => `.github/workflows/${name}.yml`;
let config: Config;
let files: Files;
beforeAll(async () => {
  config = await configOf(harbor());
  files = await filesOf(harbor());
});

type Script = ConstructorParameters<typeof Scripted>[1];
async function run(
  name: string,
  inputs: Record<string, string> | "push",
  script: Script = {},
): Promise<{ world: Scripted; run: Run; simulation: Simulation }> {
  const world = new Scripted(config, script);
  const simulation = new Simulation(files, world);
  const started = await simulation.start(path(name), inputs === "push" ? "push" : "workflow_dispatch", inputs === "push" ? {} : inputs);
  await simulation.settle();
  return { world, run: started, simulation };
}
const deploysIn = (world: Scripted, environment: string): readonly string[] =>
  world.done.filter((what) => /^(deploy|rollback|refused) /.test(what) && what.endsWith(`@${environment}`));
const DEVNET = ["deploy auth@devnet", "deploy api@devnet", "deploy orders@devnet", "deploy indexer@devnet", "deploy web@devnet"];
const CANARY = ["deploy auth@canary", "deploy api@canary", "deploy orders@canary", "deploy web@canary", "deploy admin@canary"];
const MAINNET = ["auth", "api", "orders", "indexer", "web", "admin"].map((id) => `deploy ${id}@mainnet`);

describe("deploy all", () => {
  test("builds once, then brings up each environment by waves, with one gate", async () => {
    const { world, run: ended } = await run("deploy-all", "push");
    expect(ended.result).toBe("success");
    expect(world.done).toEqual(
      ["plan", "build", "resolve devnet", DEVNET, "resolve canary", CANARY, "resolve mainnet", "gate mainnet", MAINNET, "report"].flat(),
    );
  });

  test("one failed leg stops only what needs it, here and later, and the run has failed", async () => {
    const { world, run: ended } = await run("deploy-all", "push", { fails: ["orders@canary"] });
    expect(ended.result).toBe("failure");
    expect(deploysIn(world, "devnet")).toEqual(DEVNET);
    // Frontends need every backend.
    expect(deploysIn(world, "canary")).toEqual([...CANARY.slice(0, 3), "refused web@canary", "refused admin@canary"]);
    expect(deploysIn(world, "mainnet")).toEqual(MAINNET);
    expect(world.done.at(-1)).toBe("report");
  });

  test("a failure in the first wave lets the later waves go on", async () => {
    const { world } = await run("deploy-all", "push", { fails: ["auth@devnet"] });
    expect(deploysIn(world, "devnet")).toEqual(["deploy auth@devnet", ...DEVNET.slice(1).map((what) => what.replace("deploy", "refused"))]);
  });

  test("an empty wave is skipped", async () => {
    const { world, run: ended } = await run("deploy-all", "push", { leftOut: ["api@devnet"] });
    expect(ended.result).toBe("success");
    expect(deploysIn(world, "devnet")).toEqual(DEVNET.filter((what) => what !== "deploy api@devnet"));
    expect(deploysIn(world, "mainnet")).toEqual(MAINNET);
  });

  test.each(["devnet", "canary"])("an environment with nothing to do (%s) does not stop the later ones", async (environment) => {
    const { world, run: ended } = await run("deploy-all", "push", {
      leftOut: Object.keys(config.services).map((id) => `${id}@${environment}`),
    });
    expect(ended.result).toBe("success");
    expect(world.done).not.toContain(`resolve ${environment}`);
    expect(deploysIn(world, "mainnet")).toEqual(MAINNET);
  });

  test("nobody is asked where nothing is left to let through", async () => {
    const { world, run: ended } = await run("deploy-all", "push", { says: { waves: '{"n":[0,0,0,0],"waves":[[],[],[],[]]}' } });
    expect(ended.result).toBe("success");
    expect(world.done.filter((what) => what.startsWith("gate"))).toEqual([]);
  });

  test("a rejected gate lets nothing through, and the run has failed", async () => {
    const { world, run: ended } = await run("deploy-all", "push", { gate: () => "reject" });
    expect(ended.result).toBe("failure");
    expect(deploysIn(world, "canary")).toEqual(CANARY);
    expect(deploysIn(world, "mainnet")).toEqual([]);
    expect(world.done.at(-1)).toBe("report");
  });

  test("an approval that does not verify lets nothing through", async () => {
    const { world, run: ended } = await run("deploy-all", "push", { broken: ["gate mainnet"] });
    expect(ended.result).toBe("failure");
    expect(deploysIn(world, "mainnet")).toEqual([]);
  });

  test("a gate that waits holds neither a lock nor another run", async () => {
    const world = new Scripted(config, { gate: ({ run: { title } }) => (title === "deploy-all" ? "wait" : "approve") });
    const simulation = new Simulation(files, world);
    const waits = await simulation.start(path("deploy-all"), "push");
    const goes = await simulation.start(path("deploy-all-mainnet"), "workflow_dispatch", { commit: "main" });
    await simulation.settle();
    expect([waits.result, goes.result]).toEqual([null, "success"]);
  });

  test.each(["plan", "build"])("without a %s nothing is deployed", async (broken) => {
    const { world, run: ended } = await run("deploy-all", "push", { broken: [broken] });
    expect(ended.result).toBe("failure");
    expect(world.done.filter((what) => what.includes("@"))).toEqual([]);
    expect(world.done.at(-1)).toBe("report");
  });

  test("an environment that cannot be asked about does not stop the others", async () => {
    const { world, run: ended } = await run("deploy-all", "push", { broken: ["resolve devnet"] });
    expect(ended.result).toBe("failure");
    expect(deploysIn(world, "devnet")).toEqual([]);
    expect(deploysIn(world, "canary")).toEqual(CANARY);
  });

  test("cancelled, it starts nothing more, and still reports", async () => {
    const world = new Scripted(config, {
      ends: ({ run: one, environment }) => {
        if (environment === "canary") one.cancelled = true;
        return true;
      },
    });
    const simulation = new Simulation(files, world);
    const cancelled = await simulation.start(path("deploy-all"), "push");
    await simulation.settle();
    expect(cancelled.result).toBe("cancelled");
    expect(deploysIn(world, "canary")).toEqual([]);
    expect(deploysIn(world, "mainnet")).toEqual([]);
    expect(world.done.at(-1)).toBe("report");
  });

  test("two at once never mix their waves in an environment, whatever comes first", async () => {
    for (let seed = 1; seed <= 20; seed++) {
      let state = seed;
      const world = new Scripted(config, { choose: (ready) => ready[(state = (state * 48_271) % 2_147_483_647) % ready.length] });
      const simulation = new Simulation(files, world);
      for (const _ of [1, 2]) await simulation.start(path("deploy-all"), "push");
      await simulation.settle();
      for (const environment of ["devnet", "canary", "mainnet"]) {
        const whose = simulation.done.filter((unit) => unit.environment === environment).map((unit) => simulation.runs.indexOf(unit.run));
        expect(whose.filter((one, i) => i > 0 && one !== whose[i - 1])).toHaveLength(1);
      }
    }
  });
});

describe("a re-run of failed jobs", () => {
  test("repeats what failed and what needs it, asks nobody again, and builds nothing", async () => {
    const fails = ["orders@canary", "orders@mainnet"];
    const world = new Scripted(config, { fails });
    const simulation = new Simulation(files, world);
    const one = await simulation.start(path("deploy-all"), "push");
    await simulation.settle();
    expect(one.result).toBe("failure");
    const before = world.acts.length;
    fails.length = 0;
    world.forgetFailures();
    simulation.rerunFailed(one);
    await simulation.settle();
    expect(one.result).toBe("success");
    const again = world.done.slice(before);
    expect(again.filter((what) => /^(plan|build|gate|resolve canary|deploy auth@canary)/.test(what))).toEqual(["gate mainnet"]);
    expect(again.filter((what) => what.endsWith("@canary"))).toEqual(["deploy orders@canary", "deploy web@canary", "deploy admin@canary"]);
  });
});

describe("secrets", () => {
  test("each leg sees those of its environment, wherever they are kept", async () => {
    const project = manyServices(12);
    const many = await configOf(project);
    const keptIn = {
      repository: { CLOUD_TOKEN: "cloud", DEVNET_TOKEN: "devnet", MAINNET_TOKEN: "mainnet", UNNAMED: "unnamed" },
      environments: { mainnet: { MAINNET_TOKEN: "its own" } },
    };
    const world = new Scripted(many, { secrets: keptIn });
    const simulation = new Simulation(await filesOf(project), world);
    await simulation.start(path("deploy-all"), "push");
    await simulation.start(path("rollback-all"), "workflow_dispatch", { environment: "devnet", reason: "broken" });
    await simulation.start(path("deploy-true"), "push");
    await simulation.settle();
    const seen = (what: RegExp): Set<string> =>
      new Set(
        world.acts
          .filter((act) => what.test(act.what))
          .map(({ env }) => ["CLOUD_TOKEN", "DEVNET_TOKEN", "MAINNET_TOKEN", "UNNAMED"].map((name) => env[name] || "-").join(" ")),
      );
    expect(seen(/@devnet$/)).toEqual(new Set(["cloud devnet - -"]));
    expect(seen(/@1e3$/)).toEqual(new Set(["cloud - - -"]));
    expect(seen(/@mainnet$/)).toEqual(new Set(["cloud - its own -"]));
    expect(seen(/^[^@]*$/)).toEqual(new Set(["- - - -"]));
  });
});

describe("one environment by hand", () => {
  test("has the gate too", async () => {
    const { world, run: ended } = await run("deploy-all-mainnet", { commit: "v1" });
    expect(ended.result).toBe("success");
    // nobody has built for it
    expect(world.done).toEqual(["resolve mainnet", "build", "gate mainnet", ...MAINNET]);
    expect(world.acts[2]?.env).toMatchObject({ SLUICE_DIRECTION: "deploy" });
    expect(world.acts[3]?.env).toMatchObject({ SLUICE_ARTIFACTS: '{"mega":"sha256:1"}' });
    expect(world.acts[0]?.env).toMatchObject({ SLUICE_COMMIT: "v1", SLUICE_WAVES: "", SLUICE_ARTIFACTS: "" });
    const rejected = await run("deploy-all-mainnet", { commit: "v1" }, { gate: () => "reject" });
    expect(rejected.run.result).toBe("failure");
    expect(deploysIn(rejected.world, "mainnet")).toEqual([]);
  });

  test("whose build fails asks nobody and deploys nothing", async () => {
    const { world, run: ended } = await run("deploy-all-mainnet", { commit: "v1" }, { broken: ["build"] });
    expect([ended.result, world.done]).toEqual(["failure", ["resolve mainnet", "build"]]);
  });

  test("going back goes by the policy of rollbacks", async () => {
    const { world, run: ended } = await run(
      "deploy-all-mainnet",
      { commit: "v1", reason: "broken" },
      { says: { direction: "rollback", gate: "false", to: "v1", build: "[]" } },
    );
    expect(ended.result).toBe("success");
    expect(world.done).toEqual(["resolve mainnet", ...MAINNET.map((what) => what.replace("deploy", "rollback"))]);
    expect(world.acts[1]?.env).toMatchObject({ SLUICE_DIRECTION: "rollback", SLUICE_TO: "v1", SLUICE_REASON: "broken" });
  });

  test("what does not say whether a gate is needed needs it", async () => {
    const { world } = await run("deploy-all-mainnet", { commit: "v1" }, { says: { gate: "" } });
    expect(world.done).toContain("gate mainnet");
  });

  test("where policy has come to ask for a gate that the files lack, nothing is deployed", async () => {
    const { world, run: ended } = await run("deploy-all-devnet", { commit: "v1" }, { says: { gate: "true" } });
    expect(ended.result).toBe("failure");
    expect(deploysIn(world, "devnet")).toEqual([]);
  });

  test("without a commit it does not start", async () => {
    await expect(run("deploy-all-mainnet", {})).rejects.toThrow("the input commit is missing");
  });
});

describe("roll back all", () => {
  test("goes by the waves of the pre-flight, which are those of a deploy in reverse", async () => {
    const { world, run: ended } = await run("rollback-all", { environment: "mainnet", reason: "broken" });
    expect(ended.result).toBe("success");
    const back = ["web", "admin", "orders", "indexer", "api", "auth"].map((id) => `rollback ${id}@mainnet`);
    expect(world.done).toEqual(["rollback mainnet", ...back, "report"]);
  });

  test("a wave that has failed lets no later one go back under it, also behind one that is skipped", async () => {
    const { world, run: ended } = await run("rollback-all", { environment: "mainnet", reason: "broken" }, { fails: ["web@mainnet"] });
    expect(ended.result).toBe("failure");
    // Four waves: what is skipped behind the failure lets nothing pass either.
    expect(deploysIn(world, "mainnet")).toEqual(["rollback web@mainnet", "rollback admin@mainnet"]);
    expect(world.done.at(-1)).toBe("report");
  });

  test("an older commit by hand, which is a rollback, stops so too; a deploy goes on", async () => {
    const script = { fails: ["auth@mainnet"], says: { gate: "false", direction: "rollback", build: "[]" } };
    const back = await run("deploy-all-mainnet", { commit: "v1" }, script);
    expect(deploysIn(back.world, "mainnet")).toEqual(["rollback auth@mainnet"]);
    const on = await run("deploy-all-mainnet", { commit: "v1" }, { ...script, says: { ...script.says, direction: "deploy" } });
    expect(deploysIn(on.world, "mainnet")).toHaveLength(MAINNET.length);
  });

  test("asks at the gate where policy says so, and without it nothing moves", async () => {
    const asked = await run("rollback-all", { environment: "mainnet", reason: "broken" }, { says: { gate: "true" } });
    expect(asked.world.done.slice(0, 2)).toEqual(["rollback mainnet", "gate mainnet"]);
    expect(asked.world.acts[1]?.env).toMatchObject({ SLUICE_ENV: "mainnet", SLUICE_DIRECTION: "rollback" });
    const rejected = await run(
      "rollback-all",
      { environment: "mainnet", reason: "broken" },
      { says: { gate: "true" }, gate: () => "reject" },
    );
    expect(rejected.run.result).toBe("failure");
    expect(rejected.world.done).toEqual(["rollback mainnet", "report"]);
  });

  test("a failed pre-flight touches nothing", async () => {
    const { world, run: ended } = await run("rollback-all", { environment: "mainnet", reason: "broken" }, { broken: ["rollback mainnet"] });
    expect(ended.result).toBe("failure");
    expect(world.done).toEqual(["rollback mainnet", "report"]);
  });

  test("is of an environment that there is, for a reason", async () => {
    await expect(run("rollback-all", { environment: "moon", reason: "broken" })).rejects.toThrow("none of its choices");
    await expect(run("rollback-all", { environment: "mainnet" })).rejects.toThrow("the input reason is missing");
  });
});

describe("one service", () => {
  test("whose build GitHub has cancelled, since too many wait for it, deploys nothing and asks nobody", async () => {
    const { world, run: ended } = await run("deploy-api", "push", { crowded: (lock) => lock.startsWith("sluice/build/") });
    expect([ended.result, world.done]).toEqual(["cancelled", ["plan"]]);
  });

  test("people first, then a wait for what it needs, then the deploy", async () => {
    const { world, run: ended } = await run("deploy-web", "push");
    expect(ended.result).toBe("success");
    expect(world.done).toEqual([
      "plan",
      "build",
      "wait devnet",
      "deploy web@devnet",
      "wait canary",
      "deploy web@canary",
      "gate mainnet",
      "wait mainnet",
      "deploy web@mainnet",
    ]);
  });

  test("goes on only where it was good before", async () => {
    const { world, run: ended } = await run("deploy-web", "push", { fails: ["web@canary"] });
    expect(ended.result).toBe("failure");
    expect(world.done.at(-1)).toBe("deploy web@canary");
  });

  test("a wait that fails deploys nothing", async () => {
    const { world, run: ended } = await run("deploy-web", "push", { broken: ["wait devnet"] });
    expect(ended.result).toBe("failure");
    expect(world.done.at(-1)).toBe("wait devnet");
  });

  test("passes over an environment in which it is kept where it is", async () => {
    const { world, run: ended } = await run("deploy-web", "push", { leftOut: ["web@canary"] });
    expect(ended.result).toBe("success");
    expect(world.done).not.toContain("wait canary");
    expect(world.done.at(-1)).toBe("deploy web@mainnet");
  });

  test("an environment that it lacks is replaced by what that one needs", async () => {
    expect(deploysIn((await run("deploy-indexer", "push")).world, "canary")).toEqual([]);
    const { world } = await run("deploy-admin", "push");
    expect(world.done.slice(0, 4)).toEqual(["plan", "build", "wait canary", "deploy admin@canary"]);
  });

  test("a rejected gate lets nothing through", async () => {
    const { world, run: ended } = await run("deploy-auth", "push", { gate: () => "reject" });
    expect(ended.result).toBe("failure");
    expect(deploysIn(world, "mainnet")).toEqual([]);
  });
});
