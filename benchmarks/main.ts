// npm run bench [-- --json]: what Sluice costs by itself, on this machine. Goals: docs/benchmarks.md.
import { approvalToStart } from "./approval.ts";
import { type Measure, print, rounded } from "./measure.ts";
import { memory } from "./memory.ts";
import { ownCost } from "./own-cost.ts";
import { scale } from "./scale.ts";
import { processCost } from "./processes.ts";
import { server } from "./server.ts";
import { storeBenchmarks } from "./store.ts";

const measures: Measure[] = [];
for (const [what, measure] of [
  ["own cost of a step", ownCost],
  ["approval to start", approvalToStart],
  ["attempts as processes", processCost],
  ["store", storeBenchmarks],
  ["server", server],
  ["memory", memory],
  ["a large fleet", scale],
] as const) {
  process.stderr.write(`measuring ${what} …\n`);
  measures.push(...(await measure()).map((m) => ({ ...m, value: rounded(m.value) })));
}
print(measures);
