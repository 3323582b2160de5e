import type { Colors } from "./paint.ts";
import { safeLog } from "./text.ts";

/** Edits after which two texts are too different to be shown line by line: the search takes their square, here about a second. */
const MOST_EDITS = 2_000;

/** A unified difference of two texts, line by line without file names; empty where they are the same, null where they are too different. `before` null: all of `after` is new. */
export async function unified(before: string | null, after: string, colors: Colors): Promise<readonly string[] | null> {
  // Loaded here: most commands show no difference.
  const { structuredPatch } = await import("diff");
  const patch = structuredPatch("", "", before ?? "", after, "", "", { context: 3, maxEditLength: MOST_EDITS });
  if (patch === undefined) return null;
  return patch.hunks.flatMap((hunk) => [
    colors.cyan(`@@ -${range(hunk.oldStart, hunk.oldLines)} +${range(hunk.newStart, hunk.newLines)} @@`),
    ...hunk.lines.map((line) => painted(safeLog(line, false), colors)),
  ]);
}

/** As `diff -u` has it: a range without lines names the line before it. */
const range = (start: number, lines: number): string => `${lines === 0 ? start - 1 : start},${lines}`;

function painted(line: string, colors: Colors): string {
  if (line.startsWith("+")) return colors.green(line);
  if (line.startsWith("-")) return colors.red(line);
  return line.startsWith("\\") ? colors.dim(line) : line;
}
