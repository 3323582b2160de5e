import { closeSync, copyFileSync, openSync, readSync, statSync, truncateSync } from "node:fs";

/** A log and the one before it each keep about so much. */
const LIMIT = 5 * 1024 * 1024;
const LOOK_MS = 1000;
const LAST_BYTES = 2000;
const LAST_LINES = 20;

/**
 * What a service prints. Instances hold the file itself and not a pipe, since they outlive the keeper; so it is bounded from outside: what is too long is copied to
 * `<name>.1` and cut to nothing, which those that append to it do not notice.
 */
export class ServiceLog {
  readonly #path: string;
  readonly #timer: NodeJS.Timeout;

  constructor(path: string) {
    this.#path = path;
    this.#timer = setInterval(() => this.#bound(), LOOK_MS);
  }

  open(): { readonly fd: number; readonly close: () => void } {
    const fd = openSync(this.#path, "a", 0o600);
    return { fd, close: () => closeSync(fd) };
  }

  size(): number {
    return statSync(this.#path, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** The last lines that were printed since the log had that size. */
  lastSince(size: number): string {
    const end = this.size();
    const from = Math.max(end < size ? 0 : size, end - LAST_BYTES);
    const bytes = Buffer.alloc(end - from);
    const fd = openSync(this.#path, "a+");
    try {
      readSync(fd, bytes, 0, bytes.length, from);
    } finally {
      closeSync(fd);
    }
    return bytes.toString("utf8").trimEnd().split("\n").slice(-LAST_LINES).join("\n");
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #bound(): void {
    if (this.size() <= LIMIT) return;
    try {
      copyFileSync(this.#path, `${this.#path}.1`);
    } catch {
      // a full disk is what the next line helps against
    }
    truncateSync(this.#path);
  }
}
