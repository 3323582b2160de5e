import { describe, expect, test } from "vitest";
import { approval, harbor, HOUR } from "../harbor.ts";
import { type Rig, settled } from "./rig.ts";

const DEVNET = { environments: ["devnet"] };

/** Releases brought to devnet one after the other. */
function history(...commits: readonly string[]): Rig {
  const rig = settled();
  for (const commit of commits) {
    rig.started(commit, DEVNET);
    rig.finish();
  }
  return rig;
}
function back(rig: Rig, part: Parameters<Rig["rollback"]>[1] = {}): string {
  const run = rig.rollback("devnet", part);
  rig.finish();
  return run;
}
const snapshotOf = (rig: Rig, release: string) =>
  [...rig.db.snapshots.values()].findLast((s) => s.environment === "devnet" && s.release === release)?.id ?? "";

describe("which set is offered", () => {
  test("the one before the newest release, then the one before that, then none", () => {
    const rig = history("c1", "c3");
    expect(back(rig)).toBeTruthy();
    expect(rig.live("devnet")).toBe("api c1, indexer c1, web c1");
    back(rig);
    expect(rig.live("devnet")).toBe("api c0, indexer c0, web c0");
    expect(rig.prepareRollback("devnet")).toBeNull();
  });

  test("what a rollback left is not offered again, also after the next release", () => {
    const rig = history("c1", "c3");
    back(rig);
    rig.unhold("devnet");
    rig.started("c4", DEVNET);
    rig.finish();
    expect(rig.live("devnet")).toBe("api c4, indexer c4, web c4");
    back(rig);
    expect(rig.live("devnet")).toBe("api c1, indexer c1, web c1");
  });

  test("a release that a rollback brings back counts again", () => {
    const rig = history("c1", "c3");
    const to = snapshotOf(rig, "c3");
    back(rig);
    back(rig, { to });
    expect(rig.live("devnet")).toBe("api c3, indexer c3, web c3");
    back(rig);
    expect(rig.live("devnet")).toBe("api c1, indexer c1, web c1");
  });

  test("a release that came in two runs is one; a run that failed leaves the last good set", () => {
    const rig = history("c1");
    rig.started("c3", { ...DEVNET, services: ["api"] });
    rig.finish();
    rig.started("c3", { ...DEVNET, services: ["indexer"] });
    for (const step of ["deploy:indexer@devnet"]) rig.done(step, "changed");
    expect(rig.live("devnet")).toBe("api c3, indexer c3, web c1");
    back(rig);
    expect(rig.live("devnet")).toBe("api c1, indexer c1, web c1");
  });

  test("of one that was cancelled before it touched anything: the same again", () => {
    const rig = history("c1", "c3");
    rig.hold("devnet");
    const first = rig.rollback("devnet");
    rig.cancel(first);
    rig.finish();
    expect(rig.status(first)).toBe("cancelled");
    back(rig);
    expect(rig.live("devnet")).toBe("api c1, indexer c1, web c1");
  });

  test("of one that brought only a part back: the same set again", () => {
    const rig = history("c1", "c3");
    back(rig, { services: ["web"] });
    expect(rig.live("devnet")).toBe("api c3, indexer c3, web c1");
    back(rig);
    expect(rig.live("devnet")).toBe("api c1, indexer c1, web c1");
  });

  test("a set is recorded as of the end of its run, however late its commits are compared", () => {
    const rig = history("c1");
    rig.started("c3", { ...DEVNET, services: ["api", "indexer"] });
    for (const step of ["build:mega", "deploy:api@devnet", "verify:api@devnet", "deploy:indexer@devnet"]) rig.done(step);
    rig.prompt = false;
    rig.done("verify:indexer@devnet");
    // web c1 beside api c3: git has not said yet that they fit
    expect(rig.db.environments.get("devnet")?.snapshotDue).toHaveLength(1);
    const asks = [...rig.asks.keys()];
    rig.prompt = true;
    for (const key of rig.asks.keys()) if (!asks.includes(key)) rig.answer(key);
    rig.restart();
    rig.started("c4", DEVNET);
    rig.answerAll();
    rig.finish();
    expect(rig.live("devnet")).toBe("api c4, indexer c4, web c4");
    back(rig);
    expect(rig.live("devnet")).toBe("api c3, indexer c3, web c1");
  });
});

describe("the order", () => {
  test("back: who needs leaves first; all of it is verified", () => {
    const rig = history("c3");
    const run = rig.rollback("devnet");
    expect(rig.runs()).toEqual(["deploy:web@devnet"]);
    rig.done("deploy:web@devnet");
    expect(rig.runs()).toEqual(["verify:web@devnet"]);
    rig.done("verify:web@devnet");
    expect(rig.runs()).toEqual(["deploy:indexer@devnet"]);
    rig.finish();
    expect(rig.status(run)).toBe("succeeded");
    expect(rig.target("api@devnet")).toMatchObject({ live: { commit: "c0", run }, good: true });
    expect(rig.db.environments.get("devnet")).toMatchObject({ rollback: null, hold: { run, by: "ben" } });
  });

  test("forward again: who is needed comes first", () => {
    const rig = history("c3");
    const to = snapshotOf(rig, "c3");
    back(rig);
    rig.rollback("devnet", { to });
    expect(rig.runs()).toEqual(["deploy:api@devnet"]);
    rig.finish();
    expect(rig.live("devnet")).toBe("api c3, indexer c3, web c3");
  });

  test("what is there already is skipped and verified", () => {
    const rig = history("c1");
    rig.started("c2", { ...DEVNET, services: ["indexer"] });
    rig.finish();
    const run = rig.rollback("devnet");
    expect(rig.says(run, "deploy:api@devnet")).toBe("skipped already-there");
    expect(rig.runs()).toContain("verify:api@devnet");
    rig.finish();
    expect(rig.live("devnet")).toBe("api c1, indexer c1, web c1");
  });

  test("a failure on the way stops what must not go without it", () => {
    const rig = history("c3");
    const run = rig.rollback("devnet");
    rig.done("deploy:web@devnet", "failed");
    // web stays at c3 and needs c3 of both
    expect(rig.says(run, "deploy:indexer@devnet")).toBe("blocked no-safe-order web@devnet");
    expect(rig.says(run, "deploy:api@devnet")).toContain("blocked no-safe-order");
    expect(rig.status(run)).toBe("failed");
    expect(rig.live("devnet")).toBe("api c3, indexer c3, web c3");
    rig.finish();
    back(rig);
    expect(rig.live("devnet")).toBe("api c0, indexer c0, web c0");
  });

  test("a deploy that is under way on what needs it is looked at too", () => {
    const rig = settled();
    rig.started("c3", DEVNET);
    for (const step of ["build:mega", "deploy:api@devnet", "verify:api@devnet"]) rig.done(step);
    expect(rig.runs()).toEqual(["deploy:indexer@devnet"]);
    const run = rig.rollback("devnet");
    // the indexer is becoming c3, which needs c3 of the api
    expect(rig.says(run, "deploy:api@devnet")).not.toBe("running");
    rig.finish();
    expect(rig.live("devnet")).toBe("api c0, indexer c0, web c0");
  });
});

describe("admission", () => {
  test("holds the environment, supersedes what has reached it, and keeps what comes later waiting", () => {
    const rig = history("c1");
    const reached = rig.started("c3", DEVNET);
    rig.done("build:mega");
    const run = rig.rollback("devnet");
    expect(rig.says(reached, "deploy:indexer@devnet")).toBe("superseded rolled-back");
    const later = rig.started("c4", DEVNET);
    rig.finish();
    expect(rig.status(reached)).toBe("superseded");
    expect(rig.status(run)).toBe("succeeded");
    expect(rig.says(later, "deploy:api@devnet")).toBe("waiting hold devnet");
    rig.unhold("devnet");
    rig.finish();
    expect(rig.live("devnet")).toBe("api c4, indexer c4, web c4");
  });

  test("now cuts short what runs there", () => {
    const rig = history("c1");
    rig.started("c3", DEVNET);
    rig.done("build:mega");
    rig.rollback("devnet", { now: true });
    const deploy = rig.attemptOf("deploy:api@devnet");
    expect(rig.running.get(deploy)?.stopping).toBe(true);
    rig.end(deploy, "cut", true);
    expect(rig.target("api@devnet").live?.commit).toBe("c3");
    rig.finish();
    expect(rig.live("devnet")).toBe("api c1, indexer c1, web c1");
  });

  test("is one at a time", () => {
    const rig = history("c1", "c3");
    const second = rig.prepareRollback("devnet", { to: snapshotOf(rig, "c0") });
    const run = rig.rollback("devnet");
    if (second === null || typeof second === "string") throw new Error("nothing is offered");
    expect(rig.admit(second).outcome).toMatchObject({
      changes: [],
      answer: { ok: false, code: "conflict", hint: `await it, or end it: sluice run cancel ${run}` },
    });
  });

  test("needs the decision that policy asks for", () => {
    const rig = settled(harbor({ devnet: { rollback: approval({ approvers: ["zoe"] }) } }));
    rig.started("c1", DEVNET);
    rig.finish();
    const run = rig.rollback("devnet");
    expect(rig.says(run, "gate:devnet")).toBe("waiting approval devnet");
    expect(rig.decide("ana", "c0", { environment: "devnet" })).toMatchObject({ ok: false, code: "not-allowed" });
    rig.decide("zoe", "c0", { environment: "devnet" });
    rig.finish();
    expect(rig.status(run)).toBe("succeeded");
  });

  test("voids decisions, also those on commits of which no run is open", () => {
    const rig = settled();
    rig.everywhere("c1");
    rig.everywhere("c3");
    expect([...rig.db.decisions.values()].filter((x) => x.voided === null).length).toBe(3);
    rig.rollback("mainnet");
    expect([...rig.db.decisions.values()].filter((x) => x.voided === null)).toEqual([]);
    rig.finish();
    rig.unhold("mainnet");
    const again = rig.started("c3");
    expect(rig.says(again, "deploy:api@mainnet")).toBe("waiting approval mainnet");
    rig.pass(HOUR);
  });
});
