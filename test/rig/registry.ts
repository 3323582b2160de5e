import { execFileSync, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { describe, onTestFinished } from "vitest";
import { findPrograms, needPrograms } from "../../tools/cluster/build.ts";
import { registryServing } from "../../tools/cluster/parts.ts";
import { freePorts } from "../../tools/cluster/ports.ts";
import { until } from "./wait.ts";

/** Whom a registry with a login knows. */
export const LOGIN = { user: "robot", password: "loopback" } as const;
const HTPASSWD = "robot:$2a$04$PS5GjzqBbb.Sq8KZEIrA4ugeRj4ekOcJimcvcYFivgVizhhbpP3oa\n";

type Options = {
  /** Only `LOGIN` may read and push. */
  readonly login?: boolean;
  /** By HTTPS, with a certificate of an authority of its own. */
  readonly tls?: boolean;
};

/** As `describe`, for tests that build real images and push them to a real registry; skipped, saying why, where one of the two is not here. */
export const describeImages = reasonToSkip() === null ? describe : describe.skip;

function reasonToSkip(): string | null {
  const buildah = spawnSync("buildah", ["--version"]).status === 0;
  const missing = findPrograms() === null ? "the registry's program is not built: npm run cluster -- build" : "there is no buildah";
  if (buildah && findPrograms() !== null) return null;
  console.error(`images: tests with real images are skipped: ${missing}`);
  return missing;
}

/** A real image registry of this test's own, by plain HTTP on the loopback unless it is told otherwise; gone when the test has ended. Inside `describeCluster` only: it is one of the cluster's programs. */
export async function ownRegistry(options: Options = {}): Promise<TestRegistry> {
  const registry = await TestRegistry.open(options);
  onTestFinished(async () => {
    await registry.close();
  });
  return registry;
}

export class TestRegistry {
  readonly #directory: string;
  readonly #port: number;
  readonly #ca: string | null;
  #process: ReturnType<typeof serve> | null = null;

  private constructor(directory: string, port: number, ca: string | null) {
    this.#directory = directory;
    this.#ca = ca;
    this.#port = port;
  }

  /** As `ownRegistry`, for `beforeAll`: whoever opens it closes it. */
  static async open({ login = false, tls = false }: Options = {}): Promise<TestRegistry> {
    const directory = mkdtempSync(join(tmpdir(), "sluice-registry-"));
    const [port = 0] = await freePorts(1, new Set());
    const htpasswd = join(directory, "htpasswd");
    writeFileSync(htpasswd, HTPASSWD);
    const pki = join(directory, "pki");
    if (tls) execFileSync(needPrograms().cluster, ["credentials", pki, `https://127.0.0.1:${port}`, "registry"]);
    const own = tls ? { certificate: join(pki, "apiserver.crt"), key: join(pki, "apiserver.key") } : null;
    writeFileSync(join(directory, "config.yml"), registryServing(join(directory, "data"), port, login ? htpasswd : null, own));
    const registry = new TestRegistry(directory, port, tls ? join(pki, "ca.crt") : null);
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
    await until(() => connects(this.#port), "the registry's answer");
  }

  /** As by `kill -9`. */
  async stop(): Promise<void> {
    this.#process?.kill("SIGKILL");
    await this.#process;
  }

  /** The certificate of its authority. */
  authority(): string {
    if (this.#ca === null) throw new Error("this registry speaks plain HTTP");
    return readFileSync(this.#ca, "utf8");
  }

  /** The manifest is gone, as after somebody's clean-up. Of a registry by plain HTTP for everybody. */
  async delete(path: string, digest: string): Promise<void> {
    const { status } = await fetch(`http://${this.host}/v2/${path}/manifests/${digest}`, { method: "DELETE" });
    if (status !== 202) throw new Error(`the registry does not delete ${path}@${digest}: ${status}`);
  }

  async close(): Promise<void> {
    await this.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

const serve = (config: string) => execa(needPrograms().cluster, ["registry", config], { reject: false, stdio: "ignore" });

async function connects(port: number): Promise<true | null> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return null;
  } finally {
    socket.destroy();
  }
}
