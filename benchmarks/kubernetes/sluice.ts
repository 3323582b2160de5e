import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { urlOf } from "../server.ts";
import type { Fleet, Version } from "./fleet.ts";
import { AT_ONCE, type Env } from "./peers.ts";

const LAUNCHER = fileURLToPath(new URL("../../bin/sluice.js", import.meta.url));

type Server = {
  readonly pid?: number | undefined;
  readonly kill: (signal: NodeJS.Signals) => boolean;
  readonly then: Promise<unknown>["then"];
};

/** A server over the fleet's repository, and the commands that a person gives it. */
export class Sluice {
  readonly #fleet: Fleet;
  readonly #env: Env;
  readonly #server: Server;
  readonly #url: string;

  private constructor(fleet: Fleet, env: Env, server: Server, url: string) {
    this.#fleet = fleet;
    this.#env = env;
    this.#server = server;
    this.#url = url;
  }

  static async start(fleet: Fleet, given: Env): Promise<Sluice> {
    const env = { ...given, SLUICE_CONCURRENCY: String(AT_ONCE) };
    const server = execa(process.execPath, [LAUNCHER, "serve", "--port", "0"], { cwd: fleet.root, env, reject: false });
    return new Sluice(fleet, env, server, await urlOf(server));
  }

  async upgrade(version: Version): Promise<void> {
    await this.#run(["deploy", "--all", "--commit", `v${version}`]);
  }

  async rollback(): Promise<void> {
    await this.#run(["rollback", "--all", "--env", "load", "--reason", "bench"]);
  }

  async unhold(): Promise<void> {
    await this.#run(["unhold", "load"]);
  }

  async many(version: Version): Promise<void> {
    await this.#run(["deploy", "many", "--commit", `v${version}`]);
  }

  /** Resident memory of the server, and the most it has had, in MB. */
  memory(): { readonly now: number; readonly peak: number } {
    const status = readFileSync(`/proc/${this.#server.pid ?? 0}/status`, "utf8");
    const mb = (field: string): number => Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1]) / 1024;
    return { now: mb("VmRSS"), peak: mb("VmHWM") };
  }

  async stop(): Promise<void> {
    this.#server.kill("SIGTERM");
    await this.#server;
  }

  async #run(args: readonly string[]): Promise<void> {
    await execa(process.execPath, [LAUNCHER, ...args, "--yes", "--url", this.#url], { cwd: this.#fleet.root, env: this.#env });
  }
}
