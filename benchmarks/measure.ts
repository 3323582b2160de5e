import { cpus, totalmem } from "node:os";

/** One line of the table. Times are medians unless the name says otherwise. */
export type Measure = {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly goal?: number;
  readonly note?: string;
};

export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
  if (value === undefined) throw new Error("nothing was measured");
  return value;
}
export const median = (values: readonly number[]): number => quantile(values, 0.5);
export const rounded = (value: number): number => Number(value.toPrecision(3));

/** As a table; with `--json` among the arguments as `[{name, value, unit}]`. */
export function print(measures: readonly Measure[]): void {
  if (process.argv.includes("--json")) {
    process.stdout.write(`${JSON.stringify(measures.map(({ name, value, unit }) => ({ name, value, unit })))}\n`);
    return;
  }
  process.stdout.write(
    `Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? "?"}, ${Math.round(totalmem() / 2 ** 30)} GB\n\n`,
  );
  process.stdout.write("| what | measured | goal | |\n|---|---|---|---|\n");
  for (const { name, value, unit, goal, note } of measures)
    process.stdout.write(
      `| ${name} | ${value} ${unit} | ${goal === undefined ? "" : `${goal} ${unit}${value > goal ? " (missed)" : ""}`} | ${note ?? ""} |\n`,
    );
}
