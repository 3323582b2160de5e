import type { ApiFetch, ClientOptions, Schemas } from "./client.ts";
import { authHeaders } from "./client.ts";

export type StreamMessage =
  | { readonly type: "hello"; readonly hello: Schemas["Hello"] }
  | { readonly type: "event"; readonly event: Schemas["StreamEvent"] };
export type StreamOptions = ClientOptions & {
  /** Go on behind this event; without it, with what happens next. */
  readonly after?: number;
  readonly signal?: AbortSignal;
};

/** The server's answer was not a stream; `problem` where it said why. */
export class StreamRefused extends Error {
  override readonly name = "StreamRefused";
  readonly status: number;
  readonly problem: Schemas["Problem"] | null;
  constructor(status: number, problem: Schemas["Problem"] | null) {
    super(problem?.detail ?? problem?.title ?? `The server answered ${status}`);
    this.status = status;
    this.problem = problem;
  }
}

/** One connection's messages, until the server or the signal ends it. Reconnecting is the caller's: with `after` set to the last `seq` nothing is lost or repeated. For programs; browsers have EventSource. */
export async function* readEvents(options: StreamOptions): AsyncGenerator<StreamMessage> {
  const send: ApiFetch = options.fetch ?? fetch;
  const url = new URL("/api/v1/events", options.baseUrl);
  if (options.after !== undefined) url.searchParams.set("after", String(options.after));
  const headers = { accept: "text/event-stream", ...authHeaders(options) };
  const response = await send(new Request(url, { headers, ...(options.signal ? { signal: options.signal } : {}) }));
  if (!response.ok || !response.body) throw new StreamRefused(response.status, await problemOf(response));
  for await (const { event, data } of messages(response.body, options.signal)) {
    if (event === "hello") yield { type: "hello", hello: JSON.parse(data) as Schemas["Hello"] };
    else yield { type: "event", event: JSON.parse(data) as Schemas["StreamEvent"] };
  }
}

async function problemOf(response: Response): Promise<Schemas["Problem"] | null> {
  if (!response.headers.get("content-type")?.startsWith("application/problem+json")) return null;
  return (await response.json()) as Schemas["Problem"];
}

/**
 * Messages of a `text/event-stream` that have data; comments (keepalives) are passed over. An unfinished last message is dropped, as the standard says.
 * The signal ends it here: a request follows its signal by a weak reference, so one that has been collected as garbage hears of no abort, and an answer in this process goes on.
 */
async function* messages(
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<{ readonly event: string; readonly data: string }> {
  const reader = body.getReader();
  const end = (): void => void reader.cancel().catch(() => {});
  signal?.addEventListener("abort", end);
  if (signal?.aborted) end();
  const decoder = new TextDecoder();
  let text = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      text += decoder.decode(value, { stream: true });
      for (let at = text.indexOf("\n\n"); at !== -1; at = text.indexOf("\n\n")) {
        const message = parse(text.slice(0, at));
        text = text.slice(at + 2);
        if (message) yield message;
      }
    }
  } finally {
    signal?.removeEventListener("abort", end);
    end();
  }
}

function parse(block: string): { readonly event: string; readonly data: string } | null {
  let event = "message";
  const data: string[] = [];
  for (const line of block.split("\n")) {
    if (line.startsWith("event:")) event = line.slice(6).trimStart();
    else if (line.startsWith("data:")) data.push(line.slice(5).trimStart());
  }
  return data.length === 0 ? null : { event, data: data.join("\n") };
}
