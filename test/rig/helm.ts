import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import type { JsonObject } from "../../src/core/config/config.ts";
import type { Definition } from "../../src/core/plan/plan.ts";
import type { LastGood } from "../../src/core/run/effects.ts";
import type { Observed } from "../../src/core/run/events.ts";
import { driver } from "../../src/drivers/helm/index.ts";
import type { ApplyInput, ApplyResult, AttemptContext, LookContext } from "../../src/engine/ports/driver.ts";
import { AttemptLog } from "../../src/executor/local/runner/attempt-log.ts";
import { Commands } from "../../src/executor/local/runner/commands.ts";
import type { Space } from "./space.ts";

/** A chart with what a service has: its image, its configuration, and whatever `extra` templates a test adds. */
export const CHART: Readonly<Record<string, string>> = {
  "Chart.yaml": "apiVersion: v2\nname: api\nversion: 1.2.3\n",
  "values.yaml": "replicas: 1\nimage: { repository: example/none, tag: latest }\nmotto: none\nannotations: {}\ndeadline: 600\n",
  "templates/api.yaml": `apiVersion: v1
kind: ConfigMap
metadata: { name: "{{ .Release.Name }}-config" }
data: { motto: {{ .Values.motto | quote }} }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: {{ .Release.Name }}, labels: { app: {{ .Release.Name }} } }
spec:
  replicas: {{ .Values.replicas }}
  progressDeadlineSeconds: {{ .Values.deadline }}
  selector: { matchLabels: { app: {{ .Release.Name }} } }
  template:
    metadata:
      labels: { app: {{ .Release.Name }} }
      annotations: {{ toJson .Values.annotations }}
    spec:
      containers:
        - name: api
          image: "{{ .Values.image.repository }}:{{ .Values.image.tag }}"
`,
};

/** A hook that is a Job with this image; the cluster's fake pods behave as words in it say. */
export const hookOf = (event: string, image: string, more = ""): string => `apiVersion: batch/v1
kind: Job
metadata:
  name: "{{ .Release.Name }}-${event}"
  annotations: { helm.sh/hook: ${event} }
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers: [{ name: hook, image: ${image} }]
${more}`;

export const commitOf = (name: string): string => createHash("sha1").update(name).digest("hex");
export const digestOf = (name: string): string => `sha256:${createHash("sha256").update(name).digest("hex")}`;

export type Deploy = {
  readonly config?: JsonObject;
  /** Part of the image's name: what its pods do. */
  readonly image?: string;
  readonly attempt?: string;
  readonly direction?: "deploy" | "rollback";
  readonly takeBack?: boolean;
  readonly lastGood?: LastGood | null;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly definition?: Partial<Definition>;
  readonly env?: Readonly<Record<string, string>>;
};
export type Deployed = { readonly result: ApplyResult; readonly log: string; readonly input: ApplyInput };

let attempts = 0;

/** A service with a chart in a namespace of the cluster: commits are folders, attempts run in this process, Helm is real. */
export class Release {
  readonly space: Space;
  readonly home: string;
  readonly name: string;
  readonly #commits: string;

  constructor(space: Space, name = "api") {
    this.space = space;
    this.name = name;
    process.env["PATH"] = space.env["PATH"]; // the server's own, by which it renders
    this.home = mkdtempSync(join(tmpdir(), "sluice-helm-home-"));
    this.#commits = mkdtempSync(join(tmpdir(), "sluice-helm-commits-"));
    onTestFinished(() => {
      for (const directory of [this.home, this.#commits]) rmSync(directory, { recursive: true, force: true });
    });
  }

  /** Files of a commit, `deploy/api` the chart. */
  commit(name: string, chart: Readonly<Record<string, string>> = {}, files: Readonly<Record<string, string>> = {}): string {
    const all = {
      ...Object.fromEntries(Object.entries({ ...CHART, ...chart }).map(([path, text]) => [`deploy/api/${path}`, text])),
      ...files,
    };
    for (const [path, text] of Object.entries(all)) {
      const file = join(this.#commits, commitOf(name), path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
    return commitOf(name);
  }

  definition({ config = {}, image = "api", timeoutMs = 60_000, definition = {} }: Deploy): Definition {
    return {
      service: this.name,
      environment: "devnet",
      tier: "backend",
      paths: [],
      driver: "helm",
      config: { chart: "deploy/api", namespace: this.space.namespace, kubeconfig: this.space.kubeconfig, ...config },
      image: `team/${image}`,
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
    return {
      project: "harbor",
      target: `${definition.service}@${definition.environment}`,
      commit: commitOf(commit),
      digest: digestOf(commit),
      definition,
      run: "1",
      fingerprint: digestOf(`fingerprint of ${commit}`),
      lastGood: deploy.lastGood ?? null,
      attempt: deploy.attempt ?? `1-${++attempts}-${"0".repeat(16)}`,
      direction: deploy.direction ?? "deploy",
      takeBack: deploy.takeBack ?? deploy.direction === "rollback",
      directory: null,
      needs: {},
    };
  }

  look(commit: string, signal: AbortSignal = new AbortController().signal): LookContext {
    return { signal, home: this.home, tree: async (folder) => join(this.#commits, commitOf(commit), folder) };
  }

  async apply(commit: string, deploy: Deploy = {}): Promise<Deployed> {
    const input = this.input(commit, deploy);
    const lines: string[] = [];
    const file = join(this.home, `${input.attempt}.log`);
    const log = new AttemptLog(file, 1 << 20, []);
    const signal = deploy.signal ?? new AbortController().signal;
    const marker = { SLUICE_ATTEMPT_ID: input.attempt, SLUICE_ATTEMPT_DIR: this.home };
    const commands = new Commands({ log, signal, graceMs: 2000, children: join(this.home, `${input.attempt}.children`), marker });
    const context: AttemptContext = {
      ...this.look(commit, signal),
      log: (text) => {
        lines.push(text);
        log.line(text);
      },
      run: commands.run,
      env: { PATH: this.space.env["PATH"] ?? "", HOME: this.space.directory, ...deploy.env },
    };
    try {
      return { result: await driver.apply(input, context), log: lines.join("\n"), input };
    } finally {
      await commands.end();
      log.close();
    }
  }

  async observe(deploy: Deploy = {}): Promise<Observed> {
    const definition = this.definition(deploy);
    return await driver.observe(
      { project: "harbor", target: `${definition.service}@${definition.environment}`, definition },
      { signal: new AbortController().signal, home: this.home },
    );
  }

  /** Revisions as Helm lists them. */
  async history(): Promise<readonly { readonly revision: number; readonly status: string; readonly description: string }[]> {
    return JSON.parse(await this.space.helm(["history", this.name, "-o", "json", "-n", this.space.namespace])) as Awaited<
      ReturnType<Release["history"]>
    >;
  }
}
