import { describe, expect, test } from "vitest";
import { HOUR } from "../harbor.ts";
import { settled } from "./rig.ts";

const api = { environments: ["devnet"], services: ["api"] };
const DEPLOY = "deploy:api@devnet";
const lock = (until: number | null = null) =>
  ({ type: "target.locked", target: "api@devnet", by: "ben", reason: "we debug it", until }) as const;

describe("a locked target", () => {
  test("waits, says who and why, holds no place, and goes on when it is unlocked", () => {
    const rig = settled();
    rig.send(lock());
    const run = rig.started("c1", api);
    rig.done("build:mega");
    expect(rig.step(run, DEPLOY)).toMatchObject({
      status: "waiting",
      reason: { code: "lock", on: "api@devnet", by: "ben", reason: "we debug it" },
    });
    expect(rig.target("api@devnet").queue).toEqual([]);
    expect(rig.send({ type: "target.unlocked", target: "api@devnet", by: "ana" }).answer).toEqual({ ok: true });
    expect(rig.says(run, DEPLOY)).toBe("running");
    expect(rig.send({ type: "target.unlocked", target: "api@devnet", by: "ana" }).answer).toMatchObject({ ok: false, code: "conflict" });
  });

  test("goes on by itself when its time is over", () => {
    const rig = settled();
    rig.send(lock(rig.now + HOUR));
    const run = rig.started("c1", api);
    rig.done("build:mega");
    expect(rig.state.nextWake()).toBe(rig.now + HOUR);
    rig.pass(HOUR - 1);
    expect(rig.says(run, DEPLOY)).toContain("waiting lock");
    rig.pass(1);
    expect(rig.says(run, DEPLOY)).toBe("running");
    expect(rig.send(lock(rig.now)).answer).toMatchObject({ ok: false, code: "conflict" });
  });

  test("is one of a locked environment, also for a rollback", () => {
    const rig = settled();
    rig.everywhere("c1");
    const prepared = rig.prepareRollback("devnet");
    if (prepared === null || typeof prepared === "string") throw new Error(`no rollback: ${prepared}`);
    rig.send({ type: "environment.locked", environment: "devnet", by: "ben", reason: "an audit", until: null });
    expect(rig.prepareRollback("devnet")).toContain("devnet is locked by ben: an audit");
    const back = rig.admit(prepared).run;
    expect(rig.step(back, "deploy:web@devnet")?.reason).toMatchObject({ code: "lock", on: "devnet" });
    rig.send({ type: "environment.unlocked", environment: "devnet", by: "ben" });
    rig.finish();
    expect(rig.live("devnet")).toBe("api c0, indexer c0, web c0");
  });
});

describe("a pinned target", () => {
  const pin = { type: "target.pinned", target: "api@devnet", commit: "c0", by: "ben", reason: "a customer needs it" } as const;

  test("is skipped by deploy all, and moved by who names it", () => {
    const rig = settled();
    rig.send(pin);
    const all = rig.started("c2", { environments: ["devnet"] });
    rig.finish();
    expect(rig.step(all, DEPLOY)).toMatchObject({ status: "skipped", reason: { code: "pinned", commit: "c0" } });
    // c2 needs an api that the pin does not let come
    expect(rig.step(all, "deploy:indexer@devnet")?.reason).toMatchObject({ code: "need-ended", target: "api@devnet", kept: "pinned" });
    const named = rig.started("c2", api);
    rig.finish();
    expect(rig.status(named)).toBe("succeeded");
    expect(rig.send({ type: "target.unpinned", target: "api@devnet", by: "ben" }).answer).toEqual({ ok: true });
  });

  test("may be brought to the commit that it is pinned at", () => {
    const rig = settled();
    rig.send({ ...pin, commit: "c1" });
    const all = rig.started("c1", { environments: ["devnet"] });
    rig.finish();
    expect(rig.status(all)).toBe("succeeded");
  });
});

test("a frozen environment starts no deploy, and lets a rollback and what runs go on", () => {
  const rig = settled();
  rig.everywhere("c1");
  const running = rig.started("c2", { environments: ["devnet"], services: ["indexer"] });
  rig.done("build:mega");
  rig.send({ type: "environment.frozen", environment: "devnet", until: rig.now + HOUR, reason: "the weekend" });
  rig.finish();
  expect(rig.status(running)).toBe("succeeded");
  const back = rig.rollback("devnet", { services: ["indexer"] });
  rig.finish();
  expect(rig.status(back)).toBe("succeeded");
  rig.unhold("devnet");
  const waits = rig.started("c3", api);
  rig.finish();
  expect(rig.step(waits, DEPLOY)?.reason).toMatchObject({ code: "freeze", environment: "devnet", reason: "the weekend" });
  rig.send({ type: "environment.thawed", environment: "devnet" });
  rig.finish();
  expect(rig.live("devnet")).toContain("api c3");
});
