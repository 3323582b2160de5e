import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { act, forAct } from "../../rig/workflows/act.ts";
import { describeTools } from "../../rig/workflows/linters.ts";
import { filesOf } from "../../rig/workflows/projects.ts";

/** Answers what the runner would, and writes down how it was called. */
const ANSWERS = `#!/bin/sh
[ -f sluice.yaml ] || exit 9
chunk=$(echo "$SLUICE_CHUNK" | tr -d ' \\n')
echo "$2 $4 $chunk \${MAINNET_TOKEN:-no-token}" >> "$CALLS"
waves='{"n":[1,1],"waves":[[{"name":"api","services":["api"]}],[{"name":"web","services":["web"]}]]}'
case $2 in
  plan) echo "commit=$GITHUB_SHA"; echo "waves={\\"devnet\\":$waves,\\"mainnet\\":$waves}"; echo 'artifacts=["app"]' ;;
  build) echo 'artifacts={"app":"sha256:1"}' ;;
  resolve|rollback) echo "commit=$SLUICE_COMMIT"; echo "waves=$waves"; echo "artifacts={}"; echo "build=[]"; echo "direction=deploy"; [ "$4" = mainnet ] && [ "$2" = resolve ] && echo gate=true || echo gate=false ;;
esac >> "$GITHUB_OUTPUT"
`;
const service = (tier: string, name: string): object => ({
  tier,
  artifact: "app",
  paths: [name],
  deploy: { command: { apply: ["./deploy.sh"] } },
});
const project = {
  version: 1,
  project: "shop",
  github: { install: "git rev-parse HEAD", command: "sh ./sluice.sh" },
  environments: { devnet: {}, mainnet: { needs: ["devnet"], approval: {}, credentials: ["MAINNET_TOKEN"] } },
  artifacts: { app: { bundle: { path: "." } } },
  services: { api: service("backend", "api"), web: service("frontend", "web") },
};

describeTools("act")("run for real by act", () => {
  const root = mkdtempSync(join(tmpdir(), "sluice-act-"));
  const repository = join(root, "shop");
  const calls = join(root, "calls");
  afterAll(() => rmSync(root, { recursive: true, force: true }));
  beforeAll(async () => {
    const files = new Map([...forAct(await filesOf(project)), ["sluice.sh", ANSWERS], ["sluice.yaml", "version: 1\n"]]);
    for (const [path, text] of files) {
      mkdirSync(dirname(join(repository, path)), { recursive: true });
      writeFileSync(join(repository, path), text);
    }
    const git = (...args: readonly string[]): void =>
      void execFileSync("git", ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false", ...args], {
        cwd: repository,
        stdio: "ignore",
      });
    git("init", "--initial-branch=main");
    git("add", ".");
    git("commit", "--message=first");
  });

  async function callsOf(workflow: string, inputs: Readonly<Record<string, string>> | null): Promise<readonly string[]> {
    writeFileSync(calls, "");
    const { code, log } = await act({
      repository,
      workflow,
      inputs,
      env: { CALLS: calls },
      secrets: { MAINNET_TOKEN: "secret" },
      cache: join(root, "cache"),
    });
    if (code !== 0) throw new Error(log);
    return readFileSync(calls, "utf8").trimEnd().split("\n");
  }
  const api = '{"name":"api","services":["api"]}';
  const web = '{"name":"web","services":["web"]}';

  test("deploy all", async () => {
    expect(await callsOf("deploy-all", null)).toEqual([
      "plan 2  no-token",
      "build   no-token",
      "resolve devnet  no-token",
      `deploy devnet ${api} no-token`,
      `deploy devnet ${web} no-token`,
      "resolve mainnet  no-token",
      "gate mainnet  no-token",
      `deploy mainnet ${api} secret`,
      `deploy mainnet ${web} secret`,
      "report   no-token",
    ]);
  });

  test("one environment by hand", async () => {
    expect(await callsOf("deploy-all-mainnet", { commit: "main" })).toEqual([
      "resolve mainnet  no-token",
      "gate mainnet  no-token",
      `deploy mainnet ${api} secret`,
      `deploy mainnet ${web} secret`,
    ]);
  });

  test("one service", async () => {
    expect(await callsOf("deploy-web", null)).toEqual([
      "plan web  no-token",
      "build   no-token",
      "wait devnet  no-token",
      `deploy devnet ${web} no-token`,
      "gate mainnet  no-token",
      "wait mainnet  no-token",
      `deploy mainnet ${web} secret`,
    ]);
  });

  test("roll back all", async () => {
    expect(await callsOf("rollback-all", { environment: "mainnet", reason: "broken" })).toEqual([
      "rollback mainnet  no-token",
      `deploy mainnet ${api} secret`,
      `deploy mainnet ${web} secret`,
      "report   no-token",
    ]);
  });
});
