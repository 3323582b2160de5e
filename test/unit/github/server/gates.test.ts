import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Github, type Repository } from "../../../rig/github/github.ts";
import type { RunOptions } from "../../../rig/github/model.ts";
import type { Run } from "../../../rig/github/run.ts";
import { Hosted } from "../../../rig/github/server.ts";
import { until } from "../../../rig/wait.ts";

/** The real client writes once a second. */
const SLOW = 90_000;
let github: Github;
let harbor: Repository;
let hosted: Hosted;
let env: Readonly<Record<string, string>>;

beforeEach(async () => {
  github = await Github.start();
  harbor = github.repository("acme/harbor");
  const { GITHUB_TOKEN: _, ...where } = github.env("", "acme/harbor");
  const app = { SLUICE_GITHUB_APP_ID: "77", SLUICE_GITHUB_PRIVATE_KEY: github.app("sluice", "77", harbor) };
  env = { ...where, ...app, SLUICE_GITHUB_REPOSITORY: "acme/harbor", SLUICE_PUBLIC_URL: "https://sluice.example" };
  for (const name of ["mainnet", "mainnet-approval", "moon-approval"]) harbor.environment(name, { apps: ["sluice"] });
  hosted = new Hosted({
    environments: "  devnet: {}\n  mainnet: { needs: [devnet], approval: { approvers: [ben, cleo, eve] } }",
    push: "",
  });
  await hosted.serve(env);
});
afterEach(async () => {
  await hosted.remove();
  await github.close();
});

const engine = () => {
  const found = hosted.running?.application.engine;
  if (!found) throw new Error("no server runs");
  return found;
};
const head = (): string => hosted.git(hosted.clone, "rev-parse", "HEAD");
/** A workflow run that waits at a gate, and GitHub's word of it to the server. */
async function waits(more: Partial<RunOptions> = {}, environment = "mainnet-approval"): Promise<Run> {
  const run = harbor.run({ commit: head(), jobs: [{ name: "approve", environment }], startedBy: "ana", ...more });
  await ask(run, environment);
  return run;
}
async function ask(run: Run, environment = "mainnet-approval"): Promise<void> {
  const callback = `https://elsewhere.example/repos/acme/harbor/actions/runs/${run.id}/deployment_protection_rule`;
  const { commit, event } = run.options;
  const body = { action: "requested", environment, event, deployment_callback_url: callback, deployment: { sha: commit } };
  const answer = await hosted.deliver({ ...body, repository: { full_name: "acme/harbor" } }, { event: "deployment_protection_rule" });
  expect(answer).toMatchObject({ status: 202 });
}
async function deploy(): Promise<void> {
  const asked = {
    services: null,
    environments: null,
    commit: head(),
    policyRef: null,
    reason: null,
    promotion: null,
    redeploy: false,
    acceptDiverged: null,
  };
  await engine().deploy({ ...asked, skipNeeds: null, now: false, changed: false }, { name: "robot" });
  await until(async () => ((await engine().approvals()).length > 0 ? true : null), "the gate");
}
async function decide(verdict: "approved" | "rejected", by: string): Promise<void> {
  const all = { comment: null, expect: null, only: null, except: null, emergency: false };
  expect(await engine().decide({ verdict, commit: head(), environment: "mainnet", ...all }, { name: by })).toMatchObject({ ok: true });
}
const ended = (run: Run): Promise<string> => until(() => run.conclusion, "the workflow run");
const explained = (run: Run): Promise<true> =>
  until(async () => {
    const body = await engine().store.note(`github/gate/${run.id}/${run.jobs[0]?.environment ?? ""}`);
    return body !== null && (JSON.parse(body) as { explained: boolean }).explained ? true : null;
  }, "an explanation");
const comments = () =>
  github.log
    .filter(({ path }) => path.endsWith("/deployment_protection_rule"))
    .map(({ body }) => JSON.parse(body) as { comment: string; state?: string });

describe("one approval of a commit in Sluice", { timeout: SLOW }, () => {
  it("lets every workflow run of it pass: those that wait and later ones", async () => {
    await deploy();
    const first = await waits();
    const second = await waits({ path: ".github/workflows/deploy-api.yml" });
    const byHand = await waits({ event: "workflow_dispatch", title: `Deploy all to mainnet ${head()}` });
    await explained(first);
    await explained(byHand);
    expect(comments()[0]?.comment).toContain(`https://sluice.example/approvals or \`sluice approve ${head().slice(0, 12)} --env mainnet\``);
    await decide("approved", "ben");
    expect(await Promise.all([first, second, byHand].map(ended))).toEqual(["success", "success", "success"]);
    expect(await ended(await waits({}, "mainnet"))).toBe("success");
    expect(comments().at(-1)).toMatchObject({ state: "approved", comment: "approved in Sluice by ben" });
  });

  it("lets them pass also where the server was away when it was asked or decided, and GitHub fails at first", async () => {
    await deploy();
    const run = await waits();
    await explained(run);
    await hosted.stop();
    await hosted.serve(env);
    github.fail({ method: "POST", path: /deployment_protection_rule/, status: 403, times: 1 });
    await decide("approved", "ben");
    expect(await ended(run)).toBe("success");
  });

  it("is none for who has started the workflow run", async () => {
    await deploy();
    const own = await waits({ startedBy: "Ben" });
    const other = await waits();
    await decide("approved", "ben");
    expect(await ended(other)).toBe("success");
    expect(own.status).toBe("waiting");
  });
});

it("a rejection ends them", async () => {
  await deploy();
  const run = await waits();
  await decide("rejected", "ben");
  expect(await ended(run)).toBe("failure");
});

it("one that has ended without us waits no more, and whether one still waits is asked seldom", { timeout: SLOW }, async () => {
  await deploy();
  const [cancelled, anew, left] = [await waits(), await waits(), await waits()];
  const { store } = engine();
  const key = (run: Run) => `github/gate/${run.id}/mainnet-approval`;
  const kept = async (run: Run) => JSON.parse((await store.note(key(run))) ?? "null") as { askedAt?: number; attempt: number } | null;
  const asked = (run: Run) => github.log.filter(({ method, path }) => method === "GET" && path.endsWith(`/actions/runs/${run.id}`)).length;
  for (const run of [cancelled, anew, left]) await explained(run);
  cancelled.cancel();
  anew.cancel();
  await anew.ended;
  anew.again(false);
  // as a server has left it that was here long ago
  for (const run of [cancelled, anew, left]) await store.setNotes({ [key(run)]: JSON.stringify({ ...(await kept(run)), askedAt: 1 }) });
  await explained(await waits());
  await until(async () => ((await kept(cancelled)) === null ? true : null), "its end");
  expect((await kept(anew))?.attempt).toBe(2);
  expect((await kept(left))?.askedAt).toBeGreaterThan(1);
  expect(asked(left)).toBe(2);
  await explained(await waits());
  expect(asked(left)).toBe(2);
});

describe("what is not certain is left waiting", { timeout: SLOW }, () => {
  it("a commit that is not approved, an environment that policy does not know, a rollback, a branch's name, a pull request", async () => {
    await deploy();
    await decide("approved", "ben");
    const other = hosted.push("another", { branch: "feature" });
    const left = [
      await waits({ commit: "5".repeat(40) }),
      await waits({}, "moon-approval"),
      await waits({ event: "workflow_dispatch", path: ".github/workflows/rollback-all.yml@main", title: `Roll back ${head()}` }),
      await waits({ event: "workflow_dispatch", title: "Deploy all to mainnet main" }),
      await waits({ event: "workflow_dispatch", commit: other, title: `Deploy all to mainnet ${head()}` }),
      await waits({ event: "pull_request" }),
    ];
    for (const run of left) await explained(run);
    expect(left.map(({ status }) => status)).toEqual(left.map(() => "waiting"));
    expect(comments().filter(({ state }) => state !== undefined)).toEqual([]);
  });
});
