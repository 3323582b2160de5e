import { closeSync, openSync, writeSync } from "node:fs";
import { StringDecoder } from "node:string_decoder";
import { Masker, maskAll } from "./mask.ts";
import { Printable } from "./printable.ts";

/** What Sluice itself and the drivers say comes after the flood, and matters most: it has room of its own. */
const OWN_ROOM = 64 * 1024;

/** One source of output: text of several sources may be mixed, a secret's pieces come from one. */
export type Channel = { push(bytes: Uint8Array): void; end(): void };

/** An attempt's log: masked, printable, bounded. A log that cannot be written (a full disk) does not stop the attempt. */
export class AttemptLog {
  readonly #file: number;
  readonly #limit: number;
  readonly #secrets: readonly string[];
  #written = 0;
  #dropped = 0;
  #atLineStart = true;

  /** @param limit bytes of command output that are kept */
  constructor(path: string, limit: number, secrets: readonly string[]) {
    this.#file = openSync(path, "a", 0o600);
    this.#limit = limit;
    this.#secrets = secrets;
  }

  /** A line of its own. */
  line(text: string): void {
    const whole = new Printable().push(maskAll(text, this.#secrets));
    this.#write(`${this.#atLineStart ? "" : "\n"}${whole.endsWith("\n") ? whole : `${whole}\n`}`, this.#limit + OWN_ROOM);
  }

  /** For the output of a command, read to its end also when nothing more is kept of it. */
  channel(): Channel {
    const decoder = new StringDecoder("utf8");
    const masker = new Masker(this.#secrets);
    const printable = new Printable();
    const show = (text: string) => this.#write(printable.push(masker.push(text)), this.#limit);
    return {
      push: (bytes) => {
        if (this.#written >= this.#limit) this.#dropped += bytes.length;
        else show(decoder.write(bytes));
      },
      end: () => {
        show(decoder.end());
        this.#write(printable.push(masker.end()) + printable.end(), this.#limit);
      },
    };
  }

  mask(text: string): string {
    return maskAll(text, this.#secrets);
  }

  close(): void {
    if (this.#dropped > 0)
      this.line(`sluice: ${this.#dropped} bytes more were printed and are not kept: a log keeps at most ${this.#limit} bytes`);
    closeSync(this.#file);
  }

  #write(text: string, limit: number): void {
    const bytes = Buffer.from(text);
    if (bytes.length === 0) return;
    let kept = bytes.subarray(0, Math.max(0, limit - this.#written));
    while (kept.length < bytes.length && kept.length > 0 && ((bytes[kept.length] ?? 0) & 0xc0) === 0x80) kept = kept.subarray(0, -1); // not within a character
    let done = 0;
    try {
      while (done < kept.length) done += writeSync(this.#file, kept, done);
    } catch {
      // a full disk; what is missing is counted below, and told when there is room again
    }
    this.#written += done;
    this.#dropped += bytes.length - done;
    if (done > 0) this.#atLineStart = kept[done - 1] === 0x0a;
  }
}

/** The last bytes of a stream, whatever its length. */
export class Tail {
  readonly #limit: number;
  #chunks: Uint8Array[] = [];
  #length = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  push(bytes: Uint8Array): void {
    this.#chunks.push(bytes);
    this.#length += bytes.length;
    while (this.#length - (this.#chunks[0]?.length ?? 0) >= this.#limit) this.#length -= this.#chunks.shift()?.length ?? 0;
  }

  text(): string {
    return Buffer.concat(this.#chunks).subarray(-this.#limit).toString("utf8");
  }
}
