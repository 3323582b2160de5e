import { bodyLimit } from "hono/body-limit";
import { HOOK_PATH } from "../contract/hook.ts";
import type { ApiApp } from "./handlers/context.ts";
import { problem, ProblemError, problemResponse } from "./problem.ts";

/** What a forge delivers. It is signed, which is its only guard: it comes under any name, without token, and is let through nowhere else. */
export type Hook = (request: { readonly header: (name: string) => string | undefined; readonly body: Uint8Array }) => Promise<HookAnswer>;
/** 202: it is durable and will be acted on, or was before. */
export type HookAnswer =
  | { readonly status: 202; readonly message: string }
  | { readonly status: 400 | 401; readonly message: string; readonly hint: string };

/** It is read before its signature can be checked. What is longer is lost here, and found by looking at the branch. */
const MAX_DELIVERY = 4 * 1024 * 1024;

/** Before every guard of the API. `hook`: null where no secret is set. */
export function addHook(app: ApiApp, hook: Hook | null): void {
  const limit = bodyLimit({
    maxSize: MAX_DELIVERY,
    onError: () => {
      throw new ProblemError("too-large", "A delivery is at most 4 MB");
    },
  });
  app.post(HOOK_PATH, limit, async (c) => {
    if (hook === null)
      throw new ProblemError(
        "not-allowed",
        "This server takes no webhooks: it has no secret to check them with",
        "Start it with SLUICE_GITHUB_WEBHOOK_SECRET, and give the webhook the same secret; or make it an App: sluice github connect",
      );
    const answer = await hook({ header: (name) => c.req.header(name), body: new Uint8Array(await c.req.arrayBuffer()) });
    if (answer.status === 202) return c.json({ message: answer.message }, 202);
    const { message, hint } = answer;
    return problemResponse(problem(answer.status === 401 ? "unauthenticated" : "invalid", message, { hint }));
  });
}
