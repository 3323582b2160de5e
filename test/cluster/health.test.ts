import { chmodSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { applyObject } from "../../src/cluster/apply.ts";
import type { Cluster } from "../../src/cluster/cluster.ts";
import { connect } from "../../src/cluster/connect.ts";
import { assess } from "../../src/cluster/health/assess.ts";
import { awaitHealthy } from "../../src/cluster/health/await.ts";
import type { Assessment } from "../../src/cluster/health/types.ts";
import { parseManifests } from "../../src/cluster/manifests.ts";
import { inOrder, type KubeObject } from "../../src/cluster/objects.ts";
import { describeCluster, ownCluster, sharedCluster } from "../rig/cluster.ts";
import type { Space } from "../rig/space.ts";
import { until } from "../rig/wait.ts";

const connected = async (space: Space, kubeconfig = space.kubeconfig): Promise<Cluster> =>
  await connect({ kubeconfig }, {}, { signal: new AbortController().signal, home: space.directory });

async function apply(cluster: Cluster, text: string): Promise<readonly KubeObject[]> {
  const objects = inOrder(parseManifests(text));
  for (const object of objects) await applyObject(cluster, object, { fieldManager: "test", force: false });
  return objects;
}

async function waitFor(
  cluster: Cluster,
  objects: readonly KubeObject[],
  timeoutMs = 60_000,
): Promise<Assessment & { readonly said: string }> {
  const lines: string[] = [];
  const signal = new AbortController().signal;
  const end = await awaitHealthy(cluster, objects, { signal, timeoutMs, log: (text) => void lines.push(text) });
  return { ...end, said: lines.join("\n") };
}

const template = (app: string, image: string, spec = ""): string => `
  selector: { matchLabels: { app: ${app} } }
  template:
    metadata: { labels: { app: ${app} } }
    spec:
      containers: [{ name: app, image: "${image}"${spec} }]`;
const deployment = (app: string, image: string, { spec = "", more = "" } = {}): string => `---
apiVersion: apps/v1
kind: Deployment
metadata: { name: ${app} }
spec:
  replicas: 2${more}${template(app, image, spec)}
`;
const job = (name: string, image: string): string => `---
apiVersion: batch/v1
kind: Job
metadata: { name: ${name} }
spec:
  backoffLimit: 1
  template:
    spec: { restartPolicy: Never, containers: [{ name: app, image: "${image}" }] }
`;

describeCluster("what is healthy", () => {
  it("every kind of workload, as soon as it is; a rendering without one at once", async () => {
    const space = await sharedCluster().space();
    const cluster = await connected(space);
    const objects = await apply(
      cluster,
      `${deployment("web", "team/web:1")}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: store }
spec:
  replicas: 2
  serviceName: store${template("store", "team/store:1")}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: { name: agent }
spec:${template("agent", "team/agent:1")}
${job("migrate", "team/migrate:1")}---
apiVersion: v1
kind: Pod
metadata: { name: alone }
spec: { containers: [{ name: app, image: "team/alone:1" }] }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { selector: { app: web }, ports: [{ port: 80 }] }
`,
    );
    expect(await waitFor(cluster, objects)).toMatchObject({ health: "healthy", summary: "5 objects are ready" });
    expect(await assess(cluster, objects)).toEqual({ health: "healthy", certain: false, summary: "5 objects are ready", problems: [] });
    const still = parseManifests("apiVersion: v1\nkind: ConfigMap\nmetadata: { name: never-applied }");
    expect(await waitFor(cluster, still)).toMatchObject({ health: "healthy", summary: "nothing in it has to become ready" });
  });

  it("the new version counts, and not pods of the one before", async () => {
    const cluster = await connected(await sharedCluster().space());
    await waitFor(cluster, await apply(cluster, deployment("web", "team/web:1-crash")), 1500);
    const objects = await apply(cluster, deployment("web", "team/web:2-slow"));
    const progress = await assess(cluster, objects);
    expect(progress).toMatchObject({ health: "progressing", certain: false });
    expect(progress.problems.join("\n")).not.toContain("1-crash");
    expect(await waitFor(cluster, objects)).toMatchObject({ health: "healthy" });
  });

  it("what crashes at first and then does not", async () => {
    const cluster = await connected(await sharedCluster().space());
    const end = await waitFor(cluster, await apply(cluster, deployment("web", "team/web-flaky:1")));
    expect(end.health).toBe("healthy");
    expect(end.said).toContain("fatal: the lock is held by another instance");
  });

  it("a claim that nobody uses yet, where volumes come with their first pod", async () => {
    const space = await sharedCluster().space();
    const cluster = await connected(space);
    const name = `first-${space.namespace}`;
    onTestFinished(async () => void (await cluster.request("DELETE", `/apis/storage.k8s.io/v1/storageclasses/${name}`)));
    const objects = await apply(
      cluster,
      `apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: { name: ${name} }
provisioner: example.org/none
volumeBindingMode: WaitForFirstConsumer
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: data }
spec: { accessModes: [ReadWriteOnce], storageClassName: ${name}, resources: { requests: { storage: 1Gi } } }
`,
    );
    expect(await waitFor(cluster, objects, 30_000)).toMatchObject({ health: "healthy" });
  });

  it("a definition, then what is of it", async () => {
    const space = await sharedCluster().space();
    const cluster = await connected(space);
    const group = `${space.namespace}.example.org`;
    const name = `ships.${group}`;
    onTestFinished(async () => void (await cluster.request("DELETE", `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}`)));
    const objects = await apply(
      cluster,
      `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: ${name} }
spec:
  group: ${group}
  scope: Namespaced
  names: { plural: ships, kind: Ship }
  versions: [{ name: v1, served: true, storage: true, subresources: { status: {} }, schema: { openAPIV3Schema: { type: object, x-kubernetes-preserve-unknown-fields: true } } }]
`,
    );
    expect(await waitFor(cluster, objects)).toMatchObject({ health: "healthy" });
    const ship = { apiVersion: `${group}/v1`, kind: "Ship", metadata: { name: "gull" } };
    // Discovery may lag behind what is established.
    const applied = await until(
      async () => await applyObject(cluster, ship, { fieldManager: "test", force: false }).catch(() => null),
      "the kind",
    );
    expect(await waitFor(cluster, [ship])).toMatchObject({ health: "healthy", summary: "Ship/gull is ready" });
    const status = {
      ...applied,
      metadata: { name: "gull" },
      status: { conditions: [{ type: "Ready", status: "False", message: "no wind" }] },
    };
    await cluster.request("PATCH", `${await cluster.pathOf(ship)}/status`, { body: status, contentType: "application/merge-patch+json" });
    expect(await waitFor(cluster, [ship], 200)).toMatchObject({ health: "progressing", problems: ["Ship/gull is not ready: no wind"] });
    expect(readdirSync(join(space.directory, "drivers/cluster"))).toEqual([expect.stringMatching(/^kinds-/)]);
  });
});

describeCluster("what is not healthy is explained", () => {
  it("by pod, container, image or exit code and the last lines, once it is certain", async () => {
    const cluster = await connected(await sharedCluster().space());
    const ends = await Promise.all(
      ["nopull", "crash", "oom"].map(async (word) => await waitFor(cluster, await apply(cluster, deployment(word, `team/web-${word}:1`)))),
    );
    for (const end of ends) expect(end).toMatchObject({ health: "degraded", certain: true });
    const [nopull, crash, oom] = ends.map(({ summary, problems }) => [summary, ...problems].join("\n"));
    expect(nopull).toMatch(
      /^Deployment\/nopull: pod nopull-\S+ .*container app: (ErrImagePull|ImagePullBackOff): cannot pull the image team\/web-nopull:1: it is not in the registry$/m,
    );
    expect(crash).toMatch(
      /container app: CrashLoopBackOff: it ended with exit code 1, 4 times so far[^]*\n {4}fatal: cannot reach the database$/,
    );
    expect(oom).toMatch(
      /exit code 137 \(OOMKilled: it needs more memory than its limit\), 4 times so far[^]*\n {4}loading 4 GiB of prices$/,
    );
  });

  it("by what is missing, which somebody may still bring", async () => {
    const cluster = await connected(await sharedCluster().space());
    const end = await waitFor(cluster, await apply(cluster, deployment("web", "team/web-noconfig:1")), 2000);
    expect(end).toMatchObject({
      certain: false,
      summary: expect.stringMatching(/container app: cannot be configured: configmap "\S+" not found/) as string,
    });
  });

  it("a probe that fails, by its own words and the program's, when the time is over or the rollout's own is", async () => {
    const cluster = await connected(await sharedCluster().space());
    const objects = await apply(cluster, deployment("web", "team/web-broken:1", { more: "\n  progressDeadlineSeconds: 3" }));
    const early = await waitFor(cluster, objects, 1000);
    expect(early).toMatchObject({
      health: "progressing",
      certain: false,
      summary: expect.stringMatching(/runs but is not ready: Readiness probe failed: .*503/) as string,
    });
    expect(early.problems.join("\n")).toContain("    health: upstream ledger answers 401, not serving");
    expect(await waitFor(cluster, objects)).toMatchObject({
      certain: true,
      problems: expect.arrayContaining([expect.stringMatching(/no progress for 3 s \(progressDeadlineSeconds\)/)]) as string[],
    });
  });

  it("no node has room, which may change", async () => {
    const cluster = await connected(await sharedCluster().space());
    const objects = await apply(cluster, deployment("web", "team/web:1", { spec: ', resources: { requests: { cpu: "5000" } }' }));
    const end = await until(async () => {
      const look = await assess(cluster, objects);
      return look.summary.includes("cannot be scheduled") ? look : null;
    }, "the scheduler's word");
    expect(end).toMatchObject({
      health: "progressing",
      certain: false,
      summary: expect.stringMatching(/cannot be scheduled: 0\/\d+ nodes are available: .*Insufficient cpu/) as string,
    });
  });

  it("a quota, certain where it can never be enough", async () => {
    const space = await sharedCluster().space();
    const cluster = await connected(space);
    await apply(cluster, `apiVersion: v1\nkind: ResourceQuota\nmetadata: { name: small }\nspec: { hard: { requests.cpu: "1" } }`);
    await until(
      async () => ((await space.get<{ status?: { hard?: object } }>("api/v1", "resourcequotas/small"))?.status?.hard ? true : null),
      "the quota",
    );
    const cpu = (amount: string) => ({ spec: `, resources: { requests: { cpu: "${amount}" } }` });
    const [never, some] = [
      await apply(cluster, deployment("never", "team/web:1", cpu("2"))),
      await apply(cluster, deployment("some", "team/web:1", cpu("750m"))),
    ];
    expect(await waitFor(cluster, never)).toMatchObject({
      certain: true,
      summary: expect.stringMatching(
        /^Deployment\/never: cannot create its pods: .*exceeded quota: small, requested: requests.cpu=2/,
      ) as string,
    });
    expect(await waitFor(cluster, some, 1500)).toMatchObject({
      certain: false,
      summary: expect.stringContaining("exceeded quota: small") as string,
    });
  });

  it("a policy that refuses its pods", async () => {
    const space = await sharedCluster().space();
    const cluster = await connected(space);
    const name = `no-latest-${space.namespace}`;
    const policies = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolic";
    onTestFinished(async () => {
      await cluster.request("DELETE", `${policies}ybindings/${name}`);
      await cluster.request("DELETE", `${policies}ies/${name}`);
    });
    await apply(
      cluster,
      `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: { name: ${name} }
spec:
  failurePolicy: Fail
  matchConstraints:
    resourceRules: [{ apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods] }]
    namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: ${space.namespace} } }
  validations: [{ expression: "object.spec.containers.all(c, !c.image.endsWith(':latest'))", message: "name a version" }]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: { name: ${name} }
spec: { policyName: ${name}, validationActions: [Deny] }
`,
    );
    const pod = (at: number) =>
      `apiVersion: v1\nkind: Pod\nmetadata: { name: probe-${at} }\nspec: { containers: [{ name: app, image: "a:latest" }] }`;
    for (let at = 1; ; at++) if ((await apply(cluster, pod(at)).catch(() => null)) === null) break; // the API server learns of policies after a while
    expect(await waitFor(cluster, await apply(cluster, deployment("web", "team/web:latest")))).toMatchObject({
      certain: true,
      summary: expect.stringMatching(/^Deployment\/web: cannot create its pods: .*denied request: name a version/) as string,
    });
  });

  it("a StatefulSet that is held up by a pod of the version before, which is deleted where that is allowed", async () => {
    const space = await sharedCluster().space();
    const store = (image: string) => `apiVersion: apps/v1
kind: StatefulSet
metadata: { name: store }
spec:
  serviceName: store${template("store", image)}
`;
    const cluster = await connected(space);
    await waitFor(cluster, await apply(cluster, store("team/store-nopull:1")));
    const reads = ["get", "list", "watch"];
    const account = await space.serviceAccount("reader", [
      { apiGroups: ["apps"], resources: ["statefulsets"], verbs: [...reads, "patch"] },
      { apiGroups: [""], resources: ["pods", "events"], verbs: reads },
    ]);
    const reader = await connected(space, account);
    const held = await waitFor(reader, await apply(reader, store("team/store:2")));
    expect(held).toMatchObject({ health: "degraded", certain: true });
    expect(held.summary).toMatch(
      /^StatefulSet\/store: waits for a pod of the version before, which is replaced only when it is deleted: pod store-0: .*cannot pull the image team\/store-nopull:1/,
    );
    expect(held.said).toMatch(/the pod store-0 has to be deleted, and could not be: .*Grant `delete` on `pods`/);
    const end = await waitFor(cluster, await apply(cluster, store("team/store:2")));
    expect(end.said).toContain("deleted the pod store-0: it is of the version before, does not get ready");
    expect(end.health).toBe("healthy");
  });

  it("a Job that has failed, a claim without a volume, and something that is gone", async () => {
    const space = await sharedCluster().space();
    const cluster = await connected(space);
    const failed = await waitFor(cluster, await apply(cluster, job("migrate", "team/migrate-crash:1")));
    expect(failed).toMatchObject({
      health: "degraded",
      certain: true,
      problems: expect.arrayContaining([expect.stringMatching(/Job\/migrate has failed: BackoffLimitExceeded/)]) as string[],
    });
    expect(failed.problems.join("\n")).toMatch(/pod migrate-\S+ .*container app: ended with exit code 1\n {4}starting\n/);
    const claim = `apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: { name: data }\nspec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }`;
    const pending = await apply(cluster, claim);
    const said = await until(
      async () => (await assess(cluster, pending)).problems.find((line) => line.includes("no persistent volumes available")) ?? null,
      "the claim's event",
    );
    expect(said).toContain("no storage class is set");
    const gone = parseManifests(deployment("gone", "team/web:1"));
    expect(await waitFor(cluster, gone)).toMatchObject({ certain: true, summary: "Deployment/gone is not there" });
  });
});

describeCluster("waiting for an API server", () => {
  it("goes on when it comes back, and says meanwhile what it waits for", async () => {
    const own = await ownCluster();
    const space = await own.openSpace();
    onTestFinished(() => rmSync(space.directory, { recursive: true, force: true }));
    const cluster = await connected(space);
    const lines: string[] = [];
    const signal = new AbortController().signal;
    const objects = await apply(cluster, deployment("web", "team/web-slow:1"));
    const waiting = awaitHealthy(cluster, objects, { signal, timeoutMs: 60_000, log: (text) => void lines.push(text) });
    await until(() => (lines.length > 0 ? true : null), "the first look");
    await own.stop("kube-apiserver");
    await until(() => (lines.includes("the API server does not answer: waiting for it") ? true : null), "a look at nothing");
    await own.start("kube-apiserver");
    expect(await waiting).toMatchObject({ health: "healthy" });
  });

  it("ends when its time is over", async () => {
    const own = await ownCluster();
    const space = await own.openSpace();
    onTestFinished(() => rmSync(space.directory, { recursive: true, force: true }));
    const cluster = await connected(space);
    const objects = await apply(cluster, deployment("web", "team/web-slow:1"));
    await own.stop("kube-apiserver");
    expect(await waitFor(cluster, objects, 1000)).toMatchObject({ health: "unknown", certain: false });
    await expect(assess(cluster, objects)).rejects.toMatchObject({ code: "unreachable" });
  });
});

describeCluster("a connection", () => {
  const place = (space: Space, kubeconfig = space.kubeconfig) => ({ kubeconfig, namespace: space.namespace });
  const signal = new AbortController().signal;

  it("is refused for another cluster, and where that cannot be told", async () => {
    const shared = sharedCluster();
    const space = await shared.space();
    const uid = await shared.uid();
    const right = await connect(place(space), {}, { signal, home: null, cluster: uid });
    expect(await right.get(`/api/v1/namespaces/${space.namespace}`)).toMatchObject({ metadata: { name: space.namespace } });
    const wrong = connect(place(space), {}, { signal, home: null, cluster: "00000000-0000-0000-0000-000000000000" });
    await expect(wrong).rejects.toMatchObject({
      code: "wrong-cluster",
      message: expect.stringContaining(`leads to the cluster ${uid}`) as string,
    });
    const blind = await space.serviceAccount("blind", [{ apiGroups: [""], resources: ["pods"], verbs: ["get"] }]);
    await expect(connect(place(space, blind), {}, { signal, home: null, cluster: uid })).rejects.toMatchObject({
      code: "forbidden",
      hint: expect.stringContaining(
        "a Role in it is enough: resources: [namespaces], resourceNames: [kube-system], verbs: [get]",
      ) as string,
    });
    const rule = JSON.stringify([{ apiGroups: [""], resources: ["namespaces"], resourceNames: ["kube-system"], verbs: ["get"] }]);
    const role = `sluice-${space.namespace}`;
    const metadata = `{ name: ${role}, namespace: kube-system }`;
    await space.kubectl(["apply", "-f", "-"], {
      input: `
{ apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: ${metadata}, rules: ${rule} }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: ${metadata}
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: ${role} }
subjects: [{ kind: ServiceAccount, name: blind, namespace: ${space.namespace} }]
`,
    });
    onTestFinished(() => space.kubectl(["delete", "--namespace=kube-system", `role/${role}`, `rolebinding/${role}`]).then(() => {}));
    const seeing = () => connect(place(space, blind), {}, { signal, home: null, cluster: uid });
    await until(async () => (await seeing().catch(() => null)) && true, "the Role counts");
  });

  it("names the right that is missing, and credentials that are not taken", async () => {
    const space = await sharedCluster().space();
    const account = await space.serviceAccount("reader", [{ apiGroups: [""], resources: ["pods"], verbs: ["get", "list"] }]);
    const reader = await connect(place(space, account), {}, { signal, home: null });
    expect(await reader.list(`/api/v1/namespaces/${space.namespace}/pods`)).toEqual([]);
    await expect(reader.list(`/apis/apps/v1/namespaces/${space.namespace}/deployments`)).rejects.toMatchObject({
      code: "forbidden",
      hint: expect.stringContaining("`list` on `deployments.apps`") as string,
    });
    await space.kubectl(["delete", "serviceaccount", "reader"]);
    const refused = await until(
      async () =>
        await reader.list(`/api/v1/namespaces/${space.namespace}/pods`).then(
          () => null,
          (error: unknown) => error,
        ),
      "the token's end",
    );
    expect(refused).toMatchObject({ code: "unauthorized", hint: expect.stringContaining("token has expired or was withdrawn") as string });
  });

  it("takes what a program of the kubeconfig makes, and has it made anew when it is refused", async () => {
    const space = await sharedCluster().space();
    const account = readFileSync(await space.serviceAccount("reader", [{ apiGroups: [""], resources: ["pods"], verbs: ["list"] }]), "utf8");
    const token = /token: (\S+)/.exec(account)?.[1] ?? "";
    const credential = (value: string) =>
      JSON.stringify({ kind: "ExecCredential", apiVersion: "client.authentication.k8s.io/v1", status: { token: value } });
    const program = space.write(
      "login",
      `#!/bin/sh\necho run >> ${space.directory}/runs\n[ $(wc -l < ${space.directory}/runs) = 1 ] && echo '${credential("stale")}' || echo '${credential(token)}'\n`,
    );
    chmodSync(program, 0o755);
    const exec = { apiVersion: "client.authentication.k8s.io/v1", command: "./login", interactiveMode: "Never" };
    const cluster = await connect(
      place(space, space.writeKubeconfig("exec", { user: { exec } })),
      { PATH: process.env["PATH"] ?? "" },
      { signal, home: null },
    );
    for (let time = 1; time <= 2; time++) expect(await cluster.list(`/api/v1/namespaces/${space.namespace}/pods`)).toEqual([]);
    expect(readFileSync(join(space.directory, "runs"), "utf8")).toBe("run\nrun\n");
  });

  it("is refused to a server that another authority vouches for", async () => {
    const space = await sharedCluster().space();
    const untrusted = space.write(
      "untrusted",
      (await space.kubectl(["config", "view", "--raw"])).replace(/certificate-authority-data: \S+/, "tls-server-name: kubernetes"),
    );
    const cluster = await connect(place(space, untrusted), {}, { signal, home: null });
    await expect(cluster.list("/api/v1/namespaces")).rejects.toMatchObject({ code: "untrusted" });
  });
});
