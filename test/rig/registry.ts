import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { onTestFinished } from "vitest";
import { needPrograms } from "../../tools/cluster/build.ts";
import { registryServing } from "../../tools/cluster/parts.ts";
import { freePorts } from "../../tools/cluster/ports.ts";
import { until } from "./wait.ts";

/** Whom a registry with a login knows. */
export const LOGIN = { user: "robot", password: "loopback" } as const;
const HTPASSWD = "robot:$2a$04$PS5GjzqBbb.Sq8KZEIrA4ugeRj4ekOcJimcvcYFivgVizhhbpP3oa\n";

/** A real image registry of this test's own, by plain HTTP on the loopback; gone when the test has ended. Inside `describeCluster` only: it is one of the cluster's programs. */
export async function ownRegistry(options: { readonly login?: boolean } = {}): Promise<TestRegistry> {
  const registry = await TestRegistry.open(options);
  onTestFinished(async () => {
    await registry.close();
  });
  return registry;
}

export class TestRegistry {
  readonly #directory: string;
  readonly #port: number;
  #process: ReturnType<typeof serve> | null = null;

  private constructor(directory: string, port: number) {
    this.#directory = directory;
    this.#port = port;
  }

  /** As `ownRegistry`, for `beforeAll`: whoever opens it closes it. */
  static async open({ login = false }: { readonly login?: boolean }): Promise<TestRegistry> {
    const directory = mkdtempSync(join(tmpdir(), "sluice-registry-"));
    const [port = 0] = await freePorts(1, new Set());
    const htpasswd = join(directory, "htpasswd");
    writeFileSync(htpasswd, HTPASSWD);
    writeFileSync(join(directory, "config.yml"), registryServing(join(directory, "data"), port, login ? htpasswd : null));
    const registry = new TestRegistry(directory, port);
    await registry.start();
    return registry;
  }

  /** `host:port`, as it begins an image's name. */
  get host(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** With what it had, on the same port. */
  async start(): Promise<void> {
    this.#process = serve(join(this.#directory, "config.yml"));
    await until(
      async () =>
        await fetch(`http://${this.host}/v2/`).then(
          () => true,
          () => null,
        ),
      "the registry's answer",
    );
  }

  /** As by `kill -9`. */
  async stop(): Promise<void> {
    this.#process?.kill("SIGKILL");
    await this.#process;
  }

  async close(): Promise<void> {
    await this.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

const serve = (config: string) => execa(needPrograms().cluster, ["registry", config], { reject: false, stdio: "ignore" });
