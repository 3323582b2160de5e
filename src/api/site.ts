import { readFile, realpath } from "node:fs/promises";
import { extname, join, sep } from "node:path";
import { Hono, type Context } from "hono";
import type { Auth } from "./auth.ts";
import { problemResponse, toProblem } from "./problem.ts";

export type SiteOptions = {
  /** Folder of the built page. */
  readonly webRoot: string;
  readonly auth: Auth;
};

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".txt": "text/plain; charset=utf-8",
};

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join("; ");

/** The page, with the API beneath it. Paths without a dot are the page's own (its router reads them); nothing outside `webRoot` is ever read. */
export function createSite(
  api: { fetch(request: Request, env?: unknown): Response | Promise<Response> },
  { webRoot, auth }: SiteOptions,
): Hono {
  const site = new Hono();
  site.onError((error) => problemResponse(toProblem(error)));
  // Before the guard: the API has its own.
  site.all("/api/*", (c) => api.fetch(c.req.raw, c.env));
  site.use(async (c, next) => {
    await next();
    c.header("content-security-policy", policy);
    c.header("x-content-type-options", "nosniff");
    c.header("x-frame-options", "DENY");
    c.header("referrer-policy", "same-origin");
    c.header("cross-origin-opener-policy", "same-origin");
    c.header("cross-origin-resource-policy", "same-origin");
  });
  site.use(auth.hostGuard);
  site.get("/*", async (c) => {
    if (!c.req.path.includes(".")) return page(c, webRoot, auth);
    const content = await readInside(webRoot, c.req.path);
    const type = types[extname(c.req.path)];
    if (content === null || type === undefined) return c.text("There is no such file\n", 404);
    // The build names these by their content.
    const caching = c.req.path.startsWith("/assets/") ? "public, max-age=31536000, immutable" : "no-cache";
    return c.body(content, 200, { "content-type": type, "cache-control": caching });
  });
  return site;
}

async function page(c: Context, webRoot: string, auth: Auth): Promise<Response> {
  const content = await readInside(webRoot, "/index.html");
  if (content === null)
    return c.text("The page has not been built: npm run build. The API is there, under /api/v1; see /api/openapi.json.\n", 503);
  auth.welcome(c);
  return c.body(content, 200, { "content-type": "text/html; charset=utf-8", "cache-control": "no-store" });
}

/** A file's bytes; null where there is none, or the path leads out of the folder. */
async function readInside(root: string, path: string): Promise<Uint8Array<ArrayBuffer> | null> {
  try {
    // Both as they really are, so that no link in the folder leads out of it.
    const folder = await realpath(root);
    const file = await realpath(join(folder, decodeURIComponent(path)));
    if (!file.startsWith(folder + sep)) return null;
    return new Uint8Array(await readFile(file));
  } catch (error) {
    if (error instanceof URIError || (error as NodeJS.ErrnoException).code !== undefined) return null;
    throw error;
  }
}
