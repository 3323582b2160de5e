import { once } from "node:events";
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** In front of a registry by plain HTTP: what is asked of it, in the words of HTTP. Close it at the end. */
export class RegistryCounter {
  /** `PUT /v2/shop/manifests/…`, in the order in which they came. */
  readonly asked: string[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** @param target `host:port` */
  static async start(target: string): Promise<RegistryCounter> {
    const [hostname, port] = target.split(":");
    const server = createServer();
    const counter = new RegistryCounter(server);
    server.on("request", (asked, answer) => {
      const { method = "GET", url = "/", headers } = asked;
      counter.asked.push(`${method} ${url}`);
      // with the name by which it was asked: the registry leads on to where it is asked
      const on = request({ hostname, port, method, path: url, headers }, (answered) => {
        answer.writeHead(answered.statusCode ?? 502, answered.headers);
        answered.pipe(answer);
      });
      on.on("error", () => answer.destroy());
      asked.pipe(on);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return counter;
  }

  /** `host:port`, as it begins an image's name. */
  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Manifests that were pushed to a repository under a tag. */
  pushes(repository: string): readonly string[] {
    return this.asked.filter((line) => line.startsWith(`PUT /v2/${repository}/manifests/`));
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}
