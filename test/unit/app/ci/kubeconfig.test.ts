import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { ends, Workflow } from "./rig.ts";

const CONFIG = "apiVersion: v1\nusers: [{ name: ci, user: { token: t0ken-of-mainnet } }]\n";

/** A service whose deploy writes down what KUBECONFIG is, and what the file holds that it names. */
async function withKubeconfig(credentials: string) {
  const flow = await Workflow.begin();
  const look = `const fs = require("node:fs"); const at = process.env.KUBECONFIG ?? "nothing"; const there = fs.existsSync(at); fs.writeFileSync(${JSON.stringify(join(flow.world, "seen"))}, JSON.stringify({ at, mode: there ? (fs.statSync(at).mode & 0o777).toString(8) : null, holds: there ? fs.readFileSync(at, "utf8") : null }))`;
  flow.commit({
    "sluice.yaml": [
      "version: 1",
      "project: shop",
      `environments: { dev: { ${credentials} } }`,
      `services: { api: { tier: backend, deploy: { command: { apply: [node, -e, ${JSON.stringify(look)}] } } } }`,
      "",
    ].join("\n"),
  });
  const temporary = mkdtempSync(join(tmpdir(), "sluice-runner-temp-"));
  onTestFinished(() => rmSync(temporary, { recursive: true, force: true }));
  const deploy = (kubeconfig: string) => flow.deploy("dev", ["api"], { env: { KUBECONFIG: kubeconfig, RUNNER_TEMP: temporary } });
  const seen = () =>
    JSON.parse(readFileSync(join(flow.world, "seen"), "utf8")) as {
      readonly at: string;
      readonly mode: string | null;
      readonly holds: string | null;
    };
  return { deploy, seen, temporary };
}

test("a kubeconfig's text is a file that only this user may read, as long as the job's command runs, and in no log", async () => {
  const before = process.env["KUBECONFIG"];
  const { deploy, seen, temporary } = await withKubeconfig("credentials: [KUBECONFIG]");
  const end = await deploy(CONFIG);
  expect(ends(end)).toEqual({ exit: 0, said: "" });
  expect(seen()).toEqual({ at: expect.stringContaining(temporary), mode: "600", holds: CONFIG });
  expect([readdirSync(temporary), process.env["KUBECONFIG"]]).toEqual([[], before]);
  expect(end.out + end.summary + JSON.stringify(end.outputs)).not.toContain("t0ken");
});

test("an environment that does not name it gets none", async () => {
  const { deploy, seen } = await withKubeconfig("");
  expect(ends(await deploy(CONFIG))).toEqual({ exit: 0, said: "" });
  expect(seen()).toEqual({ at: "nothing", mode: null, holds: null });
});
