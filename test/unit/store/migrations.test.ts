import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { checkSchema, migrate, type Migration } from "../../../src/store/migrations/index.ts";
import { NodeSqlite } from "../../../src/store/node-sqlite.ts";
import { temporary } from "./rig.ts";

const one: Migration = { name: "one", sql: "create table a (x integer); insert into a values (1)" };
const two: Migration = { name: "two", sql: "alter table a add column y integer; update a set y = x + 1" };
const three: Migration = { name: "three", sql: "create table b (x integer)" };
const broken: Migration = { name: "broken", sql: "create table c (x integer); insert into nowhere values (1)" };

let directory: string;
let database: NodeSqlite;
beforeEach(async () => {
  directory = await temporary();
  database = new NodeSqlite(join(directory, "sluice.db"), { readOnly: false, directory });
});
afterEach(async () => {
  database.close();
  await rm(directory, { recursive: true, force: true });
});

const place = (version: string) => ({ directory, version });
const backups = () => readdir(join(directory, "backups")).catch(() => []);
const applied = () =>
  database
    .prepare("select number || ' ' || name || ' ' || version as text from migration order by number")
    .all([])
    .map((row) => (row as { text: string }).text);

it("a new store gets all, in order, and nothing is copied", async () => {
  migrate(database, place("1.0.0"), [one, two]);
  expect(applied()).toEqual(["1 one 1.0.0", "2 two 1.0.0"]);
  expect(database.prepare("select * from a").all([])).toEqual([{ x: 1, y: 2 }]);
  expect(await backups()).toEqual([]);
});

it("an existing one gets what is new, each after a whole copy of what was", async () => {
  migrate(database, place("1.0.0"), [one]);
  migrate(database, place("1.1.0"), [one]);
  migrate(database, place("2.0.0"), [one, two, three]);
  expect(applied()).toEqual(["1 one 1.0.0", "2 two 2.0.0", "3 three 2.0.0"]);
  const copies = (await backups()).toSorted((a, b) => a.localeCompare(b));
  expect(copies).toEqual([expect.stringMatching(/^sluice-schema-1-.*\.db$/), expect.stringMatching(/^sluice-schema-2-.*\.db$/)]);
  const copy = new NodeSqlite(join(directory, "backups", copies[0] ?? ""), { readOnly: true, directory });
  expect(copy.prepare("select * from a").all([])).toEqual([{ x: 1 }]);
  copy.close();
});

it("one that fails leaves nothing behind, and those before it stay", () => {
  migrate(database, place("1.0.0"), [one]);
  expect(() => migrate(database, place("2.0.0"), [one, two, broken])).toThrow(/nowhere/);
  expect(applied()).toEqual(["1 one 1.0.0", "2 two 2.0.0"]);
  expect(database.prepare("select 1 from sqlite_schema where name = 'c'").all([])).toEqual([]);
});

it("a reader neither migrates nor reads an older schema", () => {
  migrate(database, place("1.0.0"), [one]);
  expect(() => checkSchema(database, place("2.0.0"), [one, two])).toThrow(/has schema 1 and this Sluice \(2\.0\.0\) reads schema 2/);
  expect(() => checkSchema(database, place("1.0.0"), [])).toThrow(/written by Sluice 1\.0\.0 \(schema 1\)/);
  checkSchema(database, place("1.0.0"), [one]);
  expect(applied()).toEqual(["1 one 1.0.0"]);
});
