import { readFileSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Change } from "../../../src/core/run/changes.ts";
import { DEPLOY_ALL, oneCommit } from "../../rig/noop.ts";
import { openNoopEngine, untilCommitted } from "../../rig/noop-engine.ts";
import { SetClock } from "../../rig/set-clock.ts";
import { open, temporary } from "./rig.ts";
import * as s from "./samples.ts";

/** What the last Sluice of schema 1 has left: run 1 has ended, run 2 waits for a needed target, run 3 is approved for mainnet and held there. */
const DUMP = new URL("./golden/schema-1.sql", import.meta.url);
const COMMIT = "a".repeat(40);
/** A moment after it was written, and before its decision expires. */
const SOON_AFTER = 1_795_383_200_000;

let directory: string;
beforeEach(async () => {
  directory = await temporary();
  const database = new DatabaseSync(join(directory, "sluice.db"));
  database.exec(`pragma journal_mode = wal; begin; ${readFileSync(DUMP, "utf8")} commit`);
  database.close();
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const fields = (row: object): string[] => Object.keys(row).toSorted();

describe("a store of schema 1", () => {
  it("has rows of today's form after it was opened, in the tables and in the log, and is kept as it was beside them", async () => {
    const store = await open(directory);
    const { state } = await store.load();
    const [waits] = state.runs;
    expect(state.runs.map(({ row }) => row.id)).toEqual(["2", "3"]);
    for (const { row, steps } of state.runs) {
      expect(fields(row)).toEqual(fields(s.run("1")));
      expect(row).toMatchObject({
        cause: null,
        options: { redeploy: false, acceptDiverged: null, skipNeeds: null, now: false, named: false },
      });
      for (const step of steps) expect(fields(step)).toEqual(fields(s.step("1", "x")));
    }
    const needs = waits?.steps.flatMap(({ reason }) => (reason?.code === "need" ? [reason] : []));
    expect(needs).toEqual([{ code: "need", target: "api@canary", run: null, until: expect.any(Number), kept: null }]);
    expect((await store.attempts("1")).map(fields)).toEqual(Array.from({ length: 5 }, () => fields(s.attempt("1", "1"))));
    expect((await store.attempts("1")).flatMap(({ joined }) => joined)).toEqual([]);
    for (const row of state.targets) expect(fields(row)).toEqual(fields(s.targetRow("x")));
    for (const row of state.environments) expect(fields(row)).toEqual(fields(s.environment("x")));
    expect(state.environments.map(({ hold }) => hold?.reason ?? null)).toEqual([null, "a look first"]);
    expect(state.decisions.map(fields)).toEqual([fields(s.decision("1", COMMIT))]);
    expect(state.decisions[0]).toMatchObject({ emergency: false, early: false, voided: null, voids: {} });
    const plan = await store.plan("3");
    expect(plan?.manual).toEqual([]);
    expect(plan?.environments["mainnet"]).toMatchObject({ emergency: [], approval: { early: false, approvers: ["team:release"] } });
    expect((await store.plan("1"))?.environments["devnet"]).toMatchObject({ emergency: [], approval: null });
    const logged = (await store.eventsAfter(0, 1_000)).flatMap(({ changes }) => changes);
    expect(logged.length).toBeGreaterThan(50);
    for (const change of logged) expect(formOf(change)).toEqual(SAMPLES[change.table]);
    await store.close();

    const [copy = ""] = await readdir(join(directory, "backups"));
    expect(copy).toMatch(/^sluice-schema-1-/);
    const before = new DatabaseSync(join(directory, "backups", copy), { readOnly: true });
    expect(JSON.parse(String(before.prepare("select body from run where id = '3'").get()?.["body"]))).not.toHaveProperty("cause");
    before.close();
  });

  it("goes on where it was: what was approved starts when the hold is lifted, and the waiting run when what it needs comes", async () => {
    const file = String(readFileSync(new URL("./golden/schema-1.yaml", import.meta.url)));
    const { engine, store, close } = await openNoopEngine(oneCommit(COMMIT, file), { home: directory, clock: new SetClock(SOON_AFTER) });
    const ended = async (run: string) => (await store.run(run))?.endedAt !== null;
    await engine.unhold("mainnet", { name: "ana" });
    await engine.deploy({ ...DEPLOY_ALL, services: ["api"], environments: ["canary"] }, { name: "ana" });
    await untilCommitted(engine, async () => (await ended("2")) && (await ended("3")));
    expect([(await store.run("2"))?.status, (await store.run("3"))?.status]).toEqual(["succeeded", "succeeded"]);
    await close();
  });
});

const SAMPLES: Readonly<Partial<Record<Change["table"], readonly string[]>>> = {
  run: fields(s.run("1")),
  step: fields(s.step("1", "x")),
  attempt: fields(s.attempt("1", "1")),
  target: fields(s.targetRow("x")),
  environment: fields(s.environment("x")),
  decision: fields(s.decision("1", COMMIT)),
};
const formOf = (change: Change): readonly string[] => ("row" in change ? fields(change.row) : []);
