import { request as httpRequest } from "node:http";
import { onTestFinished } from "vitest";
import { createApi } from "../../../src/api/api.ts";
import { Auth, type NamedToken } from "../../../src/api/auth.ts";
import { listen, type Server } from "../../../src/api/server.ts";
import { createSite } from "../../../src/api/site.ts";
import { commit, openStore, story } from "./world.ts";
import { TestControl } from "./control.ts";

export const OWNER = "owner-token-of-this-process";

export type Running = {
  readonly control: TestControl;
  readonly server: Server;
  readonly auth: Auth;
  readonly errors: unknown[];
  readonly closing: AbortController;
  /** What the API takes for now; null: the machine's. */
  readonly clock: { now: number | null };
};

/** The API over a real store, on a real port of loopback. */
export async function serve(
  options: { readonly tokens?: readonly NamedToken[]; readonly webRoot?: string; readonly keepaliveMs?: number } = {},
): Promise<Running> {
  const store = await openStore();
  await commit(store, story);
  const control = new TestControl(store);
  const auth = new Auth({ ownerToken: OWNER, user: "uma", tokens: options.tokens ?? [] });
  const closing = new AbortController();
  const errors: unknown[] = [];
  const clock: Running["clock"] = { now: null };
  const api = createApi(control, {
    version: "1.2.3",
    auth,
    closing: closing.signal,
    onError: (error) => errors.push(error),
    now: () => clock.now ?? Date.now(),
    ...(options.keepaliveMs === undefined ? {} : { keepaliveMs: options.keepaliveMs }),
  });
  const site = createSite(api, { webRoot: options.webRoot ?? "/nonexistent", auth });
  const server = await listen(site, { host: "127.0.0.1", port: 0, auth, closing });
  onTestFinished(() => server.close(100));
  return { control, server, auth, errors, closing, clock };
}

export type Reply = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
};

/** A request with whatever headers: `fetch` would not send another Host or Origin. */
export function send(
  server: Server,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body?: string,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { host: "127.0.0.1", port: server.port, method, path, headers: { ...headers }, agent: false },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => (text += chunk));
        response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
        response.on("error", reject);
      },
    );
    request.on("error", reject);
    request.end(body);
  });
}

/** A change that anyone may try: it deploys. */
export const deploy = (server: Server, headers: Readonly<Record<string, string>> = {}, body: string = "{}"): Promise<Reply> =>
  send(server, "POST", "/api/v1/runs", { "content-type": "application/json", ...headers }, body);

export const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
