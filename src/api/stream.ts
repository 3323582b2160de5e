import type { LogEntry, Store } from "../engine/ports/store.ts";

export type EventSourceOptions = {
  readonly store: Pick<Store, "eventsAfter" | "lastSeq">;
  readonly onCommit: (listener: () => void) => () => void;
  /** The position to go on behind; null: the newest. */
  readonly after: number | null;
  readonly present: (entry: LogEntry) => Promise<unknown>;
  /** Ends the stream, after the message that is being sent. */
  readonly closing: AbortSignal;
  readonly keepaliveMs: number;
  readonly onError: (error: unknown) => void;
};

/** Entries read from the store at once: what a slow reader can make us hold. */
const PAGE = 50;

/**
 * The event log as server-sent events. Driven by its reader: an entry is read when the reader has taken the one before, so that nothing is buffered for a
 * slow one, and each entry is sent once, in order, whatever happens between two reads.
 */
export function eventStream(options: EventSourceOptions): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const bell = new Bell();
  let after: number | null = null;
  let page: LogEntry[] = [];
  let stop: () => void = () => {};
  let cancelled = false;

  const start = async (): Promise<string> => {
    const stopListening = options.onCommit(() => bell.ring());
    const close = (): void => bell.close();
    options.closing.addEventListener("abort", close, { once: true });
    stop = () => {
      stopListening();
      options.closing.removeEventListener("abort", close);
      bell.close();
    };
    if (options.closing.aborted) bell.close();
    const seq = await options.store.lastSeq();
    // A position from before the store was made anew is not one of its own.
    const reset = options.after !== null && options.after > seq;
    after = options.after === null || reset ? seq : options.after;
    return `retry: 1000\nid: ${after}\nevent: hello\ndata: ${JSON.stringify({ seq, after, reset })}\n\n`;
  };

  /** The next piece of text, or null at the end. */
  const next = async (): Promise<string | null> => {
    if (after === null) return start();
    while (!bell.closed) {
      const entry = page.shift();
      if (entry) {
        after = entry.seq;
        return `id: ${entry.seq}\nevent: ${entry.type}\ndata: ${JSON.stringify(await options.present(entry))}\n\n`;
      }
      // Taken down before the read, so that a commit after it rings again.
      if (bell.take()) {
        page = [...(await options.store.eventsAfter(after, PAGE))];
        if (page.length > 0) bell.ring();
      } else if (!(await bell.wait(options.keepaliveMs))) return ": keepalive\n\n";
    }
    return null;
  };

  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const text = await next();
          if (text !== null && !cancelled) return controller.enqueue(encoder.encode(text));
        } catch (error) {
          options.onError(error);
        }
        stop();
        // The reader may have gone meanwhile, which has closed it already.
        if (!cancelled) controller.close();
      },
      cancel() {
        cancelled = true;
        stop();
      },
    },
    // Nothing is read, nor listened for, before somebody wants it (a HEAD request never does).
    { highWaterMark: 0 },
  );
}

/** Rung by many, awaited by one. Starts rung. */
class Bell {
  closed = false;
  #rung = true;
  #wake: () => void = () => {};

  ring(): void {
    this.#rung = true;
    this.#wake();
  }
  close(): void {
    this.closed = true;
    this.#wake();
  }
  take(): boolean {
    const rung = this.#rung;
    this.#rung = false;
    return rung;
  }
  /** True when rung or closed, false when the time (ms) is over. */
  async wait(ms: number): Promise<boolean> {
    if (this.#rung || this.closed) return true;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#wake = () => resolve(true);
    const timer = setTimeout(() => resolve(false), ms);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#wake = () => {};
    }
  }
}
