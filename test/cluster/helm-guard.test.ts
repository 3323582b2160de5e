import { expect, it } from "vitest";
import { driver } from "../../src/drivers/helm/index.ts";
import { describeCluster, sharedCluster } from "../rig/cluster.ts";
import { type Deploy, type Deployed, hookOf, Release } from "../rig/helm.ts";
import type { Space } from "../rig/space.ts";

const open = async (name?: string) => new Release(await sharedCluster().space(), name);
const said = ({ result }: Deployed) => (result.ok ? "" : result.message);
/** What `allow: { namespaces }` of policy makes of a definition. */
const within = ({ space }: Release, more: Deploy = {}): Deploy => ({
  ...more,
  definition: { allowed: { namespaces: [space.namespace], clusterScoped: false } },
});
const settings = (name: string, namespace: string, annotations = "{}") =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name}, namespace: ${namespace}, annotations: ${annotations} }\ndata: { a: "1" }\n`;
const ROLE = 'apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: { name: "{{ .Release.Namespace }}" }\nrules: []\n';
const HOOK = '{ helm.sh/hook: "pre-install,pre-upgrade", helm.sh/hook-delete-policy: before-hook-creation }';
const rendered = async (release: Release, commit: string, deploy: Deploy) =>
  await driver.render(release.input(commit, deploy), release.look(commit)).catch((error: unknown) => String(error));
const hasSettings = async (space: Space, name: string) => (await space.get("api/v1", `configmaps/${name}`)) !== null;

describeCluster("policy's namespaces, and what a chart makes", () => {
  it.each<[string, (elsewhere: string) => string]>([
    ["an object", (elsewhere) => settings("out", elsewhere)],
    [
      "an item of a List",
      (elsewhere) => `apiVersion: v1\nkind: List\nitems:\n  - ${settings("out", elsewhere).trim().replaceAll("\n", "\n    ")}\n`,
    ],
    ["a hook", (elsewhere) => settings("out", elsewhere, HOOK)],
  ])("%s in another namespace is refused, by the rendering and by the attempt, and nothing is touched", async (_, template) => {
    const release = await open();
    const other = await sharedCluster().space();
    release.commit("one", { "templates/out.yaml": template(other.namespace) });
    const text = `ConfigMap/out is in the namespace ${other.namespace}: policy allows ${release.space.namespace} in devnet`;
    expect(await rendered(release, "one", within(release))).toContain(text);
    const refused = await release.apply("one", within(release));
    expect(refused.result).toMatchObject({ ok: false, changed: false });
    expect(said(refused)).toContain(text);
    expect(await hasSettings(other, "out")).toBe(false);
    expect(await release.observe()).toEqual({ kind: "absent" });
  });

  it("what a rendering without a cluster does not show is seen by the attempt: upgrades, look-ups, kinds of others", async () => {
    const release = await open();
    const other = await sharedCluster().space();
    const group = `${release.space.namespace}.example.org`;
    const crd = `apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: { name: ships.${group} }\nspec: { group: ${group}, scope: Cluster, names: { kind: Ship, plural: ships }, versions: [{ name: v1, served: true, storage: true, schema: { openAPIV3Schema: { type: object } } }] }\n`;
    await release.space.kubectl(["apply", "-f", "-"], { input: crd });
    await release.space.kubectl(["wait", "--for=condition=Established", `crd/ships.${group}`]);
    release.commit("one");
    release.commit("upgrade", { "templates/out.yaml": `{{ if .Release.IsUpgrade }}\n${settings("out", other.namespace)}{{ end }}\n` });
    release.commit("kinds", { "templates/ship.yaml": `apiVersion: ${group}/v1\nkind: Ship\nmetadata: { name: gull }\n` });
    const looking = `{{ if lookup "v1" "Namespace" "" "${other.namespace}" }}\n${settings("out", other.namespace)}{{ end }}\n`;
    release.commit("looks", { "templates/out.yaml": looking });
    expect((await release.apply("one", within(release))).result).toMatchObject({ ok: true });
    for (const commit of ["upgrade", "looks"]) {
      expect(await rendered(release, commit, within(release))).not.toContain("policy allows");
      expect(said(await release.apply(commit, within(release)))).toContain(`ConfigMap/out is in the namespace ${other.namespace}`);
    }
    expect(said(await release.apply("kinds", within(release)))).toContain("Ship/gull is in no namespace");
    expect(await hasSettings(other, "out")).toBe(false);
    await release.space.kubectl(["delete", `crd/ships.${group}`]);
  });

  it("what is in no namespace needs policy's word, and a Namespace is one of those allowed", async () => {
    const release = await open();
    release.commit("one", { "templates/role.yaml": ROLE });
    release.commit("crd", {
      "crds/ship.yaml":
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: { name: ships.harbor.example }\nspec: {}\n",
    });
    release.commit("space", { "templates/space.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: { name: somewhere-else }\n" });
    expect(said(await release.apply("one", within(release)))).toContain(
      "policy allows that in devnet where it says `allow: { clusterScoped: true }`",
    );
    expect(said(await release.apply("crd", within(release)))).toContain("CustomResourceDefinition/ships.harbor.example is in no namespace");
    const wide: Deploy = { definition: { allowed: { namespaces: [release.space.namespace], clusterScoped: true } } };
    expect(said(await release.apply("space", wide))).toContain("Namespace/somewhere-else: policy allows the namespaces");
    expect((await release.apply("one", wide)).result).toMatchObject({ ok: true });
    await release.space.kubectl(["delete", "clusterrole", release.space.namespace]);
  });

  it("kinds that come with the chart are installed with what is of them", async () => {
    const release = await open();
    const group = `${release.space.namespace}.example.org`;
    const crd = `apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: { name: ships.${group} }\nspec: { group: ${group}, scope: Namespaced, names: { kind: Ship, plural: ships }, versions: [{ name: v1, served: true, storage: true, schema: { openAPIV3Schema: { type: object } } }] }\n`;
    release.commit("one", {
      "crds/ship.yaml": crd,
      "templates/ship.yaml": `apiVersion: ${group}/v1\nkind: Ship\nmetadata: { name: gull }\n`,
    });
    const first = await release.apply("one", { definition: { allowed: { namespaces: [release.space.namespace], clusterScoped: true } } });
    expect(said(first)).toBe("");
    await release.space.kubectl(["delete", `crd/ships.${group}`]);
  });

  it("a revision that policy allows no more is not gone back to", async () => {
    const release = await open();
    const other = await sharedCluster().space();
    release.commit("one", { "templates/out.yaml": settings("out", other.namespace) });
    release.commit("two");
    for (const commit of ["one", "two"]) expect((await release.apply(commit)).result).toMatchObject({ ok: true });
    const back = await release.apply("one", within(release, { direction: "rollback" }));
    expect(back.result).toMatchObject({ ok: false, changed: false, message: expect.stringContaining("ConfigMap/out is in the namespace") });
    expect(await hasSettings(other, "out")).toBe(false);
  });
});

describeCluster("a hook by the name of what is another's", () => {
  it("is refused where that is another release's, another target's or a target's record, and the other goes on", async () => {
    const release = await open();
    const mine = new Release(release.space, "web");
    mine.commit("web");
    expect((await mine.apply("web")).result).toMatchObject({ ok: true });
    const owned = (name: string) =>
      `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name}, labels: { sluice.dev/project: harbor, sluice.dev/service: shop, sluice.dev/environment: devnet } }\n`;
    await release.space.kubectl(["apply", "-f", "-"], { input: `${owned("shop")}---\n${owned("sluice.shop.devnet")}` });
    const hook = (kind: string, name: string) => `apiVersion: v1\nkind: ${kind}\nmetadata: { name: ${name}, annotations: ${HOOK} }\n`;
    release.commit("one", { "templates/hook.yaml": hook("ConfigMap", "web-config") });
    release.commit("two", { "templates/hook.yaml": `${hook("ConfigMap", "shop")}---\n${hook("ConfigMap", "sluice.shop.devnet")}` });
    release.commit("three", { "templates/hook.yaml": hook("Secret", "sh.helm.release.v1.web.v1") });
    release.commit("own", { "templates/hook.yaml": hookOf("pre-upgrade", "team/migrate:1") });
    const uid = async () => await release.space.kubectl(["get", "configmap", "web-config", "-o", "jsonpath={.metadata.uid}"]);
    const before = await uid();
    expect(said(await release.apply("one"))).toContain(
      "the hook ConfigMap/web-config would replace what belongs to the Helm release web in",
    );
    const two = said(await release.apply("two"));
    for (const name of ["shop", "sluice.shop.devnet"])
      expect(two).toContain(`the hook ConfigMap/${name} would replace what belongs to shop@devnet of the project harbor`);
    expect(said(await release.apply("three"))).toContain("would replace what belongs to web@devnet of the project harbor");
    expect(await uid()).toBe(before);
    // what an earlier run of its own hook has left is replaced as before
    for (const attempt of ["a", "b", "c"]) expect(said(await release.apply("own", { attempt }))).toBe("");
  });
});

describeCluster("a release of another target", () => {
  it("is refused with how to hand it over; then it is that target's, and no more the other's", async () => {
    const release = await open();
    for (const name of ["one", "two"]) release.commit(name);
    const other: Deploy = { config: { release: "api" }, definition: { service: "backend" } };
    await release.apply("one");
    expect(await release.observe(other)).toEqual({ kind: "absent" });
    const refused = await release.apply("two", other);
    expect(refused.result).toMatchObject({ ok: false, changed: false });
    expect(said(refused)).toContain("belongs to api@devnet: only one of the two can deploy it");
    const [, command = ""] = /`kubectl ([^`]+)`/.exec(said(refused)) ?? [];
    await release.space.kubectl(command.split(" "));
    const taken = await release.apply("two", other);
    expect(said(taken)).toBe("");
    expect(taken.log).toContain("was handed over, and is backend@devnet from now on");
    expect(await release.observe(other)).toMatchObject({ kind: "live", commit: taken.input.commit, health: "healthy" });
    expect(await release.observe()).toEqual({ kind: "absent" });
    // a rollback of both is told before anything is touched
    const input = release.input("one");
    expect(await driver.wayBack?.({ ...input, fingerprint: input.fingerprint ?? "" }, release.look("one"))).toMatchObject({
      ok: false,
      message: expect.stringContaining("belongs to backend@devnet by now") as string,
    });
  });
});
