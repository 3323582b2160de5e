/** A located problem in a config. `line` and `column` start at 1 and count UTF-16 units; `length` is the squiggle's width on that line. */
export type Diagnostic = {
  readonly code: string;
  readonly severity: "error" | "warning";
  readonly message: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly length: number;
  /** What to do about it. */
  readonly hint?: string;
};
