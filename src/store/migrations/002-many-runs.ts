import type { Migration } from "./index.ts";

/** Parsed JSON of a row as an older store has it. */
type Json = { readonly [key: string]: unknown };

/** What rows of schema 1 mean, said in the fields that schema 2 adds: nothing was joined, locked, pinned, frozen or an emergency. A row that has them already stays as it is. */
const added: Readonly<Record<string, (row: Json) => Json>> = {
  run: (row) => ({ cause: null, ...row, options: { skipNeeds: null, now: false, named: false, ...object(row["options"]) } }),
  step: (row) => ({ awaited: null, ...row, reason: withKept(row["reason"]) }),
  attempt: (row) => ({ joined: [], ...row }),
  target: (row) => ({ lock: null, pin: null, unrestored: null, ...row }),
  environment: (row) => ({ lock: null, freeze: null, ...row }),
  decision: (row) => ({ emergency: false, early: false, voids: {}, ...row }),
  plan: (plan) => ({ manual: [], ...plan, environments: mapped(object(plan["environments"]), plannedEnvironment) }),
};

const plannedEnvironment = (environment: Json): Json => ({
  emergency: [],
  ...environment,
  approval: environment["approval"] === null ? null : { early: false, ...object(environment["approval"]) },
});

/** A wait for a needed target says since schema 2 what keeps that from coming. */
function withKept(reason: unknown): unknown {
  const read = reason === null ? null : object(reason);
  return read?.["code"] === "need" ? { kept: null, ...read } : reason;
}

const object = (value: unknown): Json => value as Json;
const mapped = (values: Json, change: (value: Json) => Json): Json =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, change(object(value))]));

const row = (table: string, body: string): string => JSON.stringify(added[table]?.(object(JSON.parse(body))));

/** The changes of one event, as a page follows them. */
function changes(text: string): string {
  const all = JSON.parse(text) as readonly { readonly table: string; readonly row: Json }[];
  return JSON.stringify(all.map((change) => ({ ...change, row: added[change.table]?.(change.row) ?? change.row })));
}

const tables = Object.keys(added);

/** Rows of many runs at once: joined attempts, locks, pins, freezes, exceptions and emergencies. The log's events stay as they were told; the rows beside them, which are sent again to whoever goes on from there, do not. */
export const manyRuns: Migration = {
  name: "many runs",
  functions: { row_2: row, changes_2: changes },
  sql: [...tables.map((table) => `update ${table} set body = row_2('${table}', body)`), "update log set changes = changes_2(changes)"].join(
    ";\n",
  ),
};
