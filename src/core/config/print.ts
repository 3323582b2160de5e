import type { Diagnostic } from "./diagnostic.ts";
import { Lines } from "./lines.ts";

/** Parts of the output that a terminal may colour. */
export type Part = "location" | "error" | "warning" | "code" | "gutter" | "squiggle" | "hint";
export type Painter = (part: Part, text: string) => string;

const plain: Painter = (_part, text) => text;
const MAX_WIDTH = 160;
const TAB_WIDTH = 4;

/**
 * Every diagnostic with its line of the text and what is meant underlined:
 *
 *     sluice.yaml:7:14: error: there is no environment `mainet` [unknown-environment]
 *       7 |     needs: [mainet]
 *         |             ~~~~~~
 *       hint: did you mean `mainnet`?
 *
 * `texts` gives a file's text, or null where it is not at hand. Control characters never reach the terminal.
 */
export function printDiagnostics(
  diagnostics: readonly Diagnostic[],
  texts: (file: string) => string | null,
  paint: Painter = plain,
): string {
  const lines = new Map<string, Lines | null>();
  const linesOf = (file: string): Lines | null => {
    const known = lines.get(file);
    if (known !== undefined) return known;
    const text = texts(file);
    const found = text === null ? null : new Lines(text);
    lines.set(file, found);
    return found;
  };
  return diagnostics.map((diagnostic) => printOne(diagnostic, linesOf(diagnostic.file), paint)).join("\n");
}

function printOne(diagnostic: Diagnostic, lines: Lines | null, paint: Painter): string {
  const { file, line, column, length, severity, code, message, hint } = diagnostic;
  const location = paint("location", `${visible(file)}:${line}:${column}:`);
  let output = `${location} ${paint(severity, `${severity}:`)} ${visible(message)} ${paint("code", `[${code}]`)}\n`;
  if (lines !== null && line <= lines.count) {
    const number = String(line);
    const { text, before, under } = excerpt(lines.line(line), column - 1, length);
    output += `  ${paint("gutter", `${number} |`)} ${text}\n`;
    output += `  ${paint("gutter", `${" ".repeat(number.length)} |`)} ${" ".repeat(before)}${paint("squiggle", "~".repeat(under))}\n`;
  }
  if (hint !== undefined) output += `  ${paint("hint", "hint:")} ${visible(hint)}\n`;
  return output;
}

type Cell = { readonly shown: string; readonly width: number; readonly start: number; readonly end: number };

/** As much of a line as fits, with the marked stretch in it; widths are columns of a terminal. */
function excerpt(line: string, start: number, length: number): { readonly text: string; readonly before: number; readonly under: number } {
  const { cells, cutLeft, cutRight } = window(line, start);
  const shown = cells.map((cell) => cell.shown).join("");
  const width = (some: readonly Cell[]): number => some.reduce((sum, cell) => sum + cell.width, 0);
  const before = width(cells.filter((cell) => cell.end <= start));
  const marked = width(cells.filter((cell) => cell.end > start && cell.start < start + length));
  return { text: (cutLeft ? "…" : "") + shown + (cutRight ? "…" : ""), before: before + (cutLeft ? 1 : 0), under: Math.max(1, marked) };
}

/** The part of a long line around a column, so that a third of it shows what stands before. */
function window(line: string, start: number): { readonly cells: readonly Cell[]; readonly cutLeft: boolean; readonly cutRight: boolean } {
  // A line may hold a megabyte: only what can be shown is looked at.
  let from = line.length <= MAX_WIDTH ? 0 : Math.max(0, Math.min(start - Math.floor(MAX_WIDTH / 3), line.length - MAX_WIDTH));
  // Not between the halves of a surrogate pair.
  if (from > 0 && (line.codePointAt(from - 1) ?? 0) > 0xffff) from -= 1;
  const cells: Cell[] = [];
  let at = from;
  let used = 0;
  for (const character of line.slice(from, from + 4 * MAX_WIDTH)) {
    const cell = cellOf(character, at, used);
    if (used + cell.width > MAX_WIDTH) break;
    cells.push(cell);
    at = cell.end;
    used += cell.width;
  }
  return { cells, cutLeft: from > 0, cutRight: at < line.length };
}

const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\p{Emoji_Presentation}]/u;
const NO_WIDTH = /^(?:\p{M}|\u200d)/u;
/** Control and format characters, halves of pairs: what could drive a terminal, or show other than is there. */
const INVISIBLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

function cellOf(character: string, start: number, column: number): Cell {
  const end = start + character.length;
  if (character === "\t") {
    const width = TAB_WIDTH - (column % TAB_WIDTH);
    return { shown: " ".repeat(width), width, start, end };
  }
  const shown = visible(character);
  const width = NO_WIDTH.test(shown) ? 0 : WIDE.test(shown) ? 2 : 1;
  return { shown, width, start, end };
}

function visible(text: string): string {
  return text.replace(INVISIBLE, "\ufffd");
}
