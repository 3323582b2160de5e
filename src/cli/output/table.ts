import { displayWidth, padEnd, truncate } from "./text.ts";

export type Cell = string | { readonly text: string; readonly paint: (text: string) => string };

const textOf = (cell: Cell): string => (typeof cell === "string" ? cell : cell.text);
const GAP = 2;
/** No column is cut to less. */
const LEAST = 6;

/** Aligned columns under a header. `width`: columns of the terminal, or null where lines are not cut; then the widest columns give way first. The last column is not padded. */
export function table(header: readonly string[], rows: readonly (readonly Cell[])[], width: number | null): string {
  const all: readonly (readonly Cell[])[] = [header, ...rows];
  const natural = header.map((_, column) => Math.max(...all.map((row) => displayWidth(textOf(row[column] ?? "")))));
  const widths = width === null ? natural : fit(natural, width - GAP * (header.length - 1));
  return all.map((row) => `${line(row, widths)}\n`).join("");
}

function line(row: readonly Cell[], widths: readonly number[]): string {
  const last = row.length - 1;
  const cells = row.map((cell, column) => {
    const text = truncate(textOf(cell), widths[column] ?? 0);
    const padded = column === last ? text : padEnd(text, widths[column] ?? 0);
    // Only the words are painted: an underline or background would show on blanks.
    return typeof cell === "string" ? padded : cell.paint(text) + padded.slice(text.length);
  });
  return cells.join(" ".repeat(GAP)).trimEnd();
}

function fit(natural: readonly number[], width: number): readonly number[] {
  const widths = [...natural];
  for (let excess = widths.reduce((sum, one) => sum + one, 0) - width; excess > 0; excess--) {
    const widest = Math.max(...widths);
    if (widest <= LEAST) break;
    widths[widths.lastIndexOf(widest)] = widest - 1;
  }
  return widths;
}
