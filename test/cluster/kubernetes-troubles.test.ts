import { once } from "node:events";
import { expect, it, onTestFinished } from "vitest";
import type { JsonObject } from "../../src/core/config/config.ts";
import type { Observed } from "../../src/core/run/events.ts";
import { describeCluster, ownCluster, sharedCluster } from "../rig/cluster.ts";
import { commitOf, type Deploy, digestOf, service, Target } from "../rig/kubernetes.ts";
import { seeded } from "../rig/random.ts";
import type { Rule } from "../rig/space.ts";
import { TcpProxy } from "../rig/tcp-proxy.ts";
import { moment, until } from "../rig/wait.ts";

const open = async (defaults: Deploy = {}) => new Target(await sharedCluster().space(), defaults);
const said = ({ result }: { readonly result: { readonly ok: boolean; readonly message?: string } }): string => result.message ?? "";
const OK = { ok: true, url: null };
type List = {
  readonly items: readonly { readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> } }[];
};

const seed = Number(process.env["SLUICE_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const KILLS = Number(process.env["SLUICE_CLUSTER_KILLS"] ?? 6);
const many = (prefix: string, count: number): string =>
  Array.from(
    { length: count },
    (_, at) => `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${prefix}-${at}, labels: { mine: "yes" } }\ndata: { at: "${at}" }\n`,
  ).join("---\n");

/** Of an attempt that was cut off: all of it is there, none, or something in between; `absent`: nothing was there before. */
function toldBy(observed: Observed, attempt: string): "whole" | "before" | "half" | "absent" {
  if (observed.kind !== "live") return "absent";
  return observed.commit === null ? "half" : observed.attempt === attempt ? "whole" : "before";
}

describeCluster("an attempt that is killed", () => {
  it(`at a random moment: what is observed is true, and the next attempt brings all of it (SLUICE_SEED=${seed})`, async () => {
    const random = seeded(seed);
    const web = await open();
    web.commit("old", { "deploy/a.yaml": service("web"), "deploy/b.yaml": many("old", 15) });
    web.commit("new", { "deploy/a.yaml": service("web", "web-new"), "deploy/b.yaml": many("new", 15) });
    let live: string | null = null;
    const seen = new Set<string>();
    for (let round = 0; round < KILLS; round++) {
      const next: string = live === "old" ? "new" : "old";
      const input = await web.decided(next);
      const child = web.attempt(input, next);
      const exited = once(child, "exit");
      const [log] = child.stdout ? [once(child.stdout, "data")] : [];
      await log; // its first line: it knows what to apply, and begins
      await moment(random() * 700);
      child.kill("SIGKILL");
      await exited;

      const observed = await web.observe();
      const list = await web.space.get<List>("api/v1", "configmaps?labelSelector=mine%3Dyes");
      const done = list?.items.filter(({ metadata }) => metadata.annotations?.["sluice.dev/attempt"] === input.attempt).length ?? 0;
      const left = list?.items.filter(({ metadata }) => !metadata.name.startsWith(next)).length ?? 0;
      const last = await web.space.get<List["items"][number]>("apis/apps/v1", "deployments/web");
      const whole = done === 15 && left === 0 && last?.metadata.annotations?.["sluice.dev/attempt"] === input.attempt;
      const told = toldBy(observed, input.attempt);
      const isTrue = {
        whole,
        before: done === 0 && observed.kind === "live" && observed.commit === commitOf(live ?? "") && observed.health === "healthy",
        half: live !== null && !whole,
        absent: live === null && !whole,
      }[told];
      expect(isTrue ? "true" : `round ${round}: ${told}, with ${done} done and ${left} left: ${JSON.stringify(observed)}`).toBe("true");
      seen.add(told);

      expect((await web.apply(next)).result).toEqual(OK);
      live = next;
      expect(await web.observe()).toMatchObject({ commit: commitOf(next), health: "healthy" });
      const after = await web.space.get<List>("api/v1", "configmaps?labelSelector=mine%3Dyes");
      expect(after?.items.map(({ metadata }) => metadata.name.split("-")[0])).toEqual(Array<string>(15).fill(next));
    }
    console.log(`kills found: ${[...seen].join(", ")}`);
  });

  it("is not followed by a second writer: whoever has written the record since ends it", async () => {
    const web = await open();
    web.commit("one", service("web", "web-slow"));
    const first = await web.decided("one");
    const child = web.attempt(first, "one");
    const ended = once(child, "exit");
    let log = "";
    child.stdout?.on("data", (text: Buffer) => (log += text.toString()));
    await until(async () => await web.space.get("apis/apps/v1", "deployments/web"), "the first one's object");
    const second = await web.apply("one");
    await ended;
    expect(second.result).toEqual(OK);
    expect(log).toContain("somebody else has written the record of web@devnet since this attempt began");
    expect(await web.observe()).toMatchObject({ attempt: second.input.attempt, health: "healthy" });
  });
});

describeCluster("an API server that goes away", () => {
  it("before anything is asked of it, ends in time and changes nothing", async () => {
    const web = await open({ config: { kubeconfig: null } });
    const kubeconfig = web.space.writeKubeconfig("away", { server: "https://127.0.0.1:1" });
    web.commit("one", service("web"));
    const refused = await web.apply("one", { config: { kubeconfig } });
    expect(refused.result).toMatchObject({ ok: false, changed: false });
    expect(said(refused)).toMatch(/cannot be reached: ECONNREFUSED\n +Look at whether the API server runs/);
    expect(await web.observe({ config: { kubeconfig } })).toMatchObject({
      kind: "error",
      message: expect.stringContaining("cannot be reached") as string,
    });
  });

  it("and takes connections without an answer, ends in time", async () => {
    const web = await open();
    const proxy = await TcpProxy.start(web.space.cluster.reach.server);
    onTestFinished(async () => await proxy.close());
    proxy.set("blackhole");
    const kubeconfig = web.space.writeKubeconfig("blackhole", { server: proxy.url });
    web.commit("one", service("web"));
    const begun = performance.now();
    const refused = await web.apply("one", { config: { kubeconfig } });
    expect(performance.now() - begun).toBeLessThan(15_000);
    expect(refused.result).toMatchObject({ ok: false, changed: false });
    expect(said(refused)).toContain("no answer within 10 s");
  });

  it("in the midst, and comes back: the release serves in the end", async () => {
    const own = await ownCluster();
    const space = await own.space();
    const web = new Target(space);
    web.commit("one", { "deploy/a.yaml": service("web", "web-slow", { replicas: 2 }), "deploy/b.yaml": many("cfg", 30) });
    const applying = web.apply("one", { timeoutMs: 120_000 });
    await until(async () => await space.get("apis/apps/v1", "deployments/web"), "the deployment");
    await own.stop("kube-apiserver");
    await moment(1500);
    await own.start("kube-apiserver");
    expect((await applying).result).toEqual(OK);
    expect(await web.observe()).toMatchObject({ commit: commitOf("one"), health: "healthy" });
  });

  it("over a network that cuts connections again and again", async () => {
    const web = await open();
    const proxy = await TcpProxy.start(web.space.cluster.reach.server);
    onTestFinished(async () => await proxy.close());
    const kubeconfig = web.space.writeKubeconfig("cuts", { server: proxy.url });
    web.commit("one", { "deploy/a.yaml": service("web", "web-slow"), "deploy/b.yaml": many("cfg", 10) });
    const applying = web.apply("one", { config: { kubeconfig } });
    await until(async () => await web.space.get("apis/apps/v1", "deployments/web"), "the deployment");
    for (let cuts = 0; cuts < 5; cuts++) {
      proxy.set("cut");
      proxy.set("pass");
      await moment(300);
    }
    expect((await applying).result).toEqual(OK);
  });
});

const manages: readonly Rule[] = [
  { apiGroups: [""], resources: ["configmaps"], verbs: ["get", "list", "watch", "create", "update", "patch", "delete"] },
  { apiGroups: [""], resources: ["services"], verbs: ["get", "list", "watch", "create", "patch", "delete"] },
  { apiGroups: ["apps"], resources: ["deployments"], verbs: ["get", "list", "watch", "create", "patch", "delete"] },
  { apiGroups: [""], resources: ["pods", "events"], verbs: ["get", "list"] },
  { apiGroups: [""], resources: ["pods/log"], verbs: ["get"] },
  { apiGroups: ["apps"], resources: ["replicasets"], verbs: ["get", "list"] },
];

describeCluster("rights", () => {
  it("in one namespace are enough, also for what is explained; doctor agrees", async () => {
    const web = await open();
    const kubeconfig = await web.space.serviceAccount("deployer", manages);
    const as = { config: { kubeconfig } };
    web.commit("one", { "deploy/a.yaml": service("web"), "deploy/b.yaml": service("side") });
    web.commit("two", { "deploy/a.yaml": service("web", "web-crash") });
    web.commit("three", { "deploy/a.yaml": service("web") });
    expect((await web.apply("one", as)).result).toEqual(OK);
    expect((await web.examine(as)).map(({ level, subject, message }) => `${level}: ${subject}: ${message}`)).toEqual([
      expect.stringMatching(/^ok: cluster .*: Kubernetes v1\.\d+/),
      expect.stringMatching(/^ok: rights in .*, namespace .*: all that are needed are there$/),
    ]);
    expect(said(await web.apply("two", as))).toContain("fatal: cannot reach the database");
    expect((await web.apply("three", as)).log).toContain("Deployment/side is no longer part of this release and has been removed");
  });

  it("that are missing are named before anything is changed, by the deploy and by doctor", async () => {
    const web = await open();
    const few = manages
      .filter(({ resources }) => !resources.includes("pods"))
      .map((rule) => (rule.resources.includes("services") ? { ...rule, verbs: ["get", "list", "patch"] } : rule));
    const as = { config: { kubeconfig: await web.space.serviceAccount("newcomer", few) } };
    web.commit("one", service("web"));
    const refused = await web.apply("one", as);
    expect(refused.result).toMatchObject({ ok: false, changed: false });
    expect(said(refused)).toMatch(/Service\/web: .*cannot create resource "services"[^]*Grant `create` on `services` there/);
    expect(await web.observe(as)).toEqual({ kind: "absent" });
    const found = await web.examine(as);
    expect(found.slice(1)).toMatchObject([
      { level: "problem", message: "missing", rights: ["create", "delete"].map((verb) => ({ verb, on: "services" })) },
      { level: "warning", message: "missing", rights: ["pods", "events"].map((on) => ({ verb: "list", on })) },
    ]);
    expect(found[1]?.hint).toContain("nothing can be deployed there without");
    const nobody = { config: { kubeconfig: await web.space.serviceAccount("nobody", []) } };
    const blind = await web.apply("one", nobody);
    expect(blind.result).toMatchObject({ ok: false, changed: false });
    expect(said(blind)).toContain("Grant `get` on `configmaps`");
    expect((await web.examine(nobody)).map(({ level }) => level)).toContain("problem");
  });

  it("that are withdrawn: what is there is not touched, and it is told", async () => {
    const web = await open();
    const as = { config: { kubeconfig: await web.space.serviceAccount("leaver", manages) } };
    web.commit("one", service("web"));
    await web.apply("one", as);
    await web.space.kubectl(["delete", "serviceaccount", "leaver"]);
    const refused = await until(async () => {
      const end = await web.apply("one", as).catch(() => null); // in the midst of it nobody can tell
      return end?.result.ok === false ? end : null;
    }, "the end of the token");
    expect(refused.result).toMatchObject({ ok: false, changed: false });
    expect(said(refused)).toMatch(/does not accept the credentials[^]*token has expired or was withdrawn/);
    expect(await web.observe(as)).toMatchObject({ kind: "error" });
  });
});

describeCluster("where a target is", () => {
  it.each<[string, (web: Target) => JsonObject, RegExp]>([
    ["no kubeconfig", () => ({ kubeconfig: "/nowhere/config" }), /there is no kubeconfig: \/nowhere\/config does not exist/],
    ["an unknown context", () => ({ context: "moon" }), /has no context moon[^]*It has sluice-/],
    [
      "a namespace that is missing",
      () => ({ namespace: "not-there-at-all" }),
      /namespaces "not-there-at-all" not found[^]*`createNamespace: true`/,
    ],
  ])("%s is refused, and nothing is changed", async (_, config, message) => {
    const web = await open();
    web.commit("one", service("web"));
    const refused = await web.apply("one", { config: config(web) });
    expect(refused.result).toMatchObject({ ok: false, changed: false });
    expect(said(refused)).toMatch(message);
  });

  it("a KUBECONFIG of the server alone is not taken; one that the environment names is", async () => {
    const web = await open({ config: { kubeconfig: null } });
    const { kubeconfig: _, ...config } = web.definition().config;
    web.commit("one", service("web"));
    process.env["KUBECONFIG"] = web.space.kubeconfig;
    onTestFinished(() => void delete process.env["KUBECONFIG"]);
    const refused = await web.apply("one", { definition: { config } });
    expect(said(refused)).toContain("KUBECONFIG is set for the server, but this environment does not name it");
    expect((await web.apply("one", { definition: { config, credentials: ["KUBECONFIG"] } })).result).toEqual(OK);
    delete process.env["KUBECONFIG"];
    expect(await web.observe({ definition: { config, variables: { KUBECONFIG: web.space.kubeconfig } } })).toMatchObject({
      health: "healthy",
    });
  });

  it("another cluster than the environment names is refused by every act", async () => {
    const web = await open();
    const uid = await web.space.cluster.uid();
    web.commit("one", service("web"));
    const elsewhere = { definition: { cluster: "11111111-2222-3333-4444-555555555555" } };
    const refused = await web.apply("one", elsewhere);
    expect(refused.result).toMatchObject({ ok: false, changed: false });
    expect(said(refused)).toContain(`leads to the cluster ${uid}, and this environment is in 11111111`);
    expect(await web.observe(elsewhere)).toMatchObject({
      kind: "error",
      message: expect.stringContaining("leads to the cluster") as string,
    });
    await expect(web.compare("one", elsewhere)).rejects.toMatchObject({ code: "wrong-cluster" });
    expect(await web.examine(elsewhere)).toMatchObject([
      { level: "problem", message: expect.stringContaining("leads to the cluster") as string },
    ]);
    expect((await web.apply("one", { definition: { cluster: uid } })).result).toEqual(OK);
  });

  it("a namespace is made where that is asked for, and never removed; one that is being deleted is refused", async () => {
    const web = await open();
    const namespace = `${web.space.namespace}-made`;
    const here = { config: { namespace, createNamespace: true } };
    onTestFinished(async () => void (await web.space.cluster.api.ask("DELETE", `/api/v1/namespaces/${namespace}`)));
    web.commit("one", service("web"));
    web.commit("two", "# nothing\n");
    const first = await web.apply("one", here);
    expect(first.result).toEqual(OK);
    expect(first.log).toContain(`made the namespace ${namespace}`);
    expect((await web.apply("two", here)).result).toEqual(OK);
    await web.space.kubectl([
      "patch",
      "configmap",
      "sluice.web.devnet",
      "-n",
      namespace,
      "--type=merge",
      "-p",
      '{"metadata":{"finalizers":["example.org/stay"]}}',
    ]);
    await web.space.kubectl(["delete", "namespace", namespace, "--wait=false"]);
    const refused = await web.apply("one", here);
    await web.space.kubectl([
      "patch",
      "configmap",
      "sluice.web.devnet",
      "-n",
      namespace,
      "--type=merge",
      "-p",
      '{"metadata":{"finalizers":null}}',
    ]);
    expect(refused.result).toMatchObject({ ok: false, changed: false });
    expect(said(refused)).toMatch(/is being (deleted|terminated)/);
    expect(said(refused)).toContain("deploy again");
  });

  it("another project's service of the same name in the same namespace is refused", async () => {
    const web = await open();
    web.commit("one", service("web"));
    await web.apply("one");
    await web.space.kubectl(["label", "configmap/sluice.web.devnet", "sluice.dev/project=other", "--overwrite"]);
    expect(said(await web.apply("one"))).toContain("is that of web@devnet of the project other");
    expect(await web.observe()).toMatchObject({ kind: "error" });
  });
});

describeCluster("kustomize", () => {
  it("overlays of the commit are built without network, also where their bases lie beside them", async () => {
    const web = await open({ config: { manifests: null } });
    const { manifests: _, ...config } = web.definition().config;
    web.commit("one", {
      "deploy/overlays/devnet/kustomization.yaml":
        "resources: [../../base, ../../../shared]\nnamePrefix: dev-\nimages: [{ name: team/web, newName: team/web-devnet }]\n",
      "deploy/base/kustomization.yaml":
        "resources: [web.yaml]\nconfigMapGenerator: [{ name: generated, literals: [url=https://example.org] }]\n",
      "deploy/base/web.yaml": service("web"),
      "shared/kustomization.yaml": "resources: [side.yaml]\n",
      "shared/side.yaml": service("side"),
    });
    const overlay = {
      definition: {
        config: {
          ...config,
          kustomize: "deploy/overlays/devnet",
          select: ["Deployment/dev-web", "Deployment/dev-side"],
          images: ["team/web-devnet"],
        },
        image: "registry.example/web",
      },
      digest: digestOf("one"),
    };
    const end = await web.apply("one", overlay);
    expect(said(end)).toBe("");
    expect(await web.space.kubectl(["get", "deployment/dev-web", "-o", "jsonpath={.spec.template.spec.containers[0].image}"])).toBe(
      `registry.example/web@${digestOf("one")}`,
    );
    expect(await web.space.get("apis/apps/v1", "deployments/dev-side")).not.toBeNull();
    web.commit("two", { "deploy/overlays/devnet/kustomization.yaml": "resources: [gone.yaml]\n" });
    await expect(web.apply("two", overlay)).rejects.toThrow(/refers to gone.yaml, which is not in the commit/);
    web.commit("three", {
      "deploy/overlays/devnet/kustomization.yaml": "resources: [a.yaml]\nnamePrefix: {}\n",
      "deploy/overlays/devnet/a.yaml": service("web"),
    });
    await expect(web.apply("three", overlay)).rejects.toThrow(/the kustomization overlays\/devnet cannot be built: /);
    expect((await web.examine(overlay)).map(({ subject, message }) => `${subject} ${message}`)[0]).toMatch(/^kubectl v1\./);
  });
});

describeCluster("many objects", () => {
  it("200 Deployments in one target", async () => {
    const web = await open({ timeoutMs: 180_000 });
    const all = (image: string) => Array.from({ length: 200 }, (_, at) => service(`web-${at}`, image).split("---\n")[0]).join("---\n");
    web.commit("one", all("web"));
    web.commit("two", all("web-2"));
    for (const [name, most] of [
      ["one", 120_000],
      ["two", 120_000],
    ] as const) {
      const begun = performance.now();
      const { result, log } = await web.apply(name);
      const took = performance.now() - begun;
      console.log(`200 Deployments, ${name}: ${Math.round(took)} ms`);
      expect(result).toEqual(OK);
      expect(log).toContain("200 objects are ready");
      expect(took).toBeLessThan(most);
    }
    expect(await web.observe()).toMatchObject({ commit: commitOf("two"), health: "healthy" });
  });
});
