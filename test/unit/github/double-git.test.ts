import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Octokit } from "@octokit/core";
import { Webhooks } from "@octokit/webhooks";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Github, type Repository } from "../../rig/github/github.ts";

const NOTHING = "0".repeat(40);
const here = { owner: "acme", repo: "harbor" };
let directory: string;
let github: Github;
let harbor: Repository;
let listener: Server;
let heard: { readonly event: string; readonly id: string; readonly again: boolean; readonly body: string }[];
let answer: (respond: (status: number) => void) => void;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "sluice-double-"));
  github = await Github.start();
  harbor = github.repository("acme/harbor", { git: join(directory, "acme/harbor.git"), private: true });
  heard = [];
  answer = (respond) => respond(202);
  listener = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const body = Buffer.concat(chunks).toString();
      const signature = String(request.headers["x-hub-signature-256"]);
      if (!(await new Webhooks({ secret: "shh" }).verify(body, signature))) throw new Error("a delivery is not signed");
      const [event = "", id = ""] = [request.headers["x-github-event"], request.headers["x-github-delivery"]].map(String);
      heard.push({ event, id, again: heard.some((each) => each.id === id), body });
      answer((status) => void response.writeHead(status).end("heard"));
    })();
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
});
afterEach(async () => {
  listener.closeAllConnections();
  listener.close();
  rmSync(directory, { recursive: true, force: true });
  await github.close();
});

const url = (token: string): string => `${github.url.replace("//", `//x-access-token:${token}@`)}/acme/harbor.git`;
const work = (): string => join(directory, "work");
async function git(...args: readonly string[]): Promise<string> {
  const env = { PATH: process.env["PATH"] ?? "", GIT_CONFIG_GLOBAL: "/dev/null", GIT_TERMINAL_PROMPT: "0" };
  const who = ["-c", "user.name=ana", "-c", "user.email=ana@example.invalid"];
  return (await promisify(execFile)("git", [...who, ...args], { cwd: directory, env })).stdout.trim();
}
async function commit(name: string, size = 1): Promise<string> {
  writeFileSync(join(work(), name), Buffer.alloc(size, name));
  await git("-C", work(), "add", "--all");
  await git("-C", work(), "commit", "--quiet", "--message", name);
  return await git("-C", work(), "rev-parse", "HEAD");
}
const push = (token: string, ...args: readonly string[]) =>
  git("-C", work(), "push", "--quiet", ...args.slice(1), url(token), args[0] ?? "");
const octokit = (login: string) => new Octokit({ auth: github.person(login), baseUrl: github.url });
async function hook(events = ["push"]) {
  const config = { url: `http://127.0.0.1:${(listener.address() as AddressInfo).port}/`, secret: "shh", content_type: "json" };
  const { data } = await octokit("ana").request("POST /repos/{owner}/{repo}/hooks", { ...here, config, events });
  await github.settled();
  return data.id;
}
const pushes = () => heard.filter(({ event }) => event === "push").map(({ body }) => JSON.parse(body) as Record<string, unknown>);

describe("git at the double", () => {
  it("pushes and fetches over HTTP, each token as far as it may", async () => {
    const ana = github.person("ana");
    const [reads, blind] = [github.installation("reads", { contents: "read" }), github.installation("blind", { actions: "read" })];
    await git("init", "--quiet", "--initial-branch=main", work());
    const first = await commit("large", 3_000_000);
    await expect(push("nobody", "main")).rejects.toThrow(/Authentication failed/);
    await expect(push(reads, "main")).rejects.toThrow(/403/);
    await push(ana, "main");
    expect([harbor.refs.get("main"), harbor.resolve("main"), harbor.resolve(first.slice(0, 8))]).toEqual([first, first, first]);
    expect(() => harbor.resolve("5".repeat(40))).toThrow("No commit found");
    expect(await git("ls-remote", url(reads), "main")).toContain(first);
    await expect(git("ls-remote", url(blind))).rejects.toThrow(/not found/);
    await git("clone", "--quiet", url(reads), join(directory, "clone"));
    expect(await git("-C", join(directory, "clone"), "rev-parse", "HEAD")).toBe(first);
  });

  it("reads what is public as nobody, and fails as it is told to", async () => {
    await expect(git("ls-remote", `${github.url}/acme/harbor.git`)).rejects.toThrow(/could not read Username/);
    github.repository("acme/open", { git: join(directory, "acme/open.git") });
    expect(await git("ls-remote", `${github.url}/acme/open.git`)).toBe("");
    github.fail({ path: /info\/refs/, status: 503 });
    await expect(git("ls-remote", url(github.person("ana")))).rejects.toThrow(/503/);
    expect(github.log.at(-1)).toMatchObject({ path: "/acme/harbor.git/info/refs?service=git-upload-pack" });
  });

  it("tells of every ref that a push moves, as GitHub describes it, and who it was", async () => {
    const ana = github.person("ana");
    await hook();
    await git("init", "--quiet", "--initial-branch=main", work());
    const first = await commit("a");
    await push(ana, "main");
    const second = await commit("b");
    await push(ana, "main");
    await git("-C", work(), "commit", "--quiet", "--amend", "--message", "c");
    const third = await git("-C", work(), "rev-parse", "HEAD");
    await push(ana, "main", "--force");
    await push(ana, "HEAD:refs/tags/v1");
    await push(ana, ":refs/tags/v1");
    await github.settled();
    expect(heard.map(({ event }) => event)).toEqual(["ping", "push", "push", "push", "push", "push"]);
    expect(pushes().map(({ ref, before, after, forced, created, deleted }) => [ref, before, after, forced, created, deleted])).toEqual([
      ["refs/heads/main", NOTHING, first, false, true, false],
      ["refs/heads/main", first, second, false, false, false],
      ["refs/heads/main", second, third, true, false, false],
      ["refs/tags/v1", NOTHING, third, false, true, false],
      ["refs/tags/v1", third, NOTHING, false, false, true],
    ]);
    expect(pushes()[0]).toMatchObject({ sender: { login: "ana" }, repository: { full_name: "acme/harbor" } });
    const { data } = await octokit("ana").request("GET /repos/{owner}/{repo}/activity", { ...here, ref: "refs/heads/main" });
    expect(data.map(({ activity_type: kind, after }) => [kind, after])).toEqual([
      ["force_push", third],
      ["push", second],
      ["branch_creation", first],
    ]);
  });
});

describe("a webhook of the double", () => {
  const deliveries = async (id: number) =>
    (await octokit("ana").request("GET /repos/{owner}/{repo}/hooks/{hook_id}/deliveries", { ...here, hook_id: id })).data.filter(
      ({ event }) => event === "push",
    );
  const again = (id: number, delivery: number) =>
    octokit("ana").request("POST /repos/{owner}/{repo}/hooks/{hook_id}/deliveries/{delivery_id}/attempts", {
      ...here,
      hook_id: id,
      delivery_id: delivery,
    });

  it("is sent once, and again only when somebody asks for it: under the same id", async () => {
    const id = await hook();
    answer = (respond) => respond(503);
    harbor.pushed("main", "1".repeat(40), "ana");
    await github.settled();
    const [failed] = await deliveries(id);
    expect(failed).toMatchObject({ status_code: 503, redelivery: false });
    answer = (respond) => respond(202);
    await again(id, Number(failed?.id));
    await github.settled();
    expect((await deliveries(id)).map(({ status, guid, redelivery }) => [status, guid, redelivery])).toEqual([
      ["OK", failed?.guid, true],
      ["Invalid HTTP Response: 503", failed?.guid, false],
    ]);
    expect(heard.filter(({ event }) => event === "push").map((each) => each.again)).toEqual([false, true]);
  });

  it("is not taken by whoever does not answer in time, or is not there", async () => {
    const id = await hook();
    harbor.hooks.answerMs = 50;
    answer = () => {};
    harbor.pushed("main", "1".repeat(40), "ana");
    await github.settled();
    listener.closeAllConnections();
    await new Promise((resolve) => listener.close(resolve));
    harbor.pushed("main", "2".repeat(40), "ana");
    await github.settled();
    expect((await deliveries(id)).map(({ status }) => status)).toEqual(["failed to connect to host", "timed out"]);
  });

  it("asks an App whose rule guards an environment", async () => {
    github.app("sluice", "77", harbor);
    const port = (listener.address() as AddressInfo).port;
    github.listens("sluice", harbor, `http://127.0.0.1:${port}/`, "shh", ["deployment_protection_rule"]);
    harbor.environment("mainnet", { apps: ["sluice"] });
    await git("init", "--quiet", "--initial-branch=main", work());
    const first = await commit("a");
    await push(github.person("ana"), "main");
    const run = harbor.run({ commit: first, jobs: [{ name: "deploy", environment: "mainnet" }] });
    await github.settled();
    expect(
      heard.map(({ event, body }) => [event, (JSON.parse(body) as { deployment_callback_url: string }).deployment_callback_url]),
    ).toEqual([["deployment_protection_rule", `${github.url}/repos/acme/harbor/actions/runs/${run.id}/deployment_protection_rule`]]);
  });
});
