import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import type { KubeObject } from "../../../src/cluster/objects.ts";
import type { Json, JsonObject } from "../../../src/core/config/config.ts";
import { fingerprint } from "../../../src/core/plan/fingerprint.ts";
import { readManifests } from "../../../src/drivers/kubernetes/files.ts";
import { nameOf, pinImages } from "../../../src/drivers/kubernetes/images.ts";
import { driver } from "../../../src/drivers/kubernetes/index.ts";
import { kustomize, OutsideError } from "../../../src/drivers/kubernetes/kustomize.ts";
import { keptFor } from "../../../src/drivers/kubernetes/prune.ts";
import { beginning, type Entry, type Found } from "../../../src/drivers/kubernetes/record.ts";
import { selectObjects } from "../../../src/drivers/kubernetes/select.ts";
import { stored } from "../../../src/drivers/kubernetes/stored.ts";
import { definitionOf, inputOf, temporaryHome } from "./rig.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;
const signal = new AbortController().signal;

function folder(files: Readonly<Record<string, string>> = {}): string {
  const made = mkdtempSync(join(tmpdir(), "sluice-kubernetes-"));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(made, path)), { recursive: true });
    writeFileSync(join(made, path), text);
  }
  return made;
}

const configMap = (name: string, more = ""): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name}${more} }\n`;
const deployment = (name: string, image: string): string => `apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name}, labels: { app: ${name} } }
spec: { selector: { matchLabels: { app: ${name} } }, template: { metadata: { labels: { app: ${name} } }, spec: { containers: [{ name: app, image: "${image}" }] } } }
`;

/** Renders files of a commit with a config. */
async function render(
  files: Readonly<Record<string, string>>,
  config: JsonObject,
  { digest = null, image }: { digest?: string | null; image?: string } = {},
) {
  const [home, tree] = [temporaryHome(), folder(files)];
  const asked: string[] = [];
  const definition = definitionOf("kubernetes", config, image === undefined ? {} : { image });
  const input = inputOf(home, "a1", "c1", digest, definition);
  const context = { signal, home, tree: async (part: string) => (asked.push(part), join(tree, part)) };
  const text = await driver.render(input, context);
  return { text, asked, home, input, context };
}

describe("images become the artifact", () => {
  test.each([
    ["web", "web"],
    ["web:1.2", "web"],
    ["registry.example:5000/team/web", "registry.example:5000/team/web"],
    ["registry.example:5000/team/web:1.2", "registry.example:5000/team/web"],
    [`registry.example/web:1@${DIGEST}`, "registry.example/web"],
  ])("%s is called %s", (image, name) => {
    expect(nameOf(image)).toBe(name);
  });

  test("in every container of every kind, and nowhere else", () => {
    const pod = {
      containers: [{ image: "web:1" }, { image: "side:1" }],
      initContainers: [{ image: "web" }],
      ephemeralContainers: [{ image: `web@sha256:${"b".repeat(64)}` }],
    };
    const object: KubeObject = {
      apiVersion: "example.org/v1",
      kind: "Rollout",
      metadata: { name: "web", annotations: { image: "web:1" } },
      spec: { image: "web:1", template: { spec: pod } },
    };
    const [pinned] = pinImages([object], ["web"], "registry.example/web", DIGEST);
    const image = `registry.example/web@${DIGEST}`;
    expect(pinned).toEqual({
      ...object,
      spec: {
        image: "web:1",
        template: { spec: { containers: [{ image }, { image: "side:1" }], initContainers: [{ image }], ephemeralContainers: [{ image }] } },
      },
    });
    expect(pinImages([object], ["side"], undefined, DIGEST)[0]).toMatchObject({
      spec: { template: { spec: { containers: [{}, { image: `side@${DIGEST}` }] } } },
    });
    expect(() => pinImages([object], ["web", "weeb"], undefined, DIGEST)).toThrow(
      /no container has the image weeb, .* there are web, side/,
    );
  });

  test("one that is not built yet is shown as that, and not as what the manifest names", async () => {
    const files = { "deploy/a.yaml": deployment("web", "registry.example/web:latest") };
    const { text } = await render(files, { manifests: ["deploy"] }, { image: "registry.example/web" });
    expect(text).toContain("# artifact: not built yet\n");
    expect(text).toContain("image: registry.example/web@sha256:not-built-yet\n");
  });
});

test("objects are selected by kind and name or by label, in their order, each once", () => {
  const object = (kind: string, name: string, app: string): KubeObject => ({ apiVersion: "v1", kind, metadata: { name, labels: { app } } });
  const objects = [object("Service", "api", "api"), object("Service", "web", "web"), object("ConfigMap", "web", "web")];
  const names = (...selectors: readonly string[]) =>
    selectObjects(objects, selectors).map(({ kind, metadata }) => `${kind}/${metadata.name}`);
  expect(names("app=web", "Service/web", "Service/api")).toEqual(["Service/api", "Service/web", "ConfigMap/web"]);
  expect(names("Service/web")).toEqual(["Service/web"]);
  expect(() => names("app=none")).toThrow(/`select`: app=none is none of the objects: Service\/api, Service\/web, ConfigMap\/web/);
});

describe("manifests are read from the commit", () => {
  const files = {
    "deploy/b.yaml": configMap("b"),
    "deploy/a.yml": configMap("a"),
    "deploy/more/c.yaml": configMap("c"),
    "deploy/readme.md": "no",
    "one.json": JSON.stringify({ apiVersion: "v1", kind: "Secret", metadata: { name: "s" }, stringData: { a: "hunter2" } }),
  };
  const namesIn = (text: string) => [...text.matchAll(/^ {2}name: (\w+)$/gm)].map(([, name]) => name);

  test("from files, folders and globs, each file once, and only what is needed of the tree", async () => {
    const first = await render(files, { manifests: ["deploy", "deploy/a.yml"] });
    expect(namesIn(first.text)).toEqual(["a", "b"]);
    expect(first.asked).toEqual(["deploy", "deploy"]);
    expect(namesIn((await render(files, { manifests: ["deploy/**/*.yaml"] })).text)).toEqual(["b", "c"]);
    const whole = await render(files, { manifests: ["one.json"] });
    expect(whole.asked).toEqual(["."]);
    expect(whole.text).not.toContain("hunter2");
  });

  test("rendered twice they give the same text, and what it stands for is kept for its owner alone", async () => {
    const { text, home, input, context } = await render(files, { manifests: ["one.json", "deploy"] });
    expect(await driver.render({ ...input, attempt: "a2" } as typeof input, context)).toBe(text);
    expect(await driver.render({ ...input, commit: "c2" }, context)).not.toBe(text);
    const key = fingerprint({ definitionDigest: fingerprint(input.definition), digest: null, text });
    expect(stored(home, key)).toMatchObject([
      { kind: "Secret", stringData: { a: "hunter2" } },
      { kind: "ConfigMap" },
      { kind: "ConfigMap" },
    ]);
    const directory = join(home, "drivers/kubernetes/manifests");
    expect(readdirSync(directory)).toHaveLength(2);
    for (const name of readdirSync(directory)) expect(statSync(join(directory, name)).mode & 0o777).toBe(0o600);
  });

  test("labels say whose they are, and images are pinned to the artifact's repository", async () => {
    const { text } = await render(
      { "web.yaml": deployment("web", "harbor:dev") },
      { manifests: ["web.yaml"], images: ["harbor"] },
      { digest: DIGEST, image: "registry.example/harbor" },
    );
    expect(text).toContain(`image: registry.example/harbor@${DIGEST}`);
    expect(text).toContain(`# artifact: ${DIGEST}`);
    for (const label of ["sluice.dev/project: harbor", "sluice.dev/service: web", "sluice.dev/environment: devnet"])
      expect(text).toContain(label);
    await expect(
      render(
        { "web.yaml": deployment("web", "other:dev") },
        { manifests: ["web.yaml"] },
        { digest: DIGEST, image: "registry.example/harbor" },
      ),
    ).rejects.toThrow(/no container has the image registry.example\/harbor/);
  });

  test.each<[string, Readonly<Record<string, string>>, JsonObject, RegExp]>([
    ["a file that is not there", {}, { manifests: ["gone.yaml"] }, /there is no gone.yaml in the commit/],
    ["an empty folder", { "deploy/readme.md": "" }, { manifests: ["deploy"] }, /the folder deploy holds no file/],
    ["a glob of nothing", { "deploy/a.txt": "" }, { manifests: ["deploy/*.yaml"] }, /is no file of the commit/],
    ["a kustomization", { "deploy/kustomization.yaml": "" }, { manifests: ["deploy"] }, /say `kustomize: deploy`/],
    ["a broken file", { "deploy/a.yaml": `${configMap("a")}---\nkind: [` }, { manifests: ["deploy"] }, /deploy\/a.yaml, line 5/],
    [
      "the same twice",
      { "a.yaml": configMap("a"), "b.yaml": configMap("a") },
      { manifests: ["a.yaml", "b.yaml"] },
      /ConfigMap\/a is there twice/,
    ],
    [
      "the same twice, once by its namespace",
      { "a.yaml": configMap("a"), "b.yaml": configMap("a", ", namespace: shop") },
      { manifests: ["a.yaml", "b.yaml"], namespace: "shop" },
      /there twice/,
    ],
    [
      "another namespace",
      { "a.yaml": configMap("a", ", namespace: mainnet") },
      { manifests: ["a.yaml"], namespace: "devnet" },
      /in the namespace mainnet, and this target's `namespace` is devnet/,
    ],
    [
      "5 MB",
      { "a.yaml": `${configMap("a")}data: { big: "${"x".repeat(5 * 1024 * 1024)}" }` },
      { manifests: ["a.yaml"] },
      /a.yaml, line 1: ConfigMap\/a has 5.0 MB/,
    ],
    ["33 MB", { "a.yaml": "x".repeat(33 * 1024 * 1024) }, { manifests: ["a.yaml"] }, /a.yaml has 33 MB; at most 32/],
    ["a path that variables lead out", {}, { manifests: ["../x"] }, /leaves the folder of sluice.yaml/],
    [
      "a pattern that leads out by its braces",
      {},
      { manifests: ["{..,q}/{..,q}/outside/*.yaml"] },
      /leaves the folder of sluice.yaml with `..` in one/,
    ],
  ])("%s is refused with what it is", async (_, files, config, message) => {
    await expect(render(files, config)).rejects.toThrow(message);
  });
});

test.each([
  ["a pattern", "own/*.yaml"],
  ["a file", "own/link/a.yaml"],
  ["a folder", "own/link"],
])("what %s finds outside of the tree is not read", async (_, path) => {
  const outside = folder({ "a.yaml": configMap("stolen") });
  const tree = folder({ "own/b.yaml": configMap("own") });
  symlinkSync(outside, join(tree, "own/link"));
  symlinkSync(join(outside, "a.yaml"), join(tree, "own/a.yaml"));
  await expect(readManifests([path], async (part) => join(tree, part))).rejects.toThrow(/which is outside of the repository/);
});

describe("the schema of the driver kubernetes", () => {
  const problems = (config: Json) => driver.schema.check(config as JsonObject).map(({ path, message }) => `${path.join(".")}: ${message}`);

  test.each<[JsonObject, RegExp]>([
    [{ manifests: ["deploy"], kustomize: "deploy" }, /either `manifests` or `kustomize`/],
    [{ manifests: [] }, /^manifests/],
    [{ manifests: ["../deploy"] }, /^manifests.0: must be a path from the folder of sluice.yaml: it leaves the folder of sluice.yaml/],
    [
      { manifests: ["{..,q}/{..,q}/outside/*.yaml"] },
      /^manifests.0: .*leaves the folder of sluice.yaml with `..` in one of its alternatives/,
    ],
    [{ kustomize: "/etc" }, /^kustomize: .*absolute/],
    [{ kustomize: "a", kubeconfig: "config" }, /^kubeconfig: must be an absolute path/],
    [{ kustomize: "a", select: ["web"] }, /^select.0: must be Kind\/name, or label=value/],
  ])("refuses %j", (config, message) => {
    expect(problems(config)).toEqual([expect.stringMatching(message)]);
  });

  test("takes variables wherever they are filled in later", () => {
    expect(
      problems({
        kustomize: "deploy/${environment}",
        kubeconfig: "${variables.KUBECONFIG}",
        select: ["${service}"],
        namespace: "a-${environment}",
      }),
    ).toEqual([]);
    expect(
      problems({
        manifests: ["deploy/*.yaml"],
        select: ["Deployment/web", "app.kubernetes.io/name=web", "app="],
        kubeconfig: "~/.kube/config",
      }),
    ).toEqual([]);
  });

  test("what two services would both deploy is claimed by both", () => {
    const claims = (config: JsonObject) => (driver.schema.claims?.(config, "web") ?? []).join("|");
    const overlay = { kustomize: "deploy/devnet", namespace: "devnet" };
    expect(claims(overlay)).toBe(claims({ ...overlay, prune: false }));
    expect(claims(overlay)).not.toBe(claims({ ...overlay, namespace: "mainnet" }));
    expect(claims({ ...overlay, select: ["app=web"] })).not.toBe(claims({ ...overlay, select: ["app=api"] }));
  });
});

describe("kustomizations", () => {
  const env = { PATH: process.env["PATH"] };
  const overlay = (base: string) => ({
    "overlays/devnet/kustomization.yaml": `resources: ["${base}"]\n`,
    "base/kustomization.yaml": "resources: [cm.yaml]\n",
    "base/cm.yaml": configMap("a"),
  });
  const build = async (files: Readonly<Record<string, string>>, path = "overlays/devnet") =>
    await kustomize(folder(files), path, env, signal);

  test.each([
    "https://example.org/base.yaml",
    "https://github.com/org/repo//base?ref=main",
    "github.com/org/repo//base",
    "git@example.org:org/repo.git",
    "git::https://example.org/repo",
    "ssh://git@example.org/repo",
    "example.org/org/repo//base?ref=v1",
  ])("what would be fetched is refused: %s", async (base) => {
    await expect(build(overlay(base))).rejects.toThrow(/fetches .*copy it into the repository/);
  });

  const bomb = ["a0: &a0 [x, x]", ...Array.from({ length: 23 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]`)].join("\n");

  test.each<[string, Readonly<Record<string, string>>, RegExp]>([
    [
      "aliases without bound",
      { ...overlay("../../base"), "base/cm.yaml": `${configMap("a")}${bomb}` },
      /base\/cm.yaml has aliases that stand/,
    ],
    [
      "aliases without bound in a patch",
      { ...overlay("../../base"), "base/p.yaml": bomb, "base/kustomization.yaml": "resources: [cm.yaml]\npatches: [{ path: p.yaml }]\n" },
      /base\/p.yaml has aliases that stand/,
    ],
    ["a base that is not there", overlay("../../gone"), /refers to ..\/..\/gone, which is not in the commit/],
    [
      "a patch from an address",
      { ...overlay("../../base"), "base/kustomization.yaml": "resources: [cm.yaml]\npatches: [{ path: 'https://example.org/p.yaml' }]\n" },
      /fetches https:\/\/example.org\/p.yaml/,
    ],
    [
      "a file from an address",
      { ...overlay("../../base"), "base/kustomization.yaml": "configMapGenerator: [{ name: x, files: ['a=https://example.org/p'] }]\n" },
      /fetches https:\/\/example.org\/p/,
    ],
    ["a chart", { ...overlay("../../base"), "base/kustomization.yaml": "helmCharts: [{ name: x }]\n" }, /use the driver helm/],
    ["no kustomization", { "overlays/devnet/a.yaml": configMap("a") }, /there is no kustomization.yaml in overlays\/devnet/],
    ["broken YAML", { "overlays/devnet/kustomization.yaml": "resources: [" }, /not valid YAML/],
  ])("%s is refused", async (_, files, message) => {
    await expect(build(files)).rejects.toThrow(message);
  });

  test("what lies outside of the tree is not read, not even by a link", async () => {
    await expect(build(overlay("../../../outside"))).rejects.toThrow(OutsideError);
    await expect(build(overlay("/etc"))).rejects.toThrow(OutsideError);
    const tree = folder(overlay("../../link"));
    symlinkSync(folder({ "kustomization.yaml": "" }), join(tree, "link"));
    await expect(kustomize(tree, "overlays/devnet", env, signal)).rejects.toThrow(/leads out of the repository/);
  });

  test("without a program it says what to install", async () => {
    await expect(kustomize(folder(overlay("../../base")), "overlays/devnet", { PATH: "/nowhere" }, signal)).rejects.toThrow(
      /install kubectl/,
    );
  });
});

describe("what is removed", () => {
  const OWNER = { "sluice.dev/project": "harbor", "sluice.dev/service": "web", "sluice.dev/environment": "devnet" };
  const live = (kind: string, metadata: object = {}): KubeObject => ({
    apiVersion: "v1",
    kind,
    metadata: { name: "a", uid: "1", labels: OWNER, ...metadata },
  });
  const entry: Entry = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, uid: "1" };

  test.each<[string, KubeObject, RegExp | null, ("made" | "adopted")?]>([
    ["ours", live("ConfigMap"), null],
    ["another of that name", live("ConfigMap", { uid: "2" }), /another one/],
    ["somebody else's", live("ConfigMap", { labels: { ...OWNER, "sluice.dev/service": "api" } }), /not this target's/],
    ["nobody's", live("ConfigMap", { labels: {} }), /not this target's/],
    ["one that says no", live("ConfigMap", { annotations: { "sluice.dev/prune": "false" } }), /prune is false/],
    ["a claim", live("PersistentVolumeClaim"), /may hold what others need/],
    ["what was there before", live("ConfigMap"), /was there before this target/, "adopted"],
    ["a namespace that it has made and that says yes", live("Namespace", { annotations: { "sluice.dev/prune": "true" } }), null, "made"],
    [
      "a namespace that was there before and says yes",
      live("Namespace", { annotations: { "sluice.dev/prune": "true" } }),
      /was there before/,
      "adopted",
    ],
    [
      "a namespace of an older record that says yes",
      live("Namespace", { annotations: { "sluice.dev/prune": "true" } }),
      /nothing says that/,
    ],
  ])("%s", (_, object, reason, origin?: "made" | "adopted") => {
    const kept = keptFor({ ...entry, ...(origin === undefined ? {} : { origin }) }, object, OWNER);
    if (reason === null) expect(kept).toBeNull();
    else expect(kept).toMatch(reason);
  });

  const THERE = { live: new Map<string, KubeObject>(), namespace: "shop" };
  test("is what the record names and the release lacks, over any history of releases that end or are cut off", () => {
    const input = inputOf("/", "a1", "c1", null, definitionOf("kubernetes", {}));
    const name = fc.constantFrom("a", "b", "c", "d");
    const history = fc.array(fc.record({ names: fc.uniqueArray(name), end: fc.constantFrom("applied", "failed", "cut" as const) }), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(history, (releases) => {
        let found: Found | null = null;
        const there = new Set<string>();
        for (const [at, { names, end }] of releases.entries()) {
          const objects = names.map((one) => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: one } }));
          const record = beginning({ ...input, commit: `c${at}`, attempt: `a${at}` }, objects, found, THERE);
          const of = (stale: boolean) =>
            record.objects.filter((one) => (one.stale ?? false) === stale).map(({ metadata }) => metadata.name);
          expect(of(false)).toEqual(names);
          // nothing that was ever brought and not removed is forgotten
          for (const one of there) expect([...of(false), ...of(true)]).toContain(one);
          for (const one of end === "cut" ? names.slice(0, 1) : names) there.add(one);
          if (end === "applied") for (const one of of(true)) there.delete(one);
          const phase = end === "cut" ? "applying" : end;
          found = {
            record: { ...record, phase, objects: end === "applied" ? record.objects.filter(({ stale }) => !stale) : record.objects },
            version: String(at),
          };
        }
        const last = releases.findLastIndex(({ end }) => end !== "cut");
        const after = beginning({ ...input, attempt: "next" }, [], found, THERE);
        expect(after.before?.commit ?? null).toBe(last === -1 ? null : `c${last}`);
      }),
    );
  });
});
