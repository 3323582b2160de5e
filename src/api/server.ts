import { once } from "node:events";
import { createAdaptorServer, type ServerType } from "@hono/node-server";
import { RequestError } from "../engine/control.ts";
import { checkListen, type Auth } from "./auth.ts";

export type Server = {
  /** Where people reach it. */
  readonly url: string;
  readonly port: number;
  /** Ends streams, answers what is under way, and resolves when every connection is closed; after `graceMs` they are cut. */
  close(graceMs?: number): Promise<void>;
};

export type ListenOptions = {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly auth: Auth;
  /** The one whose signal the API got. */
  readonly closing: AbortController;
};

/** Rejects with a `RequestError`: `not-allowed` where others could reach it without a token, `conflict` where the port is in use, `invalid` where the address is none of this machine's. */
export async function listen(
  app: { fetch(request: Request, env?: unknown): Response | Promise<Response> },
  options: ListenOptions,
): Promise<Server> {
  const { host, port, auth, closing } = options;
  checkListen(host, auth.tokenRequired);
  const server = createAdaptorServer({ fetch: (request, env) => app.fetch(request, env), overrideGlobalObjects: false });
  server.listen({ host, port });
  try {
    await once(server, "listening");
  } catch (error) {
    throw listenError(error, host, port);
  }
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server listens on no port");
  auth.bind({ host, port: address.port });
  return { url: auth.url, port: address.port, close: (graceMs = 2_000) => close(server, closing, graceMs) };
}

async function close(server: ServerType, closing: AbortController, graceMs: number): Promise<void> {
  closing.abort();
  const closed = once(server, "close");
  server.close();
  const cut = setTimeout(() => "closeAllConnections" in server && server.closeAllConnections(), graceMs);
  try {
    await closed;
  } finally {
    clearTimeout(cut);
  }
}

function listenError(error: unknown, host: string, port: number): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "EADDRINUSE")
    return new RequestError("conflict", `Port ${port} on ${host} is in use`, "Choose another port, or 0 for any that is free", [], {
      cause: error,
    });
  if (code === "EACCES")
    return new RequestError("not-allowed", `Port ${port} may not be used`, "Choose a port above 1023", [], { cause: error });
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND") {
    return new RequestError("invalid", `${host} is not an address of this machine`, "Listen on 127.0.0.1", [], { cause: error });
  }
  return error;
}
