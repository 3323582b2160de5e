// npm run bench [-- --json]: what Sluice costs by itself, on this machine. Goals: docs/benchmarks.md.
import { cpus, totalmem } from "node:os";
import { approvalToStart } from "./approval.ts";
import { type Measure, rounded } from "./measure.ts";
import { memory } from "./memory.ts";
import { ownCost } from "./own-cost.ts";
import { scale } from "./scale.ts";
import { processCost } from "./processes.ts";
import { server } from "./server.ts";
import { storeBenchmarks } from "./store.ts";

const json = process.argv.includes("--json");
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
if (json) process.stdout.write(`${JSON.stringify(measures.map(({ name, value, unit }) => ({ name, value, unit })))}\n`);
else {
  process.stdout.write(
    `Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? "?"}, ${Math.round(totalmem() / 2 ** 30)} GB\n\n`,
  );
  process.stdout.write("| what | measured | goal | |\n|---|---|---|---|\n");
  for (const m of measures)
    process.stdout.write(
      `| ${m.name} | ${m.value} ${m.unit} | ${m.goal === undefined ? "" : `${m.goal} ${m.unit}${m.value > m.goal ? " (missed)" : ""}`} | ${m.note ?? ""} |\n`,
    );
}
