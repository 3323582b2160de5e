import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { stopAll } from "../../../../src/drivers/process/index.ts";
import { ends, Workflow } from "./rig.ts";

const FINE = { exit: 0, said: "" };
const SERVER = (version: string) =>
  `require("http").createServer((_, answer) => answer.end("${version} needs " + (process.env.SLUICE_NEED_API_URL ?? "nothing"))).listen(process.env.PORT, process.env.HOST);`;

test("services that are processes of a runner live on between jobs, where SLUICE_HOME keeps them", { timeout: 60_000 }, async () => {
  const flow = await Workflow.begin();
  const home = realpathSync(mkdtempSync(join(tmpdir(), "sluice-ci-home-")));
  onTestFinished(async () => {
    await stopAll(home);
    rmSync(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  });
  const service = (tier: string) => `{ tier: ${tier}, artifact: mega, deploy: { process: { command: [node, server.js] } } }`;
  const file = [
    "version: 1",
    "project: shop",
    "environments: { dev: {} }",
    "artifacts: { mega: { bundle: { path: . } } }",
    "services:",
    `  api: ${service("backend")}`,
    `  web: ${service("frontend")}`,
    "",
  ];
  const first = flow.commit({ "sluice.yaml": file.join("\n"), "server.js": SERVER("one") });
  expect(ends(await flow.deploy("dev", ["api"]))).toMatchObject({
    exit: 2,
    said: expect.stringContaining("Set SLUICE_HOME to a directory that stays"),
  });
  expect(flow.told()).toEqual([]);

  const env = { SLUICE_HOME: home };
  const built = async () => {
    const { outputs } = await flow.job({ step: "build" }, { env: { ...env, SLUICE_KEYS: '["mega"]' } });
    return { env: { ...env, SLUICE_ARTIFACTS: outputs["artifacts"] ?? "" } };
  };
  for (const name of ["api", "web"]) expect(ends(await flow.deploy("dev", [name], await built()))).toEqual(FINE);
  const at = (name: string) => flow.shop.deployments.find(({ task }) => task === `sluice:${name}`)?.statuses[0]?.url ?? "";
  const [api, web] = [at("api"), at("web")];
  // where a backend is reached is told by its record
  expect(await (await fetch(web)).text()).toBe(`one needs ${api}`);
  flow.commit({ "server.js": SERVER("two") });
  expect(ends(await flow.deploy("dev", ["api", "web"], await built()))).toEqual(FINE);
  expect(await (await fetch(at("api"))).text()).toMatch(/^two/);
  const back = await flow.rollback("dev", { env });
  expect([ends(back), back.outputs["commit"]]).toEqual([FINE, first]);
  const home2 = {
    SLUICE_COMMIT: first,
    SLUICE_DIRECTION: "rollback",
    SLUICE_TO: back.outputs["to"] ?? "",
    SLUICE_REASON: "it is bad",
    ...env,
  };
  expect(ends(await flow.deploy("dev", ["web", "api"], { env: home2, commit: null }))).toEqual(FINE);
  expect(await (await fetch(at("api"))).text()).toMatch(/^one/);
});

test("in a window of policy nothing starts, and what fails is brought back to good where policy says so", { timeout: 60_000 }, async () => {
  const flow = await Workflow.begin();
  const frozen = "{ freeze: [{ from: 2020-01-01T00:00Z, until: 2999-01-01T00:00Z, reason: audit }] }";
  const first = flow.commit({ "sluice.yaml": flow.file({ environments: `dev: { onFailure: rollback }, prod: ${frozen}` }) });
  expect(ends(await flow.deploy("prod", ["api"]))).toMatchObject({ exit: 1, said: expect.stringContaining("freeze of prod") });
  expect(ends(await flow.deploy("dev", ["api", "web"]))).toEqual(FINE);
  flow.commit({ "api/x": "2" });
  flow.mark("api@dev", "fail");
  const failed = await flow.deploy("dev", ["api"]);
  expect(failed.exit).toBe(1);
  expect(flow.told().slice(2)).toEqual([
    expect.stringContaining("sluice:api dev failure failed: changed"),
    expect.stringContaining("sluice:api dev"),
  ]);
  flow.mark("api@dev", "fail", false);
  expect(flow.live("api@dev")).toBe(first);
});
