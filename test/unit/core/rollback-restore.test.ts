import { expect, test } from "vitest";
import { planRestore, type RestoreInput } from "../../../src/core/plan/restore.ts";
import type { TargetRow } from "../../../src/core/run/rows.ts";
import { environment, policyOf } from "./harbor.ts";
import { relate } from "./history.ts";
import { all, DEFINITIONS, live, needsOf, row, type ServiceCommits, snapshotOf } from "./rollback-rig.ts";

const CAUSE = { run: "r2", step: "verify:api@mainnet", target: "api@mainnet", entry: 9 } as const;
/** The api has failed at one commit and was good at another. */
const failed = (at: string, before: string, part: Partial<TargetRow> = {}): TargetRow =>
  row("api", at, { live: { ...live("api", at), entry: 9 }, lastGood: live("api", before), serving: false, good: false, ...part });

function restored(targets: readonly TargetRow[], sets: readonly ServiceCommits[], part: Partial<RestoreInput> = {}) {
  return planRestore({
    project: "harbor",
    policy: policyOf({ mainnet: environment({ onFailure: "rollback" }) }),
    snapshots: sets.map((set, i) => ({ ...snapshotOf(set), id: `mainnet-${sets.length - i}` })),
    cause: CAUSE,
    targets,
    definitions: DEFINITIONS,
    gone: new Map(),
    environment: null,
    at: 100,
    declared: new Set(["api", "indexer", "web"]),
    barriers: new Map(),
    relations: relate,
    ...part,
  });
}
function planOf(result: ReturnType<typeof restored>) {
  if ("message" in result) throw new Error(result.message);
  return result;
}

test("what failed goes back alone where nothing live needs it", () => {
  const result = planOf(restored([failed("c3", "c1"), row("indexer", "c2"), row("web", "c2")], [all("c1")]));
  expect(Object.keys(result.plan.members)).toEqual(["api@mainnet"]);
  expect(result.plan.members["api@mainnet"]).toMatchObject({ commit: "c1", recorded: { from: "c3" } });
  expect(result.snapshot).toMatchObject({ id: "mainnet-1", entries: { "api@mainnet": live("api", "c1") } });
});

test("a job's failure is not answered with its older image", () => {
  const definitions = new Map(
    [...DEFINITIONS].map(([digest, definition]) => [digest, { ...definition, job: definition.service === "api" }]),
  );
  expect(restored([failed("c3", "c1"), row("indexer", "c2"), row("web", "c2")], [all("c1")], { definitions })).toMatchObject({
    message: "api@mainnet failed, and a job is not taken back: what it has done so far is still done",
  });
});

test("what needs the release goes back with it, first, and to the same set", () => {
  // c3 touches the api, which the indexer needs by then; the newest set with the api's last good entry is the second
  const result = planOf(restored([failed("c3", "c1"), row("indexer", "c3"), row("web", "c1")], [all("c3"), all("c1"), all("c0")]));
  expect(needsOf(result)).toEqual({ "deploy:indexer@mainnet": [], "deploy:api@mainnet": ["verify:indexer@mainnet"] });
  expect(result.plan.members["indexer@mainnet"]?.commit).toBe("c1");
  expect(result.snapshot.id).toBe("mainnet-2");
});

test("and so on: what needs what goes back", () => {
  // the web as of c2 would do with the api as of c1, but not with the indexer as of c1
  const result = planOf(restored([failed("c3", "c1"), row("indexer", "c3"), row("web", "c2")], [all("c1")]));
  expect(needsOf(result)).toEqual({
    "deploy:web@mainnet": [],
    "deploy:indexer@mainnet": ["verify:web@mainnet"],
    "deploy:api@mainnet": ["verify:indexer@mainnet", "verify:web@mainnet"],
  });
});

test("without a recorded set it goes alone, or not at all", () => {
  const alone = planOf(restored([failed("c3", "c1"), row("indexer", "c2"), row("web", "c2")], []));
  expect(alone.snapshot).toMatchObject({ id: "api@mainnet-1", release: "c1" });
  expect(Object.keys(alone.plan.members)).toEqual(["api@mainnet"]);
  expect(restored([failed("c3", "c1"), row("indexer", "c3"), row("web", "c2")], [])).toEqual({
    message: "indexer@mainnet needs more of api@mainnet than what was good there last, and no recorded set holds both",
  });
  expect(restored([failed("c3", "c1"), row("indexer", "c3"), row("web", "c2")], [{ api: "c1", web: "c1" }])).toMatchObject({
    message: expect.stringContaining("was not there in the set mainnet-1"),
  });
});

test("nothing is brought back where that answers nothing", () => {
  const others = [row("indexer", "c2"), row("web", "c2")];
  const said = (first: TargetRow) => {
    const result = restored([first, ...others], [all("c1")]);
    return "message" in result ? result.message : null;
  };
  expect(said(row("api", "c4"))).toBe("something else is live on api@mainnet by now");
  expect(said(failed("c3", "c1", { live: null }))).toBe("something else is live on api@mainnet by now");
  expect(said(failed("c3", "c1", { lastGood: null }))).toBe("nothing was good on api@mainnet before");
  expect(said(failed("c1", "c1"))).toContain("sluice deploy api --env mainnet --commit c1 --redeploy");
});

test("what stands against it is said, all of it", () => {
  const lock = { by: "ana", at: 1, reason: "an incident", until: null };
  const pin = { commit: "c3", by: "ben", at: 1, reason: "a test" };
  const barriers = new Map([["api@mainnet", { commit: "c2", why: "commit c2 cannot be taken back" }] as const]);
  expect(restored([failed("c3", "c1", { lock }), row("indexer", "c3", { pin }), row("web", "c2")], [all("c1")], { barriers })).toEqual({
    message:
      "api@mainnet: it is locked by ana: an incident; api@mainnet: commit c2 cannot be taken back; api@mainnet: no safe order with indexer@mainnet, which needs it",
  });
});

test("a pin does not keep what was deployed over it, by name", () => {
  const pin = { commit: "c1", by: "ben", at: 1, reason: "a test" };
  expect(planOf(restored([failed("c3", "c1", { pin }), row("indexer", "c2"), row("web", "c2")], [all("c1")])).problems).toEqual([]);
});
