import { EventEmitter, once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

/**
 * What the network does: `pass`; `slow`, each piece of data waits so many ms; `cut`, connections are reset, new ones too;
 * `blackhole`, connections stay and are taken, and nothing comes through until it changes.
 */
type Network = "pass" | "cut" | "blackhole" | { readonly slow: number };

/** A proxy on the loopback between clients and a server, whose network a test spoils. Close it at the end. */
export class TcpProxy {
  /** How many connections clients have made. */
  connections = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #changes = new EventEmitter().setMaxListeners(0);
  #network: Network = "pass";

  private constructor(server: Server) {
    this.#server = server;
  }

  /** In front of a server of this host, such as `https://127.0.0.1:6443`. */
  static async start(target: string): Promise<TcpProxy> {
    const { hostname, port } = new URL(target);
    const server = createServer({ allowHalfOpen: true });
    const proxy = new TcpProxy(server);
    server.on("connection", (client) => proxy.#take(client, hostname, Number(port)));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return proxy;
  }

  /** Where clients connect to instead: the certificate of a cluster's API server is for this address too. */
  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  set(network: Network): void {
    this.#network = network;
    if (network === "cut") this.#reset();
    this.#changes.emit("change");
  }

  async close(): Promise<void> {
    this.set("cut");
    this.#server.close();
    await once(this.#server, "close");
  }

  #take(client: Socket, host: string, port: number): void {
    this.connections++;
    if (this.#network === "cut") {
      client.on("error", () => {}).resetAndDestroy();
      return;
    }
    const server = connect({ host, port, allowHalfOpen: true });
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => other.resetAndDestroy());
      socket.on("close", () => this.#sockets.delete(socket));
      void this.#carry(socket, other);
    }
  }

  async #carry(from: Socket, to: Socket): Promise<void> {
    try {
      for await (const piece of from) {
        await this.#delay();
        if (!to.write(piece as Buffer)) await once(to, "drain");
      }
      await this.#delay();
      to.end();
    } catch {
      to.destroy(); // reset by one side, or cut
    }
  }

  async #delay(): Promise<void> {
    if (typeof this.#network === "object") await pause(this.#network.slow);
    while (this.#network === "blackhole") await once(this.#changes, "change");
  }

  #reset(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }
}
