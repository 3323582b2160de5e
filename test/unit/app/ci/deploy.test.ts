import { expect, test } from "vitest";
import { ends, Workflow } from "./rig.ts";

test("a plan is handed on as waves of jobs", async () => {
  const flow = await Workflow.begin();
  const commit = flow.commit({ "sluice.yaml": flow.file({ services: { api: "backend", auth: "backend", web: "frontend" } }) });
  const end = await flow.plan();
  expect(end.error).toBeNull();
  expect(end.outputs["commit"]).toBe(commit);
  const one = (name: string) => ({ name, services: [name] });
  const waves = { n: [2, 1], waves: [[one("api"), one("auth")], [one("web")]] };
  expect(JSON.parse(end.outputs["waves"] ?? "")).toEqual({ dev: waves, prod: waves });
  expect(end.outputs["artifacts"]).toBe("[]");
  expect(end.summary).toContain("| prod | 2 | `web` |");
});

test("a service goes to prod by another job than the one that has brought it to dev, and no further than it was good", async () => {
  const flow = await Workflow.begin();
  const commit = flow.commit({ "sluice.yaml": flow.file() });
  const early = await flow.deploy("prod", ["api"]);
  expect([early.exit, early.out]).toEqual([1, expect.stringContaining("not good")]);
  const dev = await flow.deploy("dev", ["api"]);
  expect([dev.error?.message ?? null, dev.exit, dev.out]).toEqual([null, 0, expect.stringContaining("::group::deploy api@dev")]);
  expect(flow.live("api@dev")).toBe(commit);
  const prod = await flow.deploy("prod", ["api"]);
  expect([prod.exit, flow.live("api@prod")]).toEqual([0, commit]);
  expect(flow.told()).toEqual(["sluice:api dev success good", "sluice:api prod success good"]);
  // what a program prints is never a command of GitHub's
  expect(dev.out).toMatch(/::stop-commands::(\S+)\n[\s\S]*::set-output[\s\S]*\n::\1::/);
  const again = await flow.deploy("prod", ["api"]);
  expect([again.exit, flow.order().length]).toEqual([0, 2]);
  expect(again.summary).toContain("left as it is");
});

test("what a service needs is found behind more deployments of others than are read at first", async () => {
  const flow = await Workflow.begin();
  const commit = flow.commit({ "sluice.yaml": flow.file({ environments: "dev: {}" }) });
  expect(ends(await flow.deploy("dev", ["api"]))).toEqual({ exit: 0, said: "" });
  for (let i = 0; i < 520; i++) flow.shop.deploy({ ref: commit, environment: "dev", task: "deploy" }, "github-actions[bot]");
  expect(ends(await flow.deploy("dev", ["web"]))).toEqual({ exit: 0, said: "" });
});

test("a commit may be named by a branch that is not the checkout's own", async () => {
  const flow = await Workflow.begin();
  flow.commit({ "sluice.yaml": flow.file() });
  flow.repo.git("checkout", "--quiet", "-b", "hotfix/1");
  const fix = flow.repo.commit({ "api/x": "fix" });
  flow.repo.git("update-ref", "refs/remotes/origin/hotfix/1", "HEAD");
  flow.repo.git("checkout", "--quiet", "main");
  flow.repo.git("branch", "--quiet", "-D", "hotfix/1");
  const end = await flow.plan({ commit: "hotfix/1", event: "workflow_dispatch" });
  expect([ends(end), end.outputs["commit"]]).toEqual([{ exit: 0, said: "" }, fix]);
  flow.repo.git("update-ref", "refs/remotes/origin/abcdef1", fix);
  expect(ends(await flow.plan({ commit: "abcdef1", event: "workflow_dispatch" }))).toMatchObject({ exit: 2 });
  expect(ends(await flow.plan({ commit: "hotfix/2", event: "workflow_dispatch" }))).toMatchObject({
    exit: 2,
    said: expect.stringContaining("hotfix/2") as string,
  });
});
