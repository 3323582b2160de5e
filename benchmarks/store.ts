import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Change } from "../src/core/run/changes.ts";
import type { Entry, Store } from "../src/engine/ports/store.ts";
import { openSqliteStore } from "../src/store/sqlite.ts";
import { attempt, definition, ledger, run, step, target, targetRow, admitted, commit } from "../test/unit/store/samples.ts";

export type StoreMeasure = { readonly name: string; readonly value: number; readonly unit: string };

/** Rows that one step of a run writes from start to end, about: step and target twice, attempt twice, run, ledger, what it wakes. */
const ROWS_A_STEP = 12;
const RUN = "1";

/** One step's worth of changes, in three entries as the loop commits them. `i`: which of `of` steps. */
function stepEntries(i: number, of: number): Entry[] {
  const id = `deploy:service-${i % of}@devnet`;
  const name = `service-${i % of}`;
  const started: readonly Change[] = [
    { table: "step", row: step(RUN, id, { status: "running", attempt: `${RUN}-${i}` }) },
    { table: "attempt", row: attempt(`${RUN}-${i}`, RUN) },
    { table: "target", row: targetRow(name) },
    { table: "meta", row: { seq: i, at: i } },
  ];
  const ended: readonly Change[] = [
    { table: "step", row: step(RUN, id, { status: "succeeded", attempt: `${RUN}-${i}` }) },
    { table: "attempt", row: attempt(`${RUN}-${i}`, RUN, { endedAt: i, outcome: "succeeded" }) },
    { table: "target", row: targetRow(name) },
    { table: "ledger", row: ledger(i + 1, target(name), commit("a")) },
    { table: "step", row: step(RUN, `verify:${name}@devnet`, { status: "waiting" }) },
    { table: "step", row: step(RUN, `gate:devnet`, { status: "waiting" }) },
    { table: "run", row: run(RUN) },
    { table: "meta", row: { seq: i + 1, at: i } },
  ];
  const attemptSpec = {
    type: "attempt.start",
    key: `attempt:${RUN}-${i}`,
    attempt: {
      kind: "deploy",
      id: `${RUN}-${i}`,
      run: RUN,
      project: "harbor",
      direction: "deploy",
      target: target(name),
      commit: commit("a"),
      digest: null,
      definition: definition(name),
      needs: {},
      timeoutMs: 1,
    },
  } as const;
  return [
    { event: { type: "tick", at: i }, changes: started, effects: [attemptSpec] },
    {
      event: {
        type: "attempt.ended",
        at: i,
        attempt: `${RUN}-${i}`,
        outcome: "succeeded",
        message: null,
        digest: null,
        changed: true,
        url: null,
      },
      changes: ended,
      effects: [],
    },
  ];
}

async function timed(times: number, act: (i: number) => Promise<unknown>): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < times; i++) await act(i);
  return (performance.now() - start) / times;
}

async function withStore<T>(work: (store: Store) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), "sluice-bench-"));
  const store = await openSqliteStore(directory, { version: "0.0.0" });
  try {
    return await work(store);
  } finally {
    await store.close();
    await rm(directory, { recursive: true, force: true });
  }
}

/** What the store costs by itself: ms a commit of 1, 10 and 1,000 entries, ms a step in runs of 100, 1,000 and 6,000 steps, and reading it all back. */
export async function storeBenchmarks(): Promise<readonly StoreMeasure[]> {
  const measures: StoreMeasure[] = [];
  const add = (name: string, value: number, unit: string) => measures.push({ name, value, unit });
  for (const size of [1, 10, 1_000]) {
    const ms = await withStore((store) =>
      timed(size === 1_000 ? 5 : 200, (i) =>
        store.commit(
          Array.from({ length: size }, (_, k) => stepEntries(i * size + k, 6_000)[1]).flatMap((each) => (each ? [each] : [])),
          [],
        ),
      ),
    );
    add(`store-commit-${size}`, ms, "ms");
    add(`store-commit-${size}-rows`, (size * 8_000) / ms, "rows/s");
  }
  for (const steps of [100, 1_000, 6_000]) {
    await withStore(async (store) => {
      await store.commit([{ event: { type: "tick", at: 0 }, changes: admitted(run(RUN)), effects: [] }], []);
      // Each entry committed alone: the worst case, when nothing queues up behind it.
      const alone = await timed(steps, async (i) => {
        const [started, ended] = stepEntries(i, steps);
        if (started) await store.commit([started], []);
        if (ended) await store.commit([ended], [`attempt:${RUN}-${i}`]);
      });
      add(`store-step-${steps}`, alone, "ms");
      add(`store-step-${steps}-rows`, (ROWS_A_STEP * 1_000) / alone, "rows/s");
      add(`store-load-${steps}`, await timed(3, () => store.load()), "ms");
    });
  }
  return measures;
}
