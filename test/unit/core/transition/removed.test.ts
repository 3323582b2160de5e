import { describe, expect, test } from "vitest";
import type { TargetId } from "../../../../src/core/config/config.ts";
import { type Rig, settled } from "./rig.ts";

const DEVNET = { environments: ["devnet"] };

/** Somebody else removes what is live, and the engine looks. */
function removed(rig: Rig, target: TargetId): void {
  const { live } = rig.target(target);
  rig.vanish(target);
  rig.send({ type: "target.watched", target, entry: live?.entry ?? 0, observed: { kind: "absent" } });
}

describe("what somebody else has removed is live no more", () => {
  test("it is entered as a change from outside, and a deploy of the same commit brings it back", () => {
    const rig = settled();
    removed(rig, "api@devnet");
    expect(rig.target("api@devnet")).toMatchObject({ live: null, serving: false, good: false, health: "none", gone: { commit: "c0" } });
    const last = [...rig.db.ledger.values()].at(-1);
    expect(last).toMatchObject({ target: "api@devnet", commit: "c0", source: "external", live: false, good: false });
    const run = rig.started("c0", DEVNET);
    expect(rig.runs()).toEqual(["deploy:api@devnet"]);
    rig.finish();
    expect(rig.status(run)).toBe("succeeded");
    expect(rig.target("api@devnet")).toMatchObject({ live: { commit: "c0" }, gone: null, good: true });
  });

  test("a service that needs it waits, and says for whom", () => {
    const rig = settled();
    removed(rig, "api@devnet");
    const run = rig.started("c1", { ...DEVNET, services: ["web"] });
    rig.finish();
    expect(rig.says(run, "deploy:web@devnet")).toBe("waiting need api@devnet");
  });

  test("a rollback moves it, though the set is what was live there", () => {
    const rig = settled();
    rig.started("c1", DEVNET);
    rig.finish();
    rig.started("c3", DEVNET);
    rig.finish();
    rig.rollback("devnet");
    rig.finish();
    removed(rig, "web@devnet");
    const left = [...rig.db.snapshots.values()].findLast((s) => s.environment === "devnet" && s.release === "c1")?.id ?? "";
    const run = rig.rollback("devnet", { to: left });
    rig.finish();
    expect(rig.says(run, "deploy:api@devnet")).toBe("skipped already-there");
    expect(rig.says(run, "deploy:web@devnet")).toBe("succeeded");
    expect(rig.live("devnet")).toBe("api c1, indexer c1, web c1");
  });

  test("who opens the store anew looks before leaving anything undone", () => {
    const rig = settled();
    // as the store does when it is opened
    const forgotten = [{ table: "target", row: { ...rig.target("api@devnet"), observed: false } }] as const;
    rig.state.apply(forgotten);
    rig.db.put(forgotten);
    rig.prompt = false;
    const run = rig.started("c0", DEVNET);
    while ([...rig.asks.keys()].some((key) => !key.startsWith("observe:")))
      for (const key of rig.asks.keys()) if (!key.startsWith("observe:")) rig.answer(key);
    expect(rig.says(run, "deploy:api@devnet")).toBe("waiting observing api@devnet");
    rig.vanish("api@devnet");
    rig.prompt = true;
    rig.answerAll();
    expect(rig.runs()).toEqual(["deploy:api@devnet"]);
    rig.finish();
    expect(rig.status(run)).toBe("succeeded");
  });

  test("a look that could not be made, or that an attempt was in the way of, says nothing", () => {
    const rig = settled();
    const { live } = rig.target("api@devnet");
    rig.send({ type: "target.watched", target: "api@devnet", entry: live?.entry ?? 0, observed: { kind: "error", message: "forbidden" } });
    expect(rig.target("api@devnet")).toMatchObject({ live: { commit: "c0" }, serving: true, good: true, health: "unknown" });
    rig.restart();
    rig.started("c1", DEVNET);
    rig.done("build:mega");
    rig.send({ type: "target.observed", target: "api@devnet", observed: { kind: "absent" } });
    expect(rig.target("api@devnet").live).toMatchObject({ commit: "c0" });
  });

  test("a target of which no commit is there as a whole is deployed again", () => {
    const rig = settled();
    const { live } = rig.target("api@devnet");
    const half = { kind: "live", commit: null, digest: null, attempt: null, health: "degraded", url: null } as const;
    rig.say("api@devnet", "bad");
    rig.send({ type: "target.watched", target: "api@devnet", entry: live?.entry ?? 0, observed: half });
    rig.started("c0", DEVNET);
    expect(rig.runs()).toEqual(["deploy:api@devnet"]);
  });
});
