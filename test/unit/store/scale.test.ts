import { DatabaseSync } from "node:sqlite";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Store } from "../../../src/engine/ports/store.ts";
import { openSqliteStore } from "../../../src/store/sqlite.ts";
import { commitOf, seedHistory } from "../../rig/scale.ts";

/*
 * What would grow with services times runs, or with frontends times backends, is kept once. Counted and not timed: the times are in
 * docs/benchmarks.md, and these machines are never idle.
 */
const SIZE = { services: 60, runs: 40, deployAlls: 2 };
const ENVIRONMENTS = 3;
const FRONTENDS = SIZE.services / 10;

async function seeded(): Promise<{ readonly store: Store; count(this: void, sql: string): number }> {
  const home = mkdtempSync(join(tmpdir(), "sluice-scale-"));
  const written = await openSqliteStore(home, { version: "0.0.0" });
  await seedHistory(written, SIZE);
  await written.close();
  // another one, which holds nothing that it has not read
  const store = await openSqliteStore(home, { version: "0.0.0" });
  const database = new DatabaseSync(join(home, "sluice.db"), { readOnly: true });
  onTestFinished(async () => {
    database.close();
    await store.close();
    rmSync(home, { recursive: true });
  });
  return { store, count: (sql) => Number(database.prepare(sql).get()?.["n"]) };
}

test("an entry is kept once, however many snapshots have it", async () => {
  const { store, count } = await seeded();
  const page = await store.snapshots("devnet", { limit: 100, cursor: null });
  expect(page.items).toHaveLength(SIZE.runs);
  expect(page.items.map(({ entries }) => Object.keys(entries).length)).toEqual(page.items.map(() => SIZE.services));
  expect(count("select count(*) n from live")).toBe(count("select count(*) n from ledger"));
  expect(count("select max(length(body)) n from snapshot")).toBeLessThan(20 * SIZE.services);
});

test("frontends that need the same have one list, on disk and in memory", async () => {
  const { store, count } = await seeded();
  expect(count("select count(*) n from need_list")).toBe(1); // every backend is in every environment
  const plan = await store.plan("1");
  const needs = Object.values(plan?.members ?? {}).map(({ definition }) => definition.needs);
  const long = needs.filter((list) => list.length > 0);
  expect(long).toHaveLength(FRONTENDS * ENVIRONMENTS);
  expect(new Set(long).size).toBe(1);
  const { items } = await store.targets({ service: "s9" }, { limit: 10, cursor: null });
  expect(items.map(({ live }) => live?.needs)).toEqual(Array.from({ length: ENVIRONMENTS }, () => long[0]));
  expect(new Set(items.flatMap(({ live, lastGood }) => [live?.needs, lastGood?.needs])).size).toBe(1);
});

test("a plan is read as it was written", async () => {
  const { store } = await seeded();
  const plan = await store.plan("1");
  expect(plan?.release.commit).toBe(commitOf(1));
  const gated = plan?.steps.find((step) => step.id === "deploy:s9@mainnet");
  expect(gated?.needs).toEqual(expect.arrayContaining(["build:mega", "gate:mainnet", "verify:s9@canary", "verify:s0@mainnet"]));
  expect(plan?.steps.flatMap((step) => step.needs).every((need) => plan.steps.some(({ id }) => id === need))).toBe(true);
});
