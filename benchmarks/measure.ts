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
