import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { parseManifests } from "../../../../src/cluster/manifests.ts";
import { plainImage, plainMetadata, plainRefs } from "../../../../src/drivers/helm/plain.ts";
import { usualKeys } from "../../../../src/drivers/helm/values.ts";

const parsedRefs = (text: string) =>
  parseManifests(text).map(({ apiVersion, kind, metadata: { name, namespace } }) => ({
    apiVersion,
    kind,
    metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
  }));

describe("what is read of manifests line by line", () => {
  const usual = `---
# Source: api/templates/config.yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: "api-config"
  namespace: harbor
  labels:
    name: other
data:
  text: |
    ---
    kind: Pod
---
# Source: api/templates/empty.yaml

---
apiVersion: apps/v1
kind: Deployment
metadata:
    labels: { name: other }
    name: api
spec:
  template:
    metadata: { name: inner }
`;
  test("is what a parser says", () => {
    expect(plainRefs(usual)).toEqual(parsedRefs(usual));
    expect(plainRefs("")).toEqual([]);
    expect(plainRefs("# nothing\n---\n\n# nothing\n")).toEqual([]);
  });

  test.each([
    ["flow", "{ apiVersion: v1, kind: ConfigMap, metadata: { name: a } }"],
    ["metadata as flow", "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }"],
    ["a name that is a number", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: 123"],
    ["a name that is a truth value", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: yes"],
    ["a comment behind", "apiVersion: v1 # x\nkind: ConfigMap\nmetadata:\n  name: a"],
    ["no name", "apiVersion: v1\nkind: Job\nmetadata:\n  generateName: a-"],
    ["a list", "apiVersion: v1\nkind: List\nmetadata:\n  name: a\nitems: []"],
    ["a load balancer", "apiVersion: v1\nkind: Service\nmetadata:\n  name: a\nspec:\n  type: LoadBalancer"],
    ["an anchor", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: &n a"],
    ["an alias for metadata", "apiVersion: v1\nkind: ConfigMap\nmetadata: *m\n"],
    ["two names", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  name: b"],
    ["quoted keys", '"apiVersion": v1\nkind: ConfigMap\nmetadata:\n  name: a'],
    ["a text over several lines", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  x: 'a\n---\nb'"],
  ])("is left to a parser where it is written otherwise: %s", (_, text) => {
    expect(plainRefs(text)).toBeNull();
  });

  test("never differs from what a parser says", () => {
    const word = fc.stringMatching(/^[a-z][a-z0-9.-]{0,8}[a-z0-9]$/);
    const text = fc.oneof(
      word,
      fc.string({ maxLength: 12 }),
      fc.integer(),
      fc.constantFrom("yes", "name: x", "---", "null", "a: b", "#x", "metadata:"),
    );
    const object = fc.record(
      {
        apiVersion: fc.constantFrom("v1", "apps/v1", "batch/v1"),
        kind: fc.constantFrom("ConfigMap", "Deployment", "Job"),
        metadata: fc.record(
          { name: word, namespace: word, labels: fc.dictionary(word, word), annotations: fc.dictionary(word, fc.string()) },
          { requiredKeys: ["name"] },
        ),
        data: fc.dictionary(word, text),
        spec: fc.record({ name: text, list: fc.array(fc.record({ name: text, kind: text })) }),
      },
      { requiredKeys: ["apiVersion", "kind", "metadata"] },
    );
    const style = fc.record({
      indent: fc.constantFrom(2, 4),
      indentSeq: fc.boolean(),
      lineWidth: fc.constantFrom(0, 40),
      sortMapEntries: fc.boolean(),
    });
    let plain = 0;
    fc.assert(
      fc.property(fc.array(object, { maxLength: 3 }), style, (objects, options) => {
        const manifest = objects.map((one) => `---\n# Source: x\n${stringify(one, { ...options, version: "1.1" })}`).join("");
        const read = plainRefs(manifest);
        if (read === null) return;
        plain++;
        expect(read).toEqual(parsedRefs(manifest));
      }),
      { numRuns: 2000 },
    );
    expect(plain).toBeGreaterThan(500);
  });
});

test("a chart's name and version are read where it says them plainly and has no dependencies", () => {
  expect(plainMetadata("apiVersion: v2\nname: api\ndescription: |\n  name: other\nversion: 1.2.3-rc.1\n")).toEqual({
    name: "api",
    version: "1.2.3-rc.1",
  });
  expect(plainMetadata('name: "api"\nversion: "1.2.3"\n')).toEqual({ name: "api", version: "1.2.3" });
  for (const text of [
    "name: api\nversion: 1.0.0\ndependencies: []\n",
    "{ name: api, version: 1.0.0 }",
    "name: api # x\nversion: 1.0.0",
    "name: api",
  ])
    expect(plainMetadata(text)).toBeNull();
});

test.each([
  'replicas: 1\nimage:\n  # of the service\n  repository: nginx\n  pullPolicy: Always\n  tag: ""\nports: [80]\n',
  'image:\n    registry: docker.io\n    repository: redis\n    digest: ""\n    pullSecrets:\n      - tag\n',
  "image: nginx:1\n",
  'image: "nginx"\n',
])("where a chart's values have their image is what a parser says: %j", (text) => {
  expect(plainImage(text)).not.toBeNull();
  expect(usualKeys(plainImage(text))).toEqual(usualKeys(parse(text)));
});

test.each([
  "image: { repository: a, tag: b }",
  "web:\n  image: x\n",
  "image: *x\n",
  'image:\n  "repository": x\n',
  "image:\nother: 1\n",
  "image: a\nimage: b\n",
])("which is left to a parser: %j", (text) => expect(plainImage(text)).toBeNull());
