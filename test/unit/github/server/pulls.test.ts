import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../../src/app/clock.ts";
import { connection, type Connection } from "../../../../src/app/github/connection.ts";
import { pullsOf } from "../../../../src/app/github/pulls.ts";
import { adapterSchemas } from "../../../../src/app/registry.ts";
import { Configs } from "../../../../src/engine/configs.ts";
import { PLAIN_DEPLOY } from "../../../../src/engine/control.ts";
import type { Pulls } from "../../../../src/github/server/pulls.ts";
import { Checks } from "../../../../src/github/server/checks.ts";
import { GitSource } from "../../../../src/source/git.ts";
import { Upstream } from "../../../../src/source/upstream.ts";
import { Github, type Repository } from "../../../rig/github/github.ts";
import type { PullOptions, PullRow } from "../../../rig/github/model.ts";
import { Hosted } from "../../../rig/github/server.ts";
import { TestServer } from "../../../rig/server.ts";
import { until } from "../../../rig/wait.ts";

const CLIENT = { secondMs: 1, writeEveryMs: 0, timeoutMs: 2000, patienceMs: 0 };
/** Each test is a server, git and many requests. */
const SLOW = 120_000;
const ENVIRONMENTS = "  devnet: {}\n  mainnet: { needs: [devnet], approval: { approvers: [ben, cleo] } }";
let github: Github;
let harbor: Repository;
let hosted: Hosted;
let privateKey: string;
let connected: Connection;
let author: string;

beforeEach(async () => {
  github = await Github.start();
  harbor = github.repository("acme/harbor");
  privateKey = github.app("sluice", "77", harbor);
  await host("own");
});
afterEach(async () => {
  connected.close();
  await hosted.remove();
  await github.close();
});

async function host(pullRequests: string): Promise<void> {
  hosted = new Hosted({ environments: ENVIRONMENTS, pullRequests });
  author = join(hosted.directory, "author");
  hosted.git(hosted.directory, "clone", "--quiet", hosted.remote, author);
  const env = github.env("", "acme/harbor");
  const remote = { server: env["GITHUB_SERVER_URL"] ?? "", repository: "acme/harbor" };
  connected = connection({ kind: "app", id: "77", privateKey }, remote, { env, clock: systemClock, log: () => {}, client: CLIENT });
  await hosted.serve({ SLUICE_GITHUB_WEBHOOK_SECRET: "" });
}
const engine = () => {
  const found = hosted.running?.application.engine;
  if (!found) throw new Error("no server runs");
  return found;
};
/** As after a restart: it knows only what is in the store. */
async function pulls(to = connected): Promise<Pulls> {
  const source = GitSource.ofProject(hosted.clone);
  const { store } = engine();
  const configs = new Configs(source, await adapterSchemas());
  const parts = { control: engine(), configs, source, policyRef: null, clock: systemClock, log: () => {} };
  const where = { to, upstream: new Upstream(hosted.clone), page: () => "https://sluice.example" };
  const forge = to.app?.checks("harbor");
  const checks = forge ? new Checks({ forge, store, gates: () => Promise.resolve([]), link: () => null, log: () => {} }) : null;
  return pullsOf(parts, where, checks);
}
async function told(...numbers: readonly number[]): Promise<void> {
  const all = await pulls();
  for (const number of numbers) await all.changed(number);
  await all.look();
}

type Files = Readonly<Record<string, string | { readonly link: string }>>;
/** A commit on top of what the branch has, as a pull request's head; and a merge of it where GitHub has made one. */
function commit(number: number, files: Files, { from = "origin/main", merged = false } = {}): string {
  hosted.git(author, "fetch", "--quiet");
  hosted.git(author, "checkout", "--quiet", "--force", "--detach", from);
  for (const [path, content] of Object.entries(files)) {
    const at = join(author, path);
    mkdirSync(dirname(at), { recursive: true });
    rmSync(at, { force: true });
    if (typeof content === "string") writeFileSync(at, content);
    else symlinkSync(content.link, at);
  }
  hosted.git(author, "add", "--all");
  const who = ["-c", "user.name=eve", "-c", "user.email=eve@example.invalid"];
  hosted.git(author, ...who, "commit", "--quiet", "--allow-empty", "--message", "Fixes #1 @acme/all");
  const head = hosted.git(author, "rev-parse", "HEAD");
  const merge = hosted.git(author, ...who, "commit-tree", `${head}^{tree}`, "-p", "origin/main", "-p", head, "-m", "merge");
  const refs = [`+${head}:refs/pull/${number}/head`, ...(merged ? [`+${merge}:refs/pull/${number}/merge`] : [])];
  hosted.git(author, "push", "--quiet", "origin", ...refs);
  return head;
}
function open(files: Files, options: Partial<PullOptions> & { readonly merged?: boolean } = {}): PullRow {
  const head = commit(harbor.pulls.size + 1, files, options);
  return harbor.pull({ head, ...options });
}
const bodies = ({ comments }: PullRow): readonly string[] => comments.map(({ body }) => body);
const body = (pull: PullRow): string => bodies(pull)[0] ?? "";
const writes = (): number => github.log.filter(({ method, path }) => method !== "GET" && path.includes("comments")).length;

/** Two services, of which only one has paths that change. */
const file = (more = ""): string =>
  hosted.file.replace(
    "services:\n",
    `services:\n  web: { tier: frontend, paths: [apps/web], needs: [], deploy: { command: { apply: [touch, ${hosted.world}/ran] } } }\n${more}`,
  );
async function deployed(): Promise<string> {
  const now = hosted.push("two services", { file: file() });
  hosted.git(hosted.clone, "fetch", "--quiet");
  await engine().deploy({ ...PLAIN_DEPLOY, commit: now, environments: ["devnet"] }, { name: "ana" });
  await until(async () => ((await engine().quiet()) ? true : null), "the run");
  rmSync(join(hosted.world, "ran"), { force: true });
  return now;
}

describe("a pull request", { timeout: SLOW }, () => {
  it("is told what a merge would deploy and where, against what is live, and beside its head", async () => {
    const live = await deployed();
    const pull = open({ "apps/web/page": "new" }, { merged: true });
    await told(pull.number);
    expect(bodies(pull)).toHaveLength(1);
    expect(body(pull)).toContain(`Of \`${pull.head.slice(0, 9)}\` as GitHub would merge it into \`main\` at \`${live.slice(0, 9)}\`.`);
    expect(body(pull)).toContain(`| \`web\` | changes, \`${live.slice(0, 9)}\` is live | new |`);
    expect(body(pull)).toContain("- `mainnet`: after `devnet`; **gate**: 1 of `ben`, `cleo` must approve");
    expect(harbor.checks).toMatchObject([
      { sha: pull.head, name: "sluice", conclusion: "success", title: "A merge would change 2 services in devnet, mainnet" },
    ]);
  });

  it("has one comment, changed in place when it is pushed to, and left where nothing is new", async () => {
    const pull = open({ "apps/web/page": "1" });
    await told(pull.number);
    const before = writes();
    await told(pull.number);
    expect(writes()).toBe(before);
    pull.head = commit(pull.number, { "apps/web/page": "2" });
    await told(pull.number, pull.number);
    expect([writes(), bodies(pull).length]).toEqual([before + 1, 1]);
    expect(body(pull)).toContain(pull.head.slice(0, 9));
    expect(body(pull)).toContain("alone, since GitHub has no current merge of it");
  });

  it("has one comment though GitHub fails at any request and nothing is remembered", async () => {
    const pull = open({ "apps/web/page": "1" });
    for (const failure of [
      { status: 403 },
      { status: 429, headers: { "retry-after": "0" } },
      { cut: "after" as const, times: 9 },
      { status: 502, times: 9 },
    ])
      for (const method of ["GET", "POST", "PATCH"]) {
        if (method === "POST") pull.comments.splice(0);
        pull.head = commit(pull.number, { "apps/web/page": JSON.stringify([failure, method]) });
        await engine().store.setNotes({ [`github/pull/${pull.number}`]: null });
        github.fail({ method, path: /comments/, times: 1, ...failure });
        await told(pull.number).catch((error: unknown) => expect(error).toMatchObject({ name: "ForgeError" }));
        github.healthy();
        await engine().store.setNotes({ [`github/pull/${pull.number}`]: null });
        await told(pull.number);
        const is = [method, JSON.stringify(failure)];
        expect([...is, bodies(pull).length, body(pull).includes(pull.head.slice(0, 9))]).toEqual([...is, 1, true]);
      }
  });

  it("keeps what others have written, also with the marker, and gets a comment again that a person has deleted", async () => {
    const pull = open({ "apps/web/page": "1" });
    pull.comments.push({ id: 1, by: "eve", body: "<!-- sluice: plan of harbor -->\nall is fine", at: 0 });
    await told(pull.number);
    expect(pull.comments.map(({ by }) => by)).toEqual(["eve", "sluice[bot]"]);
    pull.comments.splice(1);
    pull.head = commit(pull.number, { "apps/web/page": "2" });
    await told(pull.number);
    expect(pull.comments.map(({ by }) => by)).toEqual(["eve", "sluice[bot]"]);
    expect(body(pull)).toContain("all is fine");
  });

  it("that is a draft, closed meanwhile or into another branch is left; one that was pointed elsewhere is told so", async () => {
    const draft = open({ a: "1" }, { draft: true });
    const closed = open({ a: "2" });
    closed.state = "closed";
    const other = open({ a: "3" }, { base: "legacy" });
    const moved = open({ a: "4" });
    await told(draft.number, closed.number, other.number, moved.number, 99);
    expect([draft, closed, other, moved].map(({ comments }) => comments.length)).toEqual([0, 0, 0, 1]);
    draft.draft = false;
    moved.base = "legacy";
    await told(draft.number, moved.number);
    expect([draft.comments.length, bodies(moved)]).toEqual([1, [expect.stringContaining("it would be merged into `legacy`")]]);
  });

  it("from a fork, or from nobody any more, is not even fetched where the file does not say so", async () => {
    const fork = open({ a: "1" }, { fork: "eve/harbor" });
    const gone = open({ a: "2" }, { fork: "" });
    await told(fork.number, gone.number);
    expect([fork.comments, gone.comments]).toEqual([[], []]);
    expect(() => hosted.git(hosted.clone, "cat-file", "-e", fork.head)).toThrow(/cat-file/);
    connected.close();
    await hosted.remove();
    harbor.pulls.clear();
    await host("all");
    const now = open({ a: "1" }, { fork: "eve/harbor" });
    await told(now.number);
    expect(now.comments).toHaveLength(1);
    expect(hosted.git(hosted.clone, "for-each-ref", "refs/sluice/pull/")).toBe("");
  });
});

describe("what is wrong with its file is said", { timeout: SLOW }, () => {
  it.each([
    [
      "with lines where it is not valid",
      { "sluice.yaml": "version: 1\nproject: harbor\nservices:\n  api: { tier: middle }\n" },
      /sluice\.yaml:4:\d+: error: /,
    ],
    ["where it is gone", { "sluice.yaml": { link: "/dev/null" } }, /is a symbolic link, which is not followed/],
    ["where it is huge", { "sluice.yaml": `# ${"x".repeat(17 * 1024 * 1024)}` }, /is larger than 16 MB/],
  ] as const)("%s", async (_, files, words) => {
    const pull = open(files);
    await told(pull.number);
    expect(body(pull)).toMatch(words);
    expect(body(pull)).toContain("A push of this would be refused");
    expect(harbor.checks).toMatchObject([{ sha: pull.head, conclusion: "failure" }]);
    expect(body(pull)).not.toContain(hosted.directory);
  });

  it("where policy has no such environment, and where it edits policy, which decides only once it is merged", async () => {
    const pull = open({ "sluice.yaml": hosted.file.replace("approvers: [ben, cleo]", "approvers: [eve]") });
    const unknown = open({
      "sluice.yaml": hosted.file
        .replace("environments:\n", "environments:\n  moon: {}\n")
        .replace("tier: backend,", "tier: backend, environments: [moon],"),
    });
    await told(pull.number, unknown.number);
    expect(body(pull)).toContain("**It edits policy.** What follows is by the policy of `origin/main`");
    expect(body(pull)).toContain("- edits `environments.mainnet.approval`");
    expect(body(pull)).toContain("1 of `ben`, `cleo` must approve");
    expect(body(unknown)).toContain("`api` is in `moon`, which policy does not have");
  });

  it("what it adds, edits and removes", async () => {
    await deployed();
    const pull = open({ "sluice.yaml": hosted.file.replace("tier: backend,", "tier: backend, manual: false, paths: [services/api],") });
    await told(pull.number);
    expect(body(pull)).toContain("- `removes the service web: what is live of it goes on running`");
    expect(body(pull)).toContain("- `edits the service api: paths`");
  });
});

describe("nothing of a pull request", { timeout: SLOW }, () => {
  it("is run: no driver, builder, hook or filter sees it", async () => {
    const evil = join(hosted.world, "evil");
    const pull = open({
      "sluice.yaml": file(
        `  evil: { tier: backend, deploy: { command: { apply: [touch, ${evil}] } } }\n  chart: { tier: backend, deploy: { helm: { chart: chart } } }\n`,
      ),
      ".gitattributes": "* filter=evil diff=evil merge=evil\n",
      ".gitmodules": '[submodule "x"]\n\tpath = x\n\turl = ext::touch\n',
      "chart/Chart.yaml":
        "apiVersion: v2\nname: chart\nversion: 1.0.0\ndependencies: [{ name: x, version: 1.0.0, repository: 'file:///etc' }]\n",
      "chart/templates": { link: "../../../etc/passwd" },
    });
    for (const [key, command] of [
      ["filter.evil.smudge", `touch ${evil}`],
      ["diff.evil.textconv", `touch ${evil}`],
      ["merge.evil.driver", `touch ${evil}`],
    ] as const)
      hosted.git(hosted.clone, "config", key, command);
    await told(pull.number);
    expect(body(pull)).toContain("| `evil` | new | new |");
    expect(body(pull)).toContain("| `chart` | new | new |");
    expect(existsSync(evil)).toBe(false);
  });

  it("is a mention, a link, HTML or a keyword in the comment", async () => {
    const words = "`` @acme/all fixes #1 <img src=x onerror=y> [a](https://evil.example) | **b** ``` \\| @eve";
    const pull = open({ "sluice.yaml": hosted.file.replace("tier: backend", `"${words.replaceAll("\\", "\\\\")}": 1, tier: backend`) });
    await told(pull.number);
    const text = body(pull);
    expect(text).toContain("acme/all");
    const outside = text.replaceAll(/^(`{3,})text\n[\s\S]*?\n\1$/gm, "").replaceAll(/`[^`\n]*`/g, "");
    expect(outside).not.toMatch(/@|evil|<img|#1/);
  });
});

it(
  "three hundred services are one comment that GitHub takes, and the rest is counted",
  async () => {
    const name = (index: number): string => `service-${String(index).padStart(3, "0")}-${"x".repeat(40)}`;
    const many = Array.from(
      { length: 300 },
      (_, index) => `  ${name(index)}: { tier: backend, deploy: { command: { apply: ["true"] } } }\n`,
    ).join("");
    const pull = open({ "sluice.yaml": file(many) });
    await told(pull.number);
    expect(body(pull)).toContain("302 services would change.");
    expect(body(pull)).toContain(`| \`${name(299)}\` | new | new |`);
    const five = Array.from(
      { length: 2000 },
      (_, index) => `  ${name(index)}: { tier: backend, deploy: { command: { apply: ["true"] } } }\n`,
    ).join("");
    pull.head = commit(pull.number, { "sluice.yaml": file(five) });
    await told(pull.number);
    expect(body(pull)).toMatch(/\| and \d+ more services \| {2}\|/);
    expect(body(pull).length).toBeLessThanOrEqual(65_536);
    expect(body(pull)).toContain("**Where**");
  },
  SLOW,
);

describe("pull requests of which nobody has told", { timeout: SLOW }, () => {
  it("are found by looking, which costs nothing where nothing has changed", async () => {
    const first = open({ a: "1" });
    const all = await pulls();
    await all.reconcile();
    await all.look();
    expect(first.comments).toHaveLength(1);
    await all.reconcile();
    const spent = (): number | undefined => connected.limits().budgets.find(({ resource }) => resource === "core")?.left;
    const [left, asked] = [spent(), github.log.length];
    await all.reconcile();
    expect([spent(), github.log.length]).toEqual([left, asked + 1]);
    const second = open({ a: "2" });
    first.head = commit(first.number, { a: "3" });
    second.updatedAt += 1;
    expect(await all.behind()).toBe(0);
    await all.reconcile();
    expect(await all.behind()).toBe(2);
    await all.look();
    expect([body(first).includes(first.head.slice(0, 9)), second.comments.length]).toEqual([true, 1]);
  });

  it("are found over pages", async () => {
    const head = commit(1, { a: "1" });
    for (let index = 0; index < 230; index += 1) harbor.pull({ head });
    const all = await pulls();
    await all.reconcile();
    expect(await all.behind()).toBe(230);
  });
});

describe("a server", { timeout: SLOW }, () => {
  it("hears of them, in any order and however often, and a killed one makes no second comment", async () => {
    await hosted.stop();
    const { GITHUB_TOKEN: _, ...env } = github.env("", "acme/harbor");
    const app = { SLUICE_GITHUB_APP_ID: "77", SLUICE_GITHUB_PRIVATE_KEY: privateKey, SLUICE_GITHUB_REPOSITORY: "acme/harbor" };
    const server = new TestServer(hosted.clone, { PATH: process.env["PATH"] ?? "", ...hosted.env, ...env, ...app });
    await server.start();
    await until(() => hosted.noteOnDisk("github/pushed/main"), "the first look");
    const pull = open({ a: "1" });
    const tell = (action: string, id: string, url: string) =>
      hosted.deliver({ action, number: pull.number, repository: { full_name: "acme/harbor" } }, { event: "pull_request", id, url });
    // What GitHub has written is not heard of by the server, which ends before it can keep anything.
    github.fail({ method: "POST", path: /comments$/, cut: "after", times: 1 });
    expect(await tell("synchronize", "b", server.url)).toMatchObject({ status: 202 });
    await tell("opened", "a", server.url);
    await until(() => (pull.comments.length > 0 ? true : null), "a comment");
    await server.kill("SIGKILL");
    await server.start();
    expect((await tell("synchronize", "b", server.url)).text).toContain("taken before");
    await until(() => (hosted.noteOnDisk("github/pull/1")?.includes('"due":false') ? true : null), "its end");
    expect(bodies(pull)).toHaveLength(1);
    expect(await tell("labeled", "c", server.url)).toMatchObject({ status: 202, text: expect.stringContaining("nothing is done") });
    await server.kill("SIGKILL");
  });
});
