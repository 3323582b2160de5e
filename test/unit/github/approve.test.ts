import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { githubGates } from "../../../src/app/github/gates.ts";
import type { ReviewedGate } from "../../../src/contract/gates.ts";
import { findTool } from "../../../tools/github/tools.ts";
import { ghEnvironment } from "../../rig/gh.ts";
import { Github, type Repository } from "../../rig/github/github.ts";
import type { RunOptions } from "../../rig/github/model.ts";
import type { Run } from "../../rig/github/run.ts";
import { jsonOf, Place, Shop, type CallOptions, type Ended } from "../cli/rig.ts";

const C1 = "1".repeat(40);
const C2 = "2".repeat(40);
const place = new Place();
let github: Github;
let harbor: Repository;

beforeEach(async () => {
  github = await Github.start();
  github.teams.set("release", ["ben", "cleo"]);
  harbor = github.repository("acme/harbor");
  harbor.environment("mainnet-approval", { reviewers: ["ana", "team:release"] });
  harbor.environment("canary-approval", { reviewers: ["ana", "ben"] });
});
afterEach(() => github.close());
afterAll(() => place.remove());

const gate = (environment = "mainnet") => ({ name: `approve-${environment}`, environment: `${environment}-approval` });
const run = (more: Partial<RunOptions> = {}): Run => harbor.run({ commit: C1, jobs: [gate()], ...more });
/** As `who`, from their own terminal. */
const approve = (args: readonly string[], who = "ben", options: CallOptions = {}): Promise<Ended> => {
  const { GITHUB_TOKEN: token = "", ...where } = github.env(github.person(who), "acme/harbor");
  const env = { ...where, GH_TOKEN: token, ...options.env };
  const interrupted = (options.interruption ?? new AbortController()).signal;
  const client = { secondMs: 1, writeEveryMs: 0, timeoutMs: 2000 };
  const context = {
    github: (request: Parameters<typeof githubGates>[0]) =>
      githubGates(request, { env: { ...place.env, ...env }, interrupted, note: () => {}, client }),
  };
  return place.sluice(["github", "approve", ...args], { ...options, env, context });
};
type Answer = { readonly commit: string; readonly gates: readonly ReviewedGate[]; readonly unclear: readonly unknown[] };
const results = (ended: Ended): readonly string[] =>
  jsonOf<Answer>(ended).gates.map(({ environment, result }) => `${environment} ${result}`);
const posts = (): number => github.log.filter(({ method }) => method === "POST").length;

describe("everything that waits for a commit", () => {
  it("is approved in one act for each run, after it was shown and asked for", async () => {
    const all = [
      run({
        jobs: [gate("canary"), gate("mainnet"), { name: "deploy", needs: ["approve-canary", "approve-mainnet"], environment: "mainnet" }],
      }),
      run({ name: "Deploy api", path: ".github/workflows/deploy-api.yml", title: `Deploy api ${C1}` }),
      run({ event: "workflow_dispatch", commit: C2, title: `Deploy all to mainnet ${C1.slice(0, 9)}`, startedBy: "eve" }),
    ];
    const other = run({ event: "workflow_dispatch", title: `Deploy all to mainnet ${C2}` });
    const plain = run({ commit: C2 });
    harbor.commits.add(C1);
    const ended = await approve([C1, "--comment", "canary looks fine"], "ben", { answers: [true] });
    expect(ended).toMatchObject({ exit: 0, err: "", asked: ["Approve these 4?"] });
    expect(ended.out).toContain("4 gates of 3 runs");
    expect(posts()).toBe(3);
    expect(all.map(({ conclusion }) => conclusion)).toEqual(["success", "success", "success"]);
    expect(all[0]?.reviews[0]).toMatchObject({ by: "ben", comment: "canary looks fine" });
    expect([other.status, plain.status]).toEqual(["waiting", "waiting"]);
  });

  it("is left alone where the answer is no", async () => {
    const waiting = run();
    expect(await approve([C1], "ben", { answers: [false] })).toMatchObject({ exit: 1 });
    expect([waiting.status, posts()]).toEqual(["waiting", 0]);
  });

  it("is a hundred runs, over pages", async () => {
    const all = Array.from({ length: 100 }, (_, index) => run({ title: `Deploy s${index}` }));
    for (let index = 0; index < 40; index += 1) run({ commit: C2 });
    const ended = await approve([C1, "--yes", "--json"]);
    expect(ended).toMatchObject({ exit: 0 });
    expect(results(ended)).toEqual(all.map(() => "mainnet approved"));
    expect(all.every(({ conclusion }) => conclusion === "success")).toBe(true);
    expect(posts()).toBe(100);
  });

  it("is only of the environments that are named", async () => {
    const waiting = run({ jobs: [gate("canary"), gate("mainnet")] });
    expect(results(await approve([C1, "--env", "canary", "--yes", "--json"]))).toEqual(["canary approved"]);
    expect(waiting.waitingAt().map(({ name }) => name)).toEqual(["mainnet-approval"]);
  });

  it("is rejected with a reason, and not without", async () => {
    const waiting = run();
    expect(await approve([C1, "--reject", "--yes"])).toMatchObject({ exit: 2 });
    expect(results(await approve([C1, "--reject", "--comment", "canary has errors", "--yes", "--json"]))).toEqual(["mainnet rejected"]);
    expect(waiting).toMatchObject({ conclusion: "failure", reviews: [{ comment: "canary has errors" }] });
  });

  it("that does not say for certain which commit it deploys is left to people: a branch or a tag may have moved since", async () => {
    const byHand = { event: "workflow_dispatch" };
    const certain = run({ ...byHand, title: `Deploy all to mainnet ${C1}` });
    const left = [
      run({ ...byHand, title: "Deploy all to mainnet v1.2" }),
      run({ ...byHand, title: `Deploy all to mainnet ${C2.slice(0, 7)}` }),
      run({ ...byHand, title: "somebody's own words" }),
      run({ ...byHand, path: ".github/workflows/rollback-all.yml@main", title: "Roll back all in mainnet" }),
    ];
    for (const name of ["v1.2", C2.slice(0, 7)]) harbor.refs.set(name, C1);
    const ended = await approve([C1, "--yes", "--json"]);
    expect([results(ended), certain.conclusion]).toEqual([["mainnet approved"], "success"]);
    expect(jsonOf<Answer>(ended).unclear).toMatchObject(left.toReversed().map(({ options: { title } }) => ({ title })));
    expect(left.map(({ status }) => status)).toEqual(left.map(() => "waiting"));
    expect(ended.err).toContain("left to you (which commit it deploys cannot be told");
    expect(ended.err).toContain("it is a rollback");
  });

  it("by a workflow that is none of the generated ones, or another branch's, is shown and left to people", async () => {
    const left = [
      run({ branch: "eve", event: "workflow_dispatch", title: `Deploy all ${C1}` }),
      run({ branch: "eve" }),
      run({ path: ".github/workflows/release.yml" }),
      run({ path: "dynamic/deploy-all.yml" }),
    ];
    const ended = await approve([C1, "--yes", "--json"]);
    expect(ended.exit).toBe(1);
    expect(left.map(({ status }) => status)).toEqual(left.map(() => "waiting"));
    expect(ended.err).toContain("its workflow is that of the branch eve, which nobody need have reviewed");
    expect(ended.err).toContain(".github/workflows/release.yml is none of the generated files");
  });

  it("may be nothing, which is no approval", async () => {
    run({ commit: C2 });
    const ended = await approve([C1, "--yes"]);
    expect(ended).toMatchObject({ exit: 1, out: "" });
    expect(ended.err).toContain("Nothing waits at a gate for 111111111 in acme/harbor");
  });

  it("comes again after twice, and twice is harmless", async () => {
    const waiting = run();
    expect(await approve([C1, "--yes"])).toMatchObject({ exit: 0 });
    expect(await approve([C1, "--yes"])).toMatchObject({ exit: 1 });
    expect(waiting.reviews).toHaveLength(1);
  });
});

describe("who may not", () => {
  it("learns who may, and what they may is approved all the same", async () => {
    harbor.environment("mainnet-approval", { reviewers: ["ana"] });
    const waiting = run({ jobs: [gate("canary"), gate("mainnet")] });
    const ended = await approve([C1, "--yes", "--json"]);
    expect(ended.exit).toBe(1);
    expect(results(ended).toSorted()).toEqual(["canary approved", "mainnet not-allowed"]);
    expect(jsonOf<Answer>(ended).gates.find(({ result }) => result === "not-allowed")?.why).toBe("who may: ana");
    expect(waiting.waitingAt().map(({ name }) => name)).toEqual(["mainnet-approval"]);
  });

  it("has started the run, where that is not allowed", async () => {
    harbor.environment("mainnet-approval", { reviewers: ["ben", "cleo"], preventsSelfReview: true });
    const own = run({ startedBy: "ben" });
    expect(results(await approve([C1, "--yes", "--json"]))).toEqual(["mainnet not-allowed"]);
    expect(results(await approve([C1, "--yes", "--json"], "cleo"))).toEqual(["mainnet approved"]);
    expect(own.conclusion).toBe("success");
  });

  it("is a job's own token", async () => {
    const waiting = run();
    const ended = await approve([C1, "--yes", "--json"], "ben", { env: { GH_TOKEN: github.installation() } });
    expect(ended.exit).toBe(1);
    expect(waiting.status).toBe("waiting");
  });

  it("waits with an App's rule", async () => {
    harbor.environment("mainnet-approval", { apps: ["sluice"] });
    run();
    const ended = await approve([C1, "--yes", "--json"]);
    expect(jsonOf<Answer>(ended).gates).toMatchObject([{ result: "not-allowed", why: "it waits for an App" }]);
  });
});

describe("a gate on which two decide at once", () => {
  it("is decided once, and both learn how", async () => {
    const waiting = run();
    const both = await Promise.all([approve([C1, "--yes", "--json"], "ben"), approve([C1, "--yes", "--json"], "ana")]);
    const said = both.flatMap((ended) => (ended.out === "" ? [] : jsonOf<Answer>(ended).gates.map(({ result }) => result)));
    expect(said.filter((result) => result === "approved")).toHaveLength(1);
    expect(said.filter((result) => result !== "approved" && result !== "already")).toEqual([]);
    expect(waiting.reviews).toHaveLength(1);
  });

  /** Between the list and the act. */
  const meanwhile = async (act: (waiting: Run) => void): Promise<ReviewedGate | undefined> => {
    const waiting = run();
    const { GITHUB_TOKEN: token = "", ...where } = github.env(github.person("ben"), "acme/harbor");
    const gates = await githubGates(
      { directory: place.root, repository: null },
      {
        env: { ...where, GH_TOKEN: token },
        interrupted: new AbortController().signal,
        note: () => {},
        client: { secondMs: 1, writeEveryMs: 0 },
      },
    );
    const listed = await gates.waiting(C1, null);
    act(waiting);
    return (await gates.review(listed.gates, { state: "approved", comment: "fine" }))[0];
  };

  it("is already, where somebody else was faster", async () => {
    const ana = (waiting: Run): void =>
      void waiting.review(
        "ana",
        waiting.waitingAt().map(({ id }) => id),
        "approved",
        "",
      );
    expect(await meanwhile(ana)).toMatchObject({ result: "already", why: "by ana" });
  });
  it("is gone, where it was rejected", async () => {
    const ana = (waiting: Run): void =>
      void waiting.review(
        "ana",
        waiting.waitingAt().map(({ id }) => id),
        "rejected",
        "",
      );
    expect(await meanwhile(ana)).toMatchObject({ result: "gone", why: "rejected by ana" });
  });
  it("is gone, where the run was cancelled", async () => {
    expect(await meanwhile((waiting) => waiting.cancel())).toMatchObject({ result: "gone" });
  });
});

describe("when GitHub fails", () => {
  it("a lost answer is looked after", async () => {
    const waiting = run();
    github.fail({ method: "POST", cut: "after" });
    expect(results(await approve([C1, "--yes", "--json"]))).toEqual(["mainnet approved"]);
    expect(waiting.reviews).toHaveLength(1);
  });

  it("a lost request is made again", async () => {
    const waiting = run();
    github.fail({ method: "POST", cut: "before" });
    expect(results(await approve([C1, "--yes", "--json"]))).toEqual(["mainnet approved"]);
    expect(waiting.reviews).toHaveLength(1);
  });

  it.each([
    ["a page of runs", { path: /status=waiting.*page=2/, status: 502, times: 9 }],
    ["truncated JSON", { path: /pending_deployments/, text: "[{" }],
    ["another shape", { path: /pending_deployments/, text: "{}" }],
    ["runs of another shape", { path: /status=waiting/, text: '{"total_count":1,"workflow_runs":[{"id":1}]}' }],
  ])("%s that cannot be had decides nothing", async (_name, failure) => {
    for (let index = 0; index < 101; index += 1) run();
    github.fail(failure);
    const ended = await approve([C1, "--yes"]);
    expect(ended).toMatchObject({ exit: 1, out: "" });
    expect(ended.err).toMatch(/^error: GitHub/);
    expect(posts()).toBe(0);
  });

  it("a limit amid the act says what is left to do, and the budget", async () => {
    const all = [run(), run(), run()];
    github.fail({
      method: "POST",
      after: 1,
      status: 403,
      times: 99,
      headers: { "retry-after": "900" },
      body: { message: "You have exceeded a secondary rate limit" },
    });
    const ended = await approve([C1, "--yes", "--json"]);
    expect(ended.exit).toBe(1);
    expect(results(ended)).toEqual(["mainnet approved", "mainnet failed", "mainnet failed"]);
    expect(ended.err).toMatch(/\d+ of 5000 requests are left until/);
    expect(all.map(({ status }) => status)).toEqual(["completed", "waiting", "waiting"]);
    expect(posts()).toBe(2);
  });

  it("an interruption amid the act tells what was done", async () => {
    const all = [run(), run(), run()];
    github.fail({ method: "POST", after: 1, hangs: true, times: 9 });
    const interruption = new AbortController();
    const approving = approve([C1, "--yes", "--json"], "ben", { interruption });
    await vi.waitFor(() => expect(posts()).toBe(2));
    interruption.abort();
    const ended = await approving;
    expect(ended.exit).toBe(130);
    expect(results(ended)).toEqual(["mainnet approved", "mainnet failed", "mainnet failed"]);
    expect(jsonOf<Answer>(ended).gates.map(({ why }) => why)).toEqual([
      "",
      "interrupted: it may have been decided all the same",
      "interrupted before",
    ]);
    expect(all.map(({ status }) => status)).toEqual(["completed", "waiting", "waiting"]);
  });

  it("an expired token says so, and is not shown", async () => {
    const token = github.person("ben");
    github.expire(token);
    const ended = await approve([C1, "--yes"], "nobody", { env: { GH_TOKEN: token } });
    expect(ended.exit).toBe(4);
    expect(ended.err).toContain("expired");
    expect(ended.err).not.toContain(token);
  });
});

describe("the repository and the commit", () => {
  it("are those of the checkout", async () => {
    const shop = new Shop(place, "checkout");
    const head = shop.git("rev-parse", "HEAD");
    shop.git("tag", "v2");
    const waiting = [run({ commit: head }), run({ commit: head }), run({ commit: head })];
    const { GITHUB_SERVER_URL: server = "" } = github.env("", "");
    shop.git("remote", "add", "origin", `${server.replace("//", "//somebody:secret@")}/acme/harbor.git`);
    const here = { cwd: shop.root, env: { GITHUB_REPOSITORY: "" } };
    for (const [index, name] of ["HEAD", head.slice(0, 8), "v2"].entries()) {
      expect(await approve([name, "--yes"], "ben", here)).toMatchObject({ exit: 0 });
      if (index < 2) run({ commit: head });
    }
    expect(waiting.every(({ conclusion }) => conclusion === "success")).toBe(true);
  });

  it("are asked of GitHub where another one is named", async () => {
    github.repository("acme/port").environment("mainnet-approval", { reviewers: ["ben"] });
    const port = github.repositories.get("acme/port");
    port?.refs.set("v3", C2);
    const waiting = port?.run({ commit: C2, jobs: [gate()] });
    expect(await approve(["v3", "--repo", "acme/port", "--yes"])).toMatchObject({ exit: 0 });
    expect(waiting?.conclusion).toBe("success");
    expect(await approve(["v4", "--repo", "acme/port", "--yes"])).toMatchObject({ exit: 2 });
    expect(await approve(["v4", "--repo", "../x", "--yes"])).toMatchObject({ exit: 2 });
  });

  it("are missed with a word on how to name them", async () => {
    const ended = await approve([C1], "ben", { cwd: place.directory("nothing"), env: { GITHUB_REPOSITORY: "" } });
    expect(ended).toMatchObject({ exit: 2 });
    expect(ended.err).toContain("--repo owner/name");
  });
});

const gh = findTool("gh");
describe("the token", () => {
  it.skipIf(gh === null)(`is gh's where none is set${gh === null ? ": skipped, gh is not here (npm run github-tools)" : ""}`, async () => {
    const waiting = run();
    const { GITHUB_SERVER_URL: server = "" } = github.env("", "");
    const hosts = { [new URL(server).host]: github.person("cleo") };
    const env = { ...ghEnvironment(gh ?? "", join(place.root, "gh"), { hosts }), GH_TOKEN: "" };
    const ended = await approve([C1, "--yes"], "ben", { env });
    expect(ended).toMatchObject({ exit: 0 });
    expect(waiting.reviews[0]?.by).toBe("cleo");
  });

  it("is asked for where gh is not there either", async () => {
    const ended = await approve([C1, "--yes"], "ben", { env: { GH_TOKEN: "", PATH: place.directory("empty") } });
    expect(ended).toMatchObject({ exit: 4 });
    expect(ended.err).toContain("gh auth login --hostname");
  });

  it("for github.com goes to no other host", async () => {
    const env = { GITHUB_SERVER_URL: "", GITHUB_API_URL: "", PATH: place.directory("empty") };
    const ended = await approve([C1, "--repo", "git.acme.example/acme/harbor", "--yes"], "ben", { env });
    expect(ended).toMatchObject({ exit: 4 });
    expect(ended.err).toContain("GH_ENTERPRISE_TOKEN");
  });
});
