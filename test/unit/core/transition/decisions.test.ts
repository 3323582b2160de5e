import { describe, expect, test } from "vitest";
import type { Environment } from "../../../../src/core/config/config.ts";
import { approval, harbor } from "../harbor.ts";
import { type Rig, settled } from "./rig.ts";

/** c1 waits at the gate of mainnet. */
function waiting(part: Parameters<typeof approval>[0] = {}, more: Partial<Environment> = {}): { readonly rig: Rig; readonly run: string } {
  const rig = settled(harbor({ mainnet: { approval: approval(part), ...more } }));
  const run = rig.started("c1", { by: "ana" });
  rig.finish();
  return { rig, run };
}

describe("a decision on a part", () => {
  test("opens that part, and the rest is asked for again", () => {
    const { rig, run } = waiting();
    expect(rig.decide("zoe", "c1", { targets: ["api@mainnet"] })).toMatchObject({ ok: true, decision: { targets: ["api@mainnet"] } });
    rig.finish();
    expect(rig.says(run, "deploy:api@mainnet")).toBe("succeeded");
    expect(rig.says(run, "deploy:web@mainnet")).toBe("waiting approval mainnet");
    expect(rig.says(run, "gate:mainnet")).toBe("waiting approval mainnet");
    rig.decide("zoe", "c1");
    rig.finish();
    expect(rig.status(run)).toBe("succeeded");
  });

  test("that does not wait says who does", () => {
    const { rig } = waiting();
    expect(rig.decide("zoe", "c1", { targets: ["ghost@mainnet"] })).toMatchObject({
      ok: false,
      code: "nothing-waits",
      hint: "who waits: api, indexer, web",
    });
  });
});

describe("several persons", () => {
  test("each count once; who decides again hears that it was decided", () => {
    const { rig, run } = waiting({ count: 2 });
    const first = rig.decide("zoe", "c1");
    expect(first).toMatchObject({ ok: true, decision: { already: false } });
    expect(rig.decide("zoe", "c1")).toMatchObject({ ok: true, decision: { already: true } });
    expect(rig.db.decisions.size).toBe(2);
    expect(rig.says(run, "gate:mainnet")).toBe("waiting approval mainnet");
    expect(rig.decide("yan", "c1", { targets: ["api@mainnet"] })).toMatchObject({ ok: true });
    expect(rig.says(run, "deploy:api@mainnet")).toBe("running");
    expect(rig.says(run, "gate:mainnet")).toBe("waiting approval mainnet");
  });

  test("learn who was first", () => {
    const { rig } = waiting();
    rig.hold("canary");
    rig.started("c1", { environments: ["canary"], redeploy: true });
    rig.decide("zoe", "c1", { verdict: "rejected" });
    expect(rig.decide("yan", "c1")).toMatchObject({
      ok: false,
      code: "nothing-waits",
      message: expect.stringContaining("zoe rejected it"),
    });
  });
});

describe("before all have arrived", () => {
  test("policy may allow a decision; who fails on the way is asked for again", () => {
    const rig = settled(harbor({ mainnet: { approval: approval({ early: true }) } }));
    const run = rig.started("c1", { by: "ana" });
    expect(rig.decide("zoe", "c1"), "what would be applied is not known yet").toMatchObject({ ok: false, code: "nothing-waits" });
    rig.done("build:mega");
    expect(rig.decide("zoe", "c1")).toMatchObject({ ok: true, decision: { runs: [run] } });
    expect([...rig.db.decisions.values()].at(-1)).toMatchObject({ early: true });
    for (const step of ["deploy:api@devnet", "verify:api@devnet", "deploy:indexer@devnet", "verify:indexer@devnet", "deploy:web@devnet"])
      rig.done(step);
    rig.done("verify:web@devnet", "failed");
    rig.finish();
    expect(rig.says(run, "deploy:api@mainnet"), "decided in advance").toBe("succeeded");
    expect(rig.says(run, "deploy:web@mainnet")).toBe("blocked not-good-before devnet");
    const again = rig.started("c1", { by: "ana", services: ["web"] });
    rig.finish();
    expect(rig.says(again, "deploy:web@mainnet")).toBe("waiting approval mainnet");
  });

  test("nobody decides where policy does not say so", () => {
    const rig = settled();
    rig.started("c1");
    rig.done("build:mega");
    expect(rig.decide("zoe", "c1")).toMatchObject({
      ok: false,
      code: "nothing-waits",
      message: expect.stringContaining("has not reached it yet"),
    });
  });
});

describe("in an emergency", () => {
  test("a person named for it decides alone, also on an own run; others do not", () => {
    const { rig, run } = waiting({ count: 2 }, { emergency: ["ana", "cy"] });
    expect(rig.decide("zoe", "c1", { emergency: true })).toMatchObject({ ok: false, code: "not-allowed", hint: "who is: ana, cy" });
    expect(rig.decide("ana", "c1", { emergency: true })).toMatchObject({ ok: true });
    expect(rig.says(run, "deploy:api@mainnet")).toBe("running");
    expect([...rig.db.decisions.values()].at(-1)).toMatchObject({ emergency: true, by: "ana" });
  });

  test("nobody is named where policy names nobody", () => {
    const { rig } = waiting();
    expect(rig.decide("zoe", "c1", { emergency: true })).toMatchObject({
      ok: false,
      code: "not-allowed",
      hint: "nobody is: `emergency:` of the environment names them",
    });
  });
});
