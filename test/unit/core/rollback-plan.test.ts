import { describe, expect, test } from "vitest";
import type { CommitId, TargetId } from "../../../src/core/config/config.ts";
import { fingerprint } from "../../../src/core/plan/fingerprint.ts";
import { pairsOf } from "../../../src/core/plan/relations.ts";
import type { Live } from "../../../src/core/run/rows.ts";
import { approval, environment, policyOf } from "./harbor.ts";
import { relate } from "./history.ts";
import { all, DEFINITIONS, definitionOf, live, needsOf, planned, row, said, snapshotOf } from "./rollback-rig.ts";

describe("a job is not taken back", () => {
  const definitions = new Map(
    [...DEFINITIONS].map(([digest, definition]) => [digest, { ...definition, job: definition.service === "api" }]),
  );
  const skips = (result: ReturnType<typeof planned>) => result.targets.map((t) => [t.target, t.skip]);

  test("it stays at its last success, is told, and who needs it goes back", () => {
    const result = planned(all("c3"), all("c1"), { definitions });
    expect(said(result)).toEqual([]);
    expect(skips(result)).toEqual([
      ["api@mainnet", "a job is not taken back"],
      ["indexer@mainnet", null],
      ["web@mainnet", null],
    ]);
    expect(Object.keys(result.plan.members)).toEqual(["indexer@mainnet", "web@mainnet"]);
    expect(result.plan.notes).toContain("api@mainnet is left as it is: a job is not taken back");
  });

  test("unless it is named", () => {
    const result = planned(all("c3"), all("c1"), { definitions, services: ["api", "indexer", "web"] });
    expect(skips(result)).toContainEqual(["api@mainnet", null]);
    expect(Object.keys(result.plan.members)).toContain("api@mainnet");
  });

  test("one that is there already never runs, whatever comes in between", () => {
    const result = planned({ ...all("c3"), api: "c1" }, all("c1"), { definitions });
    expect(skips(result)).toContainEqual(["api@mainnet", "already there"]);
    expect(Object.keys(result.plan.members)).not.toContain("api@mainnet");
  });
});

describe("the order is decided per pair", () => {
  test("back: who needs leaves first", () => {
    const result = planned(all("c3"), all("c1"));
    expect(said(result)).toEqual([]);
    expect(needsOf(result)).toEqual({
      "deploy:web@mainnet": [],
      "deploy:indexer@mainnet": ["verify:web@mainnet"],
      "deploy:api@mainnet": ["verify:indexer@mainnet", "verify:web@mainnet"],
    });
  });

  test("forward, by a rollback of a rollback: who is needed comes first", () => {
    const result = planned(all("c1"), all("c3"));
    expect(said(result)).toEqual([]);
    expect(needsOf(result)).toEqual({
      "deploy:api@mainnet": [],
      "deploy:indexer@mainnet": ["verify:api@mainnet"],
      "deploy:web@mainnet": ["verify:api@mainnet", "verify:indexer@mainnet"],
    });
  });

  test("both ways at once: the api goes back, the indexer forward", () => {
    // the indexer as of c2 needs the api as of c1, which both have
    const result = planned({ api: "c3", indexer: "c1", web: "c1" }, { api: "c1", indexer: "c2", web: "c1" });
    expect(said(result)).toEqual([]);
    expect(result.targets.map((t) => [t.target, t.skip])).toEqual([
      ["api@mainnet", null],
      ["indexer@mainnet", null],
      ["web@mainnet", "already there"],
    ]);
  });

  test("a rollback does not soak, and keeps what is recorded", () => {
    const { plan } = planned(all("c3"), all("c1"));
    expect(plan.steps.map((s) => s.kind)).not.toContain("soak");
    expect(plan.members["api@mainnet"]).toMatchObject({
      commit: "c1",
      definitionDigest: fingerprint(definitionOf("api")),
      recorded: { digest: "sha256:c1", fingerprint: "api c1", from: "c3" },
    });
  });

  test("which cluster it may be in is policy's to say now, not what it said then", () => {
    const old = new Map([...DEFINITIONS].map(([digest, definition]) => [digest, { ...definition, cluster: "then" }]));
    const clusterOf = (policy: ReturnType<typeof environment>) =>
      planned(all("c3"), all("c1"), { definitions: old, policy: policyOf({ mainnet: policy }) }).plan.members["api@mainnet"]?.definition;
    expect(clusterOf(environment({ cluster: "now" }))?.cluster).toBe("now");
    expect(clusterOf(environment())).not.toHaveProperty("cluster");
  });

  test("which objects it may have is policy's to say now, too", () => {
    const allowed = { namespaces: ["then"], clusterScoped: true };
    const old = new Map([...DEFINITIONS].map(([digest, definition]) => [digest, { ...definition, allowed }]));
    const allowedBy = (policy: ReturnType<typeof environment>) =>
      planned(all("c3"), all("c1"), { definitions: old, policy: policyOf({ mainnet: policy }) }).plan.members["api@mainnet"]?.definition;
    const now = { contexts: null, drivers: null, namespaces: ["now"], clusterScoped: false };
    expect(allowedBy(environment({ allow: now }))?.allowed).toEqual({ namespaces: ["now"], clusterScoped: false });
    expect(allowedBy(environment())).not.toHaveProperty("allowed");
  });

  test("it is the same for the same set", () => {
    expect(planned(all("c3"), all("c1"))).toEqual(planned(all("c3"), all("c1")));
  });
});

describe("what stands against it is said, all of it", () => {
  test("no safe order: who needs it stays where it is", () => {
    expect(said(planned(all("c3"), all("c1"), { services: ["api"] }))).toEqual([
      "api@mainnet: no safe order with indexer@mainnet, which needs it",
      "api@mainnet: no safe order with web@mainnet, which needs it",
    ]);
  });

  test("a part that nobody misses may go alone", () => {
    const result = planned(all("c3"), all("c1"), { services: ["web"] });
    expect(said(result)).toEqual([]);
    expect(Object.keys(result.plan.members)).toEqual(["web@mainnet"]);
  });

  test("what is broken already does not bind", () => {
    // web c3 beside api c1 is what somebody accepted; the api may go further back
    const result = planned({ api: "c1", indexer: "c1", web: "c3" }, all("c0"), { services: ["api", "indexer"] });
    expect(said(result)).toEqual([]);
  });

  test("an artifact, a definition and a service that are not there", () => {
    const definitions = new Map([...DEFINITIONS].filter(([, d]) => d.service !== "indexer"));
    const result = planned(all("c3"), all("c1"), {
      gone: new Map((["api@mainnet", "web@mainnet"] as const).map((target) => [target, "its artifact sha256:c1 is gone"])),
      definitions,
      services: ["api", "indexer", "web", "jobs"],
    });
    expect(said(result)).toEqual([
      "api@mainnet: its artifact sha256:c1 is gone",
      "indexer@mainnet: its recorded definition is gone",
      "web@mainnet: its artifact sha256:c1 is gone",
      "jobs@mainnet: it is not part of that snapshot",
      expect.stringContaining("no safe order"),
    ]);
  });

  test("nothing to do", () => {
    expect(said(planned(all("c1"), all("c1")))).toEqual(["null: every target is already there"]);
  });

  test("but not where something is about to change, or is not what it should be", () => {
    const busy = { run: "r2", step: "deploy:api@mainnet", attempt: "a2" };
    for (const part of [
      { busy },
      { unknown: { attempt: "a2", since: 1, live: live("api", "c3") } },
      { good: false },
      { serving: false, good: false },
    ]) {
      const targets = [row("api", "c1", part), row("indexer", "c1"), row("web", "c1")];
      const result = planned(all("c1"), all("c1"), { targets });
      expect(said(result)).toEqual([]);
      expect(result.targets.map((t) => t.skip)).toEqual([null, "already there", "already there"]);
    }
    const soaking = row("api", "c1", { busy: { ...busy, step: "soak:api@mainnet" } });
    expect(said(planned(all("c1"), all("c1"), { targets: [soaking, row("indexer", "c1"), row("web", "c1")] }))).toHaveLength(1);
  });
});

test("a service that did not exist then is left as it is, and said so", () => {
  const result = planned(all("c3"), { api: "c1", indexer: "c1" }, { services: null });
  expect(result.plan.notes).toEqual(["web@mainnet is left as it is: it did not exist then"]);
  expect(result.targets.at(-1)).toMatchObject({ target: "web@mainnet", skip: "it did not exist then" });
  expect(said(result)).toEqual([
    "api@mainnet: no safe order with web@mainnet, which needs it",
    "indexer@mainnet: no safe order with web@mainnet, which needs it",
  ]);
  for (const { hint } of result.problems) {
    expect(hint).toContain("web@mainnet cannot be taken along: it did not exist in that set");
    expect(hint).toContain("nothing else of the set could go without it");
  }
});

test("who is pinned beside what goes back is named with the way to take it along", () => {
  const pin = { commit: "c3", by: "cy", at: 1, reason: "a test" };
  const targets = [row("api", "c3"), row("indexer", "c3"), row("web", "c3", { pin })];
  const result = planned(all("c3"), all("c1"), { targets });
  expect(said(result)).toContain("api@mainnet: no safe order with web@mainnet, which needs it");
  for (const { hint } of result.problems) expect(hint).toContain("web@mainnet is pinned: sluice unpin web@mainnet");
});

test("policy may ask for a decision: its gate comes first", () => {
  const policy = {
    teams: { release: ["ana"] },
    environments: { mainnet: environment({ rollback: approval({ approvers: ["team:release"] }) }) },
  };
  const { plan } = planned(all("c3"), all("c1"), { policy });
  expect(plan.steps[0]).toMatchObject({ id: "gate:mainnet", kind: "gate" });
  expect(plan.environments["mainnet"]?.approvers).toEqual(["ana"]);
  for (const step of plan.steps) if (step.kind === "deploy") expect(step.needs).toContain("gate:mainnet");
});

test("what will be compared is known beforehand", () => {
  const targets = Object.entries(all("c3")).map(([service, commit]) => row(service, commit));
  const asked = new Set(pairsOf(targets, snapshotOf(all("c1")).entries).map((pair) => pair.join("..")));
  const used = new Set<string>();
  planned(all("c3"), all("c1"), {
    relations: (release, there) => {
      used.add(`${release}..${there}`);
      return relate(release, there);
    },
  });
  expect(used.size).toBeGreaterThan(0);
  expect([...used].filter((pair) => !asked.has(pair))).toEqual([]);
});

test("a set of a thousand is planned in a moment", { timeout: 10_000 }, () => {
  const backends = Array.from({ length: 900 }, (_, i) => `b${i}`);
  const services = [...backends, ...Array.from({ length: 100 }, (_, i) => `f${i}`)];
  const of = (commit: CommitId) =>
    new Map<TargetId, Live>(
      services.map((s) => [
        `${s}@mainnet`,
        { ...live("api", commit), fingerprint: `${s} ${commit}`, needs: s.startsWith("f") ? backends : [] },
      ]),
    );
  const targets = [...of("c3")].map(([id, is]) => row(id.slice(0, id.indexOf("@")), "c3", { live: is }));
  const snapshot = { ...snapshotOf({}), entries: Object.fromEntries(of("c1")) };
  const relation = { order: "behind", unmet: services } as const;
  const began = performance.now();
  const result = planned(all("c3"), all("c1"), {
    targets,
    snapshot,
    relations: (release, there) =>
      release === "c1" ? { release, live: there, order: "contains", unmet: [] } : { release, live: there, ...relation },
  });
  console.log(`planned a rollback of 1,000 targets in ${Math.round(performance.now() - began)} ms`);
  expect(result.problems).toEqual([]);
  expect(result.plan.steps.find((s) => s.id === "deploy:b0@mainnet")?.needs).toHaveLength(100);
});
