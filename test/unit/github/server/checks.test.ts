import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../../src/app/clock.ts";
import { connection, type Connection } from "../../../../src/app/github/connection.ts";
import { PLAIN_DEPLOY } from "../../../../src/engine/control.ts";
import { Checks } from "../../../../src/github/server/checks.ts";
import type { CheckRow } from "../../../rig/github/model.ts";
import { Github, type Repository } from "../../../rig/github/github.ts";
import { Hosted } from "../../../rig/github/server.ts";
import { until } from "../../../rig/wait.ts";

const CLIENT = { secondMs: 1, writeEveryMs: 0, timeoutMs: 2000, patienceMs: 0 };
/** Each test is a server, git and many requests. */
const SLOW = 120_000;
let github: Github;
let harbor: Repository;
let hosted: Hosted;
let privateKey: string;
let connected: Connection;

beforeEach(async () => {
  github = await Github.start();
  harbor = github.repository("acme/harbor");
  privateKey = github.app("sluice", "77", harbor);
  hosted = new Hosted({ environments: "  devnet: {}\n  mainnet: { needs: [devnet], approval: { approvers: [ben, cleo] } }" });
  const env = github.env("", "acme/harbor");
  const remote = { server: env["GITHUB_SERVER_URL"] ?? "", repository: "acme/harbor" };
  const parts = { env, clock: systemClock, log: () => {}, client: CLIENT };
  connected = connection({ kind: "app", id: "77", privateKey }, remote, parts);
});
afterEach(async () => {
  connected.close();
  await hosted.remove();
  await github.close();
});

const engine = () => {
  const found = hosted.running?.application.engine;
  if (!found) throw new Error("no server runs");
  return found;
};
const said: string[] = [];
/** As after a restart: it knows only what is in the store. */
function checks(): Checks {
  const forge = connected.app?.checks("harbor");
  if (!forge) throw new Error("it is no App");
  const link = (run: string): string => `https://sluice.example/runs/${run}`;
  return new Checks({ forge, store: engine().store, gates: () => engine().approvals(), link, log: (_, message) => said.push(message) });
}
const write = (): Promise<void> => checks().write();
const quiet = (): Promise<true> => until(async () => ((await engine().quiet()) ? true : null), "the run");
async function served(): Promise<string> {
  await hosted.serve();
  await write(); // notes where it begins
  return hosted.git(hosted.clone, "rev-parse", "HEAD");
}
async function deploy(commit: string, services: readonly string[] | null = null): Promise<void> {
  await engine().deploy({ ...PLAIN_DEPLOY, commit, services }, { name: "ana" });
  await quiet();
}
async function decide(commit: string, verdict: "approved" | "rejected"): Promise<void> {
  const all = { comment: null, expect: null, only: null, except: null, emergency: false };
  await engine().decide({ verdict, commit, environment: "mainnet", ...all }, { name: "ben" });
  await quiet();
}
const stands = ({ status, conclusion, title }: CheckRow): string => `${status} ${conclusion} ${title}`;
/** As if nothing of it had been kept. */
async function forget(all: boolean): Promise<void> {
  const notes = all ? await engine().store.notes("github/check/") : [];
  await engine().store.setNotes({ ...Object.fromEntries(notes.map(({ key }) => [key, null])), "github/checks": "0" });
}

describe("the check beside a commit", { timeout: SLOW }, () => {
  it("is one, from what waits for whom to how it has ended", async () => {
    const commit = await served();
    await deploy(commit);
    await write();
    expect(harbor.checks.map(stands)).toEqual(["in_progress null 1 service in devnet, mainnet: waits for approval in mainnet"]);
    const [check] = harbor.checks;
    expect(check).toMatchObject({ name: "sluice", sha: commit, externalId: "harbor", url: "https://sluice.example/runs/1", app: "sluice" });
    expect(check?.summary).toContain("| `api` | good | waits |");
    expect(check?.summary).toContain(
      `1 of \`ben\`, \`cleo\` must approve, nobody has yet: \`sluice approve ${commit.slice(0, 9)} --env mainnet\``,
    );
    await decide(commit, "approved");
    await write();
    expect(harbor.checks.map(stands)).toEqual(["completed success 1 service in devnet, mainnet: succeeded"]);
    expect(harbor.checks[0]?.summary).toContain("| `api` | good | good |");
  });

  it("says what has failed, and opens again for another run of the commit", async () => {
    const commit = await served();
    writeFileSync(join(hosted.world, "fail"), "");
    await deploy(commit);
    await write();
    expect(harbor.checks.map(stands)).toEqual(["completed failure 1 service in devnet, mainnet: failed"]);
    expect(harbor.checks[0]?.summary).toContain("What has failed");
    rmSync(join(hosted.world, "fail"));
    await deploy(commit);
    await write();
    expect(harbor.checks.map(stands)).toEqual(["in_progress null 1 service in devnet, mainnet: waits for approval in mainnet"]);
  });

  it("is under way while a run of the commit is, whichever was started last", async () => {
    const commit = await served();
    await deploy(commit);
    await engine().deploy({ ...PLAIN_DEPLOY, commit, environments: ["devnet"] }, { name: "ana" });
    await quiet();
    await write();
    expect(harbor.checks.map(stands)).toEqual(["in_progress null 1 service in devnet, mainnet: waits for approval in mainnet"]);
  });

  it("is cancelled where a person has ended the run, and neutral where a newer commit has overtaken it", async () => {
    const first = await served();
    await deploy(first);
    await decide(first, "rejected");
    await write();
    expect(harbor.checks.map(({ conclusion }) => conclusion)).toEqual(["cancelled"]);
    const [second, third] = [hosted.push("2"), hosted.push("3")];
    hosted.git(hosted.clone, "fetch", "--quiet");
    await deploy(second);
    await deploy(third);
    await write();
    const of = (commit: string): CheckRow | undefined => harbor.checks.find(({ sha }) => sha === commit);
    expect([of(second)?.conclusion, of(third)?.status]).toEqual(["neutral", "in_progress"]);
  });

  it("is said once for as long as nothing changes, and one though GitHub fails at any request and nothing is remembered", async () => {
    const commit = await served();
    await deploy(commit);
    await write();
    const writes = (): number => github.log.filter(({ method, path }) => method !== "GET" && path.includes("/check-runs")).length;
    await forget(false);
    const before = writes();
    await write();
    expect(writes()).toBe(before);
    for (const failure of [
      { status: 403 },
      { status: 429, headers: { "retry-after": "0" } },
      { cut: "after" as const, times: 9 },
      { status: 502, times: 9 },
    ])
      for (const method of ["GET", "POST", "PATCH"])
        for (const remembered of [true, false]) {
          if (method === "POST") harbor.checks.splice(0);
          await forget(!remembered);
          github.fail({ method, path: /check-runs/, times: 1, ...failure });
          await write().catch((error: unknown) => expect(error).toMatchObject({ name: "ForgeError" }));
          github.healthy();
          await forget(!remembered);
          await write();
          if (method === "POST" && remembered) continue; // it believes what it has told
          expect([method, JSON.stringify(failure), remembered, harbor.checks.length]).toEqual([
            method,
            JSON.stringify(failure),
            remembered,
            1,
          ]);
        }
  });

  it("is found among a thousand of that name, by others and by this App for another project", async () => {
    const commit = await served();
    await deploy(commit);
    await write();
    const [own] = harbor.checks;
    if (!own) throw new Error("there is no check");
    const other = (index: number): CheckRow => ({ ...own, id: 10_000 + index, ...(index % 2 ? { app: "other" } : { externalId: "quay" }) });
    harbor.checks.unshift(...Array.from({ length: 999 }, (_, index) => other(index)));
    await forget(true);
    await decide(commit, "approved");
    await write();
    expect(harbor.checks.filter(({ conclusion }) => conclusion === "success").map(({ id }) => id)).toEqual([own.id]);
    expect(harbor.checks).toHaveLength(1000);
  });

  it("that GitHub has deleted is made anew", async () => {
    const commit = await served();
    await deploy(commit);
    await write();
    harbor.checks.splice(0);
    await decide(commit, "approved");
    await write();
    expect(harbor.checks.map(stands)).toEqual(["completed success 1 service in devnet, mainnet: succeeded"]);
  });

  it("of a commit that GitHub does not know is given up, and keeps nothing else waiting", async () => {
    const commit = await served();
    await deploy(commit);
    github.fail({ method: "POST", path: /check-runs/, status: 422, body: { message: "No commit found for SHA" } });
    await write();
    expect([harbor.checks, said.at(-1)]).toEqual([[], expect.stringContaining(`nothing is said beside ${commit.slice(0, 12)}`)]);
    await decide(commit, "approved");
    await write();
    expect(harbor.checks.map(({ conclusion }) => conclusion)).toEqual(["success"]);
  });

  it("waits where little is left of the hour's requests, which is for gates and records", async () => {
    const commit = await served();
    await deploy(commit);
    const resetAt = Date.now() + 1_800_000;
    await write();
    github.limitApp("sluice", 900, resetAt);
    await connected.forge.deployments({ environment: "devnet" });
    await decide(commit, "approved");
    const before = github.log.length;
    await expect(write()).rejects.toMatchObject({ code: "limited", retryAt: Math.ceil(resetAt / 1000) * 1000 });
    expect(github.log.length).toBe(before);
    expect(await connected.forge.deployments({ environment: "devnet" })).toEqual([]);
    expect(await checks().behind()).toBe(1);
  });
});

describe("a server as an App", { timeout: SLOW }, () => {
  it("writes it by itself, and no status beside it", async () => {
    const { GITHUB_TOKEN: _, ...env } = github.env("", "acme/harbor");
    const app = { SLUICE_GITHUB_APP_ID: "77", SLUICE_GITHUB_PRIVATE_KEY: privateKey };
    await hosted.serve({ ...env, ...app, SLUICE_GITHUB_REPOSITORY: "acme/harbor", SLUICE_PUBLIC_URL: "https://sluice.example" });
    await until(() => engine().store.note("github/checks"), "its beginning");
    await until(() => engine().store.note("github/pushed/main"), "the first look");
    const commit = hosted.push("second");
    await hosted.tell(commit);
    const check = await until(() => harbor.checks.find(({ sha }) => sha === commit) ?? null, "the check");
    expect(check).toMatchObject({ name: "sluice", app: "sluice", status: "in_progress" });
    expect(harbor.commitStatuses).toEqual([]);
  });
});
