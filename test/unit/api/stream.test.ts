import { request as httpRequest, type IncomingMessage } from "node:http";
import { describe, expect, test, vi } from "vitest";
import { readEvents, StreamRefused, type StreamMessage } from "../../../src/contract/stream.ts";
import { StreamEvent } from "../../../src/contract/schemas/events.ts";
import { send, serve, type Running } from "./serve.ts";
import { run, SECRET, target } from "./world.ts";

const change = (n: number) => [{ table: "run" as const, row: run("1", { reason: `change ${n}` }) }];

/** Messages of one connection until `enough` says so; then the connection is dropped. */
async function read(running: Running, options: { readonly after?: number }, enough: (messages: readonly StreamMessage[]) => boolean) {
  const abort = new AbortController();
  const messages: StreamMessage[] = [];
  for await (const message of readEvents({ baseUrl: running.server.url, signal: abort.signal, ...options })) {
    messages.push(message);
    if (enough(messages)) break;
  }
  abort.abort();
  return messages;
}
const seqs = (messages: readonly StreamMessage[]): number[] =>
  messages.flatMap((message) => (message.type === "event" ? [message.event.seq] : []));

describe("the stream of events", () => {
  test("starts with hello and goes on with what happens next", async () => {
    const running = await serve();
    const stream = readEvents({ baseUrl: running.server.url });
    expect((await stream.next()).value).toEqual({ type: "hello", hello: { seq: 1, after: 1, reset: false } });
    const next = stream.next();
    await running.control.commit(change(1));
    expect((await next).value).toMatchObject({
      type: "event",
      event: { seq: 2, type: "tick", changes: [{ table: "run", row: { id: "1", reason: "change 1" } }] },
    });
    await stream.return(undefined);
  });

  test("says each event as its schema does, and no secret", async () => {
    const running = await serve();
    await running.control.commit([{ table: "target", row: target("api@mainnet") }]);
    const messages = await read(running, { after: 0 }, (all) => all.length === 3);
    expect(messages[0]).toEqual({ type: "hello", hello: { seq: 2, after: 0, reset: false } });
    const events = messages.flatMap((message) => (message.type === "event" ? [message.event] : []));
    for (const event of events) expect(StreamEvent.parse(event)).toEqual(event);
    expect([...new Set(events[0]?.changes.map((patch) => patch.table))].sort()).toEqual([
      "attempt",
      "decision",
      "environment",
      "run",
      "step",
      "target",
    ]);
    expect(JSON.stringify(events)).not.toContain(SECRET);
  });

  test("loses and repeats nothing across reconnects while events come in", async () => {
    const running = await serve();
    const total = 200;
    let writing = true;
    const writer = (async () => {
      for (let n = 0; n < total; n += 1) await running.control.commit(change(n));
      writing = false;
    })();
    const seen: number[] = [];
    while (writing || seen.length < total) {
      const after = seen.at(-1) ?? 1;
      const length = 1 + (seen.length % 7);
      seen.push(
        ...seqs(
          await read(
            running,
            { after },
            (all) => seqs(all).length >= length || (all.length > 0 && seen.length + seqs(all).length === total),
          ),
        ),
      );
    }
    await writer;
    expect(seen).toEqual(Array.from({ length: total }, (_, n) => n + 2));
    await expect.poll(() => running.control.listeners.size).toBe(0);
  });

  test("goes on behind Last-Event-ID, which comes before the address", async () => {
    const running = await serve();
    for (let n = 0; n < 5; n += 1) await running.control.commit(change(n));
    const response = await fetch(`${running.server.url}/api/v1/events?after=0`, { headers: { "last-event-id": "4" } });
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    let text = "";
    for await (const chunk of response.body ?? []) {
      text += new TextDecoder().decode(chunk);
      if (/^id: 6\n[^]*\n\n$/m.test(text)) break;
    }
    expect(text).toMatch(/^retry: 1000\nid: 4\nevent: hello\n/);
    expect([...text.matchAll(/^id: (\d+)$/gm)].map((match) => match[1])).toEqual(["4", "5", "6"]);
  });

  test("says when a position is not of this store", async () => {
    const running = await serve();
    const [hello] = await read(running, { after: 999 }, (all) => all.length === 1);
    expect(hello).toEqual({ type: "hello", hello: { seq: 1, after: 1, reset: true } });
  });

  test("ends when the server does, at once", async () => {
    const running = await serve();
    const messages = read(running, { after: 0 }, () => false);
    await expect.poll(() => running.control.listeners.size).toBe(1);
    const before = performance.now();
    await running.server.close(10_000);
    expect(performance.now() - before).toBeLessThan(5_000);
    // Resolves, that is: the stream ended, it did not break off.
    expect((await messages)[0]).toMatchObject({ type: "hello" });
    expect(running.control.listeners.size).toBe(0);
    expect(running.errors).toEqual([]);
  });

  test("lets go of a reader who has gone, and of one who only asked for the head", async () => {
    const running = await serve();
    await read(running, { after: 0 }, (all) => all.length === 1);
    await expect.poll(() => running.control.listeners.size).toBe(0);
    expect((await send(running.server, "HEAD", "/api/v1/events")).status).toBe(200);
    expect(running.control.listeners.size).toBe(0);
    expect(running.errors).toEqual([]);
  });

  test("reads no further than a slow reader takes", async () => {
    const running = await serve();
    const entries = 300;
    const big = "x".repeat(200_000);
    for (let n = 0; n < entries; n += 1) await running.control.commit([{ table: "run", row: run("1", { reason: big }) }]);
    let handedOut = 0;
    const eventsAfter = running.control.store.eventsAfter.bind(running.control.store);
    vi.spyOn(running.control.store, "eventsAfter").mockImplementation(async (seq, limit) => {
      const page = await eventsAfter(seq, limit);
      handedOut += page.length;
      return page;
    });
    // Asks, and does not read: only what the sockets between hold goes out.
    const request = httpRequest({ host: "127.0.0.1", port: running.server.port, path: "/api/v1/events?after=0" });
    request.end();
    const response = await new Promise<IncomingMessage>((resolve) => request.once("response", resolve));
    await expect.poll(() => handedOut).toBeGreaterThan(0);
    let last = -1;
    await expect
      .poll(
        () => {
          const still = handedOut === last;
          last = handedOut;
          return still;
        },
        { interval: 300 },
      )
      .toBe(true);
    expect(handedOut).toBeLessThan(entries / 2);

    let text = "";
    response.setEncoding("utf8");
    response.on("data", (chunk: string) => (text += chunk.replaceAll("x", "")));
    await expect.poll(() => [...text.matchAll(/^event: tick$/gm)].length, { timeout: 10_000 }).toBe(entries + 1);
    request.destroy();
  });

  test("gives signs of life", async () => {
    const running = await serve({ keepaliveMs: 10 });
    const response = await fetch(`${running.server.url}/api/v1/events`);
    let text = "";
    for await (const chunk of response.body ?? []) {
      text += new TextDecoder().decode(chunk);
      if (text.includes(": keepalive\n\n: keepalive\n\n")) break;
    }
    expect(text).toMatch(/^retry/);
  });

  test("ends, and tells the log, when the store cannot be read", async () => {
    const running = await serve();
    const failure = new Error("gone");
    vi.spyOn(running.control.store, "eventsAfter").mockRejectedValue(failure);
    expect(await read(running, { after: 0 }, () => false)).toHaveLength(1);
    expect(running.errors).toEqual([failure]);
  });

  test("is refused with its problem", async () => {
    const running = await serve({ tokens: [{ name: "ci", secret: "s" }] });
    const refused = readEvents({ baseUrl: running.server.url, token: "wrong" }).next();
    await expect(refused).rejects.toBeInstanceOf(StreamRefused);
    await expect(refused).rejects.toMatchObject({ status: 401, problem: { code: "unauthenticated" } });
  });
});

test("the signal ends the messages also where the request no longer hears it", async () => {
  const abort = new AbortController();
  let cancelled = false;
  const body = new ReadableStream<Uint8Array>({
    start: (out) => out.enqueue(new TextEncoder().encode("event: hello\ndata: {}\n\n")),
    cancel: () => void (cancelled = true),
  });
  const stream = readEvents({ baseUrl: "http://sluice.internal", signal: abort.signal, fetch: () => Promise.resolve(new Response(body)) });
  expect(await stream.next()).toMatchObject({ value: { type: "hello" } });
  const next = stream.next();
  abort.abort();
  expect(await next).toEqual({ done: true, value: undefined });
  expect(cancelled).toBe(true);
});
