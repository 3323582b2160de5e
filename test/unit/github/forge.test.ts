import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { accessFrom } from "../../../src/github/api/access.ts";
import type { ClientOptions } from "../../../src/github/api/client.ts";
import { githubForge } from "../../../src/github/api/forge.ts";
import { ForgeError, type Forge, type NewDeployment } from "../../../src/github/forge.ts";
import { Github, type Repository } from "../../rig/github/github.ts";

const C1 = "1".repeat(40);
const C2 = "2".repeat(40);
let github: Github;
let harbor: Repository;
let token: string;

beforeEach(async () => {
  github = await Github.start();
  harbor = github.repository("acme/harbor");
  token = github.installation();
});
afterEach(() => github.close());

/** Waits count in milliseconds here. */
const forgeOf = (options: ClientOptions = {}, as = token): Forge =>
  githubForge(accessFrom(github.env(as, "acme/harbor")), { secondMs: 1, writeEveryMs: 0, timeoutMs: 2000, ...options });
const record = (more: Partial<NewDeployment> = {}): NewDeployment => ({
  sha: C1,
  environment: "mainnet",
  task: "sluice:api",
  payload: { sluice: 1, attempt: "a1" },
  description: "api@mainnet",
  production: true,
  ...more,
});
async function errorOf(work: Promise<unknown>): Promise<ForgeError> {
  const error: unknown = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ForgeError);
  expect((error as ForgeError).message + (error as ForgeError).hint).not.toContain(token);
  return error as ForgeError;
}
const asked = (part: string): number => github.log.filter(({ method, path }) => `${method} ${path}`.includes(part)).length;

describe("deployments", () => {
  it("are written as they have to be and read back with their statuses, newest first", async () => {
    const forge = forgeOf();
    const id = await forge.createDeployment(record());
    await forge.setStatus(id, { state: "in_progress", description: "" });
    await forge.setStatus(id, { state: "success", description: "good", url: "https://harbor.example" });
    const [found, ...others] = await forge.deployments({ environment: "mainnet" });
    expect(others).toEqual([]);
    expect(found).toMatchObject({ id, sha: C1, environment: "mainnet", task: "sluice:api", payload: { sluice: 1, attempt: "a1" } });
    expect(found?.creator).toBe("github-actions[bot]");
    expect(found?.statuses.map(({ state, url }) => [state, url])).toEqual([
      ["success", "https://harbor.example"],
      ["in_progress", null],
    ]);
    const [made] = harbor.deployments;
    expect(made).toMatchObject({ production: true, transient: false });
  });

  it("stay as they are when another one succeeds", async () => {
    const forge = forgeOf();
    const ids = [
      await forge.createDeployment(record({ production: false })),
      await forge.createDeployment(record({ production: false, sha: C2 })),
    ];
    for (const id of ids) await forge.setStatus(id, { state: "success", description: "good" });
    const found = await forge.deployments({ environment: "mainnet" });
    expect(found.map(({ statuses }) => statuses.map(({ state }) => state))).toEqual([["success"], ["success"]]);
  });

  it("come whole, a thousand of them over pages, in twenty requests", async () => {
    for (let index = 0; index < 1000; index += 1) {
      const row = harbor.deploy({ ref: C1, environment: "mainnet", task: `sluice:s${index % 60}`, production_environment: true }, "ana");
      harbor.setStatus(row, { state: "success" }, "ana");
    }
    const forge = forgeOf();
    const all = await forge.deployments({ environment: "mainnet" });
    expect(new Set(all.map(({ id }) => id)).size).toBe(1000);
    expect(all.every(({ statuses }) => statuses[0]?.state === "success")).toBe(true);
    expect(github.log).toHaveLength(20);
    expect(forge.budget()).toMatchObject({ limit: 1000, left: 990 });
    expect(await forge.deployments({ environment: "mainnet", task: "sluice:s7", most: 3 })).toHaveLength(3);
    expect(await forge.deployments({ environment: "mainnet", sha: C2 })).toEqual([]);
  });

  it("come with the newest thousand of their statuses where somebody has set more than a page holds", async () => {
    const [many, few] = [C1, C2].map((ref) => harbor.deploy({ ref, environment: "mainnet", task: "sluice:api" }, "ana"));
    if (!many || !few) throw new Error("none was made");
    harbor.setStatus(many, { state: "success", description: "good" }, "ana");
    harbor.setStatus(few, { state: "in_progress", description: "few" }, "ana");
    for (let index = 1; index <= 150; index += 1) harbor.setStatus(many, { state: "inactive", description: `n${index}` }, "mallory");
    const statuses = async () => (await forgeOf().deployments({ environment: "mainnet", sha: C1 }))[0]?.statuses ?? [];
    const words = (await statuses()).map(({ description }) => description);
    expect(words).toEqual([...Array.from({ length: 150 }, (_, i) => `n${150 - i}`), "good"]);
    expect((await forgeOf().deployments({ environment: "mainnet", sha: C2 }))[0]?.statuses).toMatchObject([{ description: "few" }]);
    for (let index = 151; index <= 1100; index += 1) harbor.setStatus(many, { state: "error", description: `n${index}` }, "mallory");
    const newest = await statuses();
    expect([newest.length, newest[0], newest.at(-1)]).toMatchObject([
      1000,
      { state: "error", description: "n1100" },
      { description: "n101" },
    ]);
  });

  it("are no short list where a page fails", async () => {
    for (let index = 0; index < 250; index += 1) harbor.deploy({ ref: C1, environment: "mainnet" }, "ana");
    github.fail({ path: /page=2/, status: 502, times: 9 });
    expect(await errorOf(forgeOf().deployments({ environment: "mainnet" }))).toMatchObject({ code: "unavailable" });
    expect(asked("page=2")).toBe(4);
  });

  it("are asked for again after a page that failed once", async () => {
    for (let index = 0; index < 250; index += 1) harbor.deploy({ ref: C1, environment: "mainnet" }, "ana");
    github.fail({ path: /page=3/, cut: "midway" });
    expect(await forgeOf().deployments({ environment: "mainnet" })).toHaveLength(250);
  });

  it.each([
    ["truncated JSON", { text: '[{"id": 1' }],
    ["an empty answer", { text: "" }],
    ["null", { text: "null" }],
    ["an object", { text: "{}" }],
    ["HTML of a proxy", { text: "<html>login</html>" }],
    ["a field that is missing", { change: (body: unknown) => (body as object[]).map((each) => ({ ...each, sha: undefined })) }],
    ["another environment", { change: (body: unknown) => (body as object[]).map((each) => ({ ...each, environment: "devnet" })) }],
  ])("refuse what cannot be read: %s", async (_name, failure) => {
    harbor.deploy({ ref: C1, environment: "mainnet" }, "ana");
    github.fail({ path: /deployments/, ...failure });
    expect(await errorOf(forgeOf().deployments({ environment: "mainnet" }))).toMatchObject({ code: "unreadable" });
  });

  it.each([
    ["errors", () => ({ data: null, errors: [{ message: "Something went wrong" }] })],
    ["no data", () => ({})],
    ["a deployment that is not there", () => ({ data: { nodes: [null] } })],
    ["fewer deployments", () => ({ data: { nodes: [] } })],
  ])("refuse statuses that cannot be read: %s", async (_name, change) => {
    harbor.deploy({ ref: C1, environment: "mainnet" }, "ana");
    github.fail({ path: /graphql/, change });
    expect(await errorOf(forgeOf().deployments({ environment: "mainnet" }))).toMatchObject({ code: "unreadable" });
  });

  it("refuse a list that goes on elsewhere: the token goes along", async () => {
    harbor.deploy({ ref: C1, environment: "mainnet" }, "ana");
    github.fail({ path: /deployments/, status: 200, body: [], headers: { link: '<https://elsewhere.example/x>; rel="next"' } });
    expect(await errorOf(forgeOf().deployments({ environment: "mainnet" }))).toMatchObject({ code: "unreadable" });
  });

  it("are not made twice where the answer was lost", async () => {
    github.fail({ method: "POST", path: /deployments$/, cut: "after" });
    const id = await forgeOf().createDeployment(record());
    expect(harbor.deployments.map((row) => row.id)).toEqual([id]);
  });

  it("are made again where the request was lost", async () => {
    github.fail({ method: "POST", path: /deployments$/, cut: "before" });
    github.fail({ method: "POST", path: /deployments$/, status: 502 });
    const id = await forgeOf().createDeployment(record());
    expect(harbor.deployments.map((row) => row.id)).toEqual([id]);
  });

  it("that cannot be told from others are not asked for again", async () => {
    github.fail({ method: "POST", path: /deployments$/, cut: "after" });
    expect(await errorOf(forgeOf().createDeployment(record({ payload: {} })))).toMatchObject({ code: "unavailable" });
    expect(asked("POST /repos")).toBe(1);
  });
});

describe("refusals", () => {
  const look = (forge = forgeOf()): Promise<unknown> => forge.deployments({ environment: "mainnet" });

  it("say what to do", async () => {
    github.expire(token);
    expect(await errorOf(look())).toMatchObject({ code: "unauthorized", hint: expect.stringContaining("expired") as string });
    const weak = github.installation("github-actions", { metadata: "read" });
    expect(await errorOf(look(forgeOf({}, weak)))).toMatchObject({
      code: "forbidden",
      hint: expect.stringContaining("deployments: read") as string,
    });
    const reader = github.installation("github-actions", { deployments: "read" });
    expect(await errorOf(forgeOf({}, reader).createDeployment(record()))).toMatchObject({
      code: "forbidden",
      hint: expect.stringContaining("deployments: write") as string,
    });
    github.fail({ status: 409, body: { message: "Conflict" } });
    expect(await errorOf(look(forgeOf({}, reader)))).toMatchObject({ code: "refused" });
    github.fail({ status: 301, headers: { location: "https://elsewhere.example" }, body: {} });
    expect(await errorOf(look(forgeOf({}, reader)))).toMatchObject({
      code: "refused",
      message: expect.stringContaining("moved") as string,
    });
    expect(await errorOf(forgeOf({}, reader).createDeployment(record({ sha: "nosuch" })))).toMatchObject({ code: "forbidden" });
  });

  it("of a repository that is not seen are never an absent thing", async () => {
    const forge = githubForge(accessFrom(github.env(token, "acme/other")), { secondMs: 1 });
    expect(await errorOf(forge.environment("mainnet"))).toMatchObject({ code: "not-found" });
    expect(await errorOf(forge.commit("main"))).toMatchObject({ code: "not-found" });
    expect(await errorOf(forge.workflowRun(1))).toMatchObject({ code: "not-found" });
    expect(await errorOf(forge.deployments({ environment: "x" }))).toMatchObject({ code: "not-found" });
  });

  it("are tried again where that is safe, with an end", async () => {
    github.fail({ status: 503, times: 2 });
    expect(await look()).toEqual([]);
    github.fail({ cut: "before", times: 9 });
    expect(await errorOf(look())).toMatchObject({ code: "unavailable" });
  });

  it("end a request that hangs", async () => {
    github.fail({ hangs: true, times: 9 });
    expect(await errorOf(look(forgeOf({ timeoutMs: 30 })))).toMatchObject({ code: "unavailable" });
  });

  it("end at once when that is asked for", async () => {
    github.fail({ hangs: true, times: 9 });
    const end = new AbortController();
    const looking = look(forgeOf({ signal: end.signal }));
    end.abort(new Error("left"));
    await expect(looking).rejects.toThrow("left");
  });
});

describe("limits", () => {
  const look = (forge: Forge): Promise<unknown> => forge.deployments({ environment: "mainnet" });
  const secondary = { status: 403, headers: { "retry-after": "7" }, body: { message: "You have exceeded a secondary rate limit." } };

  it("are waited for when they end soon", async () => {
    const notes: string[] = [];
    github.fail(secondary);
    expect(await look(forgeOf({ note: (line) => notes.push(line) }))).toEqual([]);
    expect(notes).toEqual(["GitHub asks for a pause: waits for 7 s"]);
  });

  it("say when they end where that is not soon, or comes again", async () => {
    const now = Date.now();
    github.fail({ ...secondary, headers: { "retry-after": "900" } });
    const error = await errorOf(look(forgeOf({ now: () => now })));
    expect(error).toMatchObject({ code: "limited", retryAt: now + 900_000 });
    github.fail({ ...secondary, status: 429, times: 9 });
    expect(await errorOf(look(forgeOf()))).toMatchObject({ code: "limited" });
  });

  it("of the hour show the budget", async () => {
    const resetAt = Math.ceil(Date.now() / 1000) * 1000 + 1_800_000;
    github.limit(token, 0, resetAt);
    const forge = forgeOf();
    expect(await errorOf(look(forge))).toMatchObject({ code: "limited", retryAt: resetAt });
    expect(forge.budget()).toMatchObject({ left: 0, resetsAt: resetAt });
  });

  it("do not make a deployment twice", async () => {
    github.fail({ method: "POST", ...secondary });
    await forgeOf().createDeployment(record());
    expect(harbor.deployments).toHaveLength(1);
  });
});

describe("gates", () => {
  const jobs = [
    { name: "approve", environment: "mainnet-approval" },
    { name: "deploy", needs: ["approve"], environment: "mainnet" },
  ];

  it("wait, are reviewed by a person in one act, and say who did", async () => {
    github.teams.set("release", ["ben"]);
    harbor.environment("mainnet-approval", { reviewers: ["ana", "team:release"] });
    const run = harbor.run({ commit: C1, jobs });
    const ben = forgeOf({}, github.person("ben"));
    const [gate] = await ben.pendingGates(run.id);
    expect(gate).toMatchObject({ environment: "mainnet-approval", mayApprove: true, reviewers: ["ana", "team:release"] });
    const decision = { environments: [gate?.id ?? 0], state: "approved", comment: "looked" } as const;
    expect(await errorOf(forgeOf().review(run.id, decision))).toMatchObject({ code: "forbidden" });
    expect(await errorOf(forgeOf({}, github.person("eve")).review(run.id, decision))).toMatchObject({ code: "refused" });
    await ben.review(run.id, decision);
    expect(run.conclusion).toBe("success");
    expect(await ben.reviews(run.id)).toEqual([{ state: "approved", environments: ["mainnet-approval"], by: "ben", comment: "looked" }]);
    expect(await errorOf(ben.review(run.id, decision))).toMatchObject({ code: "refused" });
    expect(await ben.pendingGates(run.id)).toEqual([]);
    expect([await ben.whoAmI(), await forgeOf().whoAmI()]).toEqual(["ben", null]);
  });

  it("are described, and one that nobody made is none", async () => {
    harbor.environment("mainnet-approval", {
      reviewers: ["ana"],
      preventsSelfReview: true,
      apps: ["sluice"],
      adminsBypass: false,
      branches: ["main"],
    });
    const forge = forgeOf();
    expect(await forge.environment("mainnet-approval")).toEqual({
      name: "mainnet-approval",
      reviewers: ["ana"],
      preventsSelfReview: true,
      apps: ["sluice"],
      adminsBypass: false,
      branches: "named",
    });
    expect(await forge.environment("canary-approval")).toBeNull();
    expect(await forge.environment("with/slash and space")).toBeNull();
  });
});

describe("runs", () => {
  it("that have not ended are all found", async () => {
    harbor.environment("mainnet-approval", { reviewers: ["ana"] });
    const jobs = [{ name: "approve", environment: "mainnet-approval" }];
    for (let index = 0; index < 130; index += 1) harbor.run({ commit: C1, jobs });
    harbor.run({ commit: C1, jobs: [{ name: "build" }] });
    const other = harbor.run({ commit: C2, jobs, event: "workflow_dispatch", startedBy: "ben", title: "Deploy all to mainnet" });
    const forge = forgeOf();
    expect(await forge.openRuns(C1)).toHaveLength(130);
    const all = await forge.openRuns(null);
    expect(all).toHaveLength(131);
    expect(all[0]).toMatchObject({
      id: other.id,
      commit: C2,
      event: "workflow_dispatch",
      startedBy: "ben",
      status: "waiting",
      conclusion: null,
    });
    expect(await forge.workflowRun(other.id)).toMatchObject({ title: "Deploy all to mainnet", attempt: 1 });
    expect(await forge.workflowRun(1)).toBeNull();
  });

  it("are refused where the search did not list them all", async () => {
    harbor.run({ commit: C1, jobs: [] });
    github.fail({ path: /actions.runs/, change: (body) => ({ ...(body as object), total_count: 1500 }) });
    expect(await errorOf(forgeOf().openRuns(C1))).toMatchObject({ code: "unreadable" });
  });
});

it("resolves commits and knows the repository", async () => {
  harbor.refs.set("v1.2", C2);
  harbor.commits.add(C1);
  const forge = forgeOf();
  expect([await forge.commit("v1.2"), await forge.commit("1111111"), await forge.commit("nosuch")]).toEqual([C2, C1, null]);
  expect(await forge.repository()).toEqual({ name: "acme/harbor", private: false, fork: false, defaultBranch: "main" });
});

it("asks an Enterprise host where that one answers", async () => {
  const enterprise = await Github.start({ enterprise: true });
  const repository = enterprise.repository("acme/harbor");
  const row = repository.deploy({ ref: C1, environment: "mainnet" }, "ana");
  repository.setStatus(row, { state: "success" }, "ana");
  const { GITHUB_API_URL: api = "" } = enterprise.env("", "");
  const access = accessFrom({
    GITHUB_SERVER_URL: api.replace("/api/v3", ""),
    GITHUB_REPOSITORY: "acme/harbor",
    GH_TOKEN: enterprise.person("ana"),
  });
  expect(await githubForge(access).deployments({ environment: "mainnet" })).toMatchObject([{ statuses: [{ state: "success" }] }]);
  await enterprise.close();
});

describe("access", () => {
  const env = { GITHUB_REPOSITORY: "acme/harbor", GITHUB_TOKEN: "secret" };
  it.each([
    [{}, "https://api.github.com"],
    [{ GITHUB_API_URL: "https://api.github.com/" }, "https://api.github.com"],
    [{ GITHUB_SERVER_URL: "https://acme.ghe.com" }, "https://api.acme.ghe.com"],
    [{ GITHUB_SERVER_URL: "https://git.acme.example" }, "https://git.acme.example/api/v3"],
    [
      { GITHUB_API_URL: "https://git.acme.example/api/v3", GITHUB_SERVER_URL: "https://git.acme.example" },
      "https://git.acme.example/api/v3",
    ],
  ])("%j is at %s", (more, url) => {
    expect(accessFrom({ ...env, ...more }).apiUrl).toBe(url);
  });
  it("of a given server does not go to another one's API", () => {
    const there = { ...env, GITHUB_API_URL: "https://git.acme.example/api/v3", GITHUB_SERVER_URL: "https://git.acme.example" };
    expect(accessFrom(there, { serverUrl: "https://github.com" }).apiUrl).toBe("https://api.github.com");
  });
  it.each([
    ["no token", { ...env, GITHUB_TOKEN: "" }],
    ["a token over two lines", { ...env, GITHUB_TOKEN: "se\ncret" }],
    ["no repository", { GITHUB_TOKEN: "secret" }],
    ["a path", { ...env, GITHUB_REPOSITORY: "acme/../x" }],
    ["plain HTTP", { ...env, GITHUB_API_URL: "http://git.acme.example/api/v3" }],
    ["a login in the address", { ...env, GITHUB_API_URL: "https://a:b@git.acme.example/api/v3" }],
    ["no address", { ...env, GITHUB_API_URL: "file:///etc/passwd" }],
  ])("refuses %s, without the token in its words", (_name, bad) => {
    expect(() => accessFrom(bad)).toThrow(ForgeError);
    expect(() => accessFrom(bad)).toThrow(/^(?!.*secret)/s);
  });
});
