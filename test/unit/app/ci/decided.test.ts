import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { beforeEach, expect, it, onTestFinished } from "vitest";
import { findProject } from "../../../../src/app/project.ts";
import { start, type Running } from "../../../../src/app/serve.ts";
import { PLAIN_DEPLOY } from "../../../../src/engine/control.ts";
import { GATE_TASK } from "../../../../src/github/records/gates.ts";
import type { Conclusion } from "../../../rig/github/model.ts";
import type { Run } from "../../../rig/github/run.ts";
import { until } from "../../../rig/wait.ts";
import { type JobEnd, ends, Workflow } from "./rig.ts";

/** Sluice as the App whose rule is the gate of the generated workflows: real steps of their jobs, and a real server that GitHub tells of what waits. */
const SECRET = "it is a secret";
const SLOW = 120_000;
const APPROVAL = "dev: {}, prod: { needs: [dev], approval: { approvers: [ben] } }";

let flow: Workflow;
let commit: string;
/** Commits that the server has deployed. */
let releases = 0;
let server: Running;

async function begin(github = "github: { app: sluice }", environments = APPROVAL): Promise<void> {
  flow = await Workflow.begin(Date.now);
  commit = flow.commit({ "sluice.yaml": `${flow.file({ environments, services: { api: "backend" } })}${github}\n` });
  const { GITHUB_TOKEN: _, ...where } = flow.github.env("", "team/shop");
  const app = { SLUICE_GITHUB_APP_ID: "77", SLUICE_GITHUB_PRIVATE_KEY: flow.github.app("sluice", "77", flow.shop) };
  flow.shop.environment("prod-approval", { apps: ["sluice"] });
  const clone = join(flow.directory, "server");
  execFileSync("git", ["clone", "--quiet", flow.repo.directory, clone]);
  const project = findProject(clone);
  if (project === null) throw new Error("there is no project");
  const env = { HOME: flow.directory, ...where, ...app, SLUICE_GITHUB_REPOSITORY: "team/shop", SLUICE_GITHUB_WEBHOOK_SECRET: SECRET };
  const host = { env, interrupted: new AbortController().signal, out: () => {}, note: () => {} };
  server = await start(project, { host: null, port: 0, policyRef: null, standby: false } as Parameters<typeof start>[1], host);
  onTestFinished(() => server.close());
  flow.github.listens("sluice", flow.shop, `${server.server.url}/api/v1/hooks/github`, SECRET, ["deployment_protection_rule"]);
}
beforeEach(() => {
  releases = 0;
  return begin();
});

/** A run in Sluice that comes to prod's gate, and fails behind it: what is there afterwards, workflows have brought. */
async function deploy(): Promise<void> {
  releases += 1;
  flow.mark("api@prod", "fail");
  const { engine } = server.application;
  await engine.deploy({ ...PLAIN_DEPLOY, commit }, { name: "robot" });
  await until(async () => ((await engine.approvals()).length > 0 ? true : null), "the gate");
}
async function decide(verdict: "approved" | "rejected"): Promise<void> {
  const all = { comment: null, expect: null, only: null, except: null, emergency: false };
  const { engine } = server.application;
  expect(await engine.decide({ verdict, commit, environment: "prod", ...all }, { name: "ben" })).toMatchObject({ ok: true });
}
/** What the server has done itself, it has failed to, and told. */
async function serverIsThrough(): Promise<void> {
  const failed = (): number => flow.told().filter((line) => line.startsWith("sluice:api prod failure")).length;
  await until(() => (failed() >= releases ? true : null), "the server's own attempt");
  flow.mark("api@prod", "fail", false);
}

type Jobs = { readonly run: Run; readonly gate: JobEnd | null; readonly leg: JobEnd | null };
/** The jobs that stand behind each other in a generated workflow. `before`: just before the gate's job begins. */
async function workflow({ before = async () => {}, startedBy = "ana" } = {}): Promise<() => Promise<Jobs>> {
  const found: { gate: JobEnd | null; leg: JobEnd | null } = { gate: null, leg: null };
  const end = ({ exit }: JobEnd): Conclusion => (exit === 0 ? "success" : "failure");
  const run: Run = flow.shop.run({
    commit,
    startedBy,
    jobs: [
      {
        name: "Gate of prod",
        environment: "prod-approval",
        work: async () => {
          await before();
          return end((found.gate = await flow.job({ step: "gate", environment: "prod" }, { run })));
        },
      },
      {
        name: "leg",
        needs: ["Gate of prod"],
        work: async () => {
          await serverIsThrough();
          return end((found.leg = await flow.deploy("prod", ["api"], { run })));
        },
      },
    ],
  });
  await flow.github.settled();
  return async () => {
    await until(() => run.conclusion, "the workflow run", 60_000);
    return { run, ...found };
  };
}
const records = () => flow.shop.deployments.filter(({ task }) => task === GATE_TASK);

it(
  "one approval of a commit in Sluice lets its generated workflows deploy: the run that waits, and a later one",
  async () => {
    await deploy();
    const waiting = await workflow();
    await decide("approved");
    const { gate, leg, run } = await waiting();
    expect([gate && ends(gate), leg && ends(leg)]).toEqual([
      { exit: 0, said: "" },
      { exit: 0, said: "" },
    ]);
    expect(gate?.outputs["approvers"]).toBe('["ben"]');
    expect(flow.live("api@prod")).toBe(commit);
    expect(records()).toMatchObject([
      { creator: "sluice[bot]", environment: "prod-approval", payload: { run: `${run.id}/1`, by: ["ben"] } },
    ]);
    const later = await (await workflow())();
    expect([later.gate?.exit, later.leg?.exit]).toEqual([0, 0]);
    expect(records()).toHaveLength(2);
  },
  SLOW,
);

it(
  "a rollback voids what was decided before it: nobody brings the release back by starting its workflow again",
  async () => {
    const release = async (): Promise<Jobs> => {
      await deploy();
      const waiting = await workflow();
      await decide("approved");
      return await waiting();
    };
    const good = commit;
    expect((await release()).leg?.exit).toBe(0);
    commit = flow.commit({ "api/x": "bad" });
    execFileSync("git", ["-C", join(flow.directory, "server"), "fetch", "--quiet"]);
    expect((await release()).leg?.exit).toBe(0);
    const back = await flow.rollback("prod");
    expect((await flow.waves("prod", back)).map(({ exit }) => exit)).toEqual([0]);
    await flow.unhold("prod");
    const { leg } = await (await workflow({ startedBy: "eve" }))();
    expect(leg && ends(leg)).toMatchObject({ exit: 1, said: expect.stringMatching(/The approval of prod is void: it was decided at/) });
    expect(flow.live("api@prod")).toBe(good);
  },
  SLOW,
);

it(
  "to have decided that a commit is deployed lets no rollback pass, whatever GitHub was told",
  async () => {
    await server.close();
    await begin("github: { app: sluice }", APPROVAL.replace("[ben] }", "[ben] }, rollback: { approvers: [ben] }"));
    await deploy();
    await decide("approved");
    const { run, gate } = await (await workflow())();
    expect(gate && ends(gate)).toEqual({ exit: 0, said: "" });
    const back = await flow.job({ step: "gate", environment: "prod" }, { run, env: { SLUICE_DIRECTION: "rollback" } });
    expect(ends(back)).toMatchObject({
      exit: 1,
      said: expect.stringContaining("this goes back in prod. Roll back by the server") as string,
    });
  },
  SLOW,
);

it(
  "what was rejected in Sluice ends, and leaves nothing that could count",
  async () => {
    await deploy();
    const waiting = await workflow();
    await decide("rejected");
    expect(await waiting()).toMatchObject({ run: { conclusion: "failure" }, gate: null, leg: null });
    expect(records()).toEqual([]);
  },
  SLOW,
);

it(
  "nobody else's record counts, nor that of another run, attempt, environment or commit",
  async () => {
    await deploy();
    await decide("approved");
    const { run } = await (await workflow())();
    const [own] = records();
    const first = commit;
    expect(own?.creator).toBe("sluice[bot]");
    const write = (creator: string, change: object = {}): void => {
      const payload = { ...(own?.payload as object), run: `${passed.id}/1`, ...change };
      flow.shop.deploy({ ref: first, environment: "prod-approval", task: GATE_TASK, payload }, creator);
    };
    // the rule is passed by an administrator: the App was not asked
    flow.shop.environment("prod-approval", {});
    const passed = flow.shop.run({ commit, startedBy: "ana", jobs: [{ name: "gate", environment: "prod-approval" }] });
    flow.shop.environment("prod-approval", { apps: ["sluice"] });
    for (const creator of ["eve", "sluice", "watcher[bot]", "github-actions[bot]", "sluice-2[bot]"]) write(creator);
    write("sluice[bot]", { run: `${run.id}/1` });
    write("sluice[bot]", { run: `${passed.id}/2` });
    const gate = await flow.job({ step: "gate", environment: "prod" }, { run: passed });
    expect(ends(gate)).toEqual({
      exit: 1,
      said: expect.stringContaining("sluice has recorded no decision that lets this attempt pass in prod. approve the commit in Sluice"),
    });
    write("sluice[bot]");
    expect(await flow.job({ step: "gate", environment: "prod" }, { run: passed })).toMatchObject({ exit: 0 });
    const other = flow.commit({ "api/x": "2" });
    expect(await flow.deploy("dev", ["api"])).toMatchObject({ exit: 0 });
    expect(ends(await flow.deploy("prod", ["api"], { run: passed }))).toMatchObject({ exit: 1, said: expect.stringContaining("approv") });
    expect(flow.live("api@prod")).not.toBe(other);
    write("sluice[bot]", { by: [] });
    expect((await flow.job({ step: "gate", environment: "prod" }, { run: passed })).out).toContain("cannot be read");
  },
  SLOW,
);
