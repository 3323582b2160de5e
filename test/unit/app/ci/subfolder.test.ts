import { join } from "node:path";
import { expect, test } from "vitest";
import { ends, Workflow } from "./rig.ts";

const folder = "products/shop";
const FINE = { exit: 0, said: "" };

/** The project is in a folder; at the root there is another, of other services and with a policy that lets nothing pass. */
async function inFolder() {
  const flow = await Workflow.begin();
  const artifact = "artifacts: { mega: { bundle: { path: app, command: [node, build.js], output: out } } }\nservices:";
  const text = flow.file({ environments: "dev: {}", migration: "db" });
  const first = flow.commit({
    "sluice.yaml": flow.file({ environments: "dev: { approval: {} }", services: { other: "backend" } }),
    [`${folder}/sluice.yaml`]: text.replace("services:", artifact).replaceAll("paths: [", "artifact: mega, paths: ["),
    [`${folder}/app/build.js`]: 'const fs = require("fs"); fs.mkdirSync("out"); fs.writeFileSync("out/made", "1");',
  });
  const home = { SLUICE_HOME: join(flow.directory, "home") };
  const deploy = async () => {
    const built = await flow.job({ step: "build" }, { folder, env: { ...home, SLUICE_KEYS: '["mega"]' } });
    expect(ends(built)).toEqual(FINE);
    const env = { ...home, SLUICE_ARTIFACTS: built.outputs["artifacts"] ?? "" };
    expect(ends(await flow.deploy("dev", ["api", "web"], { folder, env }))).toEqual(FINE);
  };
  const rollback = () => flow.rollback("dev", { folder, env: home });
  return { flow, first, deploy, rollback };
}

test("steps that run in a subfolder plan, build and deploy the project that is there", async () => {
  const { flow, first, deploy } = await inFolder();
  const plan = await flow.plan({ folder });
  expect(ends(plan)).toEqual(FINE);
  const one = (name: string) => [{ name, services: [name] }];
  expect(JSON.parse(plan.outputs["waves"] ?? "")).toEqual({ dev: { n: [1, 1], waves: [one("api"), one("web")] } });
  expect(plan.outputs["artifacts"]).toBe('["mega"]');
  await deploy();
  expect([flow.live("api@dev"), flow.live("web@dev")]).toEqual([first, first]);
});

test("a rollback counts what cannot be taken back from there", async () => {
  const { flow, first, deploy, rollback } = await inFolder();
  await deploy();
  // of another project
  flow.commit({ "db/1": "1", "api/x": "1" });
  await deploy();
  const found = await rollback();
  expect(ends(found)).toEqual(FINE);
  expect(found.outputs).toMatchObject({ commit: first });
  await flow.unhold("dev");
  const second = flow.commit({ [`${folder}/db/1`]: "1" });
  await deploy();
  expect(flow.live("api@dev")).toBe(second);
  const refused = await rollback();
  expect([refused.exit, refused.out]).toEqual([1, expect.stringContaining("::error::api@dev")]);
});
