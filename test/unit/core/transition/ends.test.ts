import { describe, expect, test } from "vitest";
import type { TargetId } from "../../../../src/core/config/config.ts";
import { MAX_LOST } from "../../../../src/core/run/attempts.ts";
import { harbor, HOUR, MINUTE } from "../harbor.ts";
import { type Rig, settled } from "./rig.ts";

const api = { environments: ["devnet"], services: ["api"] };
const API: TargetId = "api@devnet";

/** A run that is bringing c1 to api@devnet. */
function deploying(rig: Rig, environments: readonly string[] | null = ["devnet"]): string {
  const run = rig.started("c1", { environments });
  rig.done("build:mega");
  return run;
}

describe("cancel", () => {
  test("lets what runs end, verifies what was applied, and starts nothing more", () => {
    const rig = settled();
    const run = deploying(rig, null);
    expect(rig.cancel(run)).toEqual({ ok: true, run });
    expect(rig.runs()).toEqual(["deploy:api@devnet"]);
    rig.done("deploy:api@devnet");
    expect(rig.runs()).toEqual(["verify:api@devnet"]);
    rig.done("verify:api@devnet");
    expect(rig.target(API)).toMatchObject({ live: { commit: "c1" }, good: true });
    expect(rig.says(run, "deploy:indexer@devnet")).toBe("cancelled cancelled");
    expect(rig.says(run, "gate:mainnet")).toBe("cancelled cancelled");
    expect(rig.status(run)).toBe("cancelled");
    expect(rig.cancel(run)).toMatchObject({ ok: false, code: "not-found" });
  });

  test.each([
    ["was applied", true, "c1", "cancelled"],
    ["was not applied", false, "c0", "cancelled"],
  ])("now: the target is unknown until its driver says that it %s", (_what, applied, live, status) => {
    const rig = settled();
    const run = rig.started("c1", api);
    rig.done("build:mega");
    rig.prompt = false;
    rig.cancel(run, true);
    expect(rig.running.get(rig.attemptOf("deploy:api@devnet"))?.stopping).toBe(true);
    rig.done("deploy:api@devnet", "cut", applied);
    expect(rig.target(API)).toMatchObject({ unknown: { live: { commit: "c1" } }, health: "unknown", busy: { run } });
    expect(rig.says(run, "deploy:api@devnet")).toBe("running observing api@devnet");
    rig.answerAll();
    rig.finish();
    expect(rig.target(API)).toMatchObject({ live: { commit: live }, unknown: null, busy: null });
    expect(rig.status(run)).toBe(status);
  });
});

describe("where no driver can tell", () => {
  const blind = () => settled(harbor(), { blind: new Set([API]) });

  test.each([
    [true, "c1"],
    [false, "c0"],
  ])("a person says whether it was applied (%s), also long after the run", (applied, live) => {
    const rig = blind();
    const run = deploying(rig);
    rig.done("deploy:api@devnet", "lost", applied);
    expect(rig.says(run, "deploy:api@devnet")).toBe("errored unobservable api@devnet");
    rig.finish();
    expect(rig.status(run)).toBe("failed");
    rig.restart();
    const later = rig.started("c3", api);
    rig.finish();
    expect(rig.says(later, "deploy:api@devnet")).toBe("waiting observing api@devnet");
    rig.now += 24 * HOUR;
    const settle = { type: "target.settled", target: API, by: "ben", applied, reason: "looked at it" } as const;
    expect(rig.send(settle).answer).toEqual({ ok: true });
    expect(rig.target(API)).toMatchObject({ live: { commit: live }, unknown: null });
    expect(rig.says(later, "deploy:api@devnet")).toBe("running");
    expect(rig.send(settle).answer).toMatchObject({ ok: false, code: "conflict" });
  });

  test("a person may be quicker than the driver", () => {
    const rig = settled();
    const run = deploying(rig);
    rig.prompt = false;
    rig.done("deploy:api@devnet", "lost", true);
    rig.send({ type: "target.settled", target: API, by: "ben", applied: true, reason: "looked at it" });
    expect(rig.says(run, "deploy:api@devnet")).toBe("succeeded");
    expect(rig.runs()).toEqual(["verify:api@devnet"]);
    rig.answerAll();
    rig.finish();
    expect(rig.target(API)).toMatchObject({ live: { commit: "c1" }, good: true });
  });
});

describe("an attempt that is lost", () => {
  test("and was applied goes on as if it had said so", () => {
    const rig = settled();
    const run = deploying(rig);
    rig.done("deploy:api@devnet", "lost", true);
    expect(rig.says(run, "deploy:api@devnet")).toBe("succeeded");
    expect(rig.runs()).toEqual(["verify:api@devnet"]);
  });

  test("and was not applied is made again, after what guards the target", () => {
    const rig = settled();
    const run = deploying(rig);
    const first = rig.attemptOf("deploy:api@devnet");
    rig.done("deploy:api@devnet", "lost");
    expect(rig.attemptOf("deploy:api@devnet")).not.toBe(first);
    rig.hold("devnet");
    rig.done("deploy:api@devnet", "lost");
    expect(rig.says(run, "deploy:api@devnet")).toBe("waiting hold devnet");
  });

  test("and is half applied is made again, on a target that serves no commit as a whole until then", () => {
    const rig = settled();
    const run = deploying(rig);
    const first = rig.attemptOf("deploy:api@devnet");
    rig.prompt = false;
    rig.done("deploy:api@devnet", "lost");
    const half = { kind: "live", commit: null, digest: null, attempt: null, health: "progressing", url: null } as const;
    rig.send({ type: "target.observed", target: API, observed: half });
    expect(rig.target(API)).toMatchObject({ live: { commit: "c0", attempt: expect.any(String) }, serving: false, good: false });
    expect([...rig.db.ledger.values()].filter(({ source }) => source === "external")).toEqual([]);
    expect(rig.attemptOf("deploy:api@devnet")).not.toBe(first);
    rig.prompt = true;
    rig.finish();
    expect(rig.status(run)).toBe("succeeded");
    expect(rig.target(API)).toMatchObject({ live: { commit: "c1" }, serving: true, good: true });
  });

  test("of a build, a verify or a soak is made again", () => {
    const rig = settled(harbor({}, 2 * MINUTE));
    const run = rig.started("c1", api);
    for (const step of ["build:mega", "deploy:api@devnet", "verify:api@devnet", "soak:api@devnet"]) {
      const first = rig.attemptOf(step);
      rig.done(step, "lost");
      expect(rig.attemptOf(step)).not.toBe(first);
      rig.done(step);
    }
    expect(rig.status(run)).toBe("succeeded");
  });

  test("too often gives up", () => {
    const rig = settled();
    const run = rig.started("c1", api);
    for (let i = 0; i < MAX_LOST; i++) rig.done("build:mega", "lost");
    expect(rig.says(run, "build:mega")).toBe("errored lost-too-often");
    expect(rig.status(run)).toBe("failed");
  });

  test("behind a gate whose decision has expired since asks again", () => {
    const rig = settled();
    rig.started("c1", { environments: ["devnet", "canary"] });
    rig.finish();
    const run = rig.started("c1", { environments: ["mainnet"], services: ["api"] });
    rig.decide("zoe", "c1");
    expect(rig.says(run, "gate:mainnet")).toBe("succeeded");
    rig.pass(25 * HOUR);
    rig.done("deploy:api@mainnet", "lost");
    expect(rig.says(run, "deploy:api@mainnet")).toBe("waiting approval mainnet");
    expect(rig.says(run, "gate:mainnet")).toBe("waiting approval mainnet");
    rig.decide("zoe", "c1");
    rig.finish();
    expect(rig.status(run)).toBe("succeeded");
  });

  test("while a rollback waits yields to it", () => {
    const rig = settled();
    rig.everywhere("c1");
    const run = rig.started("c3", api);
    rig.done("build:mega");
    const back = rig.rollback("devnet", { to: [...rig.db.snapshots.values()].find((s) => s.environment === "devnet")?.id ?? "" });
    rig.done("deploy:api@devnet", "lost");
    expect(rig.says(run, "deploy:api@devnet")).toBe("superseded rolled-back");
    rig.finish();
    expect(rig.status(back)).toBe("succeeded");
    expect(rig.live("devnet")).toBe("api c0, indexer c0, web c0");
  });
});

describe("what comes twice or late", () => {
  test("changes nothing", () => {
    const rig = settled();
    const run = deploying(rig);
    const [build, deploy] = [rig.told.at(-1), rig.attemptOf("deploy:api@devnet")];
    rig.done("deploy:api@devnet");
    for (const told of [build, rig.told.at(-1)]) if (told) expect(rig.send(told).changes).toEqual([]);
    expect(rig.send({ type: "attempt.lost", attempt: deploy }).changes).toEqual([]);
    rig.finish();
    expect(rig.status(run)).toBe("succeeded");
    const late = { outcome: "failed", message: "late", digest: null, changed: true, url: null } as const;
    expect(rig.send({ type: "attempt.ended", attempt: deploy, ...late })).toMatchObject({ changes: [], effects: [] });
  });
});

describe("retry in an open run", () => {
  /** c2 touches the indexer alone: that the api fails blocks nobody, and the run goes on. */
  test("makes again what did not succeed, and nothing else", () => {
    const rig = settled();
    rig.everywhere("c1");
    const run = rig.started("c2", { environments: ["devnet"] });
    rig.done("build:mega");
    rig.done("deploy:api@devnet", "failed");
    const indexer = rig.attemptOf("deploy:indexer@devnet");
    expect(rig.retry(run)).toEqual({ ok: true, run });
    expect(rig.runs()).toEqual(["deploy:indexer@devnet", "deploy:api@devnet"]);
    expect(rig.attemptOf("deploy:indexer@devnet")).toBe(indexer);
    expect(rig.says(run, "verify:api@devnet")).toBe("pending step deploy:api@devnet");
    rig.finish();
    expect(rig.status(run)).toBe("succeeded");
    expect(rig.live("devnet")).toBe("api c2, indexer c2, web c2");
  });

  test("opens what it blocked, and the gate's question where its answer has expired", () => {
    const rig = settled();
    rig.everywhere("c1");
    const run = rig.started("c2");
    rig.finish();
    rig.decide("zoe", "c2");
    rig.done("deploy:api@mainnet", "failed");
    rig.done("deploy:indexer@mainnet");
    rig.done("verify:indexer@mainnet");
    expect(rig.runs()).toEqual(["deploy:web@mainnet"]);
    expect(rig.says(run, "gate:mainnet")).toBe("succeeded");
    rig.pass(25 * HOUR);
    rig.retry(run);
    expect(rig.says(run, "deploy:api@mainnet")).toBe("waiting approval mainnet");
    expect(rig.says(run, "gate:mainnet")).toBe("waiting approval mainnet");
  });

  test("is refused where nothing has failed, and where the run has ended", () => {
    const rig = settled();
    const run = rig.started("c1", api);
    expect(rig.retry(run)).toMatchObject({ ok: false, code: "conflict" });
    rig.finish();
    expect(rig.retry(run)).toMatchObject({ ok: false, code: "ended" });
  });
});
