import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ends, Workflow } from "./rig.ts";

const FINE = { exit: 0, said: "" };

/** What is live says what its artifact holds: of a tree that is there, or nothing. */
const TOOL = `
const { appendFileSync, existsSync, readFileSync, writeFileSync } = require("node:fs");
const [, , act, world] = process.argv;
const { SLUICE_SERVICE: service, SLUICE_COMMIT: commit, SLUICE_ATTEMPT_ID: attempt, SLUICE_ARTIFACT_DIR: tree } = process.env;
const file = world + "/" + service;
if (act === "observe") {
  if (existsSync(file)) console.log(JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), health: "healthy" }));
} else {
  const holds = readFileSync(tree + "/made", "utf8");
  writeFileSync(file, JSON.stringify({ commit, attempt, holds }));
  appendFileSync(world + "/order", service + " " + holds + "\\n");
  if (holds.includes("broken")) process.exit(3);
}
`;

/** Services over one bundle, whose definition is another in each release: the script that makes it, and the folder that it makes. Each job is on a machine that keeps nothing. */
class Bundles {
  readonly flow: Workflow;
  constructor(flow: Workflow) {
    this.flow = flow;
  }

  static async begin(): Promise<Bundles> {
    return new Bundles(await Workflow.begin());
  }

  commit(folder: string, makes: string, environment = "dev: {}"): string {
    const { world } = this.flow;
    const program = (act: string): string => `[node, "${world}/live.cjs", ${act}, "${world}"]`;
    const service = (tier: string): string =>
      `{ tier: ${tier}, artifact: mega, deploy: { command: { apply: ${program("apply")}, observe: ${program("observe")} } } }`;
    const file = [
      "version: 1",
      "project: shop",
      `environments: { ${environment} }`,
      `artifacts: { mega: { bundle: { command: [node, ${folder}.js], output: ${folder} } } }`,
      `services: { api: ${service("backend")}, web: ${service("frontend")} }`,
      "",
    ];
    const make = `const { mkdirSync, writeFileSync } = require("node:fs"); mkdirSync("${folder}"); writeFileSync("${folder}/made", ${makes});`;
    return this.flow.commit({ "sluice.yaml": file.join("\n"), [`${folder}.js`]: make });
  }

  /** From its build to its last leg; a leg for each service. */
  async release(): Promise<readonly ReturnType<typeof ends>[]> {
    const built = await this.flow.job({ step: "build" }, { env: { SLUICE_KEYS: '["mega"]' } });
    const env = { SLUICE_ARTIFACTS: built.outputs["artifacts"] ?? "" };
    return [ends(built), ends(await this.flow.deploy("dev", ["api"], { env })), ends(await this.flow.deploy("dev", ["web"], { env }))];
  }

  order(): readonly string[] {
    const file = join(this.flow.world, "order");
    return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
  }
}

async function begin(): Promise<Bundles> {
  const bundles = await Bundles.begin();
  writeFileSync(join(bundles.flow.world, "live.cjs"), TOOL);
  return bundles;
}

test("a rollback makes again what no machine has kept, of each commit by its own definition", { timeout: 120_000 }, async () => {
  const bundles = await begin();
  const first = bundles.commit("out", '"one"');
  expect(await bundles.release()).toEqual([FINE, FINE, FINE]);
  bundles.commit("dist", '"two"');
  expect(await bundles.release()).toEqual([FINE, FINE, FINE]);
  const found = await bundles.flow.rollback("dev");
  expect([ends(found), found.outputs["commit"]]).toEqual([FINE, first]);
  expect(found.out).toContain("is not on this machine: it is made again");
  expect((await bundles.flow.waves("dev", found)).map(ends)).toEqual([FINE, FINE]);
  expect(bundles.order()).toEqual(["api one", "web one", "api two", "web two", "web one", "api one"]);
});

test(
  "what comes out otherwise than it is recorded stops the rollback of all before anything is touched",
  { timeout: 120_000 },
  async () => {
    const bundles = await begin();
    const { flow } = bundles;
    // the same wherever it is made until its world changes, as with a base that somebody has moved
    bundles.commit("out", `String(require("node:fs").existsSync(${JSON.stringify(join(flow.world, "moved"))}))`);
    expect(await bundles.release()).toEqual([FINE, FINE, FINE]);
    bundles.commit("dist", '"two"');
    expect(await bundles.release()).toEqual([FINE, FINE, FINE]);
    writeFileSync(join(flow.world, "moved"), "");
    const before = flow.told();
    const refused = await flow.rollback("dev");
    expect(refused.exit).toBe(1);
    expect(refused.out).toMatch(
      /api@dev: its artifact sha256:[0-9a-f]{64} was made again from [0-9a-f]{9} and came out as sha256:[0-9a-f]{64}: a build must/,
    );
    expect(refused.out).toContain("web@dev: its artifact");
    expect(flow.told().filter((line) => !line.includes("sluice:stop"))).toEqual(before);
    expect(bundles.order()).toEqual(["api false", "web false", "api two", "web two"]);
  },
);

test("what fails is brought back to a bundle that is made again", { timeout: 120_000 }, async () => {
  const bundles = await begin();
  const restores = "dev: { onFailure: rollback }";
  bundles.commit("out", '"one"', restores);
  expect(await bundles.release()).toEqual([FINE, FINE, FINE]);
  bundles.commit("dist", '"broken"', restores);
  expect(await bundles.release()).toMatchObject([FINE, { exit: 1 }, { exit: 1 }]);
  expect(bundles.order().slice(2)).toContain("api one");
});
