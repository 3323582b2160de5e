import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { driver } from "../../src/drivers/helm/index.ts";
import { findMarked } from "../../src/host/processes.ts";
import { describeCluster, sharedCluster } from "../rig/cluster.ts";
import { CHART, commitOf, digestOf, hookOf, Release, type Deployed } from "../rig/helm.ts";
import type { Rule } from "../rig/space.ts";
import { TcpProxy } from "../rig/tcp-proxy.ts";
import { moment, until } from "../rig/wait.ts";

const open = async (name?: string) => new Release(await sharedCluster().space(), name);
const said = ({ result }: Deployed) => (result.ok ? "" : result.message);
const statuses = async (release: Release) => (await release.history()).map(({ status }) => status);
const killAll = (release: Release) => {
  for (const pid of findMarked({ SLUICE_ATTEMPT_DIR: release.home })) process.kill(pid, "SIGKILL");
};

describeCluster("what Helm refuses", () => {
  it.each<[string, Readonly<Record<string, string>>, RegExp]>([
    [
      "a template that fails, by file and line",
      { "templates/bad.yaml": "a: b\n\nc: {{ .Values.none.such }}\n" },
      /deploy\/api|templates\/bad\.yaml:3:\d+/,
    ],
    [
      "a chart for a newer Kubernetes",
      { "Chart.yaml": "apiVersion: v2\nname: api\nversion: 1.2.3\nkubeVersion: '>=1.99.0'\n" },
      /requires kubeVersion: >=1\.99\.0[^]*upgrade the cluster, or deploy a version of the chart/,
    ],
    [
      "a kind that nobody knows",
      { "templates/x.yaml": "apiVersion: harbor.example/v1\nkind: Ship\nmetadata: { name: x }\n" },
      /no matches for kind "Ship"[^]*install what brings it/,
    ],
  ])("%s", async (_, chart, message) => {
    const release = await open();
    release.commit("one", chart);
    const deployed = await release.apply("one");
    expect(deployed.result).toMatchObject({ ok: false, changed: false, message: expect.stringMatching(message) });
    expect(await release.observe()).toEqual({ kind: "absent" });
  });

  it("an object that is there already and is nobody's, with how to hand it over", async () => {
    const release = await open();
    release.commit("one");
    await release.space.kubectl(["create", "configmap", "api-config"]);
    const deployed = await release.apply("one");
    expect(deployed.result).toMatchObject({ ok: false, changed: false });
    expect(said(deployed)).toMatch(/ConfigMap "api-config"[^]*kubectl annotate KIND NAME meta\.helm\.sh\/release-name/);
  });

  it("a field that cannot be changed; what serves goes on", async () => {
    const release = await open();
    release.commit("one");
    const first = await release.apply("one");
    const template = CHART["templates/api.yaml"] ?? "";
    release.commit("two", { "templates/api.yaml": template.replaceAll("app: {{ .Release.Name }}", "app: other") });
    const deployed = await release.apply("two");
    expect(deployed.result).toMatchObject({ ok: false });
    expect(said(deployed)).toMatch(/field is immutable[^]*delete it yourself and retry/);
    expect(first.result.ok).toBe(true);
    expect(
      (await release.space.get<{ status: { availableReplicas: number } }>("apis/apps/v1", "deployments/api"))?.status.availableReplicas,
    ).toBe(1);
  });

  it("a namespace that is not there, or on its way out", async () => {
    const release = await open();
    release.commit("one");
    const name = `${release.space.namespace}-new`;
    const config = { namespace: name };
    expect(said(await release.apply("one", { config }))).toMatch(/namespaces "[^"]+" not found[^]*createNamespace: true/);
    onTestFinished(async () => {
      await release.space.run("kubectl", [
        "patch",
        "configmap",
        "keep",
        "-n",
        name,
        "-p",
        '{"metadata":{"finalizers":null}}',
        "--type=merge",
      ]);
      await release.space.run("kubectl", ["delete", "namespace", name, "--wait=false"]);
    });
    expect((await release.apply("one", { config: { ...config, createNamespace: true } })).result.ok).toBe(true);
    await release.space.kubectl(["create", "configmap", "keep", "-n", name]);
    await release.space.kubectl([
      "patch",
      "configmap",
      "keep",
      "-n",
      name,
      "-p",
      '{"metadata":{"finalizers":["harbor.example/keep"]}}',
      "--type=merge",
    ]);
    await release.space.kubectl(["delete", "namespace", name, "--wait=false"]);
    await until(
      async () => ((await release.space.run("kubectl", ["get", "secrets", "-n", name, "-o", "name"])).stdout === "" ? true : null),
      "the namespace is empty",
    );
    expect(said(await release.apply("one", { config }))).toMatch(/because it is being terminated[^]*wait until it is gone/);
  });
});

describeCluster("a first install", () => {
  it("that has failed is taken away before the next one, and says so", async () => {
    const release = await open();
    release.commit("bad", { "templates/z.yaml": "apiVersion: v1\nkind: Service\nmetadata: { name: z }\nspec: { ports: [{ port: 0 }] }\n" });
    const bad = await release.apply("bad");
    expect(bad.result).toMatchObject({ ok: false, changed: true });
    expect(await release.observe()).toEqual({ kind: "absent" });
    release.commit("good");
    const good = await release.apply("good");
    expect(good.log).toContain("the first install of the release api");
    expect(good.result).toEqual({ ok: true, url: null });
    expect(await statuses(release)).toEqual(["deployed"]);
  });

  it("that was cut off is taken away, too", async () => {
    const release = await open();
    release.commit("slow", { "templates/hook.yaml": hookOf("pre-install", "team/migrate-slow:1") });
    const cut = release.apply("slow").catch(() => null);
    await until(
      async () => ((await release.space.run("helm", ["status", "api"])).stdout.includes("pending-install") ? true : null),
      "the install",
    );
    killAll(release);
    await cut;
    expect(await release.observe()).toEqual({ kind: "absent" });
    release.commit("good");
    const good = await release.apply("good");
    expect(good.log).toMatch(/has left .* in pending-install at revision 1: what it left is taken away/);
    expect(good.result).toEqual({ ok: true, url: null });
  });

  it("of a chart that renders nothing is healthy, and says so", async () => {
    const release = await open();
    release.commit("none", { "templates/api.yaml": "{{/* nothing */}}\n" });
    const deployed = await release.apply("none");
    expect(deployed.result).toEqual({ ok: true, url: null });
    expect(deployed.log).toContain("the chart renders nothing");
    expect(await release.observe()).toMatchObject({ kind: "live", commit: commitOf("none"), health: "healthy" });
    expect(await driver.render(release.input("none"), release.look("none"))).toContain("note: the chart renders nothing");
  });
});

describeCluster("somebody else's Helm", () => {
  const bySomebody = async (release: Release, args: readonly string[]) => {
    release.commit("theirs", { "templates/hook.yaml": hookOf("pre-upgrade", "team/migrate-slow:1") });
    return await release.space.run("helm", [
      "upgrade",
      release.name,
      join((await release.look("theirs").tree("deploy/api")) ?? ""),
      ...args,
    ]);
  };

  it("that is at work is waited for", async () => {
    const release = await open();
    release.commit("one");
    release.commit("two");
    await release.apply("one");
    const theirs = bySomebody(release, ["--set", "image.repository=team/api"]);
    await until(async () => ((await statuses(release)).at(-1) === "pending-upgrade" ? true : null), "their upgrade");
    expect(await release.observe()).toMatchObject({ commit: null, health: "progressing" });
    const deployed = await release.apply("two", { config: { forceConflicts: true } });
    expect((await theirs).code).toBe(0);
    expect(deployed.log).toContain("is being changed by somebody else (revision 2, pending-upgrade");
    expect(deployed.log).toContain("was changed by somebody else (revision 2, deployed)");
    expect(deployed.result).toEqual({ ok: true, url: null });
    expect(await statuses(release)).toEqual(["superseded", "superseded", "deployed"]);
  });

  it("that never ends is named, with what to run", async () => {
    const release = await open();
    release.commit("one");
    await release.apply("one");
    const stop = new AbortController();
    const theirs = release.space.run("helm", ["upgrade", "api", await hanging(release)], { signal: stop.signal });
    await until(async () => ((await statuses(release)).at(-1) === "pending-upgrade" ? true : null), "their upgrade");
    const deployed = await release.apply("one", { timeoutMs: 8000 });
    expect(deployed.result).toMatchObject({ ok: false, changed: false });
    expect(said(deployed)).toMatch(/revision 2 is pending-upgrade since 20\d\d-.*run `helm rollback api 1 --namespace test-/);
    stop.abort();
    await theirs;
  });

  it.each([
    ["api", "deployed"],
    ["api-broken", "failed"],
  ])("that has made it (%s) is said in the log of who takes it over", async (image, status) => {
    const release = await open();
    release.commit("one");
    const chart = await release.look("one").tree("deploy/api");
    const made = ["install", "api", chart, "--set", `image.repository=team/${image}`, "--wait", "--timeout=3s"];
    expect((await release.space.run("helm", made)).code).toBe(status === "failed" ? 1 : 0);
    expect(await release.observe()).toMatchObject(status === "failed" ? { kind: "absent" } : { kind: "live", commit: null });
    const deployed = await release.apply("one", { config: { forceConflicts: true } });
    expect(deployed.log).toContain(`was not made by Sluice (revision 1, ${status}): it is taken over as it is`);
    expect(deployed.result).toEqual({ ok: true, url: null });
  });

  it("that has changed it is seen: an upgrade by hand has no commit, a rollback by hand that of what it went back to", async () => {
    const release = await open();
    for (const name of ["one", "two"]) release.commit(name);
    await release.apply("one");
    await release.apply("two");
    await release.space.helm(["rollback", "api", "1", "--wait"]);
    expect(await release.observe()).toMatchObject({ commit: commitOf("one"), digest: digestOf("one"), attempt: null, health: "healthy" });
    await release.space.helm(["upgrade", "api", await release.look("one").tree("deploy/api"), "--reuse-values", "--set", "motto=by hand"]);
    expect(await release.observe()).toMatchObject({ kind: "live", commit: null, attempt: null });
  });

  it("at the very same time: one after the other, and both are there", async () => {
    const release = await open();
    release.commit("one");
    await release.apply("one");
    const chart = await release.look("one").tree("deploy/api");
    for (let round = 1; round <= 4; round++) {
      release.commit(`at once ${round}`);
      const theirs = release.space.run("helm", ["upgrade", "api", chart, "--set", `motto=${round}`, "--force-conflicts"]);
      await moment(round * 40);
      const ours = await release.apply(`at once ${round}`, { config: { forceConflicts: true } });
      const other = await theirs;
      expect(ours.result.ok || /changed by somebody else as soon as/.test(said(ours)), `${said(ours)} ${other.stderr}`).toBe(true);
      expect(["deployed"]).toContain((await statuses(release)).at(-1));
    }
  });

  it("of another project is left alone", async () => {
    const release = await open();
    release.commit("one");
    await release.apply("one");
    await release.space.kubectl(["label", "secret", "sh.helm.release.v1.api.v1", "sluice.dev/project=port", "--overwrite"]);
    const deployed = await release.apply("one");
    expect(deployed.result).toMatchObject({ ok: false, changed: false, message: expect.stringContaining("belongs to the project port") });
  });
});

/** A chart whose upgrade waits for a hook that never starts. */
async function hanging(release: Release): Promise<string> {
  release.commit("hanging", { "templates/hook.yaml": hookOf("pre-upgrade", "team/migrate-nopull:1") });
  return await release.look("hanging").tree("deploy/api");
}

describeCluster("what does not come to its end", () => {
  it("pods that never become ready are told at the end of the time, as far as it is known", async () => {
    const release = await open();
    release.commit("one");
    const deployed = await release.apply("one", { image: "api-broken", timeoutMs: 9000 });
    expect(deployed.result).toMatchObject({ ok: false, changed: true });
    expect(said(deployed)).toMatch(/does not serve after 9 s: Deployment\/api/);
  });

  it("a hook of a rollback that fails leaves nothing pending", async () => {
    const release = await open();
    const hook = { "templates/hook.yaml": hookOf("pre-rollback", "team/migrate-crash:1") };
    for (const name of ["one", "two"]) release.commit(name, hook);
    await release.apply("one");
    await release.apply("two");
    const back = await release.apply("one", { direction: "rollback" });
    expect(back.result).toMatchObject({ ok: false, changed: false });
    expect(said(back)).toMatch(/the hook Job\/api-pre-rollback \(pre-rollback\)[^]*fatal: cannot reach the database/);
    expect(await statuses(release)).toEqual(["superseded", "deployed", "failed"]);
    expect(await release.observe()).toMatchObject({ commit: commitOf("two"), health: "healthy" });
  });
});

describeCluster("an API server that goes away", () => {
  it("in the middle or at the end of an upgrade is waited for, and then asked what has become of it", async () => {
    const release = await open();
    release.commit("one");
    await release.apply("one");
    const proxy = await TcpProxy.start(sharedCluster().reach.server);
    onTestFinished(() => proxy.close());
    const kubeconfig = release.space.writeKubeconfig("proxied", { server: proxy.url });
    for (const [round, ms] of [60, 110, 160, 220, 300].entries()) {
      const name = `cut ${round}`;
      release.commit(name);
      const applying = release.apply(name, { config: { kubeconfig } });
      await moment(ms);
      proxy.set("cut");
      await moment(400);
      proxy.set("pass");
      const deployed = await applying;
      expect(deployed.result, `${said(deployed)}\n${deployed.log}`).toEqual({ ok: true, url: null });
      expect(await release.observe()).toMatchObject({ commit: commitOf(name), attempt: deployed.input.attempt, health: "healthy" });
      expect((await statuses(release)).at(-1)).toBe("deployed");
    }
  });

  it("for good is told within seconds, and nothing is said about what is there", async () => {
    const release = await open();
    release.commit("one");
    await release.apply("one");
    const kubeconfig = release.space.writeKubeconfig("nowhere", { server: "https://127.0.0.1:1" });
    const begun = performance.now();
    await expect(release.apply("one", { config: { kubeconfig } })).rejects.toThrow(/cannot be reached: ECONNREFUSED/);
    expect(await release.observe({ config: { kubeconfig } })).toMatchObject({
      kind: "error",
      message: expect.stringContaining("cannot be reached"),
    });
    expect(performance.now() - begun).toBeLessThan(20_000);
  });
});

describeCluster("where it may go and by which Helm", () => {
  it("only to the cluster that the environment names", async () => {
    const release = await open();
    release.commit("one");
    const other = { cluster: "00000000-0000-0000-0000-000000000000" };
    await expect(release.apply("one", { definition: other })).rejects.toThrow(/leads to the cluster .* and this environment is in 0000/);
    expect((await release.apply("one", { definition: { cluster: await sharedCluster().uid() } })).result.ok).toBe(true);
  });

  it("Helm 3 does it all, and Helm 4 goes on from it", async () => {
    const release = await open();
    const directory = join(release.space.directory, "helm3");
    mkdirSync(directory);
    symlinkSync(await whereIs(release, "helm3"), join(directory, "helm"));
    const env = { PATH: [directory, release.space.env["PATH"]].join(delimiter) };
    release.commit("one");
    release.commit("two", { "templates/hook.yaml": hookOf("post-upgrade", "team/notify:1") });
    expect((await release.apply("one", { env })).result).toEqual({ ok: true, url: null });
    expect((await release.apply("two", { env })).result).toEqual({ ok: true, url: null });
    expect(await release.observe()).toMatchObject({ commit: commitOf("two"), digest: digestOf("two"), health: "healthy" });
    const back = await release.apply("one", { env, direction: "rollback" });
    expect(back.log).toContain("goes back to its revision 1");
    expect(await release.observe()).toMatchObject({ commit: commitOf("one"), attempt: back.input.attempt, health: "healthy" });
    const four = await release.apply("two");
    expect(four.result).toEqual({ ok: true, url: null });
    expect(await release.observe()).toMatchObject({ commit: commitOf("two"), attempt: four.input.attempt });
    await release.space.kubectl(["set", "image", "deployment/api", "api=team/by-hand:1"]);
    expect((await release.apply("one", { direction: "rollback" })).result).toEqual({ ok: true, url: null });
    expect(await release.observe()).toMatchObject({ commit: commitOf("one"), health: "healthy" });
  });

  it("none at all, one that is too old, one that is something else, and releases that are kept elsewhere are refused", async () => {
    const release = await open();
    release.commit("one");
    const fake = (name: string, text: string) => {
      const directory = join(release.space.directory, name);
      mkdirSync(directory);
      writeFileSync(join(directory, "helm"), `#!/bin/sh\necho '${text}'\n`);
      chmodSync(join(directory, "helm"), 0o755);
      return { PATH: [directory, "/usr/bin", "/bin"].join(delimiter) };
    };
    await expect(release.apply("one", { env: { PATH: "/nowhere" } })).rejects.toThrow(/no program helm on the PATH/);
    await expect(release.apply("one", { env: fake("old", "v3.10.1") })).rejects.toThrow(/is Helm v3\.10\.1, which is too old/);
    await expect(release.apply("one", { env: fake("other", "the editor") })).rejects.toThrow(
      /says that its version is "the editor": is it Helm\?/,
    );
    await expect(release.apply("one", { env: { HELM_DRIVER: "configmap" } })).rejects.toThrow(/releases are read from Secrets only/);
  });

  it("a chart of a registry, fetched once", async () => {
    const release = await open();
    const registry = await sharedCluster().registry();
    release.commit("one", {}, { "values/dev.yaml": "motto: from the values\n" });
    await release.space.helm(["package", await release.look("one").tree("deploy/api"), "-d", release.space.directory]);
    await release.space.helm(["push", join(release.space.directory, "api-1.2.3.tgz"), `oci://${registry}/charts`, "--plain-http"]);
    const config = { chart: `oci://${registry}/charts/api`, version: "1.2.3", values: ["values/dev.yaml"] };
    expect((await release.apply("one", { config })).result).toEqual({ ok: true, url: null });
    const motto = await release.space.get<{ data: { motto: string } }>("api/v1", "configmaps/api-config");
    expect(motto?.data.motto).toBe("from the values");
    const none = { ...config, version: "9.9.9" };
    await expect(release.apply("one", { config: none })).rejects.toThrow(/the chart oci:\/\/.* 9\.9\.9 cannot be fetched/);
  });
});

/** What the README says that a deploy of this chart needs. */
const RIGHTS: readonly Rule[] = [
  { apiGroups: [""], resources: ["secrets"], verbs: ["get", "list", "watch", "create", "update", "patch", "delete"] },
  { apiGroups: [""], resources: ["configmaps", "services"], verbs: ["get", "create", "patch", "delete"] },
  { apiGroups: ["apps"], resources: ["deployments"], verbs: ["get", "list", "watch", "create", "patch", "delete"] },
  { apiGroups: ["apps"], resources: ["replicasets"], verbs: ["list"] },
  { apiGroups: [""], resources: ["pods", "events"], verbs: ["list"] },
  { apiGroups: [""], resources: ["pods/log"], verbs: ["get"] },
];

describeCluster("rights", () => {
  const examined = async (release: Release, kubeconfig: string) => {
    const definition = release.definition({ config: { kubeconfig } });
    const found = await driver.examine?.([{ project: "harbor", target: "api@devnet", definition }], release.look("one"));
    return (found ?? []).map(
      ({ level, subject, message, rights = [] }) =>
        `${level} ${subject}: ${[message, ...rights.map(({ verb, on }) => `${verb} on ${on}`)].join(", ")}`,
    );
  };

  it("of one namespace are enough to deploy, to upgrade and to go back, and to be told what is wrong", async () => {
    const release = await open();
    const kubeconfig = await release.space.serviceAccount("deployer", RIGHTS);
    for (const name of ["one", "two"]) release.commit(name);
    expect(await examined(release, kubeconfig)).toEqual([
      expect.stringMatching(/^ok helm: v\d/),
      expect.stringMatching(/^ok cluster of the current context: Kubernetes v/),
      expect.stringMatching(/^ok rights in .*: all that are needed are there/),
    ]);
    const config = { kubeconfig };
    expect((await release.apply("one", { config })).result).toEqual({ ok: true, url: null });
    const definition = { allowed: { namespaces: [release.space.namespace], clusterScoped: false } };
    expect((await release.apply("two", { config, definition })).result).toEqual({ ok: true, url: null });
    expect((await release.apply("one", { config, direction: "rollback" })).result).toEqual({ ok: true, url: null });
    const bad = await release.apply("two", { config, image: "api-crash" });
    expect(said(bad)).toContain("fatal: cannot reach the database");
    expect(await release.observe({ config })).toMatchObject({ commit: commitOf("two"), health: "degraded" });
  });

  it("that are missing are named, each, by the doctor and by a deploy", async () => {
    const release = await open();
    const kubeconfig = await release.space.serviceAccount(
      "reader",
      RIGHTS.slice(0, 2).concat({ apiGroups: ["apps"], resources: ["deployments"], verbs: ["get"] }),
    );
    release.commit("one");
    const told = await examined(release, kubeconfig);
    expect(told).toContainEqual(
      expect.stringMatching(/^problem rights in .*: missing(, (create|patch|delete|list|watch) on deployments\.apps){5}$/),
    );
    expect(told).toContainEqual(
      expect.stringMatching(/^warning rights in .*: missing, list on pods, get on pods\/log, list on events, list on replicasets\.apps$/),
    );
    const deployed = await release.apply("one", { config: { kubeconfig } });
    expect(deployed.result).toMatchObject({ ok: false });
    expect(said(deployed)).toMatch(/cannot (create|patch) resource "deployments"/);
    const nobody = await release.space.serviceAccount("nobody", []);
    await expect(release.apply("one", { config: { kubeconfig: nobody } })).rejects.toThrow(/secrets is forbidden/);
    expect(await release.observe({ config: { kubeconfig: nobody } })).toMatchObject({
      kind: "error",
      message: expect.stringContaining("secrets is forbidden"),
    });
  });

  it("a release that hangs, or a namespace that is not there, is told by the doctor", async () => {
    const release = await open();
    release.commit("one");
    await release.apply("one");
    const stop = new AbortController();
    const theirs = release.space.run("helm", ["upgrade", "api", await hanging(release)], { signal: stop.signal });
    await until(async () => ((await statuses(release)).at(-1) === "pending-upgrade" ? true : null), "their upgrade");
    expect(await examined(release, release.space.kubeconfig)).toContainEqual(
      expect.stringMatching(/^warning release api in .*: its revision 2 is pending-upgrade since/),
    );
    stop.abort();
    await theirs;
    const definition = release.definition({ config: { namespace: "nowhere-at-all" } });
    const found = await driver.examine?.([{ project: "harbor", target: "api@devnet", definition }], release.look("one"));
    expect(found).toContainEqual(expect.objectContaining({ level: "problem", subject: "namespace nowhere-at-all" }));
  });
});

async function whereIs(release: Release, program: string): Promise<string> {
  return (await release.space.run("sh", ["-c", `command -v ${program}`])).stdout.trim();
}
