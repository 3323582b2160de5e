import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Octokit } from "@octokit/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findTool } from "../../../tools/github/tools.ts";
import { ghEnvironment } from "../../rig/gh.ts";
import { Github, type Repository } from "../../rig/github/github.ts";

const C1 = "1".repeat(40);
let github: Github;
let harbor: Repository;
beforeEach(async () => {
  github = await Github.start();
  harbor = github.repository("acme/harbor");
  harbor.refs.set("main", C1);
  harbor.environment("mainnet-approval", { reviewers: ["ben"] });
  harbor.workflows.set(".github/workflows/deploy-all-mainnet.yml", ({ commit = "" }) => ({
    name: "Deploy all to mainnet",
    title: `Deploy all to mainnet ${commit}`,
    jobs: [
      { name: "gate", environment: "mainnet-approval" },
      { name: "deploy", needs: ["gate"], environment: "mainnet" },
    ],
  }));
});
afterEach(() => github.close());

const here = { owner: "acme", repo: "harbor" };
const kit = (token: string) =>
  new Octokit({ auth: token, baseUrl: github.url, log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} } });
const statusOf = (asked: Promise<unknown>): Promise<unknown> =>
  asked.then(
    () => null,
    (error: { status: number }) => error.status,
  );

describe("the double", () => {
  it("refuses what GitHub's description does not have", async () => {
    const octokit = kit(github.person("ana"));
    expect(await statusOf(octokit.request("POST /repos/{owner}/{repo}/deployments", { ...here, ref: C1, payload: 7 as never }))).toBe(422);
    expect(await statusOf(octokit.request("GET /repos/{owner}/{repo}/actions/runs", { ...here, status: "sleeping" as never }))).toBe(422);
    expect(await statusOf(octokit.request("GET /repos/{owner}/{repo}/nothing", here))).toBe(404);
  });

  it("merges and asks for contexts unless it is told not to, as GitHub does", async () => {
    const octokit = kit(github.installation());
    const make = (more: object) => statusOf(octokit.request("POST /repos/{owner}/{repo}/deployments", { ...here, ref: C1, ...more }));
    expect([await make({}), await make({ auto_merge: false }), await make({ auto_merge: false, required_contexts: [] })]).toEqual([
      409,
      409,
      null,
    ]);
  });

  it("sets others inactive where that is not forbidden, and none of production", async () => {
    const octokit = kit(github.installation());
    const make = (production: boolean) => harbor.deploy({ ref: C1, environment: "mainnet", production_environment: production }, "ana");
    const rows = [make(false), make(true), make(false)];
    const succeed = (id: number) =>
      octokit.request("POST /repos/{owner}/{repo}/deployments/{deployment_id}/statuses", { ...here, deployment_id: id, state: "success" });
    for (const { id } of rows) await succeed(id);
    expect(rows.map(({ statuses }) => statuses[0]?.state)).toEqual(["inactive", "success", "success"]);
  });

  it("makes an environment without any rule for a job that names one", () => {
    const run = harbor.run({ commit: C1, jobs: [{ name: "gate", environment: "canary-approval" }] });
    expect(run.conclusion).toBe("success");
    expect(harbor.environments.get("canary-approval")?.reviewers).toEqual([]);
  });

  it("holds jobs until an App has let them pass, and fails those of other branches", async () => {
    harbor.environment("mainnet", { apps: ["sluice"], branches: ["main"] });
    const jobs = [{ name: "deploy", environment: "mainnet" }];
    const run = harbor.run({ commit: C1, jobs });
    const pass = { ...here, run_id: run.id, environment_name: "mainnet", state: "approved", comment: "" } as const;
    const route = "POST /repos/{owner}/{repo}/actions/runs/{run_id}/deployment_protection_rule";
    expect(await statusOf(kit(github.person("ben")).request(route, pass))).toBe(403);
    expect(await statusOf(kit(github.installation("other")).request(route, pass))).toBe(422);
    await kit(github.installation("sluice")).request(route, pass);
    expect(run.conclusion).toBe("success");
    expect(harbor.run({ commit: C1, jobs, branch: "feature" }).conclusion).toBe("failure");
  });

  it("runs jobs in order, anew, and ends them", async () => {
    const ran: string[] = [];
    const job = (name: string, ...needs: string[]) => ({
      name,
      needs,
      work: () => (ran.push(name), name === "bad" ? ("failure" as const) : ("success" as const)),
    });
    const run = harbor.run({ commit: C1, jobs: [job("last", "bad", "good"), job("good"), job("bad", "good")] });
    await run.ended;
    expect([ran, run.job("last").conclusion, run.conclusion]).toEqual([["good", "bad"], "skipped", "failure"]);
    await kit(github.installation()).request("POST /repos/{owner}/{repo}/actions/runs/{run_id}/rerun-failed-jobs", {
      ...here,
      run_id: run.id,
    });
    await run.ended;
    expect([ran, run.attempt]).toEqual([["good", "bad", "bad"], 2]);
  });

  it("lists a thousand checks over pages, made by Apps alone", async () => {
    const app = kit(github.installation("sluice"));
    expect(
      await statusOf(kit(github.person("ana")).request("POST /repos/{owner}/{repo}/check-runs", { ...here, name: "plan", head_sha: C1 })),
    ).toBe(403);
    for (let index = 0; index < 1000; index += 1)
      harbor.checks.unshift({
        id: index + 1,
        app: "ci",
        name: `check ${index}`,
        sha: C1,
        externalId: "",
        url: null,
        status: "completed",
        conclusion: "success",
        title: null,
        summary: null,
        at: 0,
      });
    await app.request("POST /repos/{owner}/{repo}/check-runs", {
      ...here,
      name: "plan",
      head_sha: C1,
      status: "completed",
      conclusion: "success",
      output: { title: "t", summary: "s" },
    });
    const names = new Set<string>();
    for (let page = 1; page <= 11; page += 1) {
      const { data } = await app.request("GET /repos/{owner}/{repo}/commits/{ref}/check-runs", {
        ...here,
        ref: "main",
        per_page: 100,
        page,
      });
      expect(data.total_count).toBe(1001);
      for (const { name } of data.check_runs) names.add(name);
    }
    expect(names.size).toBe(1001);
  });
});

const program = findTool("gh");
describe(`the double with the real gh${program === null ? ": skipped, gh is not here (npm run github-tools)" : ""}`, () => {
  it.skipIf(program === null)("starts, lists, approves and re-runs", async () => {
    const directory = mkdtempSync(join(tmpdir(), "sluice-gh-"));
    const socket = join(directory, "socket");
    await github.listenAt(socket);
    const gh = async (who: string, ...args: readonly string[]): Promise<string> => {
      const env = { ...ghEnvironment(program ?? "", directory, { socket }), GH_TOKEN: github.person(who), GH_REPO: "acme/harbor" };
      return (await promisify(execFile)(program ?? "", args, { env })).stdout.trim();
    };
    await gh("ana", "workflow", "run", "deploy-all-mainnet.yml", "--ref", "main", "-f", `commit=${"2".repeat(40)}`);
    const [run] = JSON.parse(await gh("ana", "run", "list", "--status", "waiting", "--json", "databaseId,displayTitle,event")) as {
      databaseId: number;
    }[];
    expect(run).toMatchObject({ displayTitle: `Deploy all to mainnet ${"2".repeat(40)}`, event: "workflow_dispatch" });
    const at = `repos/{owner}/{repo}/actions/runs/${run?.databaseId}/pending_deployments`;
    const id = await gh("ben", "api", at, "--jq", ".[].environment.id");
    const approve = ["api", at, "--method", "POST", "-F", `environment_ids[]=${id}`, "-f", "state=approved", "-f", "comment=fine"];
    await expect(gh("eve", ...approve)).rejects.toThrow(/HTTP 422/);
    await gh("ben", ...approve);
    expect([...harbor.runs.values()][0]?.conclusion).toBe("success");
    await gh("ana", "run", "rerun", String(run?.databaseId));
    expect([...harbor.runs.values()][0]).toMatchObject({ attempt: 2, status: "waiting" });
    rmSync(directory, { recursive: true, force: true });
  });
});
