import { readFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { credentials } from "./parts.ts";
import { directoryOf } from "./places.ts";

/** Asks the API server as the cluster's admin. */
export class Api {
  readonly #server: string;
  readonly #agent: Agent;

  constructor({ name, server }: { readonly name: string; readonly server: string }) {
    this.#server = server;
    const read = (file: string): Buffer => readFileSync(credentials(directoryOf(name), file));
    this.#agent = new Agent({ keepAlive: true, ca: read("ca.crt"), cert: read("admin.crt"), key: read("admin.key") });
  }

  /** Status and body; status 0 where nobody answers within 5 s. */
  async ask(method: "GET" | "POST" | "DELETE", path: string, body?: object): Promise<{ readonly status: number; readonly text: string }> {
    return await new Promise((resolve) => {
      const sent = request(`${this.#server}${path}`, {
        method,
        agent: this.#agent,
        timeout: 5000,
        headers: { "content-type": "application/json" },
      });
      sent.on("response", (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
        response.on("error", () => resolve({ status: 0, text: "" }));
      });
      sent.on("timeout", () => sent.destroy());
      sent.on("error", () => resolve({ status: 0, text: "" }));
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  /** Null where there is no such thing, and where nobody answers. Throws where the question is wrong. */
  async get<T>(path: string): Promise<T | null> {
    const { status, text } = await this.ask("GET", path);
    if (status === 400) throw new Error(`${path}: ${text}`);
    return status === 200 ? (JSON.parse(text) as T) : null;
  }

  close(): void {
    this.#agent.destroy();
  }
}
