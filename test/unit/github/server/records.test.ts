import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { accessFrom } from "../../../../src/github/api/access.ts";
import { githubForge } from "../../../../src/github/api/forge.ts";
import { recordsOf } from "../../../../src/github/records/read.ts";
import { isTarget } from "../../../../src/github/records/record.ts";
import { standingStops } from "../../../../src/github/records/stops.ts";
import { Records } from "../../../../src/github/server/records.ts";
import { StopRecords } from "../../../../src/github/server/stop-records.ts";
import { Github, type Repository } from "../../../rig/github/github.ts";
import { Hosted } from "../../../rig/github/server.ts";
import { until } from "../../../rig/wait.ts";

const CLIENT = { secondMs: 1, writeEveryMs: 0, timeoutMs: 2000, patienceMs: 0 };
let github: Github;
let harbor: Repository;
let hosted: Hosted;
let token: string;

beforeEach(async () => {
  github = await Github.start();
  harbor = github.repository("acme/harbor");
  token = github.person("robot");
  hosted = new Hosted({ environments: "  devnet: {}\n  mainnet: { needs: [devnet], approval: { self: true } }" });
});
afterEach(async () => {
  await hosted.remove();
  await github.close();
});

const forge = () => githubForge(accessFrom(github.env(token, "acme/harbor")), CLIENT);
const engine = () => {
  const found = hosted.running?.application.engine;
  if (!found) throw new Error("no server runs");
  return found;
};
const said: string[] = [];
/** As after a restart: it knows only what is in the store. */
const write = (): Promise<void> =>
  new Records({
    forge: forge(),
    store: engine().store,
    link: (run) => `https://sluice.example/runs/${run}`,
    log: (_, message) => said.push(message),
  }).write();
async function records() {
  const all = [...(await forge().deployments({ environment: "devnet" })), ...(await forge().deployments({ environment: "mainnet" }))];
  return recordsOf(all).flatMap((record) => (isTarget(record) ? [`${record.target} ${record.commit.slice(0, 7)} ${record.state}`] : []));
}
/** A run of the head, until it has ended or waits for an approval. */
async function deploy(commit: string): Promise<string> {
  const asked = {
    services: null,
    environments: null,
    commit,
    policyRef: null,
    reason: null,
    promotion: null,
    redeploy: false,
    acceptDiverged: null,
  };
  const { run } = await engine().deploy({ ...asked, skipNeeds: null, now: false, changed: false }, { name: "ana" });
  await until(async () => ((await engine().quiet()) ? true : null), "the run");
  return run.id;
}
async function approve(commit: string): Promise<void> {
  const only = { comment: null, expect: null, only: null, except: null, emergency: false };
  await engine().decide({ verdict: "approved", commit, environment: "mainnet", ...only }, { name: "ben" });
  await until(async () => ((await engine().quiet()) ? true : null), "mainnet");
}
async function served(): Promise<string> {
  await hosted.serve();
  await write(); // notes where it begins
  return hosted.git(hosted.clone, "rev-parse", "HEAD");
}

describe("what is deployed", () => {
  it("is recorded as workflows record it, each act once, and how it stands", async () => {
    const commit = await served();
    await deploy(commit);
    await write();
    expect(await records()).toEqual([`api@devnet ${commit.slice(0, 7)} good`]);
    await approve(commit);
    await write();
    await write();
    expect(await records()).toEqual([`api@devnet ${commit.slice(0, 7)} good`, `api@mainnet ${commit.slice(0, 7)} good`]);
    expect(harbor.deployments.map(({ environment, production, task }) => [environment, production, task])).toEqual([
      ["mainnet", true, "sluice:api"],
      ["devnet", false, "sluice:api"],
    ]);
    expect(harbor.deployments[0]?.statuses[0]?.logUrl).toBe("https://sluice.example/runs/1");
  });

  it("and failed is recorded as what it has left", async () => {
    const commit = await served();
    writeFileSync(join(hosted.world, "fail"), "");
    await deploy(commit);
    rmSync(join(hosted.world, "fail"));
    await write();
    expect((await records()).join()).toMatch(/^api@devnet \w+ (changed|unchanged|unknown)$/);
    expect(harbor.deployments[0]?.statuses[0]?.state).toMatch(/failure|error/);
  });

  it("is recorded though GitHub fails at any request, once for each act", async () => {
    const commit = await served();
    await deploy(commit);
    await approve(commit);
    for (const failure of [
      { status: 403 },
      { status: 429, headers: { "retry-after": "3600" } },
      { status: 404 },
      { cut: "after" as const, times: 9 },
      { status: 502, times: 9 },
    ]) {
      for (let after = 0; after < 4; after += 1) {
        harbor.deployments.splice(0);
        const notes = await engine().store.notes("github/record/");
        await engine().store.setNotes({ ...Object.fromEntries(notes.map(({ key }) => [key, null])), "github/records": "0" });
        github.fail({ method: "POST", path: /deployments/, after, times: 1, ...failure });
        await write().catch((error: unknown) => expect(error).toMatchObject({ name: "ForgeError" }));
        github.healthy();
        await write();
        const seen = [await records(), harbor.deployments.length];
        expect([JSON.stringify(failure), after, ...seen]).toEqual([
          JSON.stringify(failure),
          after,
          [`api@devnet ${commit.slice(0, 7)} good`, `api@mainnet ${commit.slice(0, 7)} good`],
          2,
        ]);
      }
    }
  }, 60_000);

  it("where GitHub does not know the commit is given up, and keeps nothing else waiting", async () => {
    const commit = await served();
    await deploy(commit);
    github.fail({ method: "POST", path: /deployments$/, status: 422, body: { message: "No ref found" } });
    await write();
    expect(await records()).toEqual([]);
    expect(said.join("\n")).toContain("api@devnet is not recorded on GitHub");
    await approve(commit);
    await write();
    expect(await records()).toEqual([`api@mainnet ${commit.slice(0, 7)} good`]);
  });
});

describe("what persons put in the way", () => {
  const stops = () => new StopRecords({ forge: forge(), store: engine().store, log: (_, message) => said.push(message) });
  const standing = async () =>
    [...(await standingStops(forge(), "devnet", 0)), ...(await standingStops(forge(), "mainnet", 0))].map(
      (stop) => `${stop.kind} ${("target" in stop ? stop.target : null) ?? stop.environment} by ${stop.by}: ${stop.reason}`,
    );
  const ben = { name: "ben" };

  it("is recorded as workflows record it, and lifted there too", async () => {
    const commit = await served();
    harbor.pushed("main", commit, "ana");
    await engine().hold("mainnet", "incident 42", ben);
    await stops().write(); // the first time: what stands already
    expect(await standing()).toEqual(["hold mainnet by ben: incident 42"]);
    await engine().pin("api@devnet", { commit, reason: "a test" }, ben);
    await engine().lock("api@mainnet", { reason: "it migrates", until: null }, ben);
    await engine().lock("devnet", { reason: "audit", until: null }, ben);
    expect(await stops().behind()).toBe(3);
    await stops().write();
    await stops().write();
    const all = ["hold mainnet by ben: incident 42", "lock api@mainnet by ben: it migrates"];
    expect((await standing()).toSorted()).toEqual([...all, "lock devnet by ben: audit", "pin api@devnet by ben: a test"].toSorted());
    expect(await stops().behind()).toBe(0);
    await engine().unhold("mainnet", ben);
    await engine().unpin("api@devnet", ben);
    await engine().unlock("api@mainnet", ben);
    await engine().lock("devnet", { reason: "a longer audit", until: null }, ben);
    await stops().write();
    expect(await standing()).toEqual(["lock devnet by ben: a longer audit"]);
  });

  it("is recorded once and lifted, though GitHub fails at any request", async () => {
    const commit = await served();
    harbor.pushed("main", commit, "ana");
    await stops().write();
    for (const failure of [{ status: 403 }, { status: 502, times: 9 }, { cut: "after" as const, times: 9 }])
      for (let after = 0; after < 2; after += 1) {
        await engine().hold("mainnet", `incident ${after}`, ben);
        github.fail({ method: "POST", path: /deployments/, after, times: 1, ...failure });
        await stops()
          .write()
          .catch((error: unknown) => expect(error).toMatchObject({ name: "ForgeError" }));
        github.healthy();
        await stops().write();
        expect([failure, after, await standing()]).toEqual([failure, after, [`hold mainnet by ben: incident ${after}`]]);
        await engine().unhold("mainnet", ben);
        await stops().write();
        expect(await standing()).toEqual([]);
      }
  }, 60_000);
});

describe("a record that somebody has deleted", () => {
  it("is given up, and keeps nothing else waiting", async () => {
    const commit = await served();
    writeFileSync(join(hosted.world, "fail"), "");
    await deploy(commit);
    await write();
    harbor.deployments.splice(0);
    rmSync(join(hosted.world, "fail"));
    const notes = await engine().store.notes("github/record/");
    await engine().store.setNotes({
      ...Object.fromEntries(notes.map(({ key, body }) => [key, JSON.stringify({ ...(JSON.parse(body) as object), told: null })])),
      "github/records": "0",
    });
    await write();
    await deploy(commit);
    await write();
    expect(await records()).toEqual([`api@devnet ${commit.slice(0, 7)} good`]);
  });
});

describe("a server", () => {
  it("tells GitHub by itself, and how a commit stands beside it, and nothing of that keeps it from deploying", async () => {
    const { GITHUB_TOKEN: mine = "", ...env } = github.env(token, "acme/harbor");
    await hosted.serve({
      ...env,
      SLUICE_GITHUB_TOKEN: mine,
      SLUICE_GITHUB_REPOSITORY: "acme/harbor",
      SLUICE_PUBLIC_URL: "https://sluice.example/",
    });
    await until(() => engine().store.note("github/commits"), "its beginning");
    await until(() => engine().store.note("github/pushed/main"), "the first look");
    github.fail({ path: /statuses\//, status: 403 });
    const commit = hosted.push("second");
    harbor.pushed("main", commit, "ana");
    await hosted.tell(commit);
    await until(async () => ((await records()).some((record) => record.endsWith("good")) ? true : null), "the record");
    const stands = await until(() => harbor.commitStatuses[0] ?? null, "the commit's status");
    expect(stands).toMatchObject({ sha: commit, context: "sluice", state: "pending", url: "https://sluice.example/runs/1" });
    expect(stands.description).toMatch(/^Run 1 (running|waiting): 1 service in devnet, mainnet$/);
  });
});
