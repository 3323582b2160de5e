import { describe, expect, test } from "vitest";
import { barrierOf, type IrreversibleCommit } from "../../../src/core/plan/irreversible.ts";
import type { RollbackPlanInput } from "../../../src/core/plan/preflight.ts";
import type { Lock, Pin } from "../../../src/core/run/rows.ts";
import { all, live, planned, row, said, type ServiceCommits } from "./rollback-rig.ts";

const lock: Lock = { by: "ana", at: 1, reason: "an incident", until: null };
const pin: Pin = { commit: "c3", by: "ben", at: 1, reason: "a customer's test" };
const barrier = { commit: "c2", why: "commit c2 (drop a column) cannot be taken back: it changes db" };
/** From c3 to c1, with what is special about some targets. */
function back(parts: Parameters<typeof row>[2] & { readonly of: string }, part: Partial<RollbackPlanInput> = {}) {
  const { of, ...special } = parts;
  const targets = Object.entries(all("c3")).map(([service, commit]) => row(service, commit, service === of ? special : {}));
  return planned(all("c3"), all("c1"), { targets, ...part });
}
const hints = ({ problems }: ReturnType<typeof planned>) => problems.map((p) => p.hint);
const command = (services: string) => `what could still go: sluice rollback --env mainnet --to mainnet-7 --only ${services} --reason "..."`;

describe("a lock", () => {
  test("of a target is a problem that names who, why, how it ends and what could still go", () => {
    const result = back({ of: "api", lock });
    expect(said(result)).toEqual(["api@mainnet: it is locked by ana: an incident"]);
    expect(hints(result)).toEqual([`sluice unlock api@mainnet; ${command("indexer web")}`]);
  });

  test("of the environment concerns every target", () => {
    const result = planned(all("c3"), all("c1"), { environment: { lock: { ...lock, until: 200 }, rollback: null } });
    expect(said(result)).toEqual(["null: mainnet is locked by ana: an incident"]);
    expect(hints(result)).toEqual(["sluice unlock mainnet, or wait until the lock ends"]);
  });

  test("that has ended, or on what is there already, is none", () => {
    expect(said(back({ of: "api", lock: { ...lock, until: 100 } }))).toEqual([]);
    expect(said(back({ of: "api", lock: { ...lock, until: 101 } }))).toHaveLength(1);
    const targets = [row("api", "c1", { lock }), row("indexer", "c1"), row("web", "c3")];
    expect(said(planned({}, all("c1"), { targets }))).toEqual([]);
  });
});

describe("a pin", () => {
  test("keeps its target, which is said with the reason", () => {
    const result = back({ of: "web", pin });
    expect(said(result)).toEqual([
      "api@mainnet: no safe order with web@mainnet, which needs it",
      "indexer@mainnet: no safe order with web@mainnet, which needs it",
    ]);
    expect(result.targets.map((t) => t.skip)).toEqual([null, null, "pinned at c3 by ben: a customer's test"]);
    expect(Object.keys(result.plan.members)).toEqual(["api@mainnet", "indexer@mainnet"]);
    expect(result.plan.notes).toEqual(["web@mainnet is left as it is: pinned at c3 by ben: a customer's test"]);
  });

  test("does not keep what was named", () => {
    const result = back({ of: "web", pin }, { services: ["web"], named: new Set(["web"]) });
    expect(said(result)).toEqual([]);
    expect(result.targets.map((t) => t.skip)).toEqual([null]);
  });

  test("where nothing else would move", () => {
    const targets = [row("api", "c1"), row("indexer", "c1"), row("web", "c3", { pin })];
    const result = planned({}, all("c1"), { targets });
    expect(said(result)).toEqual(["null: every target is already there or pinned"]);
    expect(hints(result)[0]).toContain("--only web");
  });
});

test("a service that is no longer in the file is rolled back from its recorded definition, and said so", () => {
  const result = planned(all("c3"), all("c1"), { declared: new Set(["api", "web"]) });
  expect(said(result)).toEqual([]);
  expect(Object.keys(result.plan.members)).toContain("indexer@mainnet");
  expect(result.plan.notes).toEqual([
    "indexer@mainnet is rolled back from its recorded definition: the policy ref's file no longer has a service indexer",
  ]);
});

test("another rollback under way is said before anything is asked for", () => {
  const result = planned(all("c3"), all("c1"), { environment: { lock: null, rollback: "42" } });
  expect(said(result)).toEqual(["null: run 42 is rolling mainnet back"]);
  expect(hints(result)).toEqual(["await it, or end it: sluice run cancel 42"]);
});

test("a service that is needed and is not there keeps what needs it from coming back", () => {
  // the web as of c3 does without the indexer
  const targets = [row("api", "c3"), row("web", "c3", { live: { ...live("web", "c3"), needs: ["api"] } })];
  expect(said(planned({}, { api: "c3", web: "c1" }, { targets }))).toEqual([
    "web@mainnet: no safe order with indexer@mainnet, which it needs and which is not there",
  ]);
});

describe("what cannot be taken back", () => {
  const barred = (from: ServiceCommits, to: ServiceCommits, ...services: readonly string[]) =>
    planned(from, to, { barriers: new Map(services.map((s) => [`${s}@mainnet` as const, barrier])) });

  test("blocks its target, and the hint says which of the set could still go", () => {
    const result = barred(all("c3"), all("c1"), "api");
    expect(said(result)).toEqual([`api@mainnet: ${barrier.why}`]);
    expect(hints(result)[0]).toContain(command("indexer web"));
  });

  test("and what then has no safe order is left out too", () => {
    // web must leave before the others do
    expect(hints(barred(all("c3"), all("c1"), "web"))[0]).toMatch(/nothing else of the set could go without it$/);
    // forward, by a rollback of a rollback: both ask for the api that stays
    expect(hints(barred(all("c1"), all("c3"), "api"))[0]).toMatch(/nothing else of the set could go without it$/);
    expect(hints(barred(all("c3"), all("c1"), "indexer"))[0]).toContain(command("web"));
  });

  test("the command that is offered has no problem left", () => {
    const barriers = new Map([["indexer@mainnet", barrier] as const]);
    const again = planned(all("c3"), all("c1"), { barriers, services: ["web"] });
    expect(said(again)).toEqual([]);
    expect(again.targets.map((t) => t.target)).toEqual(["web@mainnet"]);
  });

  test("alone it says nothing of others; where it cannot be known, how to find out", () => {
    const result = planned(all("c3"), { web: "c1" }, { barriers: new Map([["web@mainnet", { commit: null, why: "it cannot be known" }]]) });
    expect(said(result)).toEqual(["web@mainnet: it cannot be known"]);
    expect(hints(result)).toEqual([
      "look into what lies between, and go back all the same with --accept-unknown; or fetch that commit; or deploy instead: sluice deploy web --env mainnet --commit c1",
    ]);
  });
});

describe("which commits bar a service", () => {
  const commit = (id: string, part: Partial<IrreversibleCommit> = {}): IrreversibleCommit => ({
    commit: id,
    subject: `subject of ${id}`,
    names: [],
    paths: [],
    ...part,
  });
  const known = new Set(["api", "indexer", "web"]);
  const why = (service: string, paths: readonly string[], ...commits: readonly IrreversibleCommit[]) =>
    barrierOf(service, paths, commits, known)?.why ?? null;

  test("that name it, or all, or nobody who is known", () => {
    expect(why("api", [], commit("c1", { names: ["indexer", "api"] }))).toBe(
      "commit c1 (subject of c1) cannot be taken back: it says Irreversible: api",
    );
    expect(why("web", [], commit("c1", { names: ["indexer", "api"] }))).toBeNull();
    expect(why("web", [], commit("c1", { names: ["*"] }))).toContain("says Irreversible: *");
    expect(why("web", [], commit("c1", { names: [""] }))).toContain("says Irreversible: *");
    expect(why("web", [], commit("c1", { names: ["indexre"] }))).toContain("says Irreversible: indexre");
  });

  test("that change one of its own paths; the newest is named", () => {
    const commits = [commit("c3", { paths: ["db/web"] }), commit("c2", { paths: ["db/api"] }), commit("c1", { names: ["api"] })];
    expect(barrierOf("api", ["db/api", "db/more"], commits, known)).toEqual({
      commit: "c2",
      why: "commit c2 (subject of c2) cannot be taken back: it changes db/api, nor can 1 more",
    });
    expect(why("indexer", [], ...commits)).toBeNull();
  });
});
