import { describe, expect, test } from "vitest";
import { artifact, harbor, HOUR, MINUTE } from "../harbor.ts";
import { type Rig, settled } from "./rig.ts";

const awaits = "registry.example/harbor:${commit}";
const BUILD = "build:mega";
const api = { environments: ["devnet"], services: ["api"] };

/** c0 is live; what comes next is made by somebody else, who is not done yet. */
function waiting(): Rig {
  const rig = settled();
  rig.unpushed.add("c1");
  return rig;
}
const awaited = { ...harbor(), artifacts: { mega: artifact({ awaits, timeoutMs: HOUR }) } };
const start = (rig: Rig, part: Parameters<Rig["started"]>[1] = {}) => rig.started("c1", { ...api, release: awaited, ...part });
const asked = (rig: Rig) => [...rig.asks.values()].filter((ask) => ask.type === "artifact.await");
const pushed = (rig: Rig) => {
  rig.unpushed.clear();
  rig.answerAll();
};

describe("what somebody else makes", () => {
  test("is waited for with nothing held, and deployed when it is there", () => {
    const rig = waiting();
    const run = start(rig);
    expect(rig.runs()).toEqual([]);
    expect(rig.status(run)).toBe("waiting");
    expect(rig.step(run, BUILD)).toMatchObject({
      status: "waiting",
      attempt: null,
      reason: { code: "artifact", reference: "registry.example/harbor:c1", until: rig.now + HOUR, problem: null },
    });
    expect(asked(rig)).toMatchObject([{ build: "mega c1", commit: "c1", artifact: { name: "mega" } }]);
    pushed(rig);
    expect(rig.says(run, BUILD)).toBe("succeeded");
    expect(rig.db.builds.get("mega c1")).toMatchObject({ digest: "sha256:mega-c1", attempt: null });
    expect(rig.runs()).toEqual(["deploy:api@devnet"]);
    expect([...rig.running.values()][0]?.spec).toMatchObject({ digest: "sha256:mega-c1" });
    rig.finish();
    expect(rig.status(run)).toBe("succeeded");
  });

  test("is there already for a run that comes later", () => {
    const rig = waiting();
    start(rig);
    pushed(rig);
    const later = start(rig, { services: ["indexer"] });
    expect(rig.says(later, BUILD)).toBe("skipped already-built");
  });

  test("is asked for once, however many wait, and each waits as long as it may", () => {
    const rig = waiting();
    const first = start(rig);
    rig.pass(20 * MINUTE);
    const second = start(rig, { services: ["indexer"] });
    expect(asked(rig)).toHaveLength(1);
    expect(rig.step(second, BUILD)?.reason).toMatchObject({ until: rig.now + HOUR });
    rig.pass(40 * MINUTE);
    expect(rig.says(first, BUILD)).toBe("blocked artifact-timeout");
    expect(rig.says(second, BUILD)).toBe("waiting artifact");
    expect(asked(rig)).toHaveLength(1);
    pushed(rig);
    expect(rig.says(first, BUILD)).toBe("blocked artifact-timeout");
    expect(rig.says(second, BUILD)).toBe("succeeded");
  });

  test("that does not come in time blocks what needs it, says why it could not be told, and is waited for anew by a retry", () => {
    const rig = waiting();
    const run = start(rig);
    const [ask] = asked(rig);
    rig.send({ type: "artifact.asked", build: "mega c1", wait: ask?.wait ?? 0, problem: "it is down" });
    expect(rig.state.nextWake()).toBe(rig.now + HOUR);
    rig.pass(HOUR);
    expect(rig.step(run, BUILD)?.reason).toEqual({
      code: "artifact-timeout",
      reference: "registry.example/harbor:c1",
      problem: "it is down",
    });
    expect(rig.says(run, "deploy:api@devnet")).toBe(`blocked step-ended ${BUILD}`);
    expect(rig.status(run)).toBe("failed");
    expect(asked(rig)).toEqual([]);
    const again = start(rig, { retryOf: run });
    expect(rig.step(again, BUILD)?.reason).toMatchObject({ until: rig.now + HOUR, problem: null });
    pushed(rig);
    rig.finish();
    expect(rig.status(again)).toBe("succeeded");
  });

  test("is asked for no more when all who waited have been cancelled", () => {
    const rig = waiting();
    const [first, second] = [start(rig), start(rig, { services: ["indexer"] })];
    rig.cancel(first);
    expect(asked(rig)).toHaveLength(1);
    rig.cancel(second, true);
    expect([rig.status(first), rig.status(second)]).toEqual(["cancelled", "cancelled"]);
    expect(asked(rig)).toEqual([]);
    const third = start(rig);
    expect(asked(rig)).toHaveLength(1);
    // a look of the first wait that was under way says nothing to this one
    rig.send({ type: "artifact.found", build: "mega c1", wait: 1, digest: "sha256:another" });
    expect(rig.says(third, BUILD)).toBe("waiting artifact");
  });

  test("is known to a restart, which goes on where it was", () => {
    const rig = waiting();
    const run = start(rig);
    rig.restart();
    expect(rig.send({ type: "reevaluate" })).toMatchObject({ changes: [], effects: [] });
    expect(rig.state.nextWake()).toBe(rig.now + HOUR);
    pushed(rig);
    expect(rig.says(run, BUILD)).toBe("succeeded");
  });

  test("a registry that cannot be asked is said, does not end the wait, and does not make it younger", () => {
    const rig = waiting();
    const run = start(rig);
    const { since } = rig.step(run, BUILD) ?? {};
    const told = (problem: string | null) => {
      rig.now += MINUTE;
      rig.send({ type: "artifact.asked", build: "mega c1", wait: asked(rig)[0]?.wait ?? 0, problem });
      return rig.step(run, BUILD);
    };
    expect(told("it is down")).toMatchObject({ status: "waiting", since, reason: { problem: "it is down" } });
    expect(told(null)).toMatchObject({ status: "waiting", since, reason: { problem: null } });
  });
});

test("each environment's own image is waited for by itself", () => {
  const own = artifact({ awaits: "registry.example/harbor-${environment}:${commit}", perEnvironment: true });
  const rig = waiting();
  const run = start(rig, { release: { ...awaited, artifacts: { mega: own } }, environments: ["devnet", "canary"] });
  expect(asked(rig).map((ask) => ask.build)).toEqual(["mega@devnet c1", "mega@canary c1"]);
  expect(rig.step(run, "build:mega@canary")?.reason).toMatchObject({ reference: "registry.example/harbor-canary:c1" });
  pushed(rig);
  rig.finish();
  expect(rig.status(run)).toBe("succeeded");
});
