/** Markdown for GitHub from texts that others have written. */

/** Of one name or message; what is longer is cut. */
const LONGEST = 300;
/** Line breaks, control characters, and what turns the direction of a line or cannot be seen. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu;

/**
 * Somebody's text as code: there no mention, link, HTML, image or closing keyword is looked for. It cannot end what it stands in: backticks become apostrophes,
 * and bars, which part the cells of a table whatever stands around them, become broken ones.
 */
export function code(text: string): string {
  const line = text.replaceAll(UNSEEN, " ").replaceAll("`", "'").replaceAll("|", "¦").trim();
  return `\`${line === "" ? "(empty)" : cut(line, LONGEST)}\``;
}

export const codes = (texts: readonly string[]): string => texts.map(code).join(", ");

/** Somebody's lines as they are; the fence is longer than any of theirs. */
export function fenced(lines: readonly string[]): Section {
  const clean = lines.map((line) => cut(line.replaceAll(UNSEEN, " "), LONGEST));
  const longest = Math.max(2, ...clean.flatMap((line) => [...line.matchAll(/`+/g)].map(([run]) => run.length)));
  const fence = "`".repeat(longest + 1);
  return { head: [`${fence}text`], rows: clean, more: (count) => `… and ${count} more lines`, tail: [fence, ""] };
}

export const list = (rows: readonly string[], what: string): Section => ({
  head: [],
  rows: rows.map((row) => `- ${row}`),
  more: (count) => `- and ${count} more ${what}`,
  tail: rows.length > 0 ? [""] : [],
});

/** Cells are Markdown: of others' texts only as `code`. */
export function table(header: readonly string[], rows: readonly (readonly string[])[], what: string): Section {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return {
    head: [line(header), `|${" --- |".repeat(header.length)}`],
    rows: rows.map(line),
    more: (count) => line([`and ${count} more ${what}`, ...header.slice(1).map(() => "")]),
    tail: [""],
  };
}

export const lines = (...all: readonly string[]): Section => ({ head: all, rows: [], more: () => "", tail: [] });

/** A part of a text of which rows may be left out, and a word about how many. */
export type Section = {
  readonly head: readonly string[];
  readonly rows: readonly string[];
  readonly more: (count: number) => string;
  readonly tail: readonly string[];
};

/** All sections in at most so many bytes of UTF-8, whichever way GitHub counts: what does not fit is the last rows of sections, the later ones' first. */
export function fit(sections: readonly Section[], most: number): string {
  const size = (all: readonly string[]): number => all.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0);
  let left = most - sections.reduce((sum, { head, rows, more, tail }) => sum + size([...head, ...tail, more(rows.length)]), 0);
  const text = sections.flatMap(({ head, rows, more, tail }) => {
    let shown = 0;
    while (shown < rows.length && size([rows[shown] ?? ""]) <= left) {
      left -= size([rows[shown] ?? ""]);
      shown += 1;
    }
    return [...head, ...rows.slice(0, shown), ...(shown < rows.length ? [more(rows.length - shown)] : []), ...tail];
  });
  return text.join("\n").trimEnd();
}

function cut(text: string, most: number): string {
  const all = Array.from(text);
  return all.length <= most ? text : `${all.slice(0, most - 1).join("")}…`;
}
