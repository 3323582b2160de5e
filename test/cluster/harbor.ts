import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { devNull, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { seedHarbor } from "../../src/app/demo/harbor.ts";
import { harborOnKubernetes } from "../../src/app/demo/on-kubernetes.ts";
import type { Schemas } from "../../src/contract/client.ts";
import { endAttempts } from "../../src/executor/local/index.ts";
import { hostVariables } from "../../src/host/environment.ts";
import { Program } from "../e2e/cli-rig.ts";
import { openCluster, type TestCluster } from "../rig/cluster.ts";
import { TestServer } from "../rig/server.ts";

const OCI = "application/vnd.oci.image.manifest.v1+json";

export type Ended = { readonly exit: number | null; readonly out: string; readonly err: string };
type Deployment = {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly replicas: number;
    readonly template: {
      readonly spec: {
        readonly containers: readonly {
          readonly image: string;
          readonly env?: readonly { readonly name: string; readonly value?: string }[];
        }[];
      };
    };
  };
};

/** The sample on a cluster and with a registry of its own, a server beside it, and the command line. */
export class HarborOnCluster {
  readonly cluster: TestCluster;
  readonly registry: string;
  readonly root: string;
  readonly server: TestServer;
  readonly #directory: string;
  readonly #env: Readonly<Record<string, string>>;

  private constructor(cluster: TestCluster, registry: string) {
    this.cluster = cluster;
    this.registry = registry;
    this.#directory = mkdtempSync(join(tmpdir(), "sluice-harbor-"));
    this.root = join(this.#directory, "harbor");
    this.#env = {
      ...hostVariables(),
      HOME: this.#directory,
      XDG_STATE_HOME: join(this.#directory, "state"),
      PATH: [cluster.reach.path, process.env["PATH"]].join(delimiter),
      KUBECONFIG: cluster.reach.kubeconfig,
      GIT_CONFIG_GLOBAL: devNull,
      NO_COLOR: "1",
      COLUMNS: "200",
    };
    this.server = new TestServer(this.root, this.#env);
  }

  static async open(): Promise<HarborOnCluster> {
    const cluster = await openCluster();
    const harbor = new HarborOnCluster(cluster, await cluster.registry());
    await seedHarbor(harbor.root, harborOnKubernetes(harbor.registry));
    await harbor.server.start();
    return harbor;
  }

  async close(): Promise<void> {
    await this.server.kill("SIGTERM");
    await endAttempts(this.server.home);
    await this.cluster.close();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async sluice(...args: readonly string[]): Promise<Ended> {
    const program = new Program(args, { cwd: this.root, env: this.#env });
    const exit = await program.exit();
    return { exit, out: program.out, err: program.err };
  }

  /** What `sluice` has printed, where it ends with this code. */
  async says(exit: number, ...args: readonly string[]): Promise<string> {
    const ended = await this.sluice(...args);
    if (ended.exit !== exit) throw new Error(`sluice ${args.join(" ")} ended with ${ended.exit}, not ${exit}:\n${ended.out}\n${ended.err}`);
    return ended.out;
  }

  async json<T>(exit: number, ...args: readonly string[]): Promise<T> {
    return JSON.parse(await this.says(exit, ...args, "--json")) as T;
  }

  kubectl(...args: readonly string[]): string {
    return execFileSync("kubectl", args, { env: this.#env, encoding: "utf8" });
  }

  /** Deployments of an environment: name to commit and image, as the cluster has them. */
  async live(environment: string): Promise<Readonly<Record<string, { readonly commit: string; readonly image: string }>>> {
    const list = await this.cluster.api.get<{ readonly items: readonly Deployment[] }>(
      `/apis/apps/v1/namespaces/harbor-${environment}/deployments`,
    );
    return Object.fromEntries(
      (list?.items ?? []).map(({ metadata, spec }) => {
        const [container] = spec.template.spec.containers;
        return [
          metadata.name,
          { commit: container?.env?.find((e) => e.name === "SLUICE_COMMIT")?.value ?? "", image: container?.image ?? "" },
        ];
      }),
    );
  }

  /** The newest run, once it has ended. */
  async ended(): Promise<Schemas["RunDetail"]> {
    const runs = await this.json<readonly { readonly id: string }[]>(0, "runs", "--limit", "1");
    const id = runs[0]?.id ?? "";
    await this.sluice("run", "watch", id);
    const { data } = await this.server.api().GET("/api/v1/runs/{id}", { params: { path: { id } } });
    if (data === undefined) throw new Error(`no run ${id}`);
    return data;
  }

  /** The registry loses the image of a commit. */
  async forget(commit: string): Promise<void> {
    const manifests = `http://${this.registry}/v2/harbor/manifests`;
    const { headers } = await fetch(`${manifests}/${this.git("rev-parse", commit)}`, { method: "HEAD", headers: { accept: OCI } });
    const answer = await fetch(`${manifests}/${headers.get("docker-content-digest") ?? ""}`, { method: "DELETE" });
    if (answer.status !== 202) throw new Error(`the registry answers ${answer.status}`);
  }

  git(...args: readonly string[]): string {
    const person = ["-c", "user.name=Ana Ruiz", "-c", "user.email=ana@harbor.example"];
    return execFileSync("git", [...person, ...args], { cwd: this.root, encoding: "utf8", env: this.#env }).trim();
  }
}
