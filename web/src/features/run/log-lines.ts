/** Lines that are kept of one log; the oldest go first. */
export const MAX_LINES = 200_000;

/** A log's text as lines, however it was cut into pieces on its way. */
export class LogLines {
  readonly #max: number;
  #lines: string[] = [];
  /** The last line, as long as nothing has ended it. */
  #open = "";
  #dropped = 0;

  constructor(max = MAX_LINES) {
    this.#max = max;
  }

  push(text: string): void {
    const pieces = (this.#open + text).split("\n");
    this.#open = pieces.pop() ?? "";
    for (const piece of pieces) this.#lines.push(overwritten(piece));
    // Trimmed seldom, so that a long log is not copied with every line.
    if (this.#lines.length < 2 * this.#max) return;
    this.#dropped += this.#lines.length - this.#max;
    this.#lines = this.#lines.slice(-this.#max);
  }

  get count(): number {
    return this.#lines.length + (this.#open === "" ? 0 : 1);
  }

  /** How many lines went before the first that is kept. */
  get dropped(): number {
    return this.#dropped;
  }

  at(index: number): string {
    return index < this.#lines.length ? (this.#lines[index] ?? "") : overwritten(this.#open);
  }
}

/** What a terminal shows of a line that goes back to its start: progress bars leave their last state. */
function overwritten(line: string): string {
  const whole = line.endsWith("\r") ? line.slice(0, -1) : line;
  return whole.slice(whole.lastIndexOf("\r") + 1);
}
