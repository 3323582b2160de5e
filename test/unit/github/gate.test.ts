import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeEach, describe, expect, it } from "vitest";
import type { Approval } from "../../../src/core/config/config.ts";
import type { Guard, Review } from "../../../src/github/forge.ts";
import { judgeGate, type Passed } from "../../../src/github/gates/judge.ts";
import { findTool } from "../../../tools/github/tools.ts";
import { ghEnvironment } from "../../rig/gh.ts";
import type { EnvironmentOptions, Failure } from "../../rig/github/model.ts";
import { ends, type JobEnd, Workflow } from "../app/ci/rig.ts";

const APPROVAL: Approval = { approvers: ["ben"], count: 1, self: false, early: false, expiresMs: null };
const GUARD: Guard = {
  name: "prod-approval",
  reviewers: ["ben"],
  preventsSelfReview: true,
  apps: [],
  adminsBypass: false,
  branches: "any",
};
const REVIEW: Review = { state: "approved", environments: ["prod-approval"], by: "ben", comment: "" };
const passed = (more: Partial<Passed> = {}): Passed => ({
  environment: "prod",
  guard: GUARD,
  isPrivate: false,
  reviews: [REVIEW],
  passes: 1,
  starters: ["ana"],
  approval: APPROVAL,
  approvers: ["ben"],
  emergency: [],
  app: null,
  decision: null,
  ...more,
});
const problems = (more: Partial<Passed>): string =>
  judgeGate(passed(more))
    .problems.map(({ message }) => message)
    .join("; ");

describe("a gate", () => {
  it("is passed by an approval of somebody who may", () => {
    expect(judgeGate(passed())).toEqual({ approvedBy: ["ben"], problems: [] });
    expect(judgeGate(passed({ approvers: null })).problems).toEqual([]);
    expect(judgeGate(passed({ approval: { ...APPROVAL, self: true }, starters: ["ben"] })).problems).toEqual([]);
  });

  it.each<readonly [string, Partial<Passed>, string]>([
    ["no environment", { guard: null }, "There is no environment prod-approval"],
    ["one that GitHub has made by itself", { guard: { ...GUARD, reviewers: [] } }, "asks no reviewer"],
    ["only an App's rule, which names nobody", { guard: { ...GUARD, reviewers: [], apps: ["watcher"] } }, "only watcher"],
    ["no review", { reviews: [] }, "no approval of this run"],
    ["an administrator who passed by it", { reviews: [], guard: { ...GUARD, adminsBypass: true } }, "an administrator may have passed"],
    ["a review of another gate", { reviews: [{ ...REVIEW, environments: ["canary-approval"] }] }, "no approval of this run"],
    ["a rejection", { reviews: [{ ...REVIEW, state: "rejected" }] }, "ben has rejected"],
    ["a rejection beside an approval", { reviews: [REVIEW, { ...REVIEW, by: "cleo", state: "rejected" }] }, "cleo has rejected"],
    ["a comment", { reviews: [{ ...REVIEW, state: "pending" }] }, "no approval of this run"],
    [
      "somebody policy does not name",
      { reviews: [{ ...REVIEW, by: "eve" }] },
      "eve has approved, and is none of those who may in prod: ben",
    ],
    ["an older attempt's beside one that does not count", { reviews: [{ ...REVIEW, by: "eve" }, REVIEW] }, "eve has approved"],
    ["a team without anybody in it", { approvers: [] }, "none of those who may in prod: nobody"],
    ["who started the run", { starters: ["Ben"] }, "a run of their own"],
    ["an administrator who passed by it in a later attempt", { passes: 2 }, "pass 2 times in prod by 1 approvals"],
    ["one of two", { approval: { ...APPROVAL, count: 2 } }, "Policy asks for 2 approvals"],
  ])("is not passed: %s", (_name, more, message) => {
    expect(problems(more)).toContain(message);
  });

  const RULED: Partial<Passed> = { guard: { ...GUARD, reviewers: [], apps: ["sluice"] }, app: "sluice", reviews: [], emergency: ["dora"] };
  const DECISION = { run: "7/1", environment: "prod", commit: "c".repeat(40), by: ["ben"], emergency: false, decidedAt: 0 } as const;

  it("is passed by what policy's App has recorded of an approver, or of who may in an emergency", () => {
    expect(judgeGate(passed({ ...RULED, decision: DECISION }))).toEqual({ approvedBy: ["ben"], problems: [] });
    const two = { approval: { ...APPROVAL, count: 2 }, approvers: null, decision: { ...DECISION, by: ["ben", "cleo"] } };
    expect(judgeGate(passed({ ...RULED, ...two })).problems).toEqual([]);
    expect(judgeGate(passed({ ...RULED, decision: { ...DECISION, by: ["dora"], emergency: true } })).problems).toEqual([]);
  });

  it.each<readonly [string, Partial<Passed>, string]>([
    ["nothing recorded, though a reviewer has approved", { reviews: [REVIEW] }, "sluice has recorded no decision"],
    ["a reviewer's rejection", { decision: DECISION, reviews: [{ ...REVIEW, state: "rejected" }] }, "ben has rejected"],
    ["somebody policy does not name by now", { decision: { ...DECISION, by: ["eve"] } }, "eve has approved, and is none of those who may"],
    ["who started the run", { decision: DECISION, starters: ["Ben"] }, "a run of their own"],
    ["one of two", { decision: DECISION, approval: { ...APPROVAL, count: 2 } }, "asks for 2 approvals in prod, and 1 are recorded"],
    ["one person twice", { decision: { ...DECISION, by: ["ben", "Ben"] }, approval: { ...APPROVAL, count: 2 } }, "and 1 are recorded"],
    ["an emergency of somebody else's", { decision: { ...DECISION, emergency: true } }, "may let prod pass in an emergency"],
    ["an App without its rule there", { decision: DECISION, guard: { ...GUARD, reviewers: [] } }, "has no rule in prod-approval"],
    ["another App's rule", { decision: DECISION, guard: { ...GUARD, reviewers: [], apps: ["watcher"] } }, "has no rule in prod-approval"],
  ])("is not passed by policy's App: %s", (_name, more, message) => {
    expect(problems({ ...RULED, ...more })).toContain(message);
  });

  it("names the key where only an App's rule is there", () => {
    const [problem] = judgeGate(passed({ guard: { ...GUARD, reviewers: [], apps: ["sluice-acme"] } })).problems;
    expect(problem?.hint).toContain("name it in sluice.yaml on the default branch: github: { app: sluice-acme }");
  });

  it("tells everything at once, and what a private repository lacks", () => {
    const all = judgeGate(passed({ guard: null, isPrivate: true, reviews: [] })).problems;
    expect(all).toHaveLength(2);
    expect(all[0]?.hint).toContain("GitHub Enterprise");
  });
});

let flow: Workflow;
beforeEach(async () => {
  flow = await Workflow.begin();
});
const POLICY = "dev: {}, prod: { needs: [dev], approval: { approvers: [ben, cleo] }, rollback: { approvers: [dora] } }";

/** The gate's job in a run that `by` has let pass; null: that has passed by itself. */
async function gate(
  by: string | null,
  options: { guard?: EnvironmentOptions; path?: string; env?: Record<string, string>; failure?: Failure } = {},
): Promise<JobEnd> {
  const commit = flow.commit({ "sluice.yaml": flow.file({ environments: POLICY }) });
  const { id } = flow.shop.environment("prod-approval", options.guard ?? { reviewers: ["ana", "ben", "dora"] });
  const run = flow.shop.run({
    commit,
    startedBy: "ana",
    jobs: [{ name: "Gate of prod", environment: "prod-approval" }],
    ...(options.path === undefined ? {} : { path: options.path, event: "workflow_dispatch" }),
  });
  if (by !== null) run.review(by, [id], "approved", "");
  if (options.failure) flow.github.fail(options.failure);
  return flow.job({ step: "gate", environment: "prod" }, { run, ...(options.env === undefined ? {} : { env: options.env }) });
}

describe("sluice ci gate", () => {
  it("lets pass what policy's approver has approved", async () => {
    const ended = await gate("ben");
    expect(ended).toMatchObject({ exit: 0, error: null, outputs: { approvers: '["ben"]' } });
    expect(ended.summary).toContain("| ben | yes |");
  });

  it.each<readonly [string, string | null, Parameters<typeof gate>[1], string]>([
    ["by who started it", "ana", {}, "ana has approved a run of their own in prod"],
    [
      "by a reviewer of GitHub's whom policy does not name",
      "dora",
      {},
      "dora has approved, and is none of those who may in prod: ben, cleo",
    ],
    ["at an environment that GitHub made without any rule", null, { guard: {} }, "asks no reviewer"],
    [
      "by an approver of deploys, for a rollback",
      "ben",
      { path: ".github/workflows/rollback-all.yml" },
      "none of those who may in prod: dora",
    ],
    ["by an approver of deploys, for a way back", "ben", { env: { SLUICE_DIRECTION: "rollback" } }, "none of those who may in prod: dora"],
  ])("refuses what was passed %s", async (_name, by, options, message) => {
    const ended = await gate(by, options);
    expect(ended.exit).toBe(1);
    expect(ended.out).toContain("::error::");
    expect(ended.out).toContain(message);
  });

  it("refuses a run that was run again and let pass without an approval of its own", async () => {
    const commit = flow.commit({ "sluice.yaml": flow.file({ environments: POLICY }) });
    const { id } = flow.shop.environment("prod-approval", { reviewers: ["ben"] });
    const run = flow.shop.run({ commit, startedBy: "ana", jobs: [{ name: "Deploy prod / Gate of prod", environment: "prod-approval" }] });
    run.review("ben", [id], "approved", "");
    await run.ended;
    expect(await flow.job({ step: "gate", environment: "prod" }, { run })).toMatchObject({ exit: 0 });
    run.again(false);
    run.review("ben", [id], "approved", "");
    expect(await flow.job({ step: "gate", environment: "prod" }, { run })).toMatchObject({ exit: 0 });
    // nobody is asked meanwhile, as where an administrator starts all that waits
    flow.shop.environment("prod-approval", {});
    run.again(false);
    flow.shop.environment("prod-approval", { reviewers: ["ben"] });
    const bypassed = await flow.job({ step: "gate", environment: "prod" }, { run });
    expect(ends(bypassed)).toMatchObject({ exit: 1, said: expect.stringContaining("pass 3 times in prod by 2 approvals") });
  });

  it("lets a rollback pass that its own approver has approved", async () => {
    expect(await gate("dora", { path: ".github/workflows/rollback-all.yml@refs/heads/main" })).toMatchObject({ exit: 0 });
  });

  it.each<readonly [string, Failure]>([
    ["the API is down", { path: /environments/, status: 503, times: 9 }],
    ["reviews are truncated", { path: /approvals/, text: '[{"state":' }],
    ["reviews have another shape", { path: /approvals/, text: '{"approvals":[]}' }],
    ["the guard has another shape", { path: /environments.prod-approval$/, text: '{"name":"prod-approval","protection_rules":"all"}' }],
    [
      "reviewers cannot be told",
      {
        path: /environments.prod-approval$/,
        text: '{"name":"prod-approval","protection_rules":[{"type":"required_reviewers","reviewers":[{"type":"Robot","reviewer":{}}]}]}',
      },
    ],
    ["the plan has no protection", { path: /environments/, status: 422, body: { message: "Upgrade to enable this feature" }, times: 9 }],
    ["the token may not look", { path: /environments/, status: 403, body: { message: "Resource not accessible by integration" } }],
    ["a limit does not end soon", { path: /approvals/, status: 429, headers: { "retry-after": "900" }, times: 9 }],
  ])("refuses where %s", async (_name, failure) => {
    const ended = await gate("ben", { failure });
    expect(ended.exit).not.toBe(0);
    expect(ended.out).toContain("::error::GitHub");
  });

  it("refuses where another branch has the policy by now, and so does a leg that is run again: anybody may have made one of the old name", async () => {
    expect(await gate("ben")).toMatchObject({ exit: 0 });
    flow.shop.defaultBranch = "trunk";
    expect((await gate("ben")).out).toContain("the default branch, which has the policy, was another than trunk");
    const run = flow.shop.run({ commit: flow.repo.git("rev-parse", "HEAD"), jobs: [] });
    run.attempt = 2;
    expect((await flow.deploy("dev", ["api"], { run })).out).toContain("was another than trunk");
  });

  it("has nothing to say where policy asks for no approval", async () => {
    const commit = flow.commit({ "sluice.yaml": flow.file() });
    const run = flow.shop.run({ commit, jobs: [] });
    expect(await flow.job({ step: "gate", environment: "prod" }, { run })).toMatchObject({ exit: 0 });
    expect((await flow.job({ step: "gate", environment: "nowhere" }, { run })).exit).toBe(2);
  });

  it("refuses the approval of whoever has had the run run again, whatever the job's variables say", async () => {
    const commit = flow.commit({ "sluice.yaml": flow.file({ environments: POLICY }) });
    const { id } = flow.shop.environment("prod-approval", { reviewers: ["ben"] });
    const run = flow.shop.run({ commit, startedBy: "ana", jobs: [{ name: "gate", environment: "prod-approval" }] });
    run.triggeredBy = "ben";
    run.review("ben", [id], "approved", "");
    const ended = await flow.job({ step: "gate", environment: "prod" }, { run });
    expect(ended).toMatchObject({ exit: 1, out: expect.stringContaining("ben has approved a run of their own in prod") });
  });

  it("does not know a pull request's run", async () => {
    const commit = flow.commit({ "sluice.yaml": flow.file({ environments: POLICY }) });
    const run = flow.shop.run({ commit, jobs: [], event: "pull_request_target" });
    expect(await flow.job({ step: "gate", environment: "prod" }, { run })).toMatchObject({ exit: 4 });
  });
});

describe("sluice ci approvals", () => {
  const setUp = () => {
    const commit = flow.commit({ "sluice.yaml": flow.file({ environments: POLICY }) });
    flow.shop.environment("prod-approval", { reviewers: ["ben"] });
    flow.shop.environment("dev-approval", { reviewers: ["ben"] });
    const gates = ["prod", "dev"].map((name) => ({ name, environment: `${name}-approval` }));
    const waiting = [
      flow.shop.run({ commit, jobs: gates, title: "Deploy | all" }),
      flow.shop.run({ commit, jobs: gates.slice(0, 1), title: "Deploy api" }),
    ];
    const own = flow.shop.run({
      commit: "f".repeat(40),
      event: "workflow_dispatch",
      title: `What waits for approval at ${commit}`,
      jobs: [],
    });
    return { commit, waiting, own };
  };

  it("lists what waits, with links and commands, and changes nothing", async () => {
    const { commit, waiting, own } = setUp();
    const ended = await flow.job({ step: "approvals" }, { run: own, commit });
    expect(ended.exit).toBe(0);
    expect(ended.summary).toContain("Deploy \\| all");
    for (const { id } of waiting) expect(ended.summary).toContain(`actions/runs/${id})`);
    expect(ended.out).toContain(`sluice github approve ${commit}\n`);
    expect(JSON.parse(ended.outputs["commands"] ?? "[]")).toHaveLength(3);
    expect(waiting.map(({ status }) => status)).toEqual(["waiting", "waiting"]);
  });

  it("says where nothing waits", async () => {
    const { own } = setUp();
    flow.commit({ "other.txt": "x" });
    const ended = await flow.job({ step: "approvals" }, { run: own });
    expect(ended).toMatchObject({ exit: 0 });
    expect(ended.out).toContain("::notice::Nothing waits");
  });

  it("fails where not all can be looked at", async () => {
    const { own, commit } = setUp();
    flow.github.fail({ path: /pending_deployments/, after: 1, status: 500, times: 9 });
    expect((await flow.job({ step: "approvals" }, { run: own, commit })).exit).toBe(1);
  });

  const gh = findTool("gh");
  it.skipIf(gh === null)(
    `prints commands that gh carries out${gh === null ? ": skipped, gh is not here (npm run github-tools)" : ""}`,
    async () => {
      const { own, commit, waiting } = setUp();
      const env = { GITHUB_SERVER_URL: "https://github.com" };
      const ended = await flow.job({ step: "approvals" }, { run: own, commit, env });
      const socket = join(flow.directory, "gh.sock");
      await flow.github.listenAt(socket);
      const lines = (JSON.parse(ended.outputs["commands"] ?? "[]") as string[]).filter((line) => line.startsWith("gh api"));
      expect(lines).toHaveLength(2);
      const ben = { ...ghEnvironment(gh ?? "", join(flow.directory, "gh"), { socket }), GH_TOKEN: flow.github.person("ben") };
      // As a person does who copies them.
      for (const line of lines) await promisify(execFile)("sh", ["-c", line], { env: ben });
      expect(waiting.map(({ conclusion, reviews }) => [conclusion, reviews[0]?.by])).toEqual([
        ["success", "ben"],
        ["success", "ben"],
      ]);
      const eve = { ...ben, GH_TOKEN: flow.github.person("eve") };
      await expect(promisify(execFile)("sh", ["-c", lines[0] ?? ""], { env: eve })).rejects.toThrow(/HTTP 422/);
    },
  );
});
