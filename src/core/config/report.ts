import type { Diagnostic } from "./diagnostic.ts";
import { Lines, type Span } from "./lines.ts";

/** More than a person reads, few enough that a broken file of a megabyte stays cheap to check and to show. */
const LIMIT = 500;

/** A hint that costs something to find is given as a function, which is called only if the diagnostic is kept. */
export type Hint = string | (() => string);

/** Collects every problem of one file. */
export class Report {
  readonly lines: Lines;
  readonly #file: string;
  readonly #found = new Map<string, Diagnostic>();
  #errors = 0;
  #dropped = 0;

  constructor(file: string, text: string) {
    this.#file = file;
    this.lines = new Lines(text);
  }

  error(code: string, at: Span, message: string, hint?: Hint): void {
    this.#errors += 1;
    this.#add("error", code, at, message, hint);
  }

  warning(code: string, at: Span, message: string, hint?: Hint): void {
    this.#add("warning", code, at, message, hint);
  }

  get failed(): boolean {
    return this.#errors > 0;
  }

  /** Where `part` is written within a span; the span itself where quoting or folding hides it. */
  find(part: string, within: Span): Span {
    const start = this.lines.text.slice(within.start, within.end).indexOf(part);
    return start < 0 ? within : { start: within.start + start, end: within.start + start + part.length };
  }

  /** In the order of the text. */
  list(): readonly Diagnostic[] {
    const sorted = [...this.#found.values()].sort((a, b) => a.line - b.line || a.column - b.column);
    if (this.#dropped === 0) return sorted;
    const last = this.lines.place({ start: this.lines.text.length, end: this.lines.text.length });
    const message = `${this.#dropped} more problems are not shown`;
    return [
      ...sorted,
      { code: "too-many-problems", severity: "error", message, file: this.#file, ...last, hint: "correct these and check again" },
    ];
  }

  #add(severity: Diagnostic["severity"], code: string, at: Span, message: string, hint: Hint | undefined): void {
    // What an anchor holds is read once for each alias: one problem, not many.
    const key = `${code} ${at.start} ${at.end} ${message}`;
    if (this.#found.has(key)) return;
    if (this.#found.size >= LIMIT) {
      this.#dropped += 1;
      return;
    }
    const text = typeof hint === "function" ? hint() : hint;
    const diagnostic: Diagnostic = { code, severity, message, file: this.#file, ...this.lines.place(at) };
    this.#found.set(key, text === undefined ? diagnostic : { ...diagnostic, hint: text });
  }
}
