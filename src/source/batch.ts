import { SourceError } from "../engine/ports/source.ts";

/** The answers of `git cat-file --batch`, taken piece by piece; the command is held up while nobody takes. */
export class BatchReader {
  #chunks: Buffer[] = [];
  #size = 0;
  #over = false;
  #failure: unknown = null;
  #stopped = false;
  #wakeTaker: () => void = () => {};
  #wakeFeeder: () => void = () => {};

  /** Resolves when more is wanted; false when no more is. */
  async feed(chunk: Buffer): Promise<boolean> {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    this.#wakeTaker();
    if (!this.#stopped) await new Promise<void>((resolve) => (this.#wakeFeeder = resolve));
    return !this.#stopped;
  }

  /** No more will come; `failure`: why, where it is not the end. */
  end(failure: unknown): void {
    this.#over = true;
    this.#failure = failure;
    this.#wakeTaker();
  }

  /** No more is wanted. */
  stop(): void {
    this.#stopped = true;
    this.#wakeFeeder();
  }

  /** The size of the next object, which must be the blob of this id. */
  async header(id: string): Promise<number> {
    let end = this.#joined().indexOf(10);
    while (end === -1) {
      await this.#more();
      end = this.#joined().indexOf(10);
    }
    const line = (await this.take(end + 1)).toString("utf8", 0, end);
    const found = /^([0-9a-f]+) blob (\d+)$/.exec(line);
    if (found?.[1] !== id)
      throw new SourceError(
        "git-failed",
        `git has no blob ${id} (it said: ${line}).`,
        "Run `git fsck` in the repository; in a partial clone, fetch what is missing.",
      );
    return Number(found[2]);
  }

  async take(size: number): Promise<Buffer> {
    while (this.#size < size) await this.#more();
    const bytes = this.#joined();
    this.#chunks = [bytes.subarray(size)];
    this.#size -= size;
    return bytes.subarray(0, size);
  }

  #joined(): Buffer {
    const [first] = this.#chunks;
    const bytes = first !== undefined && this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks);
    this.#chunks = [bytes];
    return bytes;
  }

  async #more(): Promise<void> {
    if (this.#over)
      throw this.#failure ?? new SourceError("git-failed", "git ended before its answer did.", "Run `git fsck` in the repository.");
    await new Promise<void>((resolve) => {
      this.#wakeTaker = resolve;
      this.#wakeFeeder();
    });
  }
}
