import { describe, expect, test } from "vitest";
import { harbor, HOUR, service } from "../harbor.ts";
import { settled } from "./rig.ts";

const DEVNET = { environments: ["devnet"] };
const web = { ...DEVNET, services: ["web"] };
const api = { ...DEVNET, services: ["api"] };

describe("a need of another run's making", () => {
  test("is waited for by name, and met", () => {
    const rig = settled();
    const brings = rig.started("c3", { ...DEVNET, services: ["api", "indexer"] });
    const waits = rig.started("c3", web);
    rig.done("build:mega");
    expect(rig.step(waits, "deploy:web@devnet")?.reason).toMatchObject({ code: "need", target: "api@devnet", run: brings, until: null });
    for (const step of ["deploy:api@devnet", "verify:api@devnet"]) rig.done(step);
    expect(rig.step(waits, "deploy:web@devnet")?.reason).toMatchObject({ target: "indexer@devnet", run: brings });
    rig.finish();
    expect(rig.live("devnet")).toBe("api c3, indexer c3, web c3");
  });

  test("that does not come blocks at once", () => {
    const rig = settled();
    const brings = rig.started("c3", api);
    const waits = rig.started("c3", web);
    rig.done("build:mega");
    rig.done("deploy:api@devnet", "failed");
    expect(rig.status(brings)).toBe("failed");
    expect(rig.step(waits, "deploy:web@devnet")?.reason).toMatchObject({ code: "need-ended", target: "api@devnet", run: brings });
  });

  test("is waited for while it is being changed, though what was there would do", () => {
    const rig = settled();
    const changes = rig.started("c3", api);
    rig.done("build:mega");
    const waits = rig.started("c1", { ...DEVNET, services: ["indexer"] });
    rig.done("build:mega");
    // c1 of the indexer needs api as of c1, which neither c0 is nor an unverified c3
    expect(rig.step(waits, "deploy:indexer@devnet")?.reason).toMatchObject({ code: "need", target: "api@devnet", run: changes });
    rig.done("deploy:api@devnet");
    expect(rig.says(waits, "deploy:indexer@devnet")).toBe("waiting need api@devnet");
    rig.done("verify:api@devnet");
    expect(rig.says(waits, "deploy:indexer@devnet")).toBe("running");
  });

  test("that nobody brings is waited for so long, with the command that would end it", () => {
    const rig = settled();
    const run = rig.started("c1", web);
    rig.done("build:mega");
    const until = rig.now + HOUR;
    expect(rig.step(run, "deploy:web@devnet")?.reason).toMatchObject({ code: "need", target: "api@devnet", run: null, until });
    expect(rig.state.nextWake()).toBe(until);
    rig.pass(HOUR - 1);
    expect(rig.status(run)).toBe("waiting");
    rig.pass(1);
    expect(rig.step(run, "deploy:web@devnet")?.reason).toEqual({
      code: "needs-timeout",
      target: "api@devnet",
      command: "sluice deploy api --env devnet --commit c1",
    });
    expect(rig.state.nextWake()).toBeNull();
  });

  test("goes on being waited for while decisions come and expire", () => {
    const rig = settled(harbor({ mainnet: { needsTimeoutMs: 30 * HOUR } }));
    rig.started("c1", { environments: ["devnet", "canary"] });
    rig.finish();
    const run = rig.started("c1", { environments: ["mainnet"], services: ["web"] });
    const until = rig.now + 30 * HOUR;
    expect(rig.step(run, "deploy:web@mainnet")?.reason).toMatchObject({ code: "need", target: "api@mainnet", until });
    rig.pass(25 * HOUR);
    expect(rig.step(run, "deploy:web@mainnet")?.reason).toMatchObject({ code: "need", target: "api@mainnet", until });
    rig.pass(5 * HOUR);
    expect(rig.says(run, "deploy:web@mainnet")).toBe("blocked needs-timeout api@mainnet");
  });
});

test("a wait that leads back to itself ends at once: two releases disagree about who needs whom", () => {
  const rig = settled();
  const { services } = harbor();
  const turned = {
    ...harbor(),
    services: { ...services, api: service({ needs: ["indexer"] }), indexer: service({ environments: ["devnet"] }) },
  };
  // the indexer of c2 needs the api of c1 or later; the api of c3, turned round, needs the indexer of c2 or later
  const first = rig.started("c2", { ...DEVNET, services: ["indexer"] });
  rig.finish();
  expect(rig.says(first, "deploy:indexer@devnet")).toBe("waiting need api@devnet");
  const second = rig.started("c3", { ...api, release: turned });
  rig.finish();
  expect(rig.says(second, "deploy:api@devnet")).toBe("blocked no-safe-order indexer@devnet");
  expect(rig.step(first, "deploy:indexer@devnet")?.reason).toMatchObject({
    code: "need-ended",
    target: "api@devnet",
    run: second,
    status: "blocked",
  });
});

describe("a target's queue", () => {
  test("lets them in as they came", () => {
    const rig = settled(harbor({ devnet: { superseding: "queue" } }));
    const runs = ["c1", "c2", "c3"].map((commit) => rig.started(commit, api));
    for (const step of ["build:mega", "build:mega", "build:mega"]) rig.done(step);
    expect(runs.map((run) => rig.says(run, "deploy:api@devnet"))).toEqual([
      "running",
      "waiting queue api@devnet",
      "waiting queue api@devnet",
    ]);
    rig.done("deploy:api@devnet");
    rig.done("verify:api@devnet");
    expect(runs.map((run) => rig.says(run, "deploy:api@devnet"))).toEqual(["succeeded", "running", "waiting queue api@devnet"]);
    rig.finish();
    expect(rig.live("devnet")).toBe("api c3, indexer c0, web c0");
  });

  test("holds no place for who lacks more than the target", () => {
    const rig = settled();
    rig.started("c1", api);
    rig.done("build:mega");
    const held = rig.started("c3", api);
    rig.done("build:mega");
    expect(rig.target("api@devnet").queue).toEqual([{ run: held, step: "deploy:api@devnet" }]);
    rig.hold("devnet");
    expect(rig.target("api@devnet").queue).toEqual([]);
    expect(rig.says(held, "deploy:api@devnet")).toBe("waiting hold devnet");
  });

  test("has no place for who has ended", () => {
    const rig = settled();
    rig.started("c1", api);
    rig.done("build:mega");
    const waits = rig.started("c3", api);
    rig.done("build:mega");
    rig.rollback("devnet");
    expect(rig.says(waits, "deploy:api@devnet")).toBe("superseded rolled-back");
    expect(rig.target("api@devnet").queue.map((q) => q.run)).not.toContain(waits);
  });
});

describe("a hold", () => {
  test("lets what runs end, and nothing start until it is lifted", () => {
    const rig = settled();
    const run = rig.started("c1", DEVNET);
    rig.done("build:mega");
    rig.hold("devnet");
    rig.finish();
    expect(rig.live("devnet")).toBe("api c1, indexer c0, web c0");
    expect(rig.says(run, "deploy:indexer@devnet")).toBe("waiting hold devnet");
    expect(rig.unhold("devnet")).toEqual({ ok: true });
    rig.finish();
    expect(rig.status(run)).toBe("succeeded");
    expect(rig.unhold("devnet")).toMatchObject({ ok: false, code: "conflict" });
  });

  test("of a rollback stays until the rollback has ended", () => {
    const rig = settled();
    rig.everywhere("c1");
    const run = rig.rollback("devnet");
    expect(rig.unhold("devnet")).toMatchObject({ ok: false, code: "conflict" });
    rig.finish();
    expect(rig.status(run)).toBe("succeeded");
    expect(rig.unhold("devnet")).toEqual({ ok: true });
  });
});
