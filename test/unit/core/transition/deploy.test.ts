import { describe, expect, test } from "vitest";
import { harbor, HOUR, MINUTE } from "../harbor.ts";
import { Rig, settled } from "./rig.ts";

const MAINNET = ["api@mainnet", "indexer@mainnet", "web@mainnet"] as const;

test("everything goes to devnet, to canary, stops at the gate of mainnet, and ends there", () => {
  const rig = settled();
  const run = rig.started("c1");
  expect(rig.runs()).toEqual(["build:mega"]);
  rig.done("build:mega");
  expect(rig.runs()).toEqual(["deploy:api@devnet"]);
  expect(rig.says(run, "deploy:web@devnet")).toBe("pending step verify:indexer@devnet");
  rig.done("deploy:api@devnet");
  rig.done("verify:api@devnet");
  expect(rig.runs()).toEqual(["deploy:indexer@devnet"]);
  expect(rig.says(run, "deploy:api@canary")).toBe("pending wave devnet");
  rig.finish();
  expect(rig.live("canary")).toBe("api c1, web c1");
  expect(rig.live("mainnet")).toBe("api c0, indexer c0, web c0");
  expect(rig.says(run, "gate:mainnet")).toBe("waiting approval mainnet");
  expect(rig.status(run)).toBe("waiting");
  rig.decide("zoe", "c1");
  expect(rig.runs()).toEqual(["deploy:api@mainnet"]);
  rig.finish();
  expect(rig.live("mainnet")).toBe("api c1, indexer c1, web c1");
  expect(rig.says(run, "gate:mainnet")).toBe("succeeded");
  expect(rig.status(run)).toBe("succeeded");
});

describe("a failure", () => {
  test("blocks what needs it and nothing else", () => {
    const rig = settled();
    const run = rig.started("c3");
    for (const step of ["build:mega", "deploy:api@devnet", "verify:api@devnet"]) rig.done(step);
    rig.done("deploy:indexer@devnet", "failed");
    // web needs of indexer what c2 brought; live is c0 still
    expect(rig.says(run, "deploy:web@devnet")).toBe("blocked need-ended indexer@devnet");
    expect(rig.says(run, "verify:indexer@devnet")).toBe("blocked step-ended deploy:indexer@devnet");
    expect(rig.runs()).toEqual(["deploy:api@canary"]);
    rig.finish();
    expect(rig.says(run, "deploy:indexer@mainnet")).toBe("blocked not-good-before devnet");
    rig.decide("zoe", "c3");
    rig.finish();
    expect(rig.live("mainnet")).toBe("api c3, indexer c0, web c0");
    expect(rig.status(run)).toBe("failed");
  });

  test("of a need that what is live satisfies anyway blocks nobody", () => {
    const rig = settled();
    const run = rig.started("c1");
    for (const step of ["build:mega", "deploy:api@devnet", "verify:api@devnet"]) rig.done(step);
    // c1 does not touch the indexer
    rig.done("deploy:indexer@devnet", "failed");
    expect(rig.says(run, "deploy:web@devnet")).toBe("running");
  });

  test("of the health keeps the old one where nothing changed, and is entered", () => {
    const rig = settled();
    rig.started("c1", { environments: ["devnet"] });
    rig.done("build:mega");
    rig.done("deploy:api@devnet", "failed");
    expect(rig.target("api@devnet")).toMatchObject({ live: { commit: "c0" }, serving: true, good: true, health: "healthy", busy: null });
    const entries = [...rig.db.ledger.values()].filter((l) => l.target === "api@devnet");
    expect(entries.map((l) => [l.commit, l.live, l.good])).toEqual([
      ["c0", true, true],
      ["c1", false, false],
    ]);
  });

  test("that changed the target leaves it live and not serving", () => {
    const rig = settled();
    const run = rig.started("c1", { environments: ["devnet"] });
    rig.done("build:mega");
    rig.done("deploy:api@devnet", "changed");
    expect(rig.target("api@devnet")).toMatchObject({
      live: { commit: "c1" },
      serving: false,
      good: false,
      health: "degraded",
      lastGood: { commit: "c0" },
    });
    expect(rig.says(run, "deploy:indexer@devnet")).toBe("blocked need-ended api@devnet");
  });

  test("of the build blocks every deploy, and its gate asks nobody", () => {
    const rig = settled();
    const run = rig.started("c1");
    rig.done("build:mega", "failed");
    for (const target of MAINNET) expect(rig.says(run, `deploy:${target}`)).toBe("blocked step-ended build:mega");
    expect(rig.says(run, "gate:mainnet")).toBe("skipped no-members");
    expect(rig.status(run)).toBe("failed");
  });
});

describe("what is live decides when a step starts", () => {
  test("this commit: deploy and verify are skipped, and it goes on to the next environment", () => {
    const rig = settled();
    rig.everywhere("c1");
    const attempts = rig.db.attempts.size;
    const run = rig.started("c1");
    expect(rig.says(run, "build:mega")).toBe("skipped already-built");
    expect(rig.says(run, "verify:api@mainnet")).toBe("skipped already-live");
    expect(rig.says(run, "gate:mainnet")).toBe("skipped no-members");
    expect(rig.status(run)).toBe("succeeded");
    expect(rig.db.attempts.size).toBe(attempts);
  });

  test("this commit, rendered otherwise: it is applied", () => {
    const rig = settled();
    rig.everywhere("c1");
    rig.renderings.set("web", 1);
    const run = rig.started("c1", { environments: ["devnet"] });
    expect(rig.says(run, "deploy:api@devnet")).toBe("skipped already-live");
    expect(rig.runs()).toEqual(["deploy:web@devnet"]);
  });

  test("this commit, and it is asked for again: it is applied", () => {
    const rig = settled();
    rig.everywhere("c1");
    rig.started("c1", { environments: ["devnet"], services: ["api"], redeploy: true });
    expect(rig.runs()).toEqual(["deploy:api@devnet"]);
    expect([...rig.running.values()].map(({ spec }) => spec)).toMatchObject([{ takeBack: true }]);
  });

  test("a newer one: skipped, with the command that goes back to what was good there", () => {
    const rig = settled();
    rig.started("c1", { environments: ["devnet"], services: ["api"] });
    rig.finish();
    rig.everywhere("c3");
    const run = rig.started("c1", { environments: ["devnet"], services: ["api"] });
    rig.finish();
    expect(rig.step(run, "deploy:api@devnet")?.reason).toEqual({
      code: "newer-is-live",
      live: "c3",
      command: 'sluice rollback api --env devnet --to c1 --reason "…"',
    });
    expect(rig.status(run)).toBe("succeeded");
  });

  test("a newer one, and this one was never good there: it is left out of what comes after", () => {
    const rig = settled();
    rig.started("c3", { environments: ["devnet"] });
    rig.finish();
    const run = rig.started("c1");
    rig.finish();
    expect(rig.says(run, "deploy:api@canary")).toBe("blocked not-good-before devnet");
  });

  test("one that has gone another way: blocked, unless that was accepted", () => {
    const rig = settled();
    rig.started("c3", { environments: ["devnet"] });
    rig.finish();
    const run = rig.started("s1", { environments: ["devnet"], services: ["api"] });
    rig.finish();
    expect(rig.step(run, "deploy:api@devnet")?.reason).toEqual({ code: "diverged", live: "c3", release: "s1" });
    rig.started("s1", { environments: ["devnet"], services: ["api"], acceptDiverged: "a hotfix" });
    rig.finish();
    expect(rig.target("api@devnet").live?.commit).toBe("s1");
  });

  test("whatever it is, where the order is any", () => {
    const rig = settled(harbor({ devnet: { order: "any" } }));
    for (const commit of ["c3", "c1", "s1"]) {
      rig.started(commit, { environments: ["devnet"] });
      rig.finish();
      expect(rig.live("devnet")).toBe(`api ${commit}, indexer ${commit}, web ${commit}`);
    }
  });
});

test("a target met for the first time is observed, and what is there recorded as imported", () => {
  const rig = new Rig();
  rig.actual.set("api@devnet", { commit: "c3", attempt: "somebody" });
  const run = rig.started("c1", { environments: ["devnet"], services: ["api"] });
  rig.finish();
  expect(rig.says(run, "deploy:api@devnet")).toBe("skipped newer-is-live");
  expect([...rig.db.ledger.values()].map((l) => [l.commit, l.source, l.good])).toEqual([["c3", "imported", false]]);
  expect(rig.target("api@devnet")).toMatchObject({ serving: false, good: false, observed: true });
});

describe("a soak", () => {
  const soaking = () => settled(harbor({}, 2 * MINUTE));
  test("is needed for promotion, not for those that need the service", () => {
    const rig = soaking();
    const run = rig.started("c1");
    for (const step of ["build:mega", "deploy:api@devnet", "verify:api@devnet"]) rig.done(step);
    expect(rig.runs()).toEqual(["soak:api@devnet", "deploy:indexer@devnet"]);
    expect(rig.target("api@devnet")).toMatchObject({ serving: true, good: false });
    rig.done("soak:api@devnet", "failed");
    expect(rig.target("api@devnet")).toMatchObject({ serving: false, good: false, health: "degraded" });
    rig.finish();
    expect(rig.says(run, "deploy:api@canary")).toBe("blocked not-good-before devnet");
  });

  test("keeps another release waiting; a run of the same release joins it", () => {
    const rig = soaking();
    rig.started("c1", { environments: ["devnet"], services: ["api"] });
    for (const step of ["build:mega", "deploy:api@devnet", "verify:api@devnet"]) rig.done(step);
    const same = rig.started("c1", { environments: ["devnet"], services: ["api"] });
    const other = rig.started("c3", { environments: ["devnet"], services: ["api"] });
    rig.done("build:mega");
    expect(rig.says(same, "deploy:api@devnet")).toBe("skipped already-live");
    expect(rig.says(same, "soak:api@devnet")).toBe("running");
    expect(rig.says(other, "deploy:api@devnet")).toBe("waiting queue api@devnet");
    rig.done("soak:api@devnet");
    expect(rig.says(same, "soak:api@devnet")).toBe("succeeded");
    expect(rig.runs()).toEqual(["deploy:api@devnet"]);
  });

  test("that says no says it to whoever joined", () => {
    const rig = soaking();
    rig.started("c1", { environments: ["devnet"], services: ["api"] });
    for (const step of ["build:mega", "deploy:api@devnet", "verify:api@devnet"]) rig.done(step);
    const same = rig.started("c1", { environments: ["devnet"], services: ["api"] });
    rig.done("soak:api@devnet", "failed");
    expect(rig.says(same, "soak:api@devnet")).toBe("failed attempt");
  });
});

test("a service is promoted by the ledger, or waits for the run that brings it, or is blocked at once", () => {
  const rig = settled();
  const alone = rig.started("c1", { environments: ["canary"], services: ["api"] });
  rig.finish();
  expect(rig.says(alone, "deploy:api@canary")).toBe("blocked not-good-before devnet");

  const first = rig.started("c1", { environments: ["devnet"], services: ["api"] });
  const second = rig.started("c1", { environments: ["canary"], services: ["api"] });
  expect(rig.step(second, "deploy:api@canary")?.reason).toEqual({ code: "promotion", target: "api@devnet", run: first });
  rig.finish();
  expect(rig.status(second)).toBe("succeeded");

  const later = rig.started("c1", { environments: ["mainnet"], services: ["api"] });
  expect(rig.says(later, "deploy:api@mainnet")).toBe("waiting approval mainnet");
  rig.pass(HOUR);
});

test("an artifact of a commit is built once, whoever asks for it", () => {
  const rig = settled();
  const first = rig.started("c1", { environments: ["devnet"], services: ["api"] });
  const second = rig.started("c1", { environments: ["devnet"], services: ["web"] });
  expect(rig.runs()).toEqual(["build:mega"]);
  expect(rig.step(second, "build:mega")).toMatchObject({ status: "running", attempt: rig.step(first, "build:mega")?.attempt });
  rig.finish();
  expect(rig.says(second, "build:mega")).toBe("succeeded");
  expect(rig.live("devnet")).toBe("api c1, indexer c0, web c1");
});
