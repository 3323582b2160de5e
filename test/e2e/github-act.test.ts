import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stringify } from "yaml";
import { Github, type Repository } from "../rig/github/github.ts";
import { act, forAct } from "../rig/workflows/act.ts";
import { describeTools } from "../rig/workflows/linters.ts";
import { filesOf } from "../rig/workflows/projects.ts";
import { Repo } from "../unit/source/repo.ts";

/** What is live is a file with the commit; it is served by nobody, and observed by the same tool. */
const TOOL = `
import { existsSync, readFileSync, writeFileSync, appendFileSync } from "node:fs";
const [, , act, world] = process.argv;
const { SLUICE_SERVICE: service, SLUICE_ENVIRONMENT: environment, SLUICE_COMMIT: commit, SLUICE_ATTEMPT_ID: attempt } = process.env;
const file = world + "/" + service + "@" + environment;
if (act === "observe") {
  if (existsSync(file)) console.log(JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), health: "healthy" }));
} else {
  writeFileSync(file, JSON.stringify({ commit, attempt }));
  appendFileSync(world + "/order", service + "@" + environment + "\\n");
}
`;
const SLUICE = join(import.meta.dirname, "../../bin/sluice.js");

/** Generated workflows by act, the real steps in their jobs, and GitHub's double behind them: from a push to mainnet and back. */
describeTools("act")("from a push to mainnet and back, by generated workflows", () => {
  const root = mkdtempSync(join(tmpdir(), "sluice-github-act-"));
  const repo = new Repo();
  let github: Github;
  let shop: Repository;
  let token: string;
  const commits: string[] = [];

  beforeAll(async () => {
    github = await Github.start();
    shop = github.repository("team/shop");
    shop.environment("mainnet-approval", { reviewers: ["ben"] });
    token = github.installation("github-actions", { actions: "read", deployments: "write", contents: "read" });
    writeFileSync(join(root, "tool.mjs"), TOOL);
    const deploy = {
      command: { apply: ["node", join(root, "tool.mjs"), "apply", root], observe: ["node", join(root, "tool.mjs"), "observe", root] },
    };
    const project = {
      version: 1,
      project: "shop",
      github: { install: "git log -1 --format=%H", command: "sh ./sluice.sh" },
      environments: { devnet: {}, mainnet: { needs: ["devnet"], approval: { approvers: ["ben"] } } },
      services: { api: { tier: "backend", paths: ["api"], deploy }, web: { tier: "frontend", paths: ["web"], deploy } },
    };
    const workflows = Object.fromEntries(forAct(await filesOf(project)));
    // As a runner of GitHub's sets them, where act sets what it knows.
    const runner = `#!/bin/sh\nset -a; . ${join(root, "job.env")}; set +a\nexec node ${SLUICE} "$@"\n`;
    for (const version of ["one", "two"]) {
      commits.push(
        repo.commit(
          { ...workflows, "sluice.yaml": stringify(project), "sluice.sh": runner, "api/version": version, "web/version": version },
          version,
        ),
      );
      repo.git("update-ref", "refs/remotes/origin/main", "refs/heads/main");
    }
  });
  afterAll(async () => {
    repo.remove();
    rmSync(root, { recursive: true, force: true });
    await github.close();
  });

  /** Starts a workflow at a commit of main, approved by ben wherever it is held. */
  async function start(workflow: string, inputs: Readonly<Record<string, string>> | null, at: string): Promise<string> {
    repo.git("checkout", "-q", "-B", "main", at);
    const event = inputs === null ? "push" : "workflow_dispatch";
    const run = shop.run({
      commit: at,
      event,
      path: `.github/workflows/${workflow}.yml`,
      jobs: [
        { name: "gate", environment: "mainnet-approval" },
        { name: "rest", needs: ["gate"], work: () => Promise.withResolvers<"success">().promise },
      ],
    });
    run.review("ben", [shop.environmentOf("mainnet-approval").id], "approved", "");
    const job = {
      ...github.env(token, "team/shop"),
      GITHUB_RUN_ID: String(run.id),
      GITHUB_RUN_ATTEMPT: "1",
      GITHUB_ACTOR: "ana",
      GITHUB_TRIGGERING_ACTOR: "ana",
    };
    writeFileSync(
      join(root, "job.env"),
      Object.entries(job)
        .map(([name, value]) => `${name}='${value}'\n`)
        .join(""),
    );
    writeFileSync(join(root, "order"), "");
    writeFileSync(
      join(root, "event.json"),
      JSON.stringify({ repository: { default_branch: "main", full_name: "team/shop" }, inputs: inputs ?? {} }),
    );
    const { code, log } = await act({
      repository: repo.directory,
      workflow,
      inputs,
      event: join(root, "event.json"),
      cache: join(root, "cache"),
    });
    if (code !== 0) throw new Error(log);
    return readFileSync(join(root, "order"), "utf8");
  }
  const live = (target: string): string => (JSON.parse(readFileSync(join(root, target), "utf8")) as { commit: string }).commit;

  const ALL = "api@devnet\nweb@devnet\napi@mainnet\nweb@mainnet\n";
  test("deploy all brings up each environment, backends first", async () => {
    expect(await start("deploy-all", null, commits[0] ?? "")).toBe(ALL);
  });

  test("and so it does with the next commit", async () => {
    expect(await start("deploy-all", null, commits[1] ?? "")).toBe(ALL);
    expect(live("web@mainnet")).toBe(commits[1]);
  });

  test("a service of the same commit finds its work done", async () => {
    expect(await start("deploy-web", null, commits[1] ?? "")).toBe("");
  });

  test("an environment by hand with an older commit goes back, frontends first", async () => {
    const [one = "", two = ""] = commits;
    expect(await start("deploy-all-devnet", { commit: one, reason: "broken" }, two)).toBe("web@devnet\napi@devnet\n");
    expect([live("api@devnet"), live("api@mainnet")]).toEqual([one, two]);
  });

  test("roll back all brings mainnet back to what worked before", async () => {
    const [one = "", two = ""] = commits;
    expect(await start("rollback-all", { environment: "mainnet", reason: "broken" }, two)).toBe("web@mainnet\napi@mainnet\n");
    expect([live("api@mainnet"), live("web@mainnet")]).toEqual([one, one]);
  });
});
