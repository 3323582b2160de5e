import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ci } from "../../../../src/app/ci/ci.ts";
import { systemClock } from "../../../../src/app/clock.ts";
import { accessFrom } from "../../../../src/github/api/access.ts";
import { githubForge } from "../../../../src/github/api/forge.ts";
import type { Forge } from "../../../../src/github/forge.ts";
import { statusOf } from "../../../../src/github/records/record.ts";
import { wait } from "../../../../src/host/wait.ts";
import { Github, type Repository } from "../../../rig/github/github.ts";
import type { RunOptions } from "../../../rig/github/model.ts";
import { recorded } from "../../../rig/github/recorded.ts";
import type { Run } from "../../../rig/github/run.ts";
import { ENV, Hosted } from "../../../rig/github/server.ts";
import { until } from "../../../rig/wait.ts";
import { filesOf } from "../../../rig/workflows/projects.ts";

/** The real client writes once a second, and the server looks every five. */
const SLOW = 120_000;
const FILE = `version: 1
project: harbor
github: { wait: rule, push: [services] }
environments: { dev: { needsTimeout: 30m } }
services:
  api: { tier: backend, paths: [api], deploy: { command: { apply: ["true"] } } }
  web: { tier: frontend, paths: [web], deploy: { command: { apply: ["true"] } } }
  admin: { tier: frontend, paths: [admin], deploy: { command: { apply: ["true"] } } }
`;
let github: Github;
let harbor: Repository;
let hosted: Hosted;
let env: Readonly<Record<string, string>>;
let head: string;
/** As a job of a workflow run asks. */
let forge: Forge;
let jobToken: string;

beforeEach(async () => {
  github = await Github.start();
  harbor = github.repository("acme/harbor");
  const { GITHUB_TOKEN: _, ...where } = github.env("", "acme/harbor");
  env = {
    ...where,
    SLUICE_GITHUB_APP_ID: "77",
    SLUICE_GITHUB_PRIVATE_KEY: github.app("sluice", "77", harbor),
    SLUICE_GITHUB_REPOSITORY: "acme/harbor",
  };
  harbor.environment("dev-needs", { apps: ["sluice"] });
  jobToken = github.installation("github-actions", { actions: "read", deployments: "write", contents: "read" });
  forge = githubForge(accessFrom(github.env(jobToken, "acme/harbor")), { secondMs: 1, writeEveryMs: 0, timeoutMs: 5_000 });
  hosted = new Hosted({ push: "" });
  head = hosted.push("waits", { file: FILE, files: new Map(await filesOf(FILE)) });
  hosted.git(hosted.clone, "pull", "--quiet");
  await hosted.serve(env);
});
afterEach(async () => {
  await hosted.remove();
  await github.close();
});

const workflow = (name: string): string => `.github/workflows/${name}.yml`;
/** A workflow run that waits, and GitHub's word of it to the server. */
async function waits(more: Partial<RunOptions> = {}): Promise<Run> {
  const run = harbor.run({ commit: head, path: workflow("deploy-web"), jobs: [{ name: "wait", environment: "dev-needs" }], ...more });
  await ask(run);
  return run;
}
async function ask(run: Run): Promise<void> {
  const callback = `https://elsewhere.example/repos/acme/harbor/actions/runs/${run.id}/deployment_protection_rule`;
  const { commit, event } = run.options;
  const environment = run.jobs[0]?.environment;
  const body = { action: "requested", environment, event, deployment_callback_url: callback, deployment: { sha: commit } };
  const answer = await hosted.deliver({ ...body, repository: { full_name: "acme/harbor" } }, { event: "deployment_protection_rule" });
  expect(answer).toMatchObject({ status: 202 });
}
/** A workflow run of another service, which has not ended. */
function underWay(commit = head) {
  const job = Promise.withResolvers<"success" | "failure">();
  const run = harbor.run({ commit, path: workflow("deploy-api"), jobs: [{ name: "deploy", work: () => job.promise }] });
  return { run, end: async (how: "success" | "failure") => (job.resolve(how), await run.ended) };
}
const told = () =>
  github.log
    .filter(({ path }) => path.endsWith("/deployment_protection_rule"))
    .map(({ path, body }) => ({ run: Number(path.split("/").at(-2)), ...(JSON.parse(body) as { comment: string; state?: string }) }));
const about = (run: Run) => told().filter(({ run: id }) => id === run.id);
const ended = (run: Run): Promise<string> => until(() => run.conclusion, "the workflow run");
const explained = (run: Run): Promise<string> => until(() => about(run)[0]?.comment ?? null, "an explanation");
const kept = async (): Promise<number> => (await hosted.running?.application.engine.store.notes("github/wait/"))?.length ?? 0;
const looks = (): number => github.log.filter(({ path, by }) => by === "sluice" && path.includes("/deployments?")).length;

/** `sluice ci wait` in the job behind the rule. */
async function ciWait(run: () => Run, service: string): Promise<"success" | "failure"> {
  // a run that begins at once is not known before it has begun
  await Promise.resolve();
  const files = mkdtempSync(join(hosted.directory, "job-"));
  writeFileSync(join(files, "event"), JSON.stringify({ repository: { default_branch: "main", full_name: "acme/harbor" } }));
  const variables = {
    ...ENV,
    ...github.env(jobToken, "acme/harbor"),
    GITHUB_EVENT_NAME: run().options.event,
    GITHUB_EVENT_PATH: join(files, "event"),
    GITHUB_RUN_ID: String(run().id),
    GITHUB_RUN_ATTEMPT: String(run().attempt),
    GITHUB_ACTOR: "ana",
    SLUICE_COMMIT: head,
  };
  const interrupted = new AbortController().signal;
  const host = {
    env: variables,
    directory: hosted.clone,
    interrupted,
    out: () => {},
    clock: systemClock,
    forge: () => Promise.resolve(forge),
    wait,
  };
  const { exit } = await ci({ step: "wait", environment: "dev", service, directory: hosted.clone, json: false }, host);
  return exit === 0 ? "success" : "failure";
}

describe("a workflow run that waits at the rule", { timeout: SLOW }, () => {
  it("is let pass once another run has brought what it needs, and then `sluice ci wait` finds that too", async () => {
    const api = underWay();
    const record = await recorded(forge, api.run, null);
    const web: Run = await waits({ jobs: [{ name: "wait", environment: "dev-needs", work: () => ciWait(() => web, "web") }] });
    expect(await explained(web)).toBe(
      `web@dev waits: api@dev is being brought to ${head.slice(0, 12)} (${(await forge.workflowRun(api.run.id))?.url}). What would end the wait: deploy api of ${head.slice(0, 12)} to dev, or a newer commit`,
    );
    expect(web.status).toBe("waiting");
    await forge.setStatus(record, statusOf("good"));
    await api.end("success");
    expect(await ended(web)).toBe("success");
    expect(about(web).at(-1)).toEqual({
      run: web.id,
      environment_name: "dev-needs",
      state: "approved",
      comment: `web@dev: what it needs serves: api. api@dev serves ${head.slice(0, 12)}`,
    });
    expect(await until(async () => ((await kept()) === 0 ? 0 : null), "it is forgotten")).toBe(0);
  });

  it("is rejected with what would end the wait where what it needs has failed and nothing is left that could bring it", async () => {
    const api = underWay();
    await recorded(forge, api.run, statusOf("unchanged"));
    const web = await waits();
    await explained(web);
    await api.end("failure");
    expect(await ended(web)).toBe("failure");
    expect(about(web).at(-1)).toMatchObject({
      state: "rejected",
      comment: `web@dev cannot come: api@dev has failed at ${head.slice(0, 12)}. What would end the wait: deploy api of ${head.slice(0, 12)} to dev, or a newer commit`,
    });
  });

  it("passes also where the server was killed after it was asked, and GitHub fails at first", async () => {
    const web = await waits();
    await explained(web);
    await hosted.stop();
    await recorded(forge, underWay().run, statusOf("good"));
    github.fail({ method: "POST", path: /deployment_protection_rule/, status: 403, times: 1 });
    await hosted.serve(env);
    expect(await ended(web)).toBe("success");
  });

  it("that was started by hand is of the id at the end of its title", async () => {
    await recorded(forge, underWay().run, statusOf("good"));
    const newer = hosted.push("newer");
    const web = await waits({ event: "workflow_dispatch", commit: newer, title: `Deploy web ${head}` });
    expect(await ended(web)).toBe("success");
  });

  it("asks anew as another attempt, and asked twice is told once", async () => {
    const web = await waits();
    await explained(web);
    await ask(web);
    await recorded(forge, underWay().run, statusOf("unchanged"), { commit: "7".repeat(40) });
    web.cancel();
    web.again(false);
    await ask(web);
    await until(() => (about(web).length === 2 ? true : null), "the other attempt is told");
    expect(web.status).toBe("waiting");
    await recorded(forge, underWay().run, statusOf("good"));
    expect(await ended(web)).toBe("success");
    expect(about(web).map(({ state }) => state)).toEqual([undefined, undefined, "approved"]);
  });

  it("is forgotten when it is cancelled", async () => {
    const web = await waits();
    await explained(web);
    web.cancel();
    await until(async () => ((await kept()) === 0 ? true : null), "it is forgotten");
    expect(about(web).map(({ state }) => state)).toEqual([undefined]);
  });
});

describe("many that wait", { timeout: SLOW }, () => {
  it("are looked at together, sooner when a record says something, and each goes on by itself", async () => {
    const api = underWay();
    const record = await recorded(forge, api.run, null);
    const runs: Run[] = [];
    for (const service of ["web", "admin"]) for (let i = 0; i < 4; i += 1) runs.push(await waits({ path: workflow(`deploy-${service}`) }));
    for (const run of runs) await explained(run);
    const before = [looks(), github.log.length];
    await forge.setStatus(record, statusOf("good"));
    const repository = { full_name: "acme/harbor" };
    const moved = { deployment: { task: "sluice:api" }, deployment_status: {}, repository };
    for (let i = 0; i < 5; i += 1) expect(await hosted.deliver(moved, { event: "deployment_status" })).toMatchObject({ status: 202 });
    for (const run of runs) expect(await ended(run)).toBe("success");
    expect(looks() - (before[0] ?? 0)).toBeLessThanOrEqual(2);
    // Each is told, and what they ask is asked once.
    const asked = github.log.slice(before[1]).filter(({ by }) => by === "sluice");
    expect(asked.length).toBeLessThanOrEqual(runs.length + 8);
  });
});

describe("nothing passes", { timeout: SLOW }, () => {
  beforeEach(async () => {
    await recorded(forge, underWay().run, statusOf("good"));
  });

  it("that is not a generated workflow of the branch that deploys", async () => {
    const feature = hosted.push("another", { branch: "feature", from: head });
    const own = hosted.push("own", { from: head, files: new Map([[workflow("deploy-admin"), "on: push\n"]]) });
    const cases: readonly (readonly [RegExp, Partial<RunOptions>])[] = [
      [/not on the branch that deploys \(main\)/, { commit: feature }],
      [/not on the branch/, { commit: feature, event: "workflow_dispatch", title: `Deploy web ${head}` }],
      [/started by pull_request/, { event: "pull_request" }],
      [/no generated workflow of a service/, { path: workflow("deploy-all") }],
      [/no generated/, { path: workflow("rollback-all"), event: "workflow_dispatch", title: `Roll back ${head}` }],
      [/no generated workflow of a service/, { commit: own, path: workflow("deploy-admin") }],
      [/with the commit's id, not with a name/, { event: "workflow_dispatch", title: "Deploy web main" }],
    ];
    const runs: Run[] = [];
    for (const [, more] of cases) runs.push(await waits(more));
    for (const [i, [words]] of cases.entries()) {
      const run = runs[i] as Run;
      expect(await ended(run)).toBe("failure");
      expect(about(run)).toEqual([expect.objectContaining({ state: "rejected", comment: expect.stringMatching(words) as string })]);
    }
    expect(told().filter(({ state }) => state === "approved")).toEqual([]);
  });

  it("in an environment that policy does not know", async () => {
    harbor.environment("moon-needs", { apps: ["sluice"] });
    const run = await waits({ jobs: [{ name: "wait", environment: "moon-needs" }] });
    expect(await ended(run)).toBe("failure");
    expect(about(run).at(-1)?.comment).toMatch(/policy has no environment moon/);
  });

  it("while GitHub does not answer, or refuses", async () => {
    const moved = hosted.push("api", { files: new Map([["api/x", "1"]]) });
    for (const status of [503, 403]) {
      const run = harbor.run({ commit: moved, path: workflow("deploy-web"), jobs: [{ name: "wait", environment: "dev-needs" }] });
      github.fail({ method: "GET", path: /deployments\?/, status, times: 1_000 });
      await ask(run);
      await until(() => (github.log.some(({ path, by }) => by === "sluice" && path.includes("/deployments?")) ? true : null), "a look");
      expect(run.status).toBe("waiting");
      github.healthy();
      run.cancel();
    }
    expect(told().filter(({ state }) => state === "approved")).toEqual([]);
  });
});
