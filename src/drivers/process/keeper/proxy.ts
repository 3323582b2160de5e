import { connect, createServer, type Server, type Socket } from "node:net";
import { HOST, listen, listenAnywhere } from "./ports.ts";

/** A connection in which the service spoke last and then nobody for so long carries no request: a client that keeps it for later may lose it. */
const QUIET_MS = 1000;
const LOOK_MS = 50;
/** For a client that has been told the end and does not close its side. */
const LINGER_MS = 5000;

type Connection = { readonly client: Socket; readonly upstream: Socket; readonly port: number; spoke: "client" | "service"; at: number };

/** Holds a service's public port and passes connections on to the instance that is live. Connections stay with the instance that they began with. */
export class Proxy {
  readonly #servers = new Map<number, Server>();
  readonly #connections = new Set<Connection>();
  #to: number | null = null;

  /** Holds a port from now on; false where somebody else has it. */
  async hold(port: number): Promise<boolean> {
    if (this.#servers.has(port)) return true;
    const server = this.#server();
    if (!(await listen(server, port))) return false;
    this.#servers.set(port, server);
    return true;
  }

  /** Holds a port that nobody has. */
  async holdAny(taken: ReadonlySet<number>): Promise<number> {
    const server = this.#server();
    const port = await listenAnywhere(server, taken);
    this.#servers.set(port, server);
    return port;
  }

  release(port: number): void {
    this.#servers.get(port)?.close();
    this.#servers.delete(port);
  }

  /** From now on new connections go to this private port; null: they are refused. */
  pointTo(port: number | null): void {
    this.#to = port;
  }

  /** Resolves when no connection to the private port is left or busy, at the latest after `limitMs`: idle ones are closed, those with a request under way are waited for. */
  async drain(port: number, limitMs: number): Promise<void> {
    const begun = performance.now();
    for (;;) {
      const now = performance.now();
      const left = [...this.#connections].filter((connection) => connection.port === port);
      for (const { client, spoke, at } of left) if (spoke === "service" && now - at > QUIET_MS) client.end();
      if (left.length === 0 || now - begun > limitMs) return;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  close(): void {
    for (const port of this.#servers.keys()) this.release(port);
    for (const { client, upstream } of this.#connections) {
      client.destroy();
      upstream.destroy();
    }
  }

  #server(): Server {
    return createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#pass(client));
  }

  #pass(client: Socket): void {
    if (this.#to === null) return void client.destroy();
    const upstream = connect({ port: this.#to, host: HOST, allowHalfOpen: true, noDelay: true });
    const connection: Connection = { client, upstream, port: this.#to, spoke: "service", at: performance.now() };
    this.#connections.add(connection);
    const heard = (who: Connection["spoke"]) => () => {
      connection.spoke = who;
      connection.at = performance.now();
    };
    client.on("data", heard("client")).pipe(upstream);
    upstream.on("data", heard("service")).pipe(client);
    // One side that has ended leaves the other half open: a client may shut down its side and still read the answer, and what the service sent last has yet to reach it.
    upstream.once("error", () => client.destroy());
    client.once("finish", () => client.setTimeout(LINGER_MS, () => client.destroy()));
    client.once("error", () => upstream.destroy());
    client.once("close", () => {
      upstream.destroy();
      this.#connections.delete(connection);
    });
  }
}
