import { rmSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { describeCluster, sharedCluster } from "../rig/cluster.ts";
import { driver } from "../../src/drivers/kubernetes/index.ts";
import { until } from "../rig/wait.ts";
import { commitOf, type Deploy, digestOf, job, service, Target } from "../rig/kubernetes.ts";

const open = async (defaults: Deploy = {}) => new Target(await sharedCluster().space(), defaults);
const said = ({ result }: { readonly result: { readonly ok: boolean; readonly message?: string } }): string => result.message ?? "";
const OK = { ok: true, url: null };
type Live = {
  readonly metadata: {
    readonly uid: string;
    readonly generation: number;
    readonly labels?: object;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: unknown;
};
const imagesOf = async ({ space }: Target): Promise<string> =>
  await space.kubectl(["get", "pods", "-o", "jsonpath={.items[*].spec.containers[*].image}"]);

describeCluster("manifests of the commit", () => {
  it("are applied in order, by digest, say whose they are, and are observed as what they are", async () => {
    const web = await open({
      digest: digestOf("one"),
      definition: { image: "registry.example/team/web" },
      config: { images: ["team/web"] },
    });
    web.commit("one", { "deploy/a.yaml": service("web"), "deploy/b.yaml": job("warm-up"), "deploy/notes.txt": "not read" });
    expect(await web.observe()).toEqual({ kind: "absent" });
    const { result, log, input } = await web.apply("one");
    expect(result).toEqual(OK);
    expect(log).toContain("2 objects are ready");
    expect(await imagesOf(web)).toContain(`registry.example/team/web@${digestOf("one")}`);
    const live = await web.space.get<Live>("apis/apps/v1", "deployments/web");
    expect(live?.metadata.labels).toMatchObject({
      "sluice.dev/project": "harbor",
      "sluice.dev/service": "web",
      "sluice.dev/environment": "devnet",
    });
    expect(live?.metadata.annotations).toMatchObject({
      "sluice.dev/commit": input.commit,
      "sluice.dev/attempt": input.attempt,
      "sluice.dev/run": "1",
    });
    expect(JSON.stringify(live?.spec)).not.toContain("sluice.dev");
    expect(await web.observe()).toEqual({
      kind: "live",
      commit: commitOf("one"),
      digest: digestOf("one"),
      attempt: input.attempt,
      health: "healthy",
      url: null,
    });
  });

  it("applied twice by one attempt change nothing the second time", async () => {
    const web = await open();
    web.commit("one", service("web"));
    const { input } = await web.apply("one");
    const before = await web.space.get<Live>("apis/apps/v1", "deployments/web");
    expect((await web.apply("one", { attempt: input.attempt })).result).toEqual(OK);
    expect((await web.space.get<Live>("apis/apps/v1", "deployments/web"))?.metadata).toMatchObject({
      uid: before?.metadata.uid,
      generation: before?.metadata.generation,
    });
  });
});

const SHIP = (group: string) => `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: ships.${group} }
spec:
  group: ${group}
  scope: Namespaced
  names: { plural: ships, kind: Ship }
  versions: [{ name: v1, served: true, storage: true, schema: { openAPIV3Schema: { type: object, x-kubernetes-preserve-unknown-fields: true } } }]
`;

describeCluster("a release of the driver kubernetes", () => {
  it("brings every kind of workload, and kinds and namespaces before what uses them", async () => {
    const web = await open({ config: { namespace: null } });
    const other = `${web.space.namespace}-more`;
    const group = `${other}.example.org`;
    onTestFinished(async () => void (await web.space.kubectl(["delete", `crd/ships.${group}`, `namespace/${other}`, "--wait=false"])));
    web.commit("one", {
      "deploy/web.yaml": service("web"),
      "deploy/more.yaml": [
        `apiVersion: ${group}/v1\nkind: Ship\nmetadata: { name: gull, namespace: ${other} }\nspec: { sails: 2 }\n`,
        `apiVersion: apps/v1\nkind: StatefulSet\nmetadata: { name: store, namespace: ${other} }\nspec: { serviceName: store, selector: { matchLabels: { app: store } }, template: { metadata: { labels: { app: store } }, spec: { containers: [{ name: app, image: "team/store:1" }] } } }\n`,
        `apiVersion: apps/v1\nkind: DaemonSet\nmetadata: { name: agent, namespace: ${other} }\nspec: { selector: { matchLabels: { app: agent } }, template: { metadata: { labels: { app: agent } }, spec: { containers: [{ name: app, image: "team/agent:1" }] } } }\n`,
        SHIP(group),
        `apiVersion: v1\nkind: Namespace\nmetadata: { name: ${other} }\n`,
      ].join("---\n"),
    });
    const { namespace: _, ...config } = web.definition().config;
    const all = { definition: { config } };
    const first = await web.apply("one", all);
    expect(said(first)).toBe("");
    expect(first.log).toContain("5 objects are ready");
    expect(await web.observe(all)).toMatchObject({ commit: commitOf("one"), health: "healthy" });
    // what holds what others have put in stays when its manifest goes; the rest goes
    web.commit("two", service("web"));
    const { result, log } = await web.apply("two", all);
    expect(result).toEqual(OK);
    expect(log).toContain(`Namespace/${other} is no longer part of this release and stays: it may hold what others need`);
    expect(log).toContain(`CustomResourceDefinition/ships.${group} is no longer part of this release and stays`);
    expect(log).toContain("StatefulSet/store is no longer part of this release and has been removed");
  });

  it("without a workload is healthy", async () => {
    const web = await open();
    web.commit("one", "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: only }\n");
    expect((await web.apply("one")).result).toEqual(OK);
    expect(await web.observe()).toMatchObject({ health: "healthy" });
    web.commit("empty", "# nothing is left\n");
    expect((await web.apply("empty")).result).toEqual(OK);
    expect(await web.observe()).toMatchObject({ commit: commitOf("empty"), health: "healthy" });
    expect(await web.space.get("api/v1", "configmaps/only")).toBeNull();
  });

  it("removes what it lacks once it serves, by its record and labels and never by guess", async () => {
    const web = await open();
    web.commit("one", { "deploy/a.yaml": service("web"), "deploy/b.yaml": service("side"), "deploy/c.yaml": service("kept") });
    expect((await web.apply("one")).result).toEqual(OK);
    await web.space.kubectl(["delete", "configmap/side-config"]);
    await web.space.kubectl(["create", "configmap", "side-config", "--from-literal=a=b"]); // another one of that name
    await web.space.kubectl(["label", "configmap/kept-config", "sluice.dev/service=other", "--overwrite"]);
    await web.space.kubectl(["annotate", "service/kept", "sluice.dev/prune=false"]);
    await web.space.kubectl(["create", "configmap", "stranger", "--from-literal=a=b"]);
    await web.space.kubectl([
      "label",
      "configmap/stranger",
      "sluice.dev/project=harbor",
      "sluice.dev/service=web",
      "sluice.dev/environment=devnet",
    ]);
    web.commit("two", { "deploy/a.yaml": service("web") });
    const { result, log } = await web.apply("two");
    expect(result).toEqual(OK);
    expect(log).toContain("ConfigMap/side-config is no longer part of this release and stays: it is another one than was deployed");
    expect(log).toContain("ConfigMap/kept-config is no longer part of this release and stays: it is not this target's any more");
    expect(log).toContain("Service/kept is no longer part of this release and stays: its annotation sluice.dev/prune is false");
    const left = await web.space.kubectl(["get", "deployments,services,configmaps", "-o", "name"]);
    expect(
      left
        .split("\n")
        .filter((name) => !name.includes("kube-root"))
        .toSorted(),
    ).toEqual([
      "configmap/kept-config",
      "configmap/side-config",
      "configmap/sluice.web.devnet",
      "configmap/stranger",
      "configmap/web-config",
      "deployment.apps/web",
      "service/kept",
      "service/web",
    ]);
    // with prune: false nothing goes, and what is left is removed by the next one that may
    web.commit("three", { "deploy/b.yaml": service("three") });
    expect((await web.apply("three", { config: { prune: false } })).result).toEqual(OK);
    expect(await web.space.get("apis/apps/v1", "deployments/web")).not.toBeNull();
    expect((await web.apply("three")).result).toEqual(OK);
    expect(await web.space.get("apis/apps/v1", "deployments/web")).toBeNull();
  });

  it("one workload out of many is selected, by name or label, and two services share a folder", async () => {
    const web = await open({ config: { select: ["app=web"] } });
    web.commit("one", { "deploy/all.yaml": `${service("web")}---\n${service("api")}` });
    expect((await web.apply("one")).result).toEqual(OK);
    expect(await web.space.get("apis/apps/v1", "deployments/api")).toBeNull();
    const api = { config: { select: ["Deployment/api", "ConfigMap/api-config"] }, definition: { service: "api" } };
    expect((await web.apply("one", api)).result).toEqual(OK);
    expect(await web.space.get("api/v1", "services/api")).toBeNull();
    const both = await web.apply("one", {
      config: {},
      definition: { service: "all", config: web.definition({ config: { select: ["Deployment/api"] } }).config },
    });
    expect(both.result).toMatchObject({ ok: false, changed: false });
    expect(said(both)).toContain("Deployment/api belongs to api@devnet of the project harbor");
    await expect(web.render("one", { config: { select: ["Deployment/nobody"] } })).rejects.toThrow(
      /Deployment\/nobody is none of the objects: ConfigMap\/|Deployment\/nobody is none of the objects: Deployment/,
    );
  });

  it("is refused as a whole, before anything is changed, with all that is wrong with it", async () => {
    const web = await open();
    const wide = service("web")
      .replace("app: web } }\n  template", "app: web, more: web } }\n  template")
      .replace("metadata: { labels: { app: web } }\n    spec", "metadata: { labels: { app: web, more: web } }\n    spec");
    web.commit("one", { "deploy/a.yaml": service("web"), "deploy/b.yaml": service("api") });
    await web.apply("one");
    await web.space.kubectl(["set", "image", "deployment/api", "app=team/api:by-hand"]);
    web.commit("two", {
      "deploy/a.yaml": wide,
      "deploy/b.yaml": service("api", "web-2"),
      "deploy/c.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: fresh }\n",
      "deploy/d.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: odd }\ndatta: {}\n",
      "deploy/e.yaml": "apiVersion: example.org/v1\nkind: Ship\nmetadata: { name: gull }\n",
    });
    const refused = await web.apply("two");
    expect(refused.result).toMatchObject({ ok: false, changed: false });
    expect(said(refused)).toMatch(
      /Deployment\/web: .*spec\.selector.*field is immutable\n +What cannot be changed in place needs another name/,
    );
    expect(said(refused)).toContain(
      'Deployment/api has fields that somebody else has set:\n  .spec.template.spec.containers[name="app"].image was set by kubectl-set',
    );
    expect(said(refused)).toContain("forceConflicts: true");
    expect(said(refused)).toMatch(/ConfigMap\/odd: .*datta/);
    expect(said(refused)).toMatch(/Ship\/gull: .*has no Ship of example.org\/v1/);
    expect(await web.space.get("api/v1", "configmaps/fresh")).toBeNull();
    expect(await web.observe()).toMatchObject({ commit: commitOf("one") });
    web.commit("three", { "deploy/a.yaml": service("web"), "deploy/b.yaml": service("api", "web-2") });
    expect((await web.apply("three")).result.ok).toBe(false);
    expect((await web.apply("three", { config: { forceConflicts: true } })).result).toEqual(OK);
    expect(await imagesOf(web)).not.toContain("by-hand");
  });

  it("takes over what is there and nobody's, and says so", async () => {
    const web = await open();
    web.commit("one", service("web"));
    await web.space.kubectl(["create", "configmap", "web-config", "--from-literal=motto=before"]);
    const refused = await web.apply("one");
    expect(said(refused)).toContain("was set by kubectl-create");
    const { result, log } = await web.apply("one", { config: { forceConflicts: true } });
    expect(result).toEqual(OK);
    expect(log).toContain("ConfigMap/web-config, which kubectl-create made, becomes part of this target");
    expect((await web.apply("one")).log).not.toContain("becomes part");
    // it was there before, and stays: also when it comes back and leaves again
    web.commit("none", "# nothing\n");
    for (let times = 1; times <= 2; times++) {
      const { log: left } = await web.apply("none");
      expect(left).toContain("ConfigMap/web-config is no longer part of this release and stays: it was there before this target");
      expect(left).toContain("Service/web is no longer part of this release and has been removed");
      expect((await web.apply("one", { config: { forceConflicts: true } })).result).toEqual(OK);
    }
    expect(await web.space.get("api/v1", "configmaps/web-config")).not.toBeNull();
  });

  it("a namespace that was made by hand is taken over and never removed, whatever the manifest says; one of its own goes where it says so", async () => {
    const web = await open({ config: { namespace: null } });
    const names = { other: `${web.space.namespace}-other`, own: `${web.space.namespace}-own` };
    onTestFinished(async () => void (await web.space.kubectl(["delete", `namespace/${names.other}`, "--wait=false"])));
    await web.space.kubectl(["create", "namespace", names.other]);
    const { namespace: _, ...config } = web.definition().config;
    const all = { definition: { config } };
    const manifest = (name: string) =>
      `apiVersion: v1\nkind: Namespace\nmetadata: { name: ${name}, annotations: { sluice.dev/prune: "true" } }\n`;
    web.commit("one", `${manifest(names.other)}---\n${manifest(names.own)}`);
    expect(said(await web.apply("one", all))).toBe("");
    web.commit("two", "# nothing\n");
    const diff = await driver.compare?.(web.input("two", all), web.look("two"));
    expect(diff?.map(({ kind, name, change }) => `${change} ${kind}/${name}`)).toEqual([`removed Namespace/${names.own}`]);
    const { result, log } = await web.apply("two", all);
    expect(result).toEqual(OK);
    expect(log).toContain(`Namespace/${names.other} is no longer part of this release and stays: it was there before`);
    expect(log).toContain(`Namespace/${names.own} is no longer part of this release and has been removed`);
  });

  it("what policy does not allow is refused by the rendering, and by the attempt also where it was kept from before", async () => {
    const web = await open();
    const other = await sharedCluster().space();
    web.commit("space", `apiVersion: v1\nkind: Namespace\nmetadata: { name: ${other.namespace} }\n`);
    web.commit("role", `apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: { name: ${other.namespace} }\nrules: []\n`);
    const allowed = (clusterScoped: boolean) => ({ definition: { allowed: { namespaces: [web.space.namespace], clusterScoped } } });
    for (const [commit, text] of [
      ["space", `Namespace/${other.namespace}: policy allows the namespaces ${web.space.namespace} in devnet`],
      ["role", `ClusterRole/${other.namespace} is in no namespace`],
    ] as const) {
      await expect(web.render(commit, allowed(false))).rejects.toThrow(text);
      expect(said(await web.apply(commit, { ...allowed(false), fingerprint: (await web.decided(commit)).fingerprint ?? "" }))).toContain(
        text,
      );
    }
    await expect(web.render("space", allowed(true))).rejects.toThrow("policy allows the namespaces");
    expect((await web.apply("role", allowed(true))).result).toEqual(OK);
    await web.space.kubectl(["delete", "clusterrole", other.namespace]);
  });
});

describeCluster("a Job", () => {
  const runsOf = async ({ space }: Target) => (await space.get<Live>("apis/batch/v1", "jobs/migrate"))?.metadata.uid;

  it("is made anew when it has changed or has failed, and else stays as it ran", async () => {
    const web = await open();
    web.commit("one", job("migrate"));
    expect((await web.apply("one")).result).toEqual(OK);
    const first = await runsOf(web);
    web.commit("same", job("migrate"));
    expect((await web.apply("same")).result).toEqual(OK);
    expect(await runsOf(web)).toBe(first);
    web.commit("two", job("migrate", "migrate-crash"));
    const failed = await web.apply("two");
    expect(failed.result).toMatchObject({ ok: false, changed: true });
    expect(failed.log).toContain("Job/migrate cannot be changed: it is made anew");
    expect(said(failed)).toMatch(/Job\/migrate has failed: BackoffLimitExceeded[^]*ended with exit code 1\n {4}starting/);
    expect(await web.observe()).toMatchObject({
      commit: commitOf("two"),
      attempt: failed.input.attempt,
      health: "degraded",
      certain: true,
    });
    const again = await web.apply("two");
    expect(again.log).toContain("Job/migrate has failed before: it is made anew");
    web.commit("three", job("migrate", "migrate-3"));
    expect((await web.apply("three")).result).toEqual(OK);
  });

  it("of a service that is a job runs once for each release, and again when that is deployed again, but not again after a kill", async () => {
    const migrate = await open({ definition: { job: true } });
    for (const name of ["one", "two"]) migrate.commit(name, job("migrate"));
    const { input } = await migrate.apply("one");
    const first = await runsOf(migrate);
    expect(await migrate.observe()).toMatchObject({ commit: commitOf("one"), health: "healthy" });
    await migrate.apply("two");
    const second = await runsOf(migrate);
    expect(second).not.toBe(first);
    await migrate.apply("two");
    const third = await runsOf(migrate);
    expect(third).not.toBe(second);
    // as if killed after the Job was done and before the record said so
    const unfinished = { data: { phase: "applying", attempt: input.attempt } };
    await migrate.space.kubectl(["patch", "configmap", "sluice.web.devnet", "--type=merge", "-p", JSON.stringify(unfinished)]);
    expect((await migrate.apply("two")).result).toEqual(OK);
    expect(await runsOf(migrate)).toBe(third);
  });
});

describeCluster("what does not become healthy", () => {
  it("fails as soon as it is certain, is live and degraded, and nothing is removed", async () => {
    const web = await open();
    web.commit("one", { "deploy/a.yaml": service("web"), "deploy/b.yaml": service("side") });
    await web.apply("one");
    web.commit("two", { "deploy/a.yaml": service("web", "web-nopull") });
    const { result, input, log } = await web.apply("two");
    expect(result).toMatchObject({
      ok: false,
      changed: true,
      message: expect.stringMatching(
        /^web@devnet did not become healthy:\nDeployment\/web .*\n {2}pod web-\S+: container app: \w+: cannot pull the image team\/web-nopull:latest: it is not in the registry$/,
      ) as string,
    });
    expect(log).not.toContain("removed");
    expect(await web.space.get("apis/apps/v1", "deployments/side")).not.toBeNull();
    expect(await web.observe()).toMatchObject({
      commit: commitOf("two"),
      attempt: input.attempt,
      health: "degraded",
      certain: true,
      why: expect.stringContaining("cannot pull the image") as string,
    });
    expect((await web.apply("one")).result).toEqual(OK);
    expect(await web.observe()).toMatchObject({ commit: commitOf("one"), health: "healthy" });
  });

  it("within the attempt's time is told with what is missing, before that time is over", async () => {
    const web = await open();
    web.commit("one", service("web", "web-broken"));
    const begun = performance.now();
    const late = await web.apply("one", { timeoutMs: 4000 });
    expect(performance.now() - begun).toBeLessThan(6000);
    expect(late.result).toMatchObject({ ok: false, changed: true });
    expect(said(late)).toMatch(/within the time of the attempt \(`services.web.deploy.timeout` raises it\):[^]*Readiness probe failed/);
    expect(late.log).toContain("Readiness probe failed");
    expect(await web.observe()).toMatchObject({ health: "progressing", certain: false });
  });

  it("by a policy that refuses the object itself changes nothing", async () => {
    const web = await open();
    web.commit("quota", `apiVersion: v1\nkind: ResourceQuota\nmetadata: { name: none }\nspec: { hard: { services: "0" } }\n`);
    expect((await web.apply("quota", { definition: { service: "quota" } })).result).toEqual(OK);
    await until(
      async () => ((await web.space.get<{ status?: { hard?: object } }>("api/v1", "resourcequotas/none"))?.status?.hard ? true : null),
      "the quota",
    );
    web.commit("one", service("web"));
    const refused = await web.apply("one");
    expect(refused.result).toMatchObject({ ok: false, changed: false });
    expect(said(refused)).toMatch(/Service\/web: services "web" is forbidden: exceeded quota: none[^]*Raise the quota/);
    expect(await web.observe()).toEqual({ kind: "absent" });
  });
});

describeCluster("admission", () => {
  it("by a webhook that does not answer is told as that, and changes nothing", async () => {
    const web = await open();
    const name = `silent-${web.space.namespace}`;
    onTestFinished(async () => void (await web.space.kubectl(["delete", "validatingwebhookconfiguration", name])));
    const webhook = {
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: "ValidatingWebhookConfiguration",
      metadata: { name },
      webhooks: [
        {
          name: "silent.example.org",
          sideEffects: "None",
          admissionReviewVersions: ["v1"],
          clientConfig: { url: "https://127.0.0.1:1/" },
          namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": web.space.namespace } },
          rules: [{ apiGroups: ["apps"], apiVersions: ["v1"], operations: ["*"], resources: ["deployments"] }],
        },
      ],
    };
    await web.space.kubectl(["apply", "-f", "-"], { input: JSON.stringify(webhook) });
    web.commit("one", service("web"));
    // the API server learns of webhooks after a while
    const refused = await until(async () => {
      const end = await web.apply("one");
      return end.result.ok ? null : end;
    }, "the webhook");
    expect(refused.result).toMatchObject({ ok: false, changed: false });
    expect(said(refused)).toMatch(/Deployment\/web: .*failed calling webhook "silent.example.org".*connection refused/);
  });
});

describeCluster("drift", () => {
  it("is seen object by object, with what would be removed, and goes with the next deploy", async () => {
    const web = await open();
    const secret = (value: string) => `---\napiVersion: v1\nkind: Secret\nmetadata: { name: tokens }\nstringData: { token: ${value} }\n`;
    web.commit("one", { "deploy/a.yaml": service("web") + secret("hunter2"), "deploy/b.yaml": service("side") });
    await web.apply("one");
    expect((await web.compare("one")).filter(({ change }) => change !== "same")).toEqual([]);
    await web.space.kubectl(["scale", "deployment/side", "--replicas=2"]);
    await web.space.kubectl(["patch", "configmap", "web-config", "--type=merge", "-p", '{"data":{"motto":"by hand"}}']);
    await web.space.kubectl(["delete", "service/side"]);
    const changesOf = async (commit: string) =>
      (await web.compare(commit))
        .filter(({ change }) => change !== "same")
        .map(({ kind, name, change }) => `${change} ${kind}/${name}`)
        .toSorted();
    expect(await changesOf("one")).toEqual(["added Service/side", "changed ConfigMap/web-config", "changed Deployment/side"]);
    web.commit("two", { "deploy/a.yaml": service("web", "web-2") + secret("hunter3") });
    expect(await changesOf("two")).toEqual([
      "changed ConfigMap/web-config",
      "changed Deployment/web",
      "changed Secret/tokens",
      "removed ConfigMap/side-config",
      "removed Deployment/side",
    ]);
    expect(JSON.stringify(await web.compare("two"))).not.toMatch(/hunter|aHVudGVy/);
    expect((await web.apply("two", { config: { forceConflicts: true } })).result).toEqual(OK);
    expect(await changesOf("two")).toEqual([]);
  });

  it("of a Job that would run again shows what is different and nothing else", async () => {
    const web = await open();
    web.commit("one", job("migrate"));
    await web.apply("one");
    web.commit("two", job("migrate", "migrate-2"));
    const [change, ...others] = await web.compare("two");
    expect(others).toEqual([]);
    const lines = (text: string | null | undefined) => (text ?? "").split("\n").map((line) => line.trim());
    expect(change?.change).toBe("changed");
    expect(lines(change?.after).filter((line) => !lines(change?.before).includes(line))).toEqual(["- image: team/migrate-2:latest"]);
  });
});

describeCluster("a Job that goes when it has run", () => {
  it("is no drift and nothing unhealthy; what runs again shows it", async () => {
    const web = await open();
    const passing = job("migrate").replace("backoffLimit: 0", "backoffLimit: 0\n  ttlSecondsAfterFinished: 1");
    web.commit("one", `${passing}---\n${service("web")}`);
    web.commit("two", `${passing.replace("team/migrate", "team/migrate-2")}---\n${service("web")}`);
    const different = async (commit: string) =>
      (await web.compare(commit)).filter(({ change }) => change !== "same").map(({ kind, change }) => `${kind} ${change}`);
    expect(await different("one")).toContain("Job added");
    await web.apply("one");
    await until(async () => ((await web.space.kubectl(["get", "jobs", "-o", "name"])) === "" ? true : null), "the Job is gone");
    expect(await different("one")).toEqual([]);
    expect(await web.observe()).toMatchObject({ kind: "live", health: "healthy" });
    expect(await different("two")).toEqual(["Job added"]);
    await web.space.kubectl(["delete", "configmap", "web-config"]);
    expect(await different("one")).toEqual(["ConfigMap added"]);
  });
});

describeCluster("going back", () => {
  it("applies what was applied then: kept here, or rendered again where that gives the very same", async () => {
    const web = await open();
    web.commit("one", service("web"));
    web.commit("two", service("web", "web-2"));
    const { input } = await web.apply("one");
    const fingerprint = input.fingerprint ?? "";
    await web.apply("two");
    web.forget("one");
    expect(await web.wayBack("one", { fingerprint })).toEqual({
      ok: true,
      means: "the manifests that were applied then, which this host has kept",
    });
    const back = await web.apply("one", { direction: "rollback", fingerprint });
    expect(back.result).toEqual(OK);
    expect(back.log).toContain("as they were decided on");
    expect(await imagesOf(web)).toContain("team/web:latest");
    expect(await web.observe()).toMatchObject({ commit: commitOf("one"), attempt: back.input.attempt, health: "healthy" });
    const byHand = async () => await web.space.kubectl(["set", "image", "deployment/web", "app=team/api:by-hand"]);
    await byHand();
    const again = await web.apply("one", { direction: "rollback", fingerprint });
    expect(again.result).toEqual(OK);
    expect(again.log).toContain(
      'takes back Deployment/web: .spec.template.spec.containers[name="app"].image, which was set by kubectl-set',
    );
    expect(await imagesOf(web)).not.toContain("by-hand");
    await byHand();
    expect((await web.apply("one", { fingerprint })).result.ok).toBe(false);
    expect((await web.apply("one", { fingerprint, takeBack: true })).result).toEqual(OK);

    rmSync(join(web.home, "drivers/kubernetes/manifests"), { recursive: true });
    expect(await web.wayBack("one", { fingerprint })).toMatchObject({ ok: false, message: expect.stringContaining("ENOENT") as string });
    web.commit("one", service("web"));
    expect(await web.wayBack("one", { fingerprint })).toEqual({
      ok: true,
      means: `manifests rendered again from ${commitOf("one").slice(0, 12)}, the same as then`,
    });
    expect((await web.apply("one", { direction: "rollback", fingerprint })).log).toContain("rendered now");
    web.commit("one", service("web", "web-other"));
    expect(await web.wayBack("one", { fingerprint })).toMatchObject({
      ok: false,
      message: expect.stringContaining("renders otherwise now") as string,
    });
    await expect(web.apply("one", { direction: "rollback", fingerprint })).rejects.toThrow(/renders otherwise now/);
  });
});
