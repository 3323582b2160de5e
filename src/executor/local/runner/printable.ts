const ESCAPE = "\u001b";
/** A colour (SGR) that is not complete yet. */
const UNFINISHED = new RegExp(`${ESCAPE}(?:\\[[0-9;]{0,16})?$`);
/** Control characters but for newline, tab and carriage return; escapes but for colours, since others move a reader's cursor or rename the window. */
// oxlint-disable-next-line no-control-regex -- they are what this is about
const UNPRINTABLE = /\u001b(?!\[[0-9;]{0,16}m)|[\u0000-\u0008\u000b\u000c\u000e-\u001a\u001c-\u001f\u007f-\u009f]/g;

/** Makes a stream of text safe to show in a terminal: colours stay, other control characters become `\u00b7`. */
export class Printable {
  #held = "";

  push(text: string): string {
    const all = this.#held + text;
    const unfinished = UNFINISHED.exec(all);
    this.#held = unfinished?.[0] ?? "";
    return all.slice(0, all.length - this.#held.length).replaceAll(UNPRINTABLE, "\u00b7");
  }

  end(): string {
    const rest = this.#held;
    this.#held = "";
    return rest.replaceAll(UNPRINTABLE, "\u00b7");
  }
}
