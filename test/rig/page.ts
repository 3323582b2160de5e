/** A command of a page, and the code that the page says it exits with (`# exits 3`); 0 unless it says so. */
type Command = { readonly text: string; readonly exit: number };
export type Step = { readonly heading: string } & (
  | { readonly kind: "file"; readonly path: string; readonly text: string; readonly added: boolean }
  | { readonly kind: "run"; readonly commands: readonly Command[]; readonly prints: readonly string[] }
  | { readonly kind: "not-run"; readonly commands: readonly Command[] }
);

/**
 * What a page of instructions has a reader do, in its order. A block `sh` holds commands, one a line; `sh not-run` those that a test cannot run; a block `text` after one what it prints;
 * a block `yaml` is a file, named by the comment in its first line (`# path`), or joined with it (`# path, added`); a block `yaml not-run` is an example for others.
 */
export function stepsOf(markdown: string): readonly Step[] {
  const steps: Step[] = [];
  let heading = "";
  for (const [, title, language, text = ""] of markdown.matchAll(/^## ([^\n]+)$|^```([\w -]+)\n(.*?)^```$/gms)) {
    if (title !== undefined) heading = title;
    else if (language === "sh") steps.push({ heading, kind: "run", commands: commandsOf(text), prints: [] });
    else if (language === "sh not-run") steps.push({ heading, kind: "not-run", commands: commandsOf(text) });
    else if (language === EXAMPLE) continue;
    else if (language === "yaml") steps.push({ heading, kind: "file", ...fileOf(text) });
    else if (language === "text") {
      const before = steps.pop();
      if (before?.kind !== "run") throw new Error(`no commands stand before what is printed under "${heading}"`);
      steps.push({ ...before, prints: text.split("\n").filter((line) => !["", "…"].includes(line.trim())) });
    } else throw new Error(`nobody knows what a block ${language} is, under "${heading}"`);
  }
  return steps;
}

const EXAMPLE = "yaml not-run";

/** Files that a page shows to readers who need them: what they are to be joined with. */
export const examplesOf = (markdown: string): readonly string[] =>
  [...markdown.matchAll(/^```yaml not-run\n(.*?)^```$/gms)].map(([, text = ""]) => text);

/** What stands in the first column of a page's last table. */
export function sayings(markdown: string): readonly string[] {
  const last = markdown.slice(markdown.lastIndexOf("\n## "));
  return [...last.matchAll(/^\| `([^`]+)` +\|/gm)].map(([, text = ""]) => text);
}

/** A line of a page as a pattern: `…` is anything, spaces are of any width. */
export function patternOf(line: string): string {
  return line
    .trim()
    .split("…")
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`).replace(/\s+/g, String.raw`\s+`))
    .join(".*");
}

/** The first of these lines that is not printed, in this order; null: all are. */
export function missingFrom(printed: string, lines: readonly string[]): string | null {
  const there = printed.split("\n");
  let at = 0;
  for (const line of lines) {
    const pattern = new RegExp(`^\\s*${patternOf(line)}\\s*$`);
    const found = there.findIndex((one, i) => i >= at && pattern.test(one));
    if (found < 0) return line;
    at = found + 1;
  }
  return null;
}

function commandsOf(text: string): readonly Command[] {
  return text
    .trim()
    .split("\n")
    .map((line) => {
      const [, command = "", exit] = /^(.*?)(?: +# exits (\d+).*)?$/.exec(line) ?? [];
      return { text: command, exit: Number(exit ?? 0) };
    });
}

function fileOf(text: string): { readonly path: string; readonly text: string; readonly added: boolean } {
  const [, path = "", added] = /^# ([^\s,]+)(, added)?\n/.exec(text) ?? [];
  if (path === "") throw new Error(`which file is this?\n${text}`);
  return { path, text, added: added !== undefined };
}
