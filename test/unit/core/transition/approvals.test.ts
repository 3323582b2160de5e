import { describe, expect, test } from "vitest";
import { approval, harbor, HOUR } from "../harbor.ts";
import { type Rig, settled } from "./rig.ts";

/** c1 waits at the gate of mainnet. */
function waiting(part: Parameters<typeof approval>[0] = {}, by = "ana"): { readonly rig: Rig; readonly run: string } {
  const rig = settled(harbor({ mainnet: { approval: approval(part) } }));
  const run = rig.started("c1", { by });
  rig.finish();
  return { rig, run };
}

describe("who decides", () => {
  test("a named person, once, and not who started the run", () => {
    const { rig, run } = waiting();
    expect(rig.decide("eve", "c1")).toMatchObject({ ok: false, code: "not-allowed", hint: "who may: ana, ben, zoe, yan" });
    expect(rig.decide("ana", "c1")).toMatchObject({ ok: false, code: "not-allowed", hint: "who may: ben, zoe, yan" });
    expect(rig.says(run, "gate:mainnet")).toBe("waiting approval mainnet");
    expect(rig.decide("zoe", "c1")).toMatchObject({
      ok: true,
      decision: { targets: ["api@mainnet", "indexer@mainnet", "web@mainnet"], runs: [run], already: false },
    });
    expect(rig.runs()).toEqual(["deploy:api@mainnet"]);
  });

  test("who started it, where policy says so", () => {
    const { rig } = waiting({ self: true });
    expect(rig.decide("ana", "c1")).toMatchObject({ ok: true });
  });

  test("as many as policy asks for, each counted once", () => {
    const { rig, run } = waiting({ count: 2 });
    rig.decide("zoe", "c1");
    rig.decide("zoe", "c1");
    expect(rig.says(run, "gate:mainnet")).toBe("waiting approval mainnet");
    rig.decide("ben", "c1");
    expect(rig.says(run, "deploy:api@mainnet")).toBe("running");
  });

  test("without approvers anyone who may deploy", () => {
    const rig = settled(harbor({ mainnet: { deployers: ["cy", "zoe", "ana"], approval: approval({ approvers: [] }) } }));
    rig.started("c1");
    rig.finish();
    expect(rig.decide("ben", "c1")).toMatchObject({ ok: false, code: "not-allowed" });
    expect(rig.decide("zoe", "c1")).toMatchObject({ ok: true });
  });

  test("of two authors each for what the other has started alone", () => {
    const { rig, run } = waiting();
    const other = rig.started("c1", { by: "ben", services: ["api"] });
    expect(rig.says(other, "gate:mainnet")).toBe("waiting approval mainnet");
    // ben started a run that holds the api too
    expect(rig.decide("ben", "c1")).toMatchObject({ ok: true, decision: { targets: ["indexer@mainnet", "web@mainnet"], runs: [run] } });
    expect(rig.says(run, "gate:mainnet")).toBe("waiting approval mainnet");
    expect(rig.decide("zoe", "c1")).toMatchObject({ ok: true, decision: { targets: ["api@mainnet"], runs: [run, other] } });
    rig.finish();
    expect([rig.status(run), rig.status(other)]).toEqual(["succeeded", "succeeded"]);
  });

  test("nobody, where somebody may not deploy there", () => {
    const rig = settled(harbor({ mainnet: { deployers: ["cy"] } }));
    const before = rig.db.runs.size;
    rig.started("c1", { by: "eve" });
    expect(rig.db.runs.size).toBe(before);
  });
});

describe("what a decision is for", () => {
  test("the fingerprints that were seen: what is rendered otherwise asks again, and it alone", () => {
    const { rig, run } = waiting();
    rig.hold("mainnet");
    rig.decide("zoe", "c1");
    expect(rig.says(run, "deploy:api@mainnet")).toBe("waiting hold mainnet");
    rig.renderings.set("api", 1);
    rig.send({ type: "render.known", run, renders: { "api@mainnet": { fingerprint: rig.fingerprint("api", "c1") } } });
    expect(rig.says(run, "deploy:api@mainnet")).toBe("waiting approval mainnet");
    expect(rig.decide("zoe", "c1")).toMatchObject({ ok: true, decision: { targets: ["api@mainnet"] } });
    rig.unhold("mainnet");
    rig.finish();
    expect(rig.status(run)).toBe("succeeded");
  });

  test("what the caller expects, or nothing", () => {
    const { rig, run } = waiting();
    const refused = rig.decide("zoe", "c1", { expect: "sha256:other" });
    expect(refused).toMatchObject({ ok: false, code: "mismatch" });
    const actual = refused.ok ? "" : (/sha256:[0-9a-f]{64}/.exec(refused.message)?.[0] ?? "");
    expect(rig.decide("zoe", "c1", { expect: actual })).toMatchObject({ ok: true });
    expect(rig.says(run, "gate:mainnet")).not.toContain("waiting");
  });

  test("every run of the commit that waits, in one act, and those that come later while it holds", () => {
    const { rig, run } = waiting({}, "cy");
    const second = rig.started("c1", { by: "ben", services: ["api"] });
    expect(rig.decide("zoe", "c1")).toMatchObject({ ok: true, decision: { runs: [run, second] } });
    rig.finish();
    expect(rig.status(second)).toBe("succeeded");
    const later = rig.started("c1", { by: "ben", services: ["api"], redeploy: true });
    rig.finish();
    expect(rig.status(later)).toBe("succeeded");
    rig.pass(25 * HOUR);
    const tooLate = rig.started("c1", { by: "ben", services: ["api"], redeploy: true });
    rig.finish();
    expect(rig.says(tooLate, "gate:mainnet")).toBe("waiting approval mainnet");
  });

  test("a while: what has not started by then asks again", () => {
    const { rig, run } = waiting();
    rig.hold("mainnet");
    rig.decide("zoe", "c1");
    expect(rig.state.nextWake()).toBe(rig.now + 24 * HOUR);
    rig.pass(24 * HOUR - 1);
    expect(rig.says(run, "deploy:api@mainnet")).toBe("waiting hold mainnet");
    rig.pass(1);
    expect(rig.says(run, "deploy:api@mainnet")).toBe("waiting approval mainnet");
    expect(rig.says(run, "gate:mainnet")).toBe("waiting approval mainnet");
    expect([...rig.db.decisions.values()].at(-1)?.voided).toBe("it has expired");
  });
});

describe("twice, and too early", () => {
  test("approving again is harmless and says so", () => {
    const { rig } = waiting();
    rig.decide("zoe", "c1");
    const decisions = rig.db.decisions.size;
    expect(rig.decide("zoe", "c1")).toMatchObject({ ok: true, decision: { already: true, runs: [] } });
    expect(rig.db.decisions.size).toBe(decisions);
  });

  test("what has not reached the gate waits for nothing yet", () => {
    const rig = settled();
    const run = rig.started("c1");
    expect(rig.decide("zoe", "c1")).toMatchObject({
      ok: false,
      code: "nothing-waits",
      message: expect.stringContaining(`run ${run} has not reached it yet`) as string,
    });
    expect(rig.decide("zoe", "c4")).toMatchObject({ ok: false, code: "nothing-waits" });
  });

  test("in a wave the gate asks when everybody has come, in a stream as each arrives", () => {
    const wave = settled();
    const run = wave.started("c1");
    for (const step of ["build:mega", "deploy:api@devnet", "verify:api@devnet"]) wave.done(step);
    expect(wave.says(run, "gate:mainnet")).toBe("pending");

    const stream = settled();
    const one = stream.started("c1", { promotion: "stream" });
    for (const step of ["build:mega", "deploy:api@devnet", "verify:api@devnet", "deploy:api@canary", "verify:api@canary"])
      stream.done(step);
    expect(stream.says(one, "gate:mainnet")).toBe("waiting approval mainnet");
    expect(stream.decide("zoe", "c1")).toMatchObject({ ok: true, decision: { targets: ["api@mainnet"] } });
    stream.finish();
    expect(stream.decide("zoe", "c1")).toMatchObject({ ok: true, decision: { targets: ["indexer@mainnet", "web@mainnet"] } });
    stream.finish();
    expect(stream.status(one)).toBe("succeeded");
  });
});

test("a rejection ends the gate's members, and the run with them", () => {
  const { rig, run } = waiting();
  expect(rig.decide("ana", "c1", { verdict: "rejected" })).toMatchObject({ ok: true });
  expect(rig.says(run, "deploy:api@mainnet")).toBe("cancelled rejected");
  expect(rig.says(run, "gate:mainnet")).toBe("cancelled rejected");
  expect(rig.status(run)).toBe("cancelled");
  expect(rig.live("mainnet")).toBe("api c0, indexer c0, web c0");
});
