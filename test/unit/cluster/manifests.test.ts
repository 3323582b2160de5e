import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { parseManifests } from "../../../src/cluster/manifests.ts";
import { inOrder, keyOf, type KubeObject } from "../../../src/cluster/objects.ts";
import { hiding, maskOf, printManifests } from "../../../src/cluster/print.ts";

function home(): string {
  const made = mkdtempSync(join(tmpdir(), "sluice-manifests-"));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}
const secret = (data: object, more: object = {}): KubeObject => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: "tokens", ...more },
  ...data,
});

describe("manifests are read as Kubernetes' tools read them", () => {
  test("several documents, empty ones, lists and JSON", () => {
    const text = `# a comment alone
---
apiVersion: v1
kind: ConfigMap
metadata: { name: one, namespace: "" }
---
---
{"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "two", "namespace": "shop"}}]}
...
`;
    expect(parseManifests(text).map(({ kind, metadata }) => [kind, metadata])).toEqual([
      ["ConfigMap", { name: "one" }],
      ["Service", { name: "two", namespace: "shop" }],
    ]);
    expect(parseManifests("")).toEqual([]);
    expect(parseManifests("---\n# nothing\n")).toEqual([]);
  });

  test("a short commit such as e12345 is a text, a number with an exponent is none", () => {
    const [object] = parseManifests(
      "apiVersion: v1\nkind: X\nmetadata: { name: x, labels: { commit: e12345, other: E0 } }\na: 1e3\nb: .5e-1\nc: 12e2",
    );
    expect(object).toMatchObject({ metadata: { labels: { commit: "e12345", other: "E0" } }, a: 1000, b: 0.05, c: 1200 });
  });

  test("YAML 1.1: octal modes and `on` are not texts, times and 22:30 are", () => {
    const [object] = parseManifests(`apiVersion: v1
kind: ConfigMap
metadata: { name: one }
mode: 0644
flag: on
at: 2026-11-30T03:15:42Z
clock: 22:30
shared: &shared { a: 1 }
merged: { <<: *shared, b: 2 }
`);
    expect(object).toMatchObject({ mode: 0o644, flag: true, at: "2026-11-30T03:15:42Z", clock: "22:30", merged: { a: 1, b: 2 } });
  });

  test.each([
    ["kind: ConfigMap\nmetadata: {name: a}", "invalid", /line 1: has no apiVersion and kind/],
    [
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\napiVersion: v1\nkind: Job\nmetadata: {generateName: a-}",
      "invalid",
      /line 5: Job has no metadata.name: a generateName/,
    ],
    ["just a text", "invalid", /is no mapping/],
    [
      "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {pin: 4711}",
      "invalid",
      /^(?!.*4711).*Secret\/a: stringData.pin is no text/,
    ],
    ["apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {password: *hunter2}", "invalid", /^(?!.*hunter2).*alias/i],
    ["apiVersion: v1\nkind: [", "invalid", /line 2/],
    [
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: {version: 1.0}}",
      "invalid",
      /metadata.labels.version is 1, which is no text: quote it/,
    ],
    [
      `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {big: "${"x".repeat(5 * 1024 * 1024)}"}`,
      "too-large",
      /ConfigMap\/a has 5.0 MB; at most 3.0 MB/,
    ],
    ["x".repeat(33 * 1024 * 1024), "too-large", /33.0 MB; at most 32.0 MB/],
    [
      `a0: &a0 [x]\n${Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(10).fill(`*a${i}`).join(",")}]`).join("\n")}`,
      "invalid",
      /alias/i,
    ],
  ])("what is no object is refused: %#", (text, code, message) => {
    expect(() => parseManifests(text)).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) as string }));
  });
});

describe("manifests are printed", () => {
  test("in the order of application, keys sorted, equal objects equally", () => {
    const objects = parseManifests(`apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
---
{ kind: Namespace, metadata: { name: shop }, apiVersion: v1 }
---
{ kind: ConfigMap, metadata: { name: b }, apiVersion: v1, data: { z: "yes", a: "x\\ny" } }
---
{ kind: ConfigMap, metadata: { name: a }, apiVersion: v1 }
`);
    const printed = printManifests(objects, maskOf(home()));
    expect([...printed.matchAll(/^ {2}name: (\w+)$/gm)].map(([, name]) => name)).toEqual(["shop", "a", "b", "web"]);
    expect(printManifests(objects.toReversed(), maskOf(home()))).toBe(printed);
    expect(parseManifests(printed)).toHaveLength(4);
    expect(parseManifests(printed)[2]).toMatchObject({ data: { z: "yes", a: "x\ny" } });
  });

  test("no value of a Secret is seen, not even where two are equal; another value is another text", () => {
    const directory = home();
    const mask = maskOf(directory);
    const print = (object: KubeObject) => printManifests([object], mask);
    const text = print(secret({ stringData: { a: "hunter2", b: "hunter2" } }));
    expect(text).not.toMatch(/hunter2|aHVudGVyMg/);
    const [, a, b] = /a: (.+)\n {2}b: (.+)\n/.exec(text) ?? [];
    expect(a).toMatch(/^\(hidden [0-9a-f]{16}\)$/);
    expect(b).not.toBe(a);
    expect(print(secret({ stringData: { a: "hunter3", b: "hunter2" } }))).not.toBe(text);
    expect(print(secret({ data: { a: Buffer.from("hunter2").toString("base64"), b: Buffer.from("hunter2").toString("base64") } }))).toBe(
      text,
    );
    expect(statSync(join(directory, "drivers/cluster/mask.key")).mode & 0o777).toBe(0o600);
    expect(printManifests([secret({ stringData: { a: "hunter2", b: "hunter2" } })], maskOf(directory))).toBe(text);
    expect(printManifests([secret({ stringData: { a: "hunter2", b: "hunter2" } })], maskOf(home()))).not.toBe(text);
    expect(text).not.toContain(readFileSync(join(directory, "drivers/cluster/mask.key"), "utf8"));
  });

  test("whatever a Secret holds, and wherever, nothing of it is printed", () => {
    const mask = maskOf(home());
    const value = fc
      .string({ minLength: 6, unit: "grapheme" })
      .filter(
        (text) => !/^[\s*0-9a-f]*$/.test(text) && !"apiVersion: v1 kind: Secret metadata: name: tokens data: annotations:".includes(text),
      );
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom("a", "b", "c"), value), value, (stringData, copied) => {
        const annotations = { "kubectl.kubernetes.io/last-applied-configuration": JSON.stringify({ stringData: { x: copied } }) };
        const printed = printManifests([secret({ stringData }, { annotations })], mask);
        for (const text of [...Object.values(stringData), copied]) {
          expect(printed).not.toContain(text);
          expect(printed).not.toContain(Buffer.from(text).toString("base64"));
        }
      }),
    );
  });

  test("what pods have logged hides them too, whole and line by line, but for values that are everywhere", () => {
    const hide = hiding([
      secret({ stringData: { a: "hunter2\nsecond line\n", b: "abc" }, data: { c: Buffer.from("dG9rZW4").toString("base64") } }),
    ]);
    expect(hide("login hunter2, then second line, then dG9rZW4, and abc")).toBe("login ***, then ***, then ***, and abc");
    expect(hiding([{ ...secret({}), kind: "ConfigMap" }, secret({})])("hunter2")).toBe("hunter2");
  });

  test("a Secret of another group is no Secret", () => {
    const sealed: KubeObject = { apiVersion: "example.org/v1", kind: "Secret", metadata: { name: "a" }, data: { a: "plain" } };
    expect(printManifests([sealed], maskOf(home()))).toContain("plain");
  });
});

test("what others need comes first; the order within a kind stays", () => {
  const ref = (kind: string, name: string) => ({ apiVersion: "v1", kind, metadata: { name } });
  const kinds = [
    "Ship",
    "Deployment",
    "CustomResourceDefinition",
    "Secret",
    "Namespace",
    "ConfigMap",
    "Ingress",
    "Job",
    "Service",
    "ServiceAccount",
  ];
  const objects = kinds.flatMap((kind) => [ref(kind, "z"), ref(kind, "a")]);
  const ordered = inOrder(objects);
  expect(ordered.map(({ kind }) => kind).filter((_, index) => index % 2 === 0)).toEqual([
    "Namespace",
    "ServiceAccount",
    "Secret",
    "ConfigMap",
    "CustomResourceDefinition",
    "Service",
    "Deployment",
    "Job",
    "Ingress",
    "Ship",
  ]);
  expect(ordered.filter(({ metadata }, index) => metadata.name !== (index % 2 === 0 ? "z" : "a"))).toEqual([]);
});

test("an object is the same one under every version of its group, and where no namespace is named", () => {
  const key = (apiVersion: string, namespace?: string) =>
    keyOf({ apiVersion, kind: "Ingress", metadata: { name: "web", ...(namespace ? { namespace } : {}) } }, "shop");
  expect(key("networking.k8s.io/v1")).toBe(key("networking.k8s.io/v1beta1", "shop"));
  expect(key("networking.k8s.io/v1")).not.toBe(key("extensions/v1beta1"));
  expect(key("networking.k8s.io/v1", "other")).not.toBe(key("networking.k8s.io/v1"));
});
