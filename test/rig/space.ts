import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { execa } from "execa";
import { parse, stringify } from "yaml";
import { hostVariables } from "../../src/host/environment.ts";
import type { TestCluster } from "./cluster.ts";

/** What a client program did. */
export type Ran = { readonly code: number; readonly stdout: string; readonly stderr: string };

export type RunOptions = { readonly input?: string; readonly env?: Readonly<Record<string, string>>; readonly signal?: AbortSignal };

/** A rule of a Role, as Kubernetes writes it. */
export type Rule = {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
};

type Kubeconfig = {
  clusters: { name: string; cluster: Record<string, unknown> }[];
  users: { name: string; user: Record<string, unknown> }[];
  contexts: { name: string; context: Record<string, unknown> }[];
};

/** A namespace, a directory, and clients that work in them. */
export class Space {
  readonly cluster: TestCluster;
  readonly namespace: string;
  /** Temporary files of this test; gone with the space. */
  readonly directory: string;
  /** The admin's, whose context has this namespace. */
  readonly kubeconfig: string;
  /** The whole environment of the clients: `helm`, `helm3` and `kubectl` are on its `PATH`, and what they keep is in `directory`. */
  readonly env: Readonly<Record<string, string>>;

  constructor(cluster: TestCluster, namespace: string) {
    this.cluster = cluster;
    this.namespace = namespace;
    this.directory = mkdtempSync(join(tmpdir(), "sluice-space-"));
    this.kubeconfig = this.writeKubeconfig("admin", {});
    const keep = (name: string): string => join(this.directory, name);
    this.env = {
      ...hostVariables(),
      PATH: [cluster.reach.path, process.env["PATH"]].join(delimiter),
      KUBECONFIG: this.kubeconfig,
      KUBECACHEDIR: keep("kube-cache"),
      HELM_CACHE_HOME: keep("helm-cache"),
      HELM_CONFIG_HOME: keep("helm-config"),
      HELM_DATA_HOME: keep("helm-data"),
    };
  }

  /** Rejects where it fails. */
  async kubectl(args: readonly string[], options: RunOptions = {}): Promise<string> {
    return must("kubectl", args, await this.run("kubectl", args, options));
  }

  /** Rejects where it fails. */
  async helm(args: readonly string[], options: RunOptions = {}): Promise<string> {
    return must("helm", args, await this.run("helm", args, options));
  }

  /** Runs a client in this space's environment, in its directory, and says how it ended. */
  async run(program: string, args: readonly string[], { input, env = {}, signal }: RunOptions = {}): Promise<Ran> {
    const { exitCode, stdout, stderr } = await execa(program, args, {
      cwd: this.directory,
      env: { ...this.env, ...env },
      extendEnv: false,
      reject: false,
      ...(input === undefined ? { stdin: "ignore" as const } : { input }),
      ...(signal === undefined ? {} : { cancelSignal: signal }),
    });
    return { code: exitCode ?? -1, stdout, stderr };
  }

  /** What the API says, as the admin, about `deployments/web` of `apis/apps/v1`, or `pods?labelSelector=app%3Dweb` of `api/v1`; null where there is none. */
  async get<T>(group: string, path: string): Promise<T | null> {
    return await this.cluster.api.get<T>(`/${group}/namespaces/${this.namespace}/${path}`);
  }

  /** A file in the space's directory; its absolute path. */
  write(name: string, text: string): string {
    const path = join(this.directory, name);
    writeFileSync(path, text);
    return path;
  }

  /**
   * Path of a kubeconfig for a new service account that may do exactly this in this namespace, and nothing elsewhere. Its token is real and holds for an hour.
   * When the account is deleted (`kubectl delete serviceaccount NAME`), the API server refuses the token.
   */
  async serviceAccount(name: string, rules: readonly Rule[]): Promise<string> {
    const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${this.namespace}`;
    await this.#create(`/api/v1/namespaces/${this.namespace}/serviceaccounts`, { metadata: { name } });
    await this.#create(`${rbac}/roles`, { metadata: { name }, rules });
    await this.#create(`${rbac}/rolebindings`, {
      metadata: { name },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name },
      subjects: [{ kind: "ServiceAccount", name, namespace: this.namespace }],
    });
    const path = `/api/v1/namespaces/${this.namespace}/serviceaccounts/${name}/token`;
    const { status } = await this.#create<{ readonly status: { readonly token: string } }>(path, { spec: { expirationSeconds: 3600 } });
    return this.writeKubeconfig(name, { user: { token: status.token } });
  }

  /** Path of a copy of the admin's kubeconfig with another server (a proxy's `https://127.0.0.1:port`) or another user. */
  writeKubeconfig(name: string, { server, user }: { readonly server?: string; readonly user?: Readonly<Record<string, unknown>> }): string {
    const config = parse(readFileSync(this.cluster.reach.kubeconfig, "utf8")) as Kubeconfig;
    for (const { cluster } of config.clusters) if (server !== undefined) cluster["server"] = server;
    for (const one of config.users) if (user !== undefined) one.user = { ...user };
    for (const { context } of config.contexts) context["namespace"] = this.namespace;
    return this.write(`${name}.kubeconfig`, stringify(config));
  }

  async close(): Promise<void> {
    await this.cluster.api.ask("DELETE", `/api/v1/namespaces/${this.namespace}`);
    rmSync(this.directory, { recursive: true, force: true });
  }

  async #create<T>(path: string, object: object): Promise<T> {
    const { status, text } = await this.cluster.api.ask("POST", path, object);
    if (status !== 201) throw new Error(`${path}: ${status} ${text}`);
    return JSON.parse(text) as T;
  }
}

function must(program: string, args: readonly string[], { code, stdout, stderr }: Ran): string {
  if (code !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${code}:\n${stderr}\n${stdout}`);
  return stdout;
}
