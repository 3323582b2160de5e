/** The part of YAML in which kubectl and clouds write kubeconfigs. Each attempt reads one, and loading a whole YAML parser takes longer than all else that it does for that. */

type Line = { readonly indent: number; readonly text: string };

/** What the text says; null where it uses anything else of YAML, and for text that is not valid: then a whole parser has the say. */
export function parsePlain(text: string): unknown {
  const lines: Line[] = [];
  let begun = false;
  for (const line of text.split("\n")) {
    if (/[^ -~]/.test(line)) return null;
    const bare = line.trimStart();
    if (bare === "" || bare.startsWith("#")) continue;
    if (line !== "---" || begun) lines.push({ indent: line.length - bare.length, text: bare.trimEnd() });
    begun = true;
  }
  try {
    const reader = new Reader(lines);
    const value = reader.block();
    return reader.done() ? value : null;
  } catch (error) {
    if (error instanceof NotPlain) return null;
    throw error;
  }
}

class NotPlain extends Error {}

class Reader {
  readonly #lines: Line[];
  #at = 0;

  constructor(lines: Line[]) {
    this.#lines = lines;
  }

  done(): boolean {
    return this.#at === this.#lines.length;
  }

  /** A mapping or sequence, to the first line that is less indented. */
  block(): unknown {
    const line = this.#line();
    return isItem(line) ? this.#sequence(line.indent) : this.#mapping(line.indent);
  }

  #line(): Line {
    const line = this.#lines[this.#at];
    if (line === undefined) throw new NotPlain();
    return line;
  }

  #peek(): Line {
    return this.#lines[this.#at] ?? { indent: -1, text: "" };
  }

  #mapping(indent: number): Record<string, unknown> {
    const found: Record<string, unknown> = {};
    while (this.#peek().indent === indent && !isItem(this.#peek())) {
      const [, key, value] = /^([A-Za-z][A-Za-z0-9_./-]*):(?: +(.+))?$/.exec(this.#line().text) ?? [];
      if (key === undefined || Object.hasOwn(found, key) || key === "__proto__") throw new NotPlain();
      this.#at++;
      found[key] = value === undefined ? this.#below(indent) : scalar(value);
    }
    if (this.#peek().indent > indent) throw new NotPlain();
    return found;
  }

  /** What belongs to a key whose line ends with it. A sequence may be no deeper than its key. */
  #below(indent: number): unknown {
    const next = this.#peek();
    return next.indent > indent || (next.indent === indent && isItem(next)) ? this.block() : null;
  }

  #sequence(indent: number): unknown[] {
    const items: unknown[] = [];
    while (this.#peek().indent === indent && isItem(this.#peek())) {
      const { text } = this.#line();
      const inner = text.slice(1).trimStart();
      if (inner === "" || isItem({ indent, text: inner })) throw new NotPlain();
      if (/^[A-Za-z][A-Za-z0-9_./-]*:(?: |$)/.test(inner)) {
        this.#lines[this.#at] = { indent: indent + text.length - inner.length, text: inner };
        items.push(this.block());
      } else {
        this.#at++;
        items.push(scalar(inner));
      }
    }
    if (this.#peek().indent > indent) throw new NotPlain();
    return items;
  }
}

const isItem = ({ text }: Line): boolean => text === "-" || text.startsWith("- ");

const WORDS: Readonly<Record<string, unknown>> = { true: true, false: false, null: null, "{}": {}, "[]": [], '""': "" };

function scalar(text: string): unknown {
  if (Object.hasOwn(WORDS, text)) return WORDS[text];
  if (/^"[^"\\]*"$/.test(text) || /^'[^']*'$/.test(text)) return text.slice(1, -1);
  // Begins with a letter, a slash or as an option, so it is no number; and none of YAML's other words.
  const plain = /^(?:[A-Za-z/]|--[a-z])[A-Za-z0-9_./@=+%~,:-]*$/.test(text) && !text.endsWith(":") && !/^(true|false|null)$/i.test(text);
  if (!plain) throw new NotPlain();
  return text;
}
