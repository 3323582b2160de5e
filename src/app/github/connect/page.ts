import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createAdaptorServer } from "@hono/node-server";
import { Hono } from "hono";
import { html } from "hono/html";
import { same } from "../../../api/auth.ts";
import { isOwnHost } from "../../../api/hosts.ts";
import { CliError, EXIT } from "../../../cli/exit.ts";

const HOST = "127.0.0.1";
/** How long what is under way at its end may take, in ms. */
const GRACE_MS = 1_000;

/** What the page shows and sends. */
export type Form = {
  readonly action: string;
  readonly manifest: object;
  readonly title: string;
  /** Lines for the person who is to agree. */
  readonly about: readonly string[];
};
/** What is said when GitHub has sent the person back. */
export type Outcome = { readonly ok: boolean; readonly title: string; readonly text: string; readonly link: string | null };

export type PageOptions = {
  /** null: any that is free. */
  readonly port: number | null;
  readonly form: (own: { readonly state: string; readonly redirectUrl: string }) => Form;
  /** Called once, with the code that came back with the right state. Never rejects. */
  readonly made: (code: string) => Promise<Outcome>;
  /** Hears of requests that were refused. */
  readonly refused: (why: string) => void;
};

/** A page on this machine alone, from which a manifest is posted and to which GitHub sends the person back. */
export type Page = { readonly url: string; readonly port: number; close(): Promise<void> };

/** Rejects with a `CliError` where the port cannot be had. */
export async function openPage({ port, form, made, refused }: PageOptions): Promise<Page> {
  // Not in the address of the page that comes back: other users of this machine can ask for what they can guess.
  const [entrance, state] = [secret(), secret()];
  const bound = { host: HOST, port: 0 };
  let outcome: Promise<Outcome> | null = null;
  const app = new Hono();
  app.use(async (c, next) => {
    if (!isOwnHost(c.req.header("host"), bound, null)) return c.text("This page is for this machine alone", 403);
    await next();
    for (const [name, value] of Object.entries(HEADERS)) c.res.headers.set(name, value);
    return undefined;
  });
  app.get("/made", async (c) => {
    const { state: given = "", code = "" } = c.req.query();
    if (!same(given, state)) {
      refused("a request came back with another state than this page has sent: it is not acted on");
      return c.html(
        told({ ok: false, title: "Not from this page", text: "Nothing was done. Begin anew in the terminal.", link: null }),
        403,
      );
    }
    if (!/^[\w-]{1,200}$/.test(code)) return c.text("There is no code", 400);
    outcome ??= made(code);
    const said = await outcome;
    return c.html(told(said), said.ok ? 200 : 502);
  });
  app.get("/:entrance", (c) =>
    same(c.req.param("entrance"), entrance)
      ? c.html(asked(form({ state, redirectUrl: `http://${HOST}:${bound.port}/made` })))
      : c.text("Open the address that the terminal shows", 404),
  );
  const server = createAdaptorServer({ fetch: app.fetch, overrideGlobalObjects: false });
  server.listen({ host: HOST, port: port ?? 0 });
  await once(server, "listening").catch((error: unknown) => {
    throw portError(error, port);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The page listens on no port");
  bound.port = address.port;
  return {
    url: `http://${HOST}:${bound.port}/${entrance}`,
    port: bound.port,
    async close() {
      const closed = once(server, "close");
      server.close();
      const cut = setTimeout(() => "closeAllConnections" in server && server.closeAllConnections(), GRACE_MS);
      await closed;
      clearTimeout(cut);
    },
  };
}

const secret = (): string => randomBytes(32).toString("base64url");

const HEADERS = {
  "cache-control": "no-store",
  connection: "close",
  "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
  // The origin alone: not the page's address, and not nothing, for which a form's own origin would be left out.
  "referrer-policy": "strict-origin",
  "x-content-type-options": "nosniff",
};

const frame = (title: string, body: unknown) =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <title>${title}</title>
        <style>
          body {
            font:
              16px/1.5 system-ui,
              sans-serif;
            margin: 4rem auto;
            max-width: 40rem;
            padding: 0 1rem;
          }
          button {
            font: inherit;
            padding: 0.4rem 1rem;
          }
        </style>
      </head>
      <body>
        <h1>${title}</h1>
        ${body}
      </body>
    </html>`;

const asked = ({ action, manifest, title, about }: Form) =>
  frame(
    title,
    html`<ul>
        ${about.map((line) => html`<li>${line}</li>`)}
      </ul>
      <form action="${action}" method="post">
        <input type="hidden" name="manifest" value="${JSON.stringify(manifest)}" />
        <button type="submit">Go to GitHub</button>
      </form>`,
  );

const told = ({ title, text, link }: Outcome) =>
  frame(
    title,
    html`<p>${text}</p>
      ${link === null ? "" : html`<p><a href="${link}">${link}</a></p>`}`,
  );

function portError(error: unknown, port: number | null): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "EADDRINUSE")
    return new CliError(EXIT.failed, `Port ${port} is in use`, "Name another one, or none: then one that is free is taken", {
      cause: error,
    });
  if (code === "EACCES") return new CliError(EXIT.usage, `Port ${port} may not be used`, "Choose one above 1023", { cause: error });
  return error;
}
