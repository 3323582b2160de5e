import { createHash } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import type { Store } from "../engine/ports/store.ts";
import type { ApiEnv } from "./auth.ts";
import { ProblemError } from "./problem.ts";

type Recorded = { readonly request: string; readonly status: number; readonly body: string };

/** Answers a repeated request as its first was, across restarts. What failed on our side (5xx) is not an answer: it may be tried again. `onError` hears of an answer that could not be recorded; it is sent all the same, for what it says has happened. */
export function idempotency(store: Store, onError: (error: unknown) => void): MiddlewareHandler<ApiEnv> {
  const running = new Map<string, Promise<Recorded | null>>();

  return async (c, next) => {
    const asked = c.req.header("idempotency-key");
    const identity = c.get("identity");
    if (c.req.method !== "POST" || asked === undefined || identity === null) return next();
    const key = `${identity.actor.name}\n${asked}`;
    const request = createHash("sha256")
      .update(`${c.req.path}\n${await c.req.text()}`)
      .digest("hex");

    for (let first = running.get(key); first; first = running.get(key)) {
      const recorded = await first;
      if (recorded) return replay(recorded, request);
    }
    const { promise, resolve } = Promise.withResolvers<Recorded | null>();
    // Set before anything is awaited: of two requests at once, one is the first.
    running.set(key, promise);
    let outcome: Recorded | null = null;
    try {
      outcome = await store.answerOf(key);
      if (outcome) return replay(outcome, request);
      await next();
      if (c.res.status >= 500) return;
      outcome = { request, status: c.res.status, body: await c.res.clone().text() };
      await store.rememberAnswer(key, outcome, Date.now()).catch(onError);
    } finally {
      running.delete(key);
      resolve(outcome);
    }
    return undefined;
  };
}

function replay(recorded: Recorded, request: string): Response {
  if (recorded.request !== request) {
    throw new ProblemError("key-reused", "This idempotency key was sent with another request before", "Use a new key for each act");
  }
  const type = recorded.status < 400 ? "application/json" : "application/problem+json";
  return new Response(recorded.body, { status: recorded.status, headers: { "content-type": type, "idempotency-replayed": "true" } });
}
