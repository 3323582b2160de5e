import { isNamed } from "../../../../src/app/ci/pinned.ts";
import { afterAll, expect, test } from "vitest";
import { githubGates } from "../../../../src/app/github/gates.ts";
import type { Forge } from "../../../../src/github/forge.ts";
import { ForgeError } from "../../../../src/github/forge.ts";
import { jsonOf, Place } from "../../cli/rig.ts";
import { ends, Workflow } from "./rig.ts";

const terminal = new Place();
afterAll(() => terminal.remove());

const FINE = { exit: 0, said: "" };
const DEV = { environments: "dev: { deployers: [ana, ben] }" };

/** `sluice github …` from a person's own terminal, in a checkout. */
function at(flow: Workflow, login: string) {
  const { GITHUB_TOKEN: token = "", ...where } = flow.github.env(flow.github.person(login), "team/shop");
  const env = { ...terminal.env, ...where, GH_TOKEN: token };
  const host = { env, interrupted: new AbortController().signal, note: () => {}, client: { secondMs: 1, writeEveryMs: 0 } };
  const context = {
    github: (request: Parameters<typeof githubGates>[0]) => githubGates({ ...request, directory: flow.repo.directory }, host),
  };
  return (...args: readonly string[]) => terminal.sluice(["github", ...args], { env, context });
}

async function begun(file = DEV): Promise<{ readonly flow: Workflow; readonly first: string }> {
  const flow = await Workflow.begin();
  const first = flow.commit({ "sluice.yaml": flow.file(file) });
  flow.shop.refs.set("main", first);
  return { flow, first };
}

test("a pinned target is left out of plans and legs until somebody unpins it, and its own workflow by hand still moves it", async () => {
  const { flow, first } = await begun();
  expect(ends(await flow.deploy("dev", ["api", "web"]))).toEqual(FINE);
  const ben = at(flow, "ben");
  expect(await ben("pin", "api@dev", first, "--reason", "reindexes", "--yes")).toMatchObject({
    exit: 0,
    out: expect.stringContaining(`api@dev is pinned at ${first.slice(0, 9)} until \`sluice github unpin api@dev\``) as string,
  });
  const second = flow.commit({ "api/x": "2", "web/x": "2" });
  const plan = await flow.plan();
  expect([plan.exit, JSON.parse(plan.outputs["waves"] ?? "")]).toEqual([
    0,
    { dev: { n: [1, 0], waves: [[{ name: "web", services: ["web"] }], []] } },
  ]);
  expect(plan.summary).toContain(`| api | \`${first.slice(0, 9)}`);
  const left = await flow.deploy("dev", ["api"], { path: ".github/workflows/deploy-all.yml", event: "workflow_dispatch" });
  expect([ends(left), flow.live("api@dev")]).toEqual([FINE, first]);
  expect(left.out).toContain(`api@dev is left as it is: pinned at ${first.slice(0, 9)} by ben (reindexes)`);
  // a push names nothing, and neither does the workflow of another service
  expect((await flow.deploy("dev", ["api"], { path: ".github/workflows/deploy-api.yml" })).exit).toBe(0);
  expect((await flow.deploy("dev", ["api"], { path: ".github/workflows/deploy-web.yml", event: "workflow_dispatch" })).exit).toBe(0);
  expect(flow.live("api@dev")).toBe(first);
  const named = await flow.deploy("dev", ["api"], { path: ".github/workflows/deploy-api.yml", event: "workflow_dispatch" });
  expect([ends(named), flow.live("api@dev")]).toEqual([FINE, second]);
  expect(await ben("unpin", "api@dev", "--yes")).toMatchObject({
    exit: 0,
    out: expect.stringContaining("api@dev is not pinned any more\n") as string,
  });
  const third = flow.commit({ "api/x": "3" });
  expect([ends(await flow.deploy("dev", ["api"])), flow.live("api@dev")]).toEqual([FINE, third]);
}, 60_000);

test("a lock stops deploys and rollbacks of its target or of all in its environment, and ends by itself or by a person", async () => {
  const { flow, first } = await begun();
  const ben = at(flow, "ben");
  expect((await ben("lock", "api@dev", "--reason", "it migrates", "--yes")).exit).toBe(0);
  expect(ends(await flow.deploy("dev", ["api"]))).toMatchObject({ exit: 1, said: expect.stringContaining("lock on api@dev by ben") });
  expect(await ben("unlock", "api@dev", "--yes", "--json")).toMatchObject({ exit: 0 });
  const locked = await ben("lock", "dev", "--reason", "audit", "--until", "2h", "--yes", "--json");
  expect(jsonOf(locked)).toMatchObject({ kind: "lock", on: "dev", by: "ben", reason: "audit" });
  expect(ends(await flow.deploy("dev", ["api"]))).toMatchObject({ exit: 1, said: expect.stringContaining("lock on dev by ben") });
  expect(flow.live("api@dev")).toBeNull();
  const later = () => Date.now() + 3 * 3_600_000;
  expect([ends(await flow.deploy("dev", ["api"], { now: later })), flow.live("api@dev")]).toEqual([FINE, first]);
}, 60_000);

test("a person's hold stops deploys; who has no say in an environment places and lifts nothing there", async () => {
  const { flow } = await begun();
  expect(await at(flow, "eve")("hold", "--env", "dev", "--reason", "x", "--yes")).toMatchObject({
    exit: 4,
    err: expect.stringContaining("eve has no say in dev") as string,
  });
  expect((await at(flow, "ben")("hold", "--env", "dev", "--reason", "incident 42", "--yes")).exit).toBe(0);
  expect(ends(await flow.deploy("dev", ["api"]))).toMatchObject({
    exit: 1,
    said: expect.stringContaining("dev is held by ben: incident 42"),
  });
  expect((await at(flow, "eve")("unhold", "--env", "dev", "--yes")).exit).toBe(4);
  expect((await at(flow, "ben")("unhold", "--env", "dev", "--yes")).exit).toBe(0);
  expect(ends(await flow.deploy("dev", ["api"]))).toEqual(FINE);
}, 60_000);

test("what nobody can tell is settled by a person, with the command that the job has named", async () => {
  const { flow, first } = await begun();
  let dead = false;
  const between = (forge: Forge): Forge => {
    const orDead = <T>(work: () => Promise<T>): Promise<T> => (dead ? Promise.reject(new ForgeError("unavailable", "gone", "")) : work());
    return {
      ...forge,
      createDeployment: async (made) => {
        const id = await forge.createDeployment(made);
        dead = true;
        flow.mark("api@dev", "blind");
        return id;
      },
      deployments: (filter) => orDead(() => forge.deployments(filter)),
      setStatus: (id, status) => orDead(() => forge.setStatus(id, status)),
    };
  };
  const over = Promise.withResolvers<"failure">();
  const run = flow.shop.run({ commit: first, jobs: [{ name: "leg", work: () => over.promise }] });
  expect((await flow.deploy("dev", ["api"], { between, run })).exit).toBe(1);
  const ben = at(flow, "ben");
  expect(await ben("settle", "api@dev", "--applied", "--reason", "x", "--yes")).toMatchObject({
    exit: 1,
    err: expect.stringContaining("is being changed by a workflow run") as string,
  });
  over.resolve("failure");
  await run.ended;
  expect(ends(await flow.job({ step: "report" }, { run, env: { SLUICE_NEEDS: "{}" } }))).toMatchObject({
    said: expect.stringContaining("sluice github settle api@dev"),
  });
  expect(ends(await flow.deploy("dev", ["api"]))).toMatchObject({
    exit: 1,
    said: expect.stringContaining('sluice github settle api@dev --applied --reason "…", or --not-applied'),
  });
  expect(await ben("settle", "web@dev", "--applied", "--reason", "x", "--yes")).toMatchObject({
    exit: 1,
    err: expect.stringContaining("Nothing is in doubt at web@dev") as string,
  });
  expect((await ben("settle", "api@dev", "--reason", "x", "--yes")).exit).toBe(2);
  expect((await at(flow, "eve")("settle", "api@dev", "--applied", "--reason", "x", "--yes")).exit).toBe(4);
  const settled = await ben("settle", "api@dev", "--not-applied", "--reason", "looked at the host", "--yes");
  expect(settled).toMatchObject({ exit: 0, out: expect.stringContaining("api@dev is known again: not applied\n") as string });
  expect(flow.told()[0]).toBe("sluice:api dev failure failed: nothing changed: not applied, says ben: looked at the host");
  flow.mark("api@dev", "blind", false);
  expect([ends(await flow.deploy("dev", ["api"])), flow.live("api@dev")]).toEqual([FINE, first]);
}, 60_000);

test("a freeze of policy lets no job begin", async () => {
  const flow = await Workflow.begin();
  const window = '{ from: "2020-01-01T00:00Z", until: "2099-01-01T00:00Z", reason: "year end" }';
  flow.commit({ "sluice.yaml": flow.file({ environments: `dev: { freeze: [${window}] }` }) });
  expect(ends(await flow.deploy("dev", ["api"]))).toMatchObject({ exit: 1, said: expect.stringContaining("freeze of dev") });
  expect([flow.told(), flow.live("api@dev")]).toEqual([[], null]);
});

test("a workflow that is started by hand is known by its file, whatever ref GitHub writes behind it", () => {
  for (const ref of ["", "@main", "@refs/heads/hotfix/1"]) {
    const run = { event: "workflow_dispatch", path: `.github/workflows/deploy-api.yml${ref}` };
    expect([isNamed(run, "api"), isNamed(run, "web"), isNamed({ ...run, event: "push" }, "api")]).toEqual([true, false, false]);
  }
});
