import { describe, expect, test } from "vitest";
import { harbor } from "../harbor.ts";
import { type Rig, settled } from "./rig.ts";

/** Brings a commit up to mainnet's gate. */
function atGate(rig: Rig, commit: string, by = "ana") {
  const run = rig.started(commit, { by });
  rig.finish();
  return run;
}

describe("a newer release that reaches an environment", () => {
  test("takes the place of an older one that waits there, and its approvals die with it", () => {
    const rig = settled();
    const old = atGate(rig, "c1");
    const fresh = rig.started("c3");
    rig.done("build:mega");
    expect(rig.says(old, "gate:mainnet"), "what is on its way takes nobody's place").toBe("waiting approval mainnet");
    rig.finish();
    expect(rig.step(old, "deploy:api@mainnet")).toMatchObject({
      status: "superseded",
      reason: { code: "superseded", run: fresh, commit: "c3" },
    });
    expect(rig.status(old)).toBe("superseded");
    expect(rig.decide("zoe", "c1")).toMatchObject({ ok: false, code: "nothing-waits" });
    expect(rig.decide("zoe", "c3")).toMatchObject({ ok: true });
    rig.finish();
    expect(rig.live("mainnet")).toBe("api c3, indexer c3, web c3");
  });

  test("does not take the place of what was decided, until it is decided too", () => {
    const rig = settled();
    const old = atGate(rig, "c1");
    rig.hold("mainnet");
    rig.decide("zoe", "c1");
    expect(rig.says(old, "deploy:api@mainnet")).toBe("waiting hold mainnet");
    const fresh = atGate(rig, "c3");
    expect(rig.says(old, "deploy:api@mainnet")).toBe("waiting hold mainnet");
    rig.decide("zoe", "c3");
    expect(rig.says(old, "deploy:api@mainnet")).toBe("superseded superseded");
    rig.unhold("mainnet");
    rig.finish();
    expect([rig.status(old), rig.status(fresh)]).toEqual(["superseded", "succeeded"]);
    const again = rig.started("c1", { environments: ["mainnet"] });
    expect(rig.says(again, "deploy:api@mainnet")).toBe("skipped newer-is-live");
  });

  test("lets what has begun there finish", () => {
    const rig = settled();
    const old = atGate(rig, "c1");
    rig.decide("zoe", "c1");
    expect(rig.says(old, "deploy:api@mainnet")).toBe("running");
    const fresh = rig.started("c3");
    rig.done("build:mega");
    for (const environment of ["devnet", "canary"])
      for (const service of ["api", "indexer", "web"])
        for (const kind of ["deploy", "verify"])
          if (environment !== "canary" || service !== "indexer") rig.done(`${kind}:${service}@${environment}`);
    expect(rig.says(fresh, "gate:mainnet")).toBe("waiting approval mainnet");
    expect(rig.says(old, "deploy:web@mainnet")).not.toContain("superseded");
    rig.finish();
    expect(rig.live("mainnet")).toBe("api c1, indexer c1, web c1");
  });

  test("supersedes an older one that arrives later", () => {
    const rig = settled();
    const old = rig.started("c1", { environments: ["mainnet"], services: ["web"] });
    rig.finish();
    expect(rig.status(old)).toBe("failed");
    atGate(rig, "c1");
    const fresh = atGate(rig, "c3");
    const late = rig.started("c1", { environments: ["mainnet"], services: ["web"] });
    expect(rig.step(late, "deploy:web@mainnet")?.reason).toMatchObject({ code: "superseded", run: fresh });
    expect(rig.status(late)).toBe("superseded");
  });

  test("waits its turn where policy queues", () => {
    const rig = settled(harbor({ mainnet: { ...harbor().policy.environments["mainnet"], superseding: "queue" } }));
    const old = atGate(rig, "c1");
    const fresh = atGate(rig, "c3");
    expect(rig.says(old, "gate:mainnet")).toBe("waiting approval mainnet");
    rig.decide("zoe", "c1");
    rig.decide("zoe", "c3");
    rig.finish();
    expect([rig.status(old), rig.status(fresh)]).toEqual(["succeeded", "succeeded"]);
    expect(rig.live("mainnet")).toBe("api c3, indexer c3, web c3");
  });

  test("is what a waiting frontend waits for then", () => {
    const rig = settled(harbor({ devnet: { superseding: "supersede" } }));
    rig.hold("devnet");
    const old = rig.started("c1", { environments: ["devnet"], services: ["api"] });
    const web = rig.started("c1", { environments: ["devnet"], services: ["web"] });
    rig.finish();
    expect(rig.step(web, "deploy:web@devnet")?.reason).toMatchObject({ code: "need", target: "api@devnet", run: old, kept: "held" });
    const fresh = rig.started("c3", { environments: ["devnet"], services: ["api", "indexer"] });
    rig.finish();
    expect(rig.says(old, "deploy:api@devnet")).toBe("superseded superseded");
    expect(rig.step(web, "deploy:web@devnet")?.reason).toMatchObject({ target: "api@devnet", run: fresh });
    rig.unhold("devnet");
    rig.finish();
    expect(rig.live("devnet")).toBe("api c3, indexer c3, web c1");
  });
});
