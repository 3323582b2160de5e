const MASK = "***";
/** Shorter values are everywhere: masking `1` would make a log unreadable without hiding anything. */
const SHORTEST = 4;
const SHORTEST_LINE = 8;

/** What has to be hidden of some values: each whole, and the longer lines of those that have several, since programs print them one by one. */
export function secretsOf(values: readonly string[]): string[] {
  const all = values.flatMap((value) => [value, value.trim(), ...value.split(/\r?\n/).filter((line) => line.length >= SHORTEST_LINE)]);
  return [...new Set(all)].filter((value) => value.length >= SHORTEST).toSorted((a, b) => b.length - a.length);
}

/** Hides secrets in a stream of text, also those that arrive in pieces: what may be the beginning of one is held back until it is known. */
export class Masker {
  readonly #secrets: readonly string[];
  readonly #pattern: RegExp | null;
  #held = "";

  /** @param secrets as `secretsOf` returns them: longest first */
  constructor(secrets: readonly string[]) {
    this.#secrets = secrets;
    this.#pattern =
      secrets.length === 0 ? null : new RegExp(secrets.map((secret) => secret.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")).join("|"), "g");
  }

  push(text: string): string {
    if (this.#pattern === null) return text;
    const all = this.#held + text;
    let shown = "";
    let from = 0;
    let hold = this.#beginningAtEnd(all);
    for (const match of all.matchAll(this.#pattern)) {
      if (match.index >= hold) break; // may be the beginning of a longer one
      shown += all.slice(from, match.index) + MASK;
      from = match.index + match[0].length;
      hold = Math.max(hold, from);
    }
    this.#held = all.slice(hold);
    return shown + all.slice(from, hold);
  }

  /** The rest, when no more will come. */
  end(): string {
    const rest = this.#held;
    this.#held = "";
    return this.#pattern === null ? rest : rest.replaceAll(this.#pattern, MASK);
  }

  /** Where the longest end of the text starts that a secret could begin with; the text's length where none does. */
  #beginningAtEnd(text: string): number {
    const longest = this.#secrets[0]?.length ?? 0;
    for (let start = Math.max(0, text.length - longest + 1); start < text.length; start++) {
      const end = text.slice(start);
      if (this.#secrets.some((secret) => secret.length > end.length && secret.startsWith(end))) return start;
    }
    return text.length;
  }
}

export function maskAll(text: string, secrets: readonly string[]): string {
  const masker = new Masker(secrets);
  return masker.push(text) + masker.end();
}
