import { OpenAPIHono } from "@hono/zod-openapi";
import { bodyLimit } from "hono/body-limit";
import type { Context } from "hono";
import { openApiDocument } from "../contract/document.ts";
import type { Control } from "../engine/control.ts";
import type { ApiEnv, Auth } from "./auth.ts";
import { addReads } from "./handlers/read.ts";
import type { ApiApp } from "./handlers/context.ts";
import { addStops } from "./handlers/stops.ts";
import { addWrites } from "./handlers/write.ts";
import { addHook, type Hook } from "./hooks.ts";
import { idempotency } from "./idempotency.ts";
import type { GithubStanding } from "./present/github.ts";
import { createLookup } from "./present/lookup.ts";
import { problem, ProblemError, problemResponse, toProblem } from "./problem.ts";

export type ApiOptions = {
  readonly version: string;
  readonly auth: Auth;
  /** Aborted when the server ends: streams and long polls end with it. */
  readonly closing: AbortSignal;
  /** Hears of errors that a caller is told nothing of but that there was one. */
  readonly onError: (error: unknown) => void;
  /** Time between two signs of life on a stream where nothing happens. */
  readonly keepaliveMs?: number;
  readonly now?: () => number;
  /** Takes what a forge delivers; null: nothing is taken. */
  readonly hook?: Hook | null;
  /** How it stands with GitHub; without: it is not spoken to. */
  readonly github?: () => Promise<GithubStanding | null>;
};

const MAX_BODY = 1024 * 1024;

/** The API under `/api`. It shows what the store says and hands requests to `control`; nothing is decided here. Refuses every request until it knows who may send it (`Auth`). */
export function createApi(control: Control, options: ApiOptions): ApiApp {
  const { auth, onError } = options;
  const app: ApiApp = new OpenAPIHono<ApiEnv>({
    defaultHook: (result) => {
      if (!result.success) throw new ProblemError("invalid", result.error.issues.map(issueText).join("; "));
    },
  });

  app.use(async (c, next) => {
    await next();
    c.header("cache-control", "no-store");
    c.header("x-content-type-options", "nosniff");
  });
  // Its guard is its signature.
  addHook(app, options.hook ?? null);
  app.use(auth.hostGuard);
  app.use(auth.guard((c) => c.req.path === "/api/v1/session"));
  app.use(onlyJson);
  app.use(
    bodyLimit({
      maxSize: MAX_BODY,
      onError: () => {
        throw new ProblemError("too-large", "A request's body is at most 1 MB");
      },
    }),
  );
  app.use(idempotency(control.store, onError));

  let document: string | null = null;
  app.get("/api/openapi.json", (c) => {
    document ??= JSON.stringify(openApiDocument());
    return c.body(document, 200, { "content-type": "application/json" });
  });
  const context = {
    control,
    lookup: createLookup(control),
    auth,
    version: options.version,
    github: options.github ?? (() => Promise.resolve(null)),
    closing: options.closing,
    keepaliveMs: options.keepaliveMs ?? 15_000,
    now: options.now ?? Date.now,
    onError,
  };
  addReads(app, context);
  addWrites(app, context);
  addStops(app, context);

  app.notFound((c) =>
    problemResponse(problem("not-found", `There is no ${c.req.method} ${c.req.path}`, { hint: "See /api/openapi.json" })),
  );
  app.onError((error) => {
    const answer = toProblem(error);
    if (answer.status === 500) onError(error);
    return problemResponse(answer, answer.status === 401 ? { "www-authenticate": "Bearer" } : {});
  });
  return app;
}

/** A form of another site can send anything but this type without asking first. */
async function onlyJson(c: Context, next: () => Promise<void>): Promise<void> {
  const type = c.req.header("content-type");
  if (c.req.method !== "GET" && type !== undefined && !/^application\/json *(;|$)/i.test(type)) {
    throw new ProblemError("unsupported-media-type", `Cannot read ${type}`, "Send application/json");
  }
  await next();
}

const issueText = (issue: { readonly path: readonly PropertyKey[]; readonly message: string }): string =>
  issue.path.length === 0 ? issue.message : `${issue.path.map(String).join(".")}: ${issue.message}`;
