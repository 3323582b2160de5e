/** A stretch of the text, in UTF-16 units from its beginning; `end` is exclusive. */
export type Span = { readonly start: number; readonly end: number };

/** Where an offset lies. All three start at 1, as editors count. */
export type Place = { readonly line: number; readonly column: number; readonly length: number };

/** Finds lines and columns in one text. */
export class Lines {
  readonly text: string;
  readonly #starts: readonly number[];

  constructor(text: string) {
    this.text = text;
    const starts = [0];
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
    this.#starts = starts;
  }

  /** The place of a span, its length cut at the end of its first line; at least 1, so that something can be underlined. */
  place(span: Span): Place {
    const start = Math.max(0, Math.min(span.start, this.text.length));
    const index = this.#lineOf(start);
    const lineStart = this.#starts[index] ?? 0;
    const end = Math.min(span.end, lineStart + this.line(index + 1).length);
    return { line: index + 1, column: start - lineStart + 1, length: Math.max(1, end - start) };
  }

  /** A line's text without its line break; lines start at 1. */
  line(number: number): string {
    const start = this.#starts[number - 1];
    if (start === undefined) return "";
    const next = this.#starts[number];
    const line = this.text.slice(start, next === undefined ? this.text.length : next - 1);
    return line.endsWith("\r") ? line.slice(0, -1) : line;
  }

  get count(): number {
    return this.#starts.length;
  }

  /** Where line `number` begins. */
  start(number: number): number {
    return this.#starts[number - 1] ?? this.text.length;
  }

  #lineOf(offset: number): number {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
