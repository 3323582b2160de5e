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
  const { meta, runs, steps, attempts, targets, environments, relations, builds, good, renders, decisions } = state;
  const tables = [runs, steps, attempts, targets, environments, relations, builds, good, renders, decisions];
  return [JSON.stringify(meta), ...tables.map(sorted), indexes(state)].join("\n\n");
}

/** What a state derives from its rows; what stands for nothing is left out, and so are decisions on commits without an open run, which are only sometimes in memory. */
export function indexes(state: State): string {
  const { counts, openIn, watchers, timers, bringers } = state;
  const open = new Map([...openIn].filter(([, n]) => n > 0));
  return [counts, open, watchers, timers, bringers].map(sorted).join("\n\n");
}
