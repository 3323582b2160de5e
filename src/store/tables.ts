import type { ColumnType, Generated } from "kysely";

/** Columns that are asked for by key or order; the row itself is the JSON in `body`. `n` is the order in which rows came. */
export type Tables = {
  owner: { id: 1; epoch: number };
  meta: { id: 1; seq: number; at: number };
  run: { n: Generated<number>; id: string; kind: string; status: string; commit_id: string; body: string };
  plan: { run: string; fingerprint: string; body: string };
  definition: { digest: string; body: string };
  step: { n: Generated<number>; run: string; id: string; status: string; attempt: string | null; body: string };
  attempt: { n: Generated<number>; id: string; run: string; ended_at: number | null; body: string };
  target: { id: string; service: string; environment: string; body: string };
  environment: { n: Generated<number>; id: string; body: string };
  ledger: { seq: number; target: string; commit_id: string; body: string };
  snapshot: { id: string; environment: string; seq: number; body: string };
  need_list: { digest: string; body: string };
  live: { entry: number; target: string; body: string };
  decision: { n: Generated<number>; id: string; commit_id: string; environment: string; body: string };
  relation: { release: string; live: string; body: string };
  build: { key: string; commit_id: string; body: string };
  render: { run: string; target: string; body: string };
  good: { target: string; commit_id: string };
  log: { seq: ColumnType<number, never, never>; at: number; type: string; run: string | null; event: string; changes: string };
  outbox: { n: Generated<number>; key: string; body: string };
  answer: { key: string; request: string; status: number; body: string; at: number };
  note: { key: string; body: string };
  migration: { number: number; name: string; version: string; at: number };
};
