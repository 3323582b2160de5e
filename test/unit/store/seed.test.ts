import { rm } from "node:fs/promises";
import { afterEach, expect, test } from "vitest";
import type { Change } from "../../../src/core/run/changes.ts";
import { StoreError } from "../../../src/engine/ports/store.ts";
import { openSqliteStore } from "../../../src/store/sqlite.ts";
import { temporary, VERSION } from "./rig.ts";
import * as s from "./samples.ts";

const made: string[] = [];
afterEach(async () => {
  for (const directory of made.splice(0)) await rm(directory, { recursive: true, force: true });
});
async function seeded(seed: readonly Change[], directory?: string) {
  const home = directory ?? (await temporary());
  made.push(home);
  return { home, store: await openSqliteStore(home, { version: VERSION, seed }) };
}
const ROWS: readonly Change[] = [
  { table: "definition", digest: s.digest("d"), definition: s.definition() },
  { table: "ledger", row: s.ledger(1, s.target("api"), s.commit("a")) },
  { table: "target", row: s.targetRow("api") },
  { table: "environment", row: s.environment("devnet") },
  { table: "snapshot", row: s.snapshot("s1", 2) },
  { table: "build", row: { key: "mega", artifact: "mega", commit: s.commit("a"), digest: s.digest("1"), attempt: null, at: 5 } },
  { table: "good", row: { target: s.target("api"), commit: s.commit("a") } },
  { table: "meta", row: { seq: 3, at: 1_000 } },
];

test("a new store begins with the rows that it is given, and without an event: nothing has happened in it", async () => {
  const { home, store } = await seeded(ROWS);
  const { state, outbox, lastSeq, lastAt } = await store.load();
  expect([state.targets, state.environments, state.meta]).toEqual([[s.targetRow("api")], [s.environment("devnet")], { seq: 3, at: 1_000 }]);
  expect([outbox, lastSeq, lastAt, await store.eventsAfter(0, 10)]).toEqual([[], 0, 1_000, []]);
  expect((await store.ledger(s.target("api"), { limit: 10, cursor: null })).items).toEqual([s.ledger(1, s.target("api"), s.commit("a"))]);
  expect(await store.snapshot("s1")).toEqual(s.snapshot("s1", 2));
  expect([await store.goodTargets(s.commit("a")), await store.builds(s.commit("a"))]).toMatchObject([[s.target("api")], [{ key: "mega" }]]);
  // it is a store as any other from then on
  expect(await store.commit([s.entry([{ table: "meta", row: { seq: 4, at: 2_000 } }])], [])).toEqual([1]);
  await store.close();
  const again = await openSqliteStore(home, { version: VERSION });
  expect((await again.load()).state.targets).toEqual([s.targetRow("api")]);
  await again.close();
});

test("a store that is there keeps what it has", async () => {
  const { home, store } = await seeded([]);
  await store.close();
  const error: unknown = await openSqliteStore(home, { version: VERSION, seed: ROWS }).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(StoreError);
  expect((error as StoreError).message).toContain("There is a store");
  const again = await openSqliteStore(home, { version: VERSION });
  expect((await again.load()).state.targets).toEqual([]);
  await again.close();
});
