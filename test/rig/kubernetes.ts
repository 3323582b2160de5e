import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import type { JsonObject } from "../../src/core/config/config.ts";
import { fingerprint } from "../../src/core/plan/fingerprint.ts";
import type { Definition } from "../../src/core/plan/plan.ts";
import type { Observed } from "../../src/core/run/events.ts";
import { driver } from "../../src/drivers/kubernetes/index.ts";
import type {
  ApplyInput,
  ApplyResult,
  AttemptContext,
  Finding,
  LookContext,
  ObjectChange,
  WayBack,
} from "../../src/engine/ports/driver.ts";
import type { Space } from "./space.ts";

export const commitOf = (name: string): string => createHash("sha1").update(name).digest("hex");
export const digestOf = (name: string): string => `sha256:${createHash("sha256").update(name).digest("hex")}`;

/** A Deployment of the image `team/<image>`, which the cluster's fake pods act by, with its Service and ConfigMap. */
export const service = (name: string, image = "web", { replicas = 1, more = "" } = {}): string => `apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name}, labels: { app: ${name} } }
spec:
  replicas: ${replicas}
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} } }
    spec:
      containers: [{ name: app, image: "team/${image}:latest"${more} }]
---
apiVersion: v1
kind: Service
metadata: { name: ${name}, labels: { app: ${name} } }
spec: { selector: { app: ${name} }, ports: [{ port: 80 }] }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: ${name}-config, labels: { app: ${name} } }
data: { motto: hold fast }
`;

export const job = (name: string, image = "migrate", more = ""): string => `apiVersion: batch/v1
kind: Job
metadata: { name: ${name} }
spec:
  backoffLimit: 0
  template:
    spec: { restartPolicy: Never, containers: [{ name: app, image: "team/${image}:latest"${more} }] }
`;

export type Deploy = {
  readonly config?: JsonObject;
  /** The artifact's; null: there is none. */
  readonly digest?: string | null;
  readonly attempt?: string;
  readonly direction?: "deploy" | "rollback";
  readonly takeBack?: boolean;
  readonly timeoutMs?: number;
  readonly definition?: Partial<Definition>;
  /** Of what is rendered now, if not said. */
  readonly fingerprint?: string;
};
export type Deployed = { readonly result: ApplyResult; readonly log: string; readonly input: ApplyInput };

const CHILD = fileURLToPath(new URL("kubernetes-attempt.ts", import.meta.url));
let attempts = 0;

/** A service with manifests in a namespace of the cluster: commits are folders; attempts run in this process, or in one of their own that can be killed. */
export class Target {
  readonly space: Space;
  readonly home: string;
  readonly #commits: string;
  readonly #defaults: Deploy;

  constructor(space: Space, defaults: Deploy = {}) {
    this.space = space;
    this.#defaults = defaults;
    process.env["PATH"] = space.env["PATH"]; // the server's own, by which it renders
    this.home = mkdtempSync(join(tmpdir(), "sluice-kubernetes-home-"));
    this.#commits = mkdtempSync(join(tmpdir(), "sluice-kubernetes-commits-"));
    onTestFinished(() => {
      for (const directory of [this.home, this.#commits]) rmSync(directory, { recursive: true, force: true });
    });
  }

  /** Files of a commit; a text alone is `deploy/web.yaml`. */
  commit(name: string, files: string | Readonly<Record<string, string>>): string {
    for (const [path, text] of Object.entries(typeof files === "string" ? { "deploy/web.yaml": files } : files)) {
      const file = join(this.#commits, commitOf(name), path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
    return commitOf(name);
  }

  /** As when nobody can fetch the commit any more. */
  forget(name: string): void {
    rmSync(join(this.#commits, commitOf(name)), { recursive: true });
  }

  definition(deploy: Deploy = {}): Definition {
    const { config = {}, timeoutMs = 60_000, definition = {} } = { ...this.#defaults, ...deploy };
    return {
      service: "web",
      environment: "devnet",
      tier: "backend",
      paths: [],
      driver: "kubernetes",
      config: { manifests: ["deploy"], namespace: this.space.namespace, kubeconfig: this.space.kubeconfig, ...config } as JsonObject,
      verify: null,
      job: false,
      needs: [],
      timeoutMs,
      variables: {},
      credentials: [],
      ...definition,
    };
  }

  input(commit: string, deploy: Deploy = {}): ApplyInput {
    const definition = this.definition(deploy);
    const given = { ...this.#defaults, ...deploy };
    return {
      project: "harbor",
      target: `${definition.service}@${definition.environment}`,
      commit: commitOf(commit),
      digest: given.digest ?? null,
      definition,
      run: "1",
      fingerprint: given.fingerprint ?? null,
      lastGood: null,
      attempt: given.attempt ?? `1-${++attempts}-${"0".repeat(16)}`,
      direction: given.direction ?? "deploy",
      takeBack: given.takeBack ?? given.direction === "rollback",
      directory: null,
      needs: {},
    };
  }

  look(commit: string, signal: AbortSignal = new AbortController().signal): LookContext {
    return {
      signal,
      home: this.home,
      tree: async (folder) => {
        const directory = join(this.#commits, commitOf(commit), folder);
        return await (await import("node:fs/promises")).realpath(directory);
      },
    };
  }

  async render(commit: string, deploy: Deploy = {}): Promise<string> {
    return await driver.render(this.input(commit, deploy), this.look(commit));
  }

  /** As the engine does it: rendered, which gives the fingerprint that is decided on. */
  async decided(commit: string, deploy: Deploy = {}): Promise<ApplyInput> {
    const input = this.input(commit, deploy);
    if (input.fingerprint !== null) return input;
    const text = await driver.render(input, this.look(commit));
    return { ...input, fingerprint: fingerprint({ definitionDigest: fingerprint(input.definition), digest: input.digest, text }) };
  }

  async apply(commit: string, deploy: Deploy = {}, signal: AbortSignal = new AbortController().signal): Promise<Deployed> {
    const input = await this.decided(commit, deploy);
    const lines: string[] = [];
    const context: AttemptContext = {
      ...this.look(commit, signal),
      log: (text) => void lines.push(text),
      run: () => Promise.reject(new Error("it runs no command")),
      env: {},
    };
    return { result: await driver.apply(input, context), log: lines.join("\n"), input };
  }

  /** An attempt in a process of its own, which prints its log. */
  attempt(input: ApplyInput, commit: string): ChildProcess {
    const spec = { input, home: this.home, tree: join(this.#commits, commitOf(commit)) };
    const child = spawn(process.execPath, [CHILD, JSON.stringify(spec)], { stdio: ["ignore", "pipe", "inherit"] });
    onTestFinished(() => void child.kill("SIGKILL"));
    return child;
  }

  async observe(deploy: Deploy = {}): Promise<Observed> {
    const definition = this.definition(deploy);
    const signal = new AbortController().signal;
    const target = `${definition.service}@${definition.environment}` as const;
    return await driver.observe({ project: "harbor", target, definition }, { signal, home: this.home });
  }

  async compare(commit: string, deploy: Deploy = {}): Promise<readonly ObjectChange[]> {
    return (await driver.compare?.(this.input(commit, deploy), this.look(commit))) ?? [];
  }

  async wayBack(commit: string, deploy: Deploy & { readonly fingerprint: string }): Promise<WayBack | undefined> {
    return await driver.wayBack?.({ ...this.input(commit, deploy), fingerprint: deploy.fingerprint }, this.look(commit));
  }

  async examine(deploy: Deploy = {}): Promise<readonly Finding[]> {
    const definition = this.definition(deploy);
    const target = `${definition.service}@${definition.environment}` as const;
    return (await driver.examine?.([{ project: "harbor", target, definition }], this.look("none"))) ?? [];
  }
}
