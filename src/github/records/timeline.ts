import type { EnvironmentId } from "../../core/config/config.ts";
import type { Time } from "../../core/run/rows.ts";
import { isTarget, type Record, type StopRecord, type TargetRecord } from "./record.ts";

/** What records tell, one after the other. `start`: an attempt; `entry`: what became of it; `end`: of a workflow run in an environment, with its newest record there. */
export type RecordEvent =
  | { readonly what: "start" | "entry"; readonly record: TargetRecord }
  | { readonly what: "stop"; readonly stop: StopRecord }
  | { readonly what: "end"; readonly environment: EnvironmentId; readonly last: TargetRecord; readonly at: Time };

const PHASE = { stop: 0, start: 0, entry: 1, end: 2 } as const;

/** In the order of time. GitHub tells whole seconds: within one, what was recorded first comes first. */
export function timelineOf(records: readonly Record[]): readonly RecordEvent[] {
  const placed: { readonly at: Time; readonly id: number; readonly event: RecordEvent }[] = [];
  for (const record of records) {
    const { id, createdAt: at } = record;
    if (!isTarget(record)) placed.push({ at, id, event: { what: "stop", stop: record } });
    else {
      placed.push({ at, id, event: { what: "start", record } });
      if (record.enteredAt !== null && entered(record)) placed.push({ at: record.enteredAt, id, event: { what: "entry", record } });
    }
  }
  for (const { last, at } of endsOf(records))
    placed.push({ at, id: last.id, event: { what: "end", environment: last.environment, last, at } });
  return placed.toSorted((a, b) => a.at - b.at || a.id - b.id || PHASE[a.event.what] - PHASE[b.event.what]).map(({ event }) => event);
}

/** What is in doubt has no entry yet, also where it served once. */
const entered = ({ state }: TargetRecord): boolean => state !== "under-way" && state !== "unknown";

/** Of workflow runs in environments: when the last of their records there ended. One of which a record has not ended has not ended either. */
function endsOf(records: readonly Record[]): readonly { readonly last: TargetRecord; readonly at: Time }[] {
  const ends = new Map<string, { readonly last: TargetRecord; readonly at: Time } | null>();
  for (const record of records) {
    if (!isTarget(record)) continue;
    const key = `${record.environment} ${record.run}`;
    const before = ends.get(key);
    if (before === null || !entered(record)) ends.set(key, null);
    else {
      const at = Math.max(before?.at ?? 0, record.at ?? 0);
      ends.set(key, { last: before && before.last.id > record.id ? before.last : record, at });
    }
  }
  return [...ends.values()].filter((end) => end !== null);
}
