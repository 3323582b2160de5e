import { afterAll, beforeAll, expect, test } from "vitest";
import type { Schemas } from "../../src/contract/client.ts";
import { describeCluster } from "../rig/cluster.ts";
import { HarborOnCluster } from "./harbor.ts";

type Run = Schemas["RunDetail"];
const MAINNET = ["admin", "api", "auth", "indexer", "orders", "web"];

/** When a target's deploy began, in a run. */
const startOf = (run: Run, target: string): number => Date.parse(run.steps.find((s) => s.id === `deploy:${target}`)?.startedAt ?? "");

describeCluster("harbor on Kubernetes, by the command line", () => {
  let harbor: HarborOnCluster;
  beforeAll(async () => {
    harbor = await HarborOnCluster.open();
  });
  afterAll(async () => {
    await harbor.close();
  });

  /** Deploys everything to mainnet, with the one decision that this takes. */
  async function release(commit: string): Promise<void> {
    const waiting = await harbor.says(3, "deploy", "--all", "--commit", commit);
    expect(waiting).toContain("--env mainnet");
    await harbor.says(0, "approve", commit, "--env", "mainnet", "--yes");
    await harbor.ended();
  }

  test("one image is built and pinned by digest, and one decision opens mainnet", async () => {
    const first = harbor.git("rev-parse", "v1");
    await release("v1");
    const live = await harbor.live("mainnet");
    expect(Object.keys(live).toSorted()).toEqual(MAINNET);
    const images = new Set(Object.values(live).map(({ image }) => image));
    expect([...images]).toEqual([expect.stringMatching(new RegExp(`^${harbor.registry}/harbor@sha256:[0-9a-f]{64}$`))]);
    expect(live["api"]?.commit).toBe(first);
    expect(Object.keys(await harbor.live("devnet")).toSorted()).toEqual(["api", "auth", "indexer", "orders", "web"]);
  });

  test("what a release changes is shown object by object before it is approved", async () => {
    await harbor.says(3, "deploy", "--all", "--commit", "v4");
    const shown = await harbor.says(0, "diff", "--commit", "v4", "--env", "mainnet");
    expect(shown).toMatch(/api.*\n?.*Deployment/s);
    await harbor.says(0, "approve", "v4", "--env", "mainnet", "--yes");
    const run = await harbor.ended();
    // frontends come when their backends serve
    for (const backend of ["auth", "api", "orders", "indexer"])
      for (const frontend of ["web", "admin"])
        expect(startOf(run, `${frontend}@mainnet`)).toBeGreaterThan(startOf(run, `${backend}@mainnet`));
    expect((await harbor.live("mainnet"))["orders"]?.commit).toBe(harbor.git("rev-parse", "v4"));
    await harbor.says(0, "drift");
  });

  test("a rollout that crashes is explained at once, and what was live goes on", async () => {
    const { out } = await harbor.sluice("deploy", "--all", "--env", "devnet", "--commit", "broken-rollout");
    expect(out).toContain("CrashLoopBackOff");
    expect(out).toContain("cannot reach the database");
    expect(out).toMatch(/deploy:orders@devnet.*blocked/);
    const image = await harbor.sluice("deploy", "auth", "--env", "devnet", "--commit", "broken-image");
    expect(image.out).toMatch(/ImagePullBackOff|ErrImagePull/);
    expect(image.out).toContain(`${harbor.registry}/harbor@sha256:`);
  });

  test("what was changed by hand is drift, until it is deployed again", async () => {
    harbor.kubectl("scale", "deployment/web", "--namespace=harbor-mainnet", "--replicas=5");
    const drift = await harbor.says(1, "drift", "web", "--env", "mainnet");
    expect(drift).toContain("Deployment");
    harbor.kubectl("scale", "deployment/web", "--namespace=harbor-mainnet", "--replicas=2");
    await harbor.says(0, "drift", "--env", "mainnet");
  });

  test("what was removed by hand is deployed again", async () => {
    await harbor.says(0, "deploy", "auth", "--env", "devnet", "--commit", "v4");
    const there = await harbor.says(0, "deploy", "auth", "--env", "devnet", "--commit", "v4");
    expect(there).toContain("--redeploy applies it again");
    harbor.kubectl("delete", "secrets,deployments,services", "--namespace=harbor-devnet", "--selector=name=auth");
    await harbor.says(0, "deploy", "auth", "--env", "devnet", "--commit", "v4");
    expect((await harbor.live("devnet"))["auth"]?.commit).toBe(harbor.git("rev-parse", "v4"));
  });

  test("roll back all returns to the recorded set by the revisions that are still there, frontends first", async () => {
    const plan = await harbor.says(0, "rollback", "--all", "--env", "mainnet", "--dry-run", "--reason", "look");
    expect(plan).toMatch(/revision \d/);
    await harbor.says(0, "rollback", "--all", "--env", "mainnet", "--reason", "v4 is slow", "--yes");
    const run = await harbor.ended();
    for (const frontend of ["web", "admin"]) expect(startOf(run, `${frontend}@mainnet`)).toBeLessThan(startOf(run, "orders@mainnet"));
    const live = await harbor.live("mainnet");
    const first = harbor.git("rev-parse", "v1");
    for (const backend of ["auth", "api", "orders", "indexer"]) expect(live[backend]?.commit).toBe(first);
    await harbor.says(0, "drift", "--env", "mainnet");
    await harbor.says(0, "unhold", "mainnet", "--yes");
  });

  test("an artifact that is gone from the registry is found before anything is touched", async () => {
    await release("v4");
    await harbor.forget("v1");
    const { exit, out, err } = await harbor.sluice("rollback", "--all", "--env", "mainnet", "--to", "v1", "--reason", "again", "--yes");
    expect(exit).not.toBe(0);
    expect(out + err).toMatch(/artifact sha256:[0-9a-f]+ is gone/);
    expect((await harbor.live("mainnet"))["api"]?.commit).toBe(harbor.git("rev-parse", "v4"));
  });
});
