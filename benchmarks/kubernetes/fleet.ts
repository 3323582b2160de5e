import { cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";

/** Forty backends, and ten frontends that need all of them: one chart, a values file each, two commits that differ in every service. */
export type Fleet = {
  readonly root: string;
  readonly backends: readonly string[];
  readonly frontends: readonly string[];
  /** A copy of the tree of each commit, for tools that deploy from files. */
  readonly trees: Readonly<Record<Version, string>>;
};
export type Version = "1" | "2";

const BACKENDS = 40;
const FRONTENDS = 10;
/** Of the fleet that the driver `kubernetes` deploys, in one target. */
const DEPLOYMENTS = 200;
const names = (prefix: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}-${String(i).padStart(2, "0")}`);

export async function makeFleet(directory: string): Promise<Fleet> {
  const root = join(directory, "fleet");
  const [backends, frontends] = [names("backend", BACKENDS), names("frontend", FRONTENDS)];
  await mkdir(join(root, "chart/templates"), { recursive: true });
  await mkdir(join(root, "values"));
  await mkdir(join(root, "many"));
  await writeFile(join(root, "chart/Chart.yaml"), "apiVersion: v2\nname: service\nversion: 1.0.0\n");
  await writeFile(join(root, "chart/values.yaml"), 'version: ""\n');
  await writeFile(join(root, "chart/templates/all.yaml"), TEMPLATE);
  await writeFile(join(root, "sluice.yaml"), config(backends, frontends));
  await git(root, ["init", "--quiet", "--initial-branch=main"]);
  for (const version of ["1", "2"] as const) {
    for (const name of [...backends, ...frontends]) await writeFile(join(root, "values", `${name}.yaml`), `version: "${version}"\n`);
    await writeFile(
      join(root, "many/deployments.yaml"),
      names("many", DEPLOYMENTS)
        .map((name) => deployment(name, version))
        .join("---\n"),
    );
    await git(root, ["add", "--all"]);
    await git(root, ["commit", "--quiet", "--message", `version ${version}`]);
    await git(root, ["tag", `v${version}`]);
    await cp(root, join(directory, `tree-${version}`), { recursive: true });
  }
  return { root, backends, frontends, trees: { "1": join(directory, "tree-1"), "2": join(directory, "tree-2") } };
}

async function git(cwd: string, args: readonly string[]): Promise<void> {
  const env = { GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" };
  await execa("git", ["-c", "user.name=bench", "-c", "user.email=bench@example.com", ...args], { cwd, env });
}

function config(backends: readonly string[], frontends: readonly string[]): string {
  const service = (name: string, tier: string, needs: readonly string[]): string =>
    `  ${name}: { tier: ${tier}, needs: [${needs.join(", ")}], deploy: { helm: { chart: chart, values: [values/${name}.yaml], namespace: sluice } } }`;
  return `version: 1
project: fleet
environments:
  load: { credentials: [KUBECONFIG] }
services:
${backends.map((name) => service(name, "backend", [])).join("\n")}
${frontends.map((name) => service(name, "frontend", backends)).join("\n")}
  many: { tier: backend, manual: true, deploy: { kubernetes: { manifests: [many/deployments.yaml], namespace: many } } }
`;
}

const TEMPLATE = `apiVersion: v1
kind: ConfigMap
metadata: { name: {{ .Release.Name }} }
data: { version: {{ .Values.version | quote }} }
---
${deployment("{{ .Release.Name }}", "{{ .Values.version }}")}---
apiVersion: v1
kind: Service
metadata: { name: {{ .Release.Name }} }
spec:
  selector: { app: {{ .Release.Name }} }
  ports: [{ port: 80, targetPort: 8080 }]
`;

function deployment(name: string, version: string): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name} }
spec:
  replicas: 1
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} } }
    spec:
      containers:
        - name: main
          image: example/service:1.0
          env: [{ name: VERSION, value: "${version}" }]
          readinessProbe: { httpGet: { path: /healthz, port: 8080 } }
`;
}
