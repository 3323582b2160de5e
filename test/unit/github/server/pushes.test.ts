import { afterEach, describe, expect, it } from "vitest";
import { renameSync } from "node:fs";
import { Github } from "../../../rig/github/github.ts";
import { ENV, Hosted, SECRET, type HostedOptions } from "../../../rig/github/server.ts";
import { TestServer } from "../../../rig/server.ts";
import { until } from "../../../rig/wait.ts";

let hosted: Hosted;
let github: Github | null = null;
afterEach(async () => {
  await hosted.remove();
  await github?.close();
  github = null;
});

async function served(options: HostedOptions = {}): Promise<void> {
  hosted = new Hosted(options);
  await hosted.serve();
  await looked();
}
const note = async (key: string): Promise<string | null> => (await hosted.running?.application.engine.store.note(key)) ?? null;
/** The server has noted where the branch is. */
const looked = (): Promise<string> => until(() => note("github/pushed/main"), "the first look");
const dealtWith = (commit: string): Promise<true> =>
  until(async () => ((await note("github/pushed/main")) === commit && (await hosted.settled()) ? true : null), `dealing with ${commit}`);
const settled = (): Promise<true> => until(async () => ((await hosted.settled()) ? true : null), "acting on deliveries");
const runs = async () => (await hosted.runs()).map(({ commit, by, reason }) => ({ commit, by, reason }));
const started = (commit: string, by = "ana") => ({ commit, by, reason: "pushed to main" });

describe("a push", () => {
  it("is deployed as the person who has pushed, from a clone whose work tree stays as it is", async () => {
    await served();
    const before = hosted.git(hosted.clone, "rev-parse", "HEAD");
    const commit = hosted.push("second");
    expect(await hosted.tell(commit, { by: "Ben" })).toMatchObject({ status: 202 });
    await dealtWith(commit);
    expect(await runs()).toEqual([started(commit, "Ben")]);
    expect([
      hosted.git(hosted.clone, "rev-parse", "HEAD"),
      hosted.git(hosted.clone, "status", "--porcelain", "--untracked-files=no"),
    ]).toEqual([before, ""]);
  });

  it("is named as policy names the person, in whatever case the forge writes the login", async () => {
    await served({ environments: "  devnet: { deployers: [Ben] }" });
    const commit = hosted.push("second");
    await hosted.tell(commit, { by: "bEN" });
    await dealtWith(commit);
    expect(await runs()).toEqual([started(commit, "Ben")]);
  });

  it("is deployed only where policy lets the person deploy", async () => {
    await served({ environments: "  devnet: {}\n  mainnet: { needs: [devnet], deployers: [ana] }" });
    const [first, second] = [hosted.push("second"), hosted.push("third")];
    await hosted.tell(first, { by: "eve" });
    await dealtWith(first);
    await hosted.tell(second, { by: "ana" });
    await dealtWith(second);
    const plans = (await hosted.runs()).map(async ({ id }) => (await hosted.running?.application.engine.store.plan(id))?.members ?? {});
    expect((await Promise.all(plans)).map((members) => Object.keys(members))).toEqual([["api@devnet"], ["api@devnet", "api@mainnet"]]);
  });

  it("starts nothing where the file does not say that the server is to", async () => {
    hosted = new Hosted({ push: "all, services" });
    await hosted.serve();
    const commit = hosted.push("second");
    await hosted.tell(commit);
    await settled();
    expect(hosted.git(hosted.clone, "rev-parse", "origin/main")).toBe(commit);
    expect(await runs()).toEqual([]);
  });

  it("of another branch, of a tag, of a deleted branch or of another repository starts nothing, and other branches are fetched", async () => {
    await served();
    const other = hosted.push("other", { branch: "feature" });
    await hosted.tell(other, { branch: "feature" });
    await hosted.tell("0".repeat(40), { branch: "gone" });
    await hosted.tell("0".repeat(40));
    await hosted.deliver({ ref: "refs/tags/v1", after: other, repository: { full_name: "acme/harbor" }, sender: { login: "ana" } });
    await settled();
    expect(hosted.git(hosted.clone, "rev-parse", "origin/feature")).toBe(other);
    expect(await runs()).toEqual([]);
  });

  it("of a commit that is not on the branch is nobody's to deploy", async () => {
    await served();
    const stray = hosted.push("stray", { branch: "feature" });
    await hosted.tell(stray);
    await hosted.tell("5".repeat(40));
    await settled();
    expect(await runs()).toEqual([]);
  });

  it("that breaks the file deploys nothing, also where policy is read from there, and the next one that mends it is deployed", async () => {
    await served();
    const broken = hosted.push("broken", { file: "version: 1\n" });
    await hosted.tell(broken);
    await until(() => (hosted.said.some((line) => line.includes("is not valid")) ? true : null), "a warning");
    const mended = hosted.push("mended", { file: hosted.file });
    await hosted.tell(mended);
    await dealtWith(mended);
    expect(await runs()).toEqual([started(mended)]);
    expect(hosted.said.join("\n")).toContain("a push to main is not deployed");
  });

  it("sent again, late or out of order, starts nothing twice and nothing older after something newer", async () => {
    await served();
    const [first, second, third] = [hosted.push("1"), hosted.push("2"), hosted.push("3")];
    await hosted.tell(second, { id: "b" });
    await dealtWith(second);
    await hosted.tell(first, { id: "a" });
    expect(JSON.parse((await hosted.tell(second, { id: "b" })).text)).toEqual({ message: "taken before" });
    await hosted.tell(second, { id: "replayed under another name".replaceAll(" ", "-") });
    await settled();
    await hosted.tell(third, { id: "c" });
    await dealtWith(third);
    expect(await runs()).toEqual([started(second), started(third)]);
  });

  it("that sets the branch back deploys nothing; what is pushed on top of it does", async () => {
    await served();
    const [first, second] = [hosted.push("1"), hosted.push("2")];
    await hosted.tell(second);
    await dealtWith(second);
    hosted.set("main", first);
    await hosted.tell(first);
    await dealtWith(first);
    expect(hosted.said.join("\n")).toContain("main was set back");
    const other = hosted.push("3", { from: first, force: true });
    await hosted.tell(other);
    await dealtWith(other);
    expect(await runs()).toEqual([started(second), started(other)]);
  });
});

describe("what is not a delivery of the forge's", () => {
  it("is refused: unsigned, signed with another secret, changed on its way, or too long", async () => {
    await served();
    const commit = hosted.push("second");
    expect(await hosted.tell(commit, { secret: "another" })).toMatchObject({ status: 401 });
    expect(await hosted.tell(commit, { headers: { "x-hub-signature-256": "" } })).toMatchObject({ status: 401 });
    expect(await hosted.tell(commit, { headers: { "x-hub-signature-256": "sha256=00" } })).toMatchObject({ status: 401 });
    expect(await hosted.tell(commit, { body: JSON.stringify({ ref: "refs/heads/main" }) })).toMatchObject({ status: 401 });
    expect(await hosted.deliver({ pad: "x".repeat(4 * 1024 * 1024) })).toMatchObject({ status: 413 });
    expect(await hosted.deliver({ nothing: true })).toMatchObject({ status: 400 });
    expect(await hosted.tell(commit, { id: "../../etc" })).toMatchObject({ status: 400 });
    expect(await runs()).toEqual([]);
  });

  it("is refused all the same where nobody has set a secret", async () => {
    hosted = new Hosted({ env: { SLUICE_GITHUB_WEBHOOK_SECRET: "" } });
    await hosted.serve();
    expect(await hosted.tell(hosted.push("second"), { secret: SECRET })).toMatchObject({ status: 403 });
  });

  it("opens no other door: a signature is no token, and other paths keep their guards", async () => {
    await served();
    const url = hosted.running?.server.url ?? "";
    for (const path of ["/api/v1/runs", "/api/v1/hooks/github/../runs", "/api/v1/hooks/githubx"]) {
      const answer = await fetch(url + path, { method: "POST", headers: { "content-type": "application/json" }, body: "{}" });
      expect([401, 404]).toContain(answer.status);
    }
    expect((await fetch(`${url}/api/v1/hooks/github`)).status).toBe(404);
  });

  it("is answered and left alone where nothing is done about it", async () => {
    await served();
    expect(await hosted.deliver({ zen: "yes" }, { event: "ping" })).toMatchObject({ status: 202 });
    const form = new URLSearchParams({ payload: "{}" }).toString();
    expect(await hosted.deliver({}, { body: form })).toMatchObject({ status: 401 });
  });
});

describe("a push of which nobody has told", () => {
  it("is found when the server starts, and started once", async () => {
    await served();
    await hosted.stop();
    const commit = hosted.push("while it was away");
    await hosted.serve();
    await dealtWith(commit);
    await hosted.stop();
    await hosted.serve();
    await hosted.tell(commit, { by: "ben" });
    await settled();
    expect(await runs()).toEqual([started(commit)]);
  });

  it("is by whom GitHub says, and waits where GitHub does not say: nobody is to decide on their own push", async () => {
    github = await Github.start();
    const harbor = github.repository("acme/harbor");
    const { GITHUB_TOKEN: token = "", ...env } = github.env(github.person("robot"), "acme/harbor");
    hosted = new Hosted({ env: { ...env, SLUICE_GITHUB_TOKEN: token, SLUICE_GITHUB_REPOSITORY: "acme/harbor" } });
    await hosted.serve();
    await looked();
    await hosted.stop();
    const commit = hosted.push("while it was away");
    harbor.pushed("main", commit, "eve");
    github.fail({ path: /activity/, status: 404 });
    await hosted.serve();
    await until(() => (hosted.said.some((line) => line.includes("who has pushed to main")) ? true : null), "a warning");
    expect(await runs()).toEqual([]);
    await dealtWith(commit);
    expect(await runs()).toEqual([started(commit, "eve")]);
  });

  it("was told of, but not acted on before the server was killed: it is by whom the forge has named, not by the commit's author", async () => {
    hosted = new Hosted();
    const server = new TestServer(hosted.clone, { ...ENV, ...hosted.env });
    await server.start();
    await until(() => hosted.noteOnDisk("github/pushed/main"), "the first look");
    const commit = hosted.push("second");
    renameSync(hosted.remote, `${hosted.remote}.away`);
    expect(await hosted.tell(commit, { by: "ben", url: server.url })).toMatchObject({ status: 202 });
    await server.kill("SIGKILL");
    renameSync(`${hosted.remote}.away`, hosted.remote);
    await hosted.serve();
    await dealtWith(commit);
    expect(await runs()).toEqual([started(commit, "ben")]);
  });

  it("is not started by the first look: to set a server up is no push", async () => {
    await served();
    expect(await runs()).toEqual([]);
  });
});
