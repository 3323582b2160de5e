import type { State } from "../../../../src/core/run/state.ts";

const sorted = (map: ReadonlyMap<unknown, unknown>) =>
  [...map]
    .map(([key, value]) =>
      JSON.stringify([key, value instanceof Set ? [...value].toSorted((a, b) => (String(a) < String(b) ? -1 : 1)) : value]),
    )
    .toSorted()
    .join("\n");

/** All of a state's rows, as text. */
export function dump(state: State): string {
  const { meta, runs, attempts, targets, environments, relations, builds, good, renders, decisions } = state;
  const steps = new Map(Array.from(state.steps.values(), (row) => [`${row.run}/${row.id}`, row]));
  const tables = [runs, steps, attempts, targets, environments, relations, builds, good, renders, decisions];
  return [JSON.stringify(meta), ...tables.map(sorted), indexes(state)].join("\n\n");
}

/** What a state derives from its rows; what stands for nothing is left out, and so are decisions on commits without an open run, which are only sometimes in memory. */
export function indexes(state: State): string {
  const { counts, lanes, watchers, timers, bringers } = state;
  return [counts, lanes, watchers, timers, bringers].map(sorted).join("\n\n");
}
