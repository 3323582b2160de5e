import { expect, it } from "vitest";
import { applyObject, conflictsOf } from "../../src/cluster/apply.ts";
import type { Cluster } from "../../src/cluster/cluster.ts";
import { compareObjects } from "../../src/cluster/compare.ts";
import { connect } from "../../src/cluster/connect.ts";
import { parseManifests } from "../../src/cluster/manifests.ts";
import type { KubeObject } from "../../src/cluster/objects.ts";
import { maskOf } from "../../src/cluster/print.ts";
import { describeCluster, sharedCluster } from "../rig/cluster.ts";
import type { Space } from "../rig/space.ts";

const connected = async (space: Space, warn: (text: string) => void = () => {}): Promise<Cluster> =>
  await connect({ kubeconfig: space.kubeconfig }, {}, { signal: new AbortController().signal, home: null, warn });

const manifests = (image: string, password: string) => `apiVersion: apps/v1
kind: Deployment
metadata: { name: web, annotations: { example.org/run: "${image}" } }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: app, image: "${image}" }] }
---
apiVersion: v1
kind: Secret
metadata: { name: tokens }
stringData: { password: "${password}" }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { selector: { app: web }, ports: [{ port: 80 }] }
`;

async function apply(cluster: Cluster, objects: readonly KubeObject[]): Promise<void> {
  for (const object of objects) await applyObject(cluster, object, { fieldManager: "sluice", force: false });
}

describeCluster("comparing with what is there", () => {
  it("shows what would change and nothing else, and no secret", async () => {
    const space = await sharedCluster().space();
    const cluster = await connected(space);
    const options = { fieldManager: "sluice", mask: maskOf(space.directory), ignore: ["example.org/"] };
    const compare = async (image: string, password: string) =>
      await compareObjects(cluster, parseManifests(manifests(image, password)), options);
    const before = await compare("team/web:1", "hunter2");
    expect(before.map(({ kind, name, namespace, change, before: was }) => [kind, name, namespace, change, was])).toEqual([
      ["Deployment", "web", space.namespace, "added", null],
      ["Secret", "tokens", space.namespace, "added", null],
      ["Service", "web", space.namespace, "added", null],
    ]);
    await apply(cluster, parseManifests(manifests("team/web:1", "hunter2")));
    // What others own, and what the API server fills in, is no difference.
    await space.kubectl(["scale", "deployment/web", "--replicas=3"]);
    expect((await compare("team/web:1", "hunter2")).map(({ change }) => change)).toEqual(["same", "same", "same"]);

    const [web, tokens, service] = await compare("team/web:2", "hunter3");
    expect([web?.change, tokens?.change, service?.change]).toEqual(["changed", "changed", "same"]);
    const lines = (text: string | null | undefined) => (text ?? "").split("\n").map((line) => line.trim());
    expect(lines(web?.after).filter((line) => !lines(web?.before).includes(line))).toEqual(["- image: team/web:2"]);
    expect(web?.after).not.toMatch(/managedFields|resourceVersion|uid:|status:|example.org/);
    const texts = JSON.stringify([tokens, before]);
    for (const secret of ["hunter2", "hunter3"]) {
      expect(texts).not.toContain(secret);
      expect(texts).not.toContain(Buffer.from(secret).toString("base64"));
    }

    await space.kubectl(["set", "image", "deployment/web", "app=team/web:by-hand"]);
    const [drifted] = await compare("team/web:1", "hunter2");
    expect(drifted).toMatchObject({
      change: "changed",
      before: expect.stringContaining("team/web:by-hand") as string,
      after: expect.stringContaining("team/web:1") as string,
    });
  });

  it("of what is not there yet shows nothing that the API server makes up for one answer", async () => {
    const space = await sharedCluster().space();
    const cluster = await connected(space);
    const objects = parseManifests(`
{ apiVersion: v1, kind: Service, metadata: { name: web }, spec: { type: NodePort, selector: { app: web }, ports: [{ name: a, port: 80 }, { name: b, port: 81, nodePort: 31811 }] } }
---
{ apiVersion: v1, kind: Service, metadata: { name: none }, spec: { clusterIP: None, selector: { app: web }, ports: [{ port: 80 }] } }
---
{ apiVersion: batch/v1, kind: Job, metadata: { name: move }, spec: { template: { spec: { restartPolicy: Never, containers: [{ name: app, image: team/move }] } } } }
---
{ apiVersion: v1, kind: Pod, metadata: { name: one }, spec: { containers: [{ name: app, image: team/web }] } }
`);
    const compare = async () => await compareObjects(cluster, objects, { fieldManager: "sluice", mask: maskOf(space.directory) });
    const changes = await compare();
    expect(await compare()).toEqual(changes);
    const [web, headless, ...others] = changes.map(({ after }) => after ?? "");
    expect(web).toContain("nodePort: 31811");
    expect(web?.match(/nodePort:/g)).toHaveLength(1);
    expect(web).not.toMatch(/clusterIP|ipFamil/);
    expect(headless).toMatch(/clusterIP: None/);
    expect(others.join("")).toMatch(/image: team\/move[^]*image: team\/web/);
    expect(others.join("")).not.toMatch(/uid|kube-api-access/);
  });

  it("what the API server cannot say yet is shown as it is written: a kind or a namespace that the same release brings", async () => {
    const space = await sharedCluster().space();
    const cluster = await connected(space);
    const objects = parseManifests(`
{ apiVersion: example.org/v1, kind: Ship, metadata: { name: gull } }
---
{ apiVersion: v1, kind: ConfigMap, metadata: { name: cfg, namespace: nowhere-yet }, data: { a: b } }
`);
    const changes = await compareObjects(cluster, objects, { fieldManager: "sluice", mask: maskOf(space.directory) });
    expect(changes.map(({ name, change, before }) => [name, change, before])).toEqual([
      ["gull", "added", null],
      ["cfg", "added", null],
    ]);
  });
});

describeCluster("applying", () => {
  it("a field that somebody else owns is refused, named with its owner, and taken by force", async () => {
    const space = await sharedCluster().space();
    const cluster = await connected(space);
    const [web] = parseManifests(manifests("team/web:1", "hunter2"));
    if (!web) throw new Error("no object");
    await apply(cluster, [web]);
    await space.kubectl(["set", "image", "deployment/web", "app=team/web:by-hand"]);
    const error: unknown = await applyObject(cluster, web, { fieldManager: "sluice", force: false }).catch((failure: unknown) => failure);
    expect(conflictsOf(error)).toEqual([{ manager: "kubectl-set", field: '.spec.template.spec.containers[name="app"].image' }]);
    await applyObject(cluster, web, { fieldManager: "sluice", force: true });
    expect(await applyObject(cluster, web, { fieldManager: "sluice", force: false })).toMatchObject({
      kind: "Deployment",
      metadata: { name: "web" },
    });
    expect(conflictsOf(new Error("another"))).toEqual([]);
  });

  it("a field that does not exist is refused, a deprecated one warned of", async () => {
    const space = await sharedCluster().space();
    const warnings: string[] = [];
    const cluster = await connected(space, (text) => void warnings.push(text));
    const object = (spec: string) =>
      parseManifests(`apiVersion: v1\nkind: Pod\nmetadata: { name: a }\nspec: { containers: [{ name: app, image: "a:1" }], ${spec} }`);
    await expect(apply(cluster, object("replikas: 1"))).rejects.toMatchObject({
      message: expect.stringMatching(/replikas/) as string,
      hint: expect.stringMatching(/\w/) as string,
    });
    await apply(cluster, object("nodeSelector: { beta.kubernetes.io/os: linux }"));
    expect(warnings.join()).toMatch(/beta\.kubernetes\.io\/os.*deprecated/);
  });

  it("what is too large is refused", async () => {
    const space = await sharedCluster().space();
    const cluster = await connected(space);
    const big = (kilobytes: number) =>
      parseManifests(
        `apiVersion: example.org/v1\nkind: ConfigMap\nmetadata: { name: big }\ndata: { a: "${"x".repeat(kilobytes * 1024)}" }`,
      ).map((object) => ({ ...object, apiVersion: "v1" }));
    await expect(apply(cluster, big(1100))).rejects.toMatchObject({
      code: "invalid",
      message: expect.stringContaining("Too long") as string,
    });
    await expect(apply(cluster, big(2900))).rejects.toMatchObject({ message: expect.stringMatching(/too long|too large/i) as string });
  });
});
