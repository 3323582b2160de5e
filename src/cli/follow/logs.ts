import { answer } from "../api.ts";
import type { Connection } from "../context.ts";

/** The largest piece that the API gives, in bytes. */
const PIECE = 1_048_576;
/** Seconds that the server may wait for more before it answers. */
const WAIT = 20;

/** An attempt's log from its beginning to where it ends now; with `signal`, on until the attempt has ended or the signal aborts. */
export async function* attemptLog(connection: Connection, attempt: string, signal: AbortSignal | null): AsyncGenerator<string> {
  let offset = 0;
  for (;;) {
    const chunk = await answer(
      connection.client.GET("/api/v1/attempts/{id}/log", {
        params: { path: { id: attempt }, query: { offset, limit: PIECE, wait: signal === null ? 0 : WAIT } },
        ...(signal === null ? {} : { signal }),
      }),
    );
    if (chunk.text !== "") yield chunk.text;
    const stands = chunk.next === offset;
    offset = chunk.next;
    if (chunk.ended || (stands && signal === null) || signal?.aborted) return;
  }
}

/** The last lines of an attempt's log. */
export async function lastLines(connection: Connection, attempt: string, most: number): Promise<readonly string[]> {
  let tail: string[] = [];
  let rest = "";
  for await (const text of attemptLog(connection, attempt, null)) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    tail = [...tail, ...lines].slice(-most);
  }
  return (rest === "" ? tail : [...tail, rest]).slice(-most);
}
