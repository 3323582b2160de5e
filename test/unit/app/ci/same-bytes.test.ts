import { join } from "node:path";
import { expect, test } from "vitest";
import { ends, Workflow } from "./rig.ts";

const FINE = { exit: 0, said: "" };

test(
  "by hand too, an environment gets the very artifact that was good before it, and no leg makes one of its own",
  { timeout: 120_000 },
  async () => {
    const flow = await Workflow.begin();
    const file = [
      "version: 1\nproject: shop\nenvironments: { dev: {}, prod: { needs: [dev] } }",
      "artifacts: { mega: { bundle: { command: [node, build.js], output: out } } }",
      `services: { api: { tier: backend, paths: [api], artifact: mega, deploy: ${flow.driver()} } }\n`,
    ];
    // another one whenever it is made
    const make = `const fs = require("fs"); fs.mkdirSync("out"); fs.writeFileSync("out/made", String(Math.random()));`;
    const commit = flow.commit({ "sluice.yaml": file.join("\n"), "build.js": make });
    const home = join(flow.directory, "kept");
    const job = (keys: string, where = home) => flow.job({ step: "build" }, { env: { SLUICE_KEYS: keys, SLUICE_HOME: where } });
    const deploy = (environment: string, artifacts: string) =>
      flow.deploy(environment, ["api"], { commit, event: "workflow_dispatch", env: { SLUICE_HOME: home, SLUICE_ARTIFACTS: artifacts } });

    const resolved = await flow.resolve("dev", { commit, env: { SLUICE_HOME: home } });
    expect(ends(await deploy("dev", resolved.outputs["artifacts"] ?? ""))).toMatchObject({
      exit: 1,
      said: expect.stringContaining("nobody has built mega of"),
    });
    const built = (await job(resolved.outputs["build"] ?? "")).outputs["artifacts"] ?? "";
    expect(ends(await deploy("dev", built))).toEqual(FINE);

    const next = await flow.resolve("prod", { commit, env: { SLUICE_HOME: home } });
    expect((await job(next.outputs["build"] ?? "")).outputs["artifacts"]).toBe(built);
    const other = join(flow.directory, "other");
    const another = await deploy("prod", (await job('["mega"]', other)).outputs["artifacts"] ?? "");
    expect(another.exit).toBe(1);
    expect(another.out).toContain("with another artifact");
    expect(flow.live("api@prod")).toBe(null);
    expect(ends(await deploy("prod", built))).toEqual(FINE);
    expect(flow.live("api@prod")).toBe(commit);
  },
);
