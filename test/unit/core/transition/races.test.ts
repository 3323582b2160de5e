import { describe, expect, test } from "vitest";
import { harbor, HOUR, MINUTE, service } from "../harbor.ts";
import { settled } from "./rig.ts";

const api = { environments: ["devnet"], services: ["api"] };
const DEPLOY = "deploy:api@devnet";

describe("what fails in a run", () => {
  test("is not promoted by it for having been good once", () => {
    const rig = settled();
    rig.started("c1", { environments: ["devnet"] });
    rig.finish();
    const run = rig.started("c1", { redeploy: true, environments: ["devnet", "canary"] });
    rig.done("deploy:api@devnet");
    rig.done("verify:api@devnet", "failed");
    rig.finish();
    expect(rig.says(run, "deploy:api@canary")).toBe("blocked not-good-before devnet");
  });

  test("is not brought back over what has come in its place since", () => {
    const rig = settled(harbor({ devnet: { onFailure: "rollback", order: "any" } }));
    rig.started("c1", api);
    for (const step of ["build:mega", DEPLOY]) rig.done(step);
    rig.started("c3", api);
    rig.done("build:mega");
    rig.done("verify:api@devnet", "failed");
    rig.finish();
    expect(rig.target("api@devnet")).toMatchObject({ live: { commit: "c3" }, good: true });
  });

  test("in its soak, while what needs it is on its way: the target says that it was not brought back", () => {
    const rig = settled(harbor({ devnet: { onFailure: "rollback" } }, 2 * MINUTE));
    rig.started("c1", { environments: ["devnet"], by: "cy" });
    for (const step of ["build:mega", DEPLOY, "verify:api@devnet"]) rig.done(step);
    rig.finish();
    const run = rig.started("c3", { environments: ["devnet"], by: "cy" });
    for (const step of ["build:mega", DEPLOY, "verify:api@devnet"]) rig.done(step);
    for (const step of ["deploy:indexer@devnet", "verify:indexer@devnet", "deploy:web@devnet"]) rig.done(step);
    rig.done("soak:api@devnet", "failed");
    rig.finish();
    const there = rig.target("api@devnet");
    expect(there.live?.commit === "c1" ? "restored" : there.unrestored?.message).toMatch(/restored|which was to bring it back/);
    expect(rig.status(run)).toBe("failed");
  });
});

test("a step that could not be rendered is rendered again by a retry", () => {
  const rig = settled();
  const run = rig.started("c1");
  rig.prompt = false;
  rig.done("build:mega");
  for (const key of rig.asks.keys()) if (key.startsWith("render")) rig.asks.delete(key);
  rig.send({ type: "render.known", run, renders: { "api@devnet": { problem: "no chart today" } } });
  rig.answerAll();
  expect(rig.says(run, "deploy:api@devnet")).toBe("blocked render-failed");
  rig.prompt = true;
  expect(rig.retry(run)).toMatchObject({ ok: true });
  rig.finish();
  expect(rig.says(run, "deploy:api@devnet")).toBe("succeeded");
});

test("a rejected gate is not asked again for members that arrive later", () => {
  const base = harbor({ canary: { promotion: "stream" }, mainnet: { promotion: "stream" } });
  const rig = settled({ ...base, services: { ...base.services, web: service({ paths: ["apps/web"], tier: "frontend", needs: [] }) } });
  const run = rig.started("c1", { by: "cy", promotion: "stream" });
  for (const step of ["build:mega", "deploy:api@devnet", "verify:api@devnet", "deploy:api@canary", "verify:api@canary"]) rig.done(step);
  expect(rig.says(run, "gate:mainnet")).toBe("waiting approval mainnet");
  rig.decide("zoe", "c1", { verdict: "rejected" });
  rig.finish();
  expect(rig.says(run, "deploy:web@mainnet")).toBe("cancelled rejected");
  expect(rig.status(run)).toBe("cancelled");
});

test("a rollback of a part cuts short only that part", () => {
  const rig = settled();
  rig.everywhere("c1");
  const run = rig.started("c2", { by: "cy" });
  rig.finish();
  rig.decide("zoe", "c2");
  for (const step of ["deploy:api@mainnet", "verify:api@mainnet", "deploy:indexer@mainnet"]) rig.done(step);
  const first = [...rig.db.snapshots.values()].find((s) => s.environment === "mainnet" && s.release === "c0");
  rig.rollback("mainnet", { to: first?.id ?? "", services: ["web"], now: true });
  rig.finish();
  expect(rig.says(run, "verify:indexer@mainnet")).toBe("succeeded");
  expect(rig.target("indexer@mainnet").serving).toBe(true);
});

test("of two exceptions one decision is for one", () => {
  const rig = settled();
  const plain = rig.started("c1", { by: "cy" });
  rig.finish();
  const diverged = rig.started("c1", { by: "cy", environments: ["mainnet"], services: ["api"], acceptDiverged: "a hotfix" });
  rig.hold("mainnet");
  expect(rig.decide("zoe", "c1")).toMatchObject({ ok: true, decision: { runs: [plain] } });
  expect(rig.says(diverged, "deploy:api@mainnet")).toBe("waiting approval mainnet");
  expect(rig.decide("zoe", "c1")).toMatchObject({ ok: true, decision: { runs: [diverged], already: false } });
});

test("a wait for a need goes on where it was after commits were compared", () => {
  const rig = settled();
  const run = rig.started("c3", { environments: ["devnet"], services: ["web"] });
  rig.done("build:mega");
  const until = rig.now + HOUR;
  expect(rig.step(run, "deploy:web@devnet")?.reason).toMatchObject({ code: "need", until });
  rig.pass(HOUR / 2);
  rig.started("c1", { environments: ["devnet"], services: ["api"], by: "ben" });
  rig.finish();
  expect(rig.step(run, "deploy:web@devnet")?.reason).toMatchObject({ code: "need", until });
  rig.pass(HOUR / 2);
  expect(rig.says(run, "deploy:web@devnet")).toContain("blocked");
});

test("what the source could not tell of a commit is asked for again by the next run", () => {
  const rig = settled();
  rig.hold("canary");
  rig.started("c1", { environments: ["canary"], services: ["web"] });
  rig.gone.add("c0");
  const blocked = rig.started("c1", { ...api, by: "ben" });
  rig.finish();
  expect(rig.says(blocked, DEPLOY)).toBe("blocked diverged");
  rig.gone.delete("c0");
  const next = rig.started("c1", { ...api, by: "ben" });
  rig.finish();
  expect(rig.status(next)).toBe("succeeded");
});
