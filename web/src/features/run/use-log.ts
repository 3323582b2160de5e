import { useCallback, useEffect, useState } from "react";
import { answer, api } from "../../lib/api.ts";
import { LogLines } from "./log-lines.ts";

/** Largest piece that is asked for at once, in bytes. */
const PIECE = 512 * 1024;
/** How long the server holds a question for more open, in seconds. */
const WAIT = 25;

/** `version` counts the pieces, so that what draws from `lines` knows that there are more. */
export type LogState = { readonly lines: LogLines; readonly version: number; readonly ended: boolean; readonly error: Error | null };
const empty = (): LogState => ({ lines: new LogLines(), version: 0, ended: false, error: null });

/** An attempt's log from its beginning, and on as it grows. A component that shows another attempt is another one (`key`). */
export function useLog(attempt: string): LogState & { readonly retry: () => void } {
  const [state, setState] = useState(empty);
  const [tries, setTries] = useState(0);
  useEffect(() => {
    const stop = new AbortController();
    const lines = new LogLines();
    void follow(attempt, lines, stop.signal, (change) =>
      setState((before) => ({ ended: false, error: null, ...change, lines, version: before.version + 1 })),
    );
    return () => stop.abort();
  }, [attempt, tries]);
  const retry = useCallback(() => setTries((count) => count + 1), []);
  return { ...state, retry };
}

type Tell = (change: Partial<Pick<LogState, "ended" | "error">>) => void;

async function follow(id: string, lines: LogLines, signal: AbortSignal, tell: Tell): Promise<void> {
  let offset = 0;
  try {
    while (!signal.aborted) {
      const query = { offset, limit: PIECE, wait: WAIT };
      const chunk = await answer(api.GET("/api/v1/attempts/{id}/log", { params: { path: { id }, query }, signal }));
      if (signal.aborted) return;
      lines.push(chunk.text);
      offset = chunk.next;
      tell({});
      // A piece that ends at the limit may be followed by more, also when the attempt is over.
      if (chunk.ended && chunk.text === "") return tell({ ended: true });
    }
  } catch (error) {
    if (!signal.aborted) tell({ error: error instanceof Error ? error : new Error(String(error)) });
  }
}
