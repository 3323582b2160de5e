import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { ends, Workflow, type JobEnd } from "./rig.ts";

const FINE = { exit: 0, said: "" };

/** A service that is made by `build.js`. */
async function withArtifact(build: string) {
  const flow = await Workflow.begin();
  const file = [
    "version: 1",
    "project: shop",
    "environments: { dev: {} }",
    "artifacts: { mega: { bundle: { path: ., command: [node, build.js], output: out } } }",
    "services:",
    `  api: { tier: backend, paths: [api], artifact: mega, deploy: ${flow.driver()} }`,
    "",
  ];
  const commit = flow.commit({
    "sluice.yaml": file.join("\n"),
    "build.js": `const fs = require("fs"); fs.mkdirSync("out"); fs.writeFileSync("out/made", ${build});`,
  });
  const home = mkdtempSync(join(tmpdir(), "sluice-ci-home-"));
  onTestFinished(() => rmSync(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 }));
  return { flow, commit, home };
}
const digestIn = ({ outputs }: JobEnd): string => (JSON.parse(outputs["artifacts"] ?? "{}") as { mega: string }).mega;

test("an artifact is made once where runners share a home, and its digest is handed on", async () => {
  const { flow, home } = await withArtifact("String(Math.random())");
  expect((await flow.plan()).outputs["artifacts"]).toBe('["mega"]');
  const built = await flow.job({ step: "build" }, { env: { SLUICE_KEYS: '["mega"]', SLUICE_HOME: home } });
  expect([ends(built), built.summary]).toEqual([FINE, expect.stringContaining("| built |")]);
  // another workflow of the commit, before anything of it is deployed
  const joined = await flow.job({ step: "build" }, { env: { SLUICE_KEYS: '["mega"]', SLUICE_HOME: home } });
  expect([digestIn(joined), joined.summary]).toEqual([digestIn(built), expect.stringContaining("| was there |")]);
  const env = { SLUICE_ARTIFACTS: built.outputs["artifacts"] ?? "", SLUICE_HOME: home };
  expect(ends(await flow.deploy("dev", ["api"], { env }))).toEqual(FINE);
  // what was deployed of the commit is what every later job gets
  const again = await flow.job({ step: "build" }, { env: { SLUICE_KEYS: '["mega"]', SLUICE_HOME: home } });
  expect([digestIn(again), again.summary]).toEqual([digestIn(built), expect.stringContaining("| was there |")]);
});

test("on a runner that does not have it, it is made again and must come out the same", async () => {
  const { flow, commit } = await withArtifact('"the same"');
  const built = await flow.job({ step: "build" }, { env: { SLUICE_KEYS: '["mega"]' } });
  expect(ends(await flow.deploy("dev", ["api"], { env: { SLUICE_ARTIFACTS: built.outputs["artifacts"] ?? "" } }))).toEqual(FINE);
  expect(flow.live("api@dev")).toBe(commit);
});

test("what comes out otherwise than what was handed on is not deployed", async () => {
  const { flow } = await withArtifact("String(Math.random())");
  const built = await flow.job({ step: "build" }, { env: { SLUICE_KEYS: '["mega"]' } });
  const end = await flow.deploy("dev", ["api"], { env: { SLUICE_ARTIFACTS: built.outputs["artifacts"] ?? "" } });
  expect([end.exit, flow.live("api@dev"), flow.told()]).toEqual([1, null, []]);
  expect(end.out).toContain(`not as ${digestIn(built)}`);
});

test("a build that fails, and a key that the commit does not have, fail the job", async () => {
  const { flow } = await withArtifact("process.exit(3)");
  expect(ends(await flow.job({ step: "build" }, { env: { SLUICE_KEYS: '["mega"]' } }))).toMatchObject({
    exit: 1,
    said: expect.stringContaining("The build of mega failed: `node build.js` ended with exit code 3"),
  });
  expect(ends(await flow.job({ step: "build" }, { env: { SLUICE_KEYS: '["other"]' } }))).toMatchObject({
    exit: 2,
    said: expect.stringContaining("has no artifact other"),
  });
});
