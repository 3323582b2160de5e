import { describe, expect, test } from "vitest";
import { approval, harbor, MINUTE } from "../harbor.ts";
import { settled } from "./rig.ts";

const api = { environments: ["devnet"], services: ["api"] };
const DEPLOY = "deploy:api@devnet";

describe("two runs of one commit", () => {
  test("build, deploy and verify once, and end alike", () => {
    const rig = settled();
    const all = rig.started("c1", { by: "ana", environments: ["devnet"] });
    const one = rig.started("c1", { by: "ben", ...api });
    expect(rig.runs()).toEqual(["build:mega"]);
    rig.done("build:mega");
    expect(rig.runs()).toEqual([DEPLOY]);
    expect(rig.step(one, DEPLOY)).toMatchObject({ status: "running", attempt: rig.step(all, DEPLOY)?.attempt });
    rig.done(DEPLOY);
    expect(rig.runs().filter((s) => s === "verify:api@devnet")).toEqual(["verify:api@devnet"]);
    rig.done("verify:api@devnet", "failed");
    for (const run of [all, one]) expect(rig.says(run, "verify:api@devnet")).toBe("failed attempt");
    rig.finish();
    expect([rig.status(all), rig.status(one)]).toEqual(["failed", "failed"]);
  });

  test("share what came before the second was there", () => {
    const rig = settled();
    rig.started("c1", api);
    for (const step of ["build:mega", DEPLOY]) rig.done(step);
    const late = rig.started("c1", { ...api, by: "ben" });
    expect(rig.says(late, DEPLOY)).toBe("succeeded");
    expect(rig.says(late, "verify:api@devnet")).toBe("running");
    expect(rig.runs()).toEqual(["verify:api@devnet"]);
    rig.done("verify:api@devnet");
    expect(rig.status(late)).toBe("succeeded");
  });

  test("start as soon as one of them may", () => {
    const rig = settled();
    const wave = rig.started("c1");
    rig.done("build:mega");
    for (const step of [DEPLOY, "verify:api@devnet"]) rig.done(step);
    expect(rig.says(wave, "deploy:api@canary")).toBe("pending wave devnet");
    const one = rig.started("c1", { environments: ["canary"], services: ["api"], by: "ben" });
    expect(rig.says(one, "deploy:api@canary")).toBe("running");
    expect(rig.says(wave, "deploy:api@canary")).toBe("running");
    expect(rig.step(wave, "deploy:api@canary")?.attempt).toBe(rig.step(one, "deploy:api@canary")?.attempt);
  });

  test("are let go of one by one: a cancel ends the other's part only, and cuts nothing short", () => {
    const rig = settled(harbor({}, 2 * MINUTE));
    const first = rig.started("c1", api);
    rig.done("build:mega");
    const second = rig.started("c1", { ...api, by: "ben" });
    expect(rig.cancel(first, true)).toMatchObject({ ok: false, code: "conflict", message: `${DEPLOY} is also the work of run ${second}` });
    expect(rig.cancel(first)).toMatchObject({ ok: true });
    for (const step of [DEPLOY, "verify:api@devnet"]) rig.done(step);
    expect(rig.says(first, "soak:api@devnet")).toBe("cancelled cancelled");
    expect(rig.says(second, "soak:api@devnet")).toBe("running");
    rig.done("soak:api@devnet");
    expect([rig.status(first), rig.status(second)]).toEqual(["cancelled", "succeeded"]);
  });

  test("are tried again together after their attempt was lost", () => {
    const rig = settled();
    const first = rig.started("c1", api);
    rig.done("build:mega");
    const second = rig.started("c1", { ...api, by: "ben" });
    rig.done(DEPLOY, "lost");
    expect(rig.runs()).toEqual([DEPLOY]);
    for (const run of [first, second]) expect(rig.says(run, DEPLOY)).toBe("running");
    rig.finish();
    expect([rig.status(first), rig.status(second)]).toEqual(["succeeded", "succeeded"]);
  });

  test("of different renderings are not the same work", () => {
    const rig = settled();
    rig.started("c1", api);
    rig.done("build:mega");
    const other = rig.started("c1", { ...api, by: "ben" });
    rig.renderings.set("api", 1);
    const same = rig.started("c1", api);
    expect(rig.says(other, DEPLOY)).toBe("running");
    expect(rig.says(same, DEPLOY)).toContain("waiting queue");
  });

  test("keep the approval of whoever started one of them from counting", () => {
    const rig = settled(harbor({ mainnet: { approval: approval({ approvers: ["ana", "ben", "zoe"] }) } }));
    const first = rig.started("c1", { by: "ana" });
    rig.finish();
    const second = rig.started("c1", { by: "ben", environments: ["mainnet"], services: ["api"] });
    expect(rig.decide("ben", "c1")).toMatchObject({ ok: true, decision: { targets: ["indexer@mainnet", "web@mainnet"], runs: [first] } });
    expect(rig.says(first, "deploy:api@mainnet")).toBe("waiting approval mainnet");
    expect(rig.decide("zoe", "c1")).toMatchObject({ ok: true, decision: { runs: [first, second] } });
    expect(rig.says(second, "deploy:api@mainnet")).toBe("running");
    rig.finish();
    expect([rig.status(first), rig.status(second)]).toEqual(["succeeded", "succeeded"]);
  });
});
