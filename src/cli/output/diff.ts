import type { Colors } from "./paint.ts";
import { safe, safeLog } from "./text.ts";

/** Edits after which two texts are too different to be shown line by line: the search takes their square, here about a second. */
const MOST_EDITS = 2_000;

/** A unified difference of two texts, line by line without file names, and how many lines it takes away and adds. */
export type Unified = { readonly lines: readonly string[]; readonly added: number; readonly removed: number };

/** Without lines where the texts are the same, null where they are too different. `before` null: all of `after` is new; `after` null: all of `before` goes. */
export async function unified(before: string | null, after: string | null, colors: Colors): Promise<Unified | null> {
  // Loaded here: most commands show no difference.
  const { structuredPatch } = await import("diff");
  const patch = structuredPatch("", "", before ?? "", after ?? "", "", "", { context: 3, maxEditLength: MOST_EDITS });
  if (patch === undefined) return null;
  const lines = patch.hunks.flatMap((hunk) => [
    colors.cyan(`@@ -${range(hunk.oldStart, hunk.oldLines)} +${range(hunk.newStart, hunk.newLines)} @@`),
    ...hunk.lines.map((line) => painted(safeLog(line, false), colors)),
  ]);
  const counted = (sign: string) => patch.hunks.reduce((sum, hunk) => sum + hunk.lines.filter((line) => line.startsWith(sign)).length, 0);
  return { lines, added: counted("+"), removed: counted("-") };
}

/** As `diff -u` has it: a range without lines names the line before it. */
const range = (start: number, lines: number): string => `${lines === 0 ? start - 1 : start},${lines}`;

function painted(line: string, colors: Colors): string {
  if (line.startsWith("+")) return colors.green(line);
  if (line.startsWith("-")) return colors.red(line);
  return line.startsWith("\\") ? colors.dim(line) : line;
}

/** What is said of a difference in a line, and its text, which may be left out. */
export type Block = { readonly head: string; readonly text: readonly string[] };

export type ObjectTexts = {
  readonly kind: string;
  readonly name: string;
  readonly namespace: string | null;
  readonly before: string | null;
  readonly after: string | null;
  readonly cut: boolean;
};

/** One object: `~ Deployment harbor/api +3 -1`, and its text. `words`: what the sign alone does not say. */
export async function objectBlock(object: ObjectTexts, sign: "+" | "-" | "~", colors: Colors, words = ""): Promise<Block> {
  const { kind, name, namespace, before, after, cut } = object;
  const change = await unified(before, after, colors);
  const paint = { "+": colors.green, "-": colors.red, "~": colors.yellow }[sign];
  const counts = change === null || change.lines.length === 0 || sign !== "~" ? "" : ` ${countsOf(change, colors)}`;
  const head = `  ${paint(`${sign} ${safe(kind)}`)} ${safe(namespace === null ? name : `${namespace}/${name}`)}${words}${counts}`;
  return { head, text: textOf(change, cut, "only what is hidden differs", colors) };
}

export const countsOf = ({ added, removed }: Unified, colors: Colors): string =>
  `${colors.green(`+${added}`)} ${colors.red(`-${removed}`)}`;

/** A difference as it is printed; `same`: what is said where the texts do not tell it. */
export function textOf(change: Unified | null, cut: boolean, same: string | null, colors: Colors): readonly string[] {
  if (change === null) return ["  too different to be shown line by line: --json has both texts"];
  return [
    ...(change.lines.length === 0 && same !== null && !cut ? [colors.dim(`  ${same}`)] : change.lines),
    ...(cut ? [colors.yellow("  cut: the texts are too long to be sent whole")] : []),
  ];
}

/** Lines that are read without scrolling much. */
const FEW_LINES = 120;

/** Whether all of it is short enough to be shown at once. */
export const isShort = (blocks: readonly Block[]): boolean => blocks.reduce((sum, { text }) => sum + 1 + text.length, 0) <= FEW_LINES;
