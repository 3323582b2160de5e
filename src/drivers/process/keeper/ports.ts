import { randomInt } from "node:crypto";
import { createServer, type Server } from "node:net";
import { codeOf } from "../../../host/errors.ts";

/**
 * Both lie below the ports that systems give to outgoing connections (from 32768 on Linux, 49152 elsewhere), so that a service that is
 * restarted does not find its port taken by somebody's connection.
 */
const PUBLIC = { from: 20_000, to: 29_999 };
const PRIVATE = { from: 30_000, to: 32_767 };
export const HOST = "127.0.0.1";

/** Listens; false where the port is taken. */
export function listen(server: Server, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error) => {
      server.off("listening", done);
      if (codeOf(error) === "EADDRINUSE") resolve(false);
      else reject(error);
    };
    const done = () => {
      server.off("error", failed);
      resolve(true);
    };
    server.once("error", failed).once("listening", done).listen(port, HOST);
  });
}

/** Listens on a public port that nobody has; returns it. */
export async function listenAnywhere(server: Server, taken: ReadonlySet<number>): Promise<number> {
  for (const port of candidates(PUBLIC)) if (!taken.has(port) && (await listen(server, port))) return port;
  throw new Error(`no port from ${PUBLIC.from} to ${PUBLIC.to} is free on ${HOST}`);
}

/** A private port that nobody listens on now. Somebody may take it before it is used; who starts an instance tries again then. */
export async function freePort(taken: ReadonlySet<number>): Promise<number> {
  for (const port of candidates(PRIVATE)) {
    if (taken.has(port)) continue;
    const server = createServer();
    if (!(await listen(server, port))) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
  throw new Error(`no port from ${PRIVATE.from} to ${PRIVATE.to} is free on ${HOST}`);
}

function* candidates({ from, to }: { readonly from: number; readonly to: number }): Generator<number> {
  const count = to - from + 1;
  const first = randomInt(count);
  for (let i = 0; i < count; i++) yield from + ((first + i) % count);
}
