import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../../../src/core/config/config.ts";
import { settingsOf } from "../../../../src/drivers/helm/config.ts";
import { schema } from "../../../../src/drivers/helm/schema.ts";
import { imageValues, usualKeys, valuesOf } from "../../../../src/drivers/helm/values.ts";
import { definitionOf } from "../rig.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;
const problems = (config: JsonObject) => schema.check(config).map(({ path, message }) => `${path.join(".")}: ${message}`);
const settings = (config: JsonObject, digest: string | null = DIGEST) => settingsOf(definitionOf("helm", config), digest);

describe("what a config may say", () => {
  test.each<[JsonObject, RegExp]>([
    [{ chart: "oci://registry.example/charts/api" }, /^chart: needs an exact `version`/],
    [{ chart: "api", repo: "https://charts.example" }, /^chart: needs an exact `version`/],
    [{ chart: "api", repo: "https://user:secret@charts.example", version: "1.0.0" }, /^repo: must be the address/],
    [{ chart: "../api", repo: "https://charts.example", version: "1.0.0" }, /^chart: must be the chart's name alone/],
    [{ chart: "oci://registry.example/api", version: "^1.2" }, /^version: must be one exact version/],
    [{ chart: "deploy/api", version: "1.0.0" }, /^version: is for charts of a registry/],
    [{ chart: "../api" }, /^chart: leaves the folder of sluice.yaml/],
    [{ chart: "/etc" }, /^chart: is absolute/],
    [{ chart: "c", values: ["../../secrets.yaml"] }, /^values\.0: leaves the folder of sluice.yaml/],
    [{ chart: "c", release: "--post-renderer=evil" }, /^release: must be lower case/],
    [{ chart: "c", release: "a".repeat(54) }, /^release: must be lower case/],
    [{ chart: "c", namespace: "Harbor" }, /^namespace: must be lower case/],
    [{ chart: "c", kubeconfig: "deploy/kubeconfig" }, /^kubeconfig: must be an absolute path/],
    [{ chart: "c", set: { "list[0].name": "x" } }, /^set\.list\[0\]\.name: .*set the whole list/],
    [{ chart: "c", set: { "a..b": 1 } }, /^set\.a\.\.b: .*empty part/],
    [{ chart: "c", image: { tag: "image.tag" } }, /^image: must be `value` alone/],
    [{ chart: "c", image: { value: "image", digest: "digest" } }, /^image: must be `value` alone/],
    [{ chart: "c", historyMax: 1 }, /^historyMax: /],
    [{ chart: "c", kubeVersion: "newest" }, /^kubeVersion: must be a version/],
  ])("%j is refused", (config, message) => {
    expect(problems(config)).toEqual([expect.stringMatching(message)]);
  });

  test("what holds a variable is looked at when that is known", () => {
    const config = {
      chart: "deploy/${service}",
      release: "${service}-${environment}",
      namespace: "${variables.SPACE}",
      kubeVersion: "${variables.KUBE}",
    };
    expect(problems(config)).toEqual([]);
    expect(problems({ chart: "oci://registry.example/${service}", version: "${variables.VERSION}" })).toEqual([]);
  });

  test.each<[JsonObject, RegExp]>([
    [{ chart: "deploy/api", release: "--kube-apiserver=https://evil.example" }, /cannot be the name of a Helm release/],
    [{ chart: "deploy/api", release: "api\n" }, /cannot be the name of a Helm release/],
    [{ chart: "deploy/api", release: "a".repeat(54) }, /cannot be the name of a Helm release/],
    [{ chart: "deploy/api", namespace: "../kube-system" }, /cannot be a namespace/],
    [{ chart: "deploy/api", context: "a\nb" }, /cannot be a context/],
    [{ chart: "deploy/../../etc" }, /`chart`: .* leaves the folder of sluice.yaml/],
    [{ chart: "file:///etc", version: "1.0.0" }, /neither a folder of the repository nor an oci:/],
    [{ chart: "https://evil.example/chart.tgz", version: "1.0.0" }, /neither a folder of the repository nor an oci:/],
    [{ chart: "--evil", repo: "https://charts.example", version: "1.0.0" }, /is no chart/],
    [{ chart: "c", values: ["https://evil.example/../values.yaml"] }, /leaves the folder of sluice.yaml/],
  ])("what came out of variables is looked at before it is used: %j", (config, message) => {
    expect(() => settings(config)).toThrow(message);
  });

  test("two services are told apart by release, namespace and cluster", () => {
    expect(schema.claims({ chart: "c" }, "api")).toEqual(["helm release api in namespace default"]);
    expect(schema.claims({ chart: "c", release: "web", namespace: "harbor", context: "prod" }, "api")).toEqual([
      "helm release web in namespace harbor of context prod",
    ]);
  });
});

describe("values", () => {
  test("of `set` keep their kind, are joined where they are mappings, and are text where Helm would read more", () => {
    const set = {
      "web.replicas": 3,
      web: { debug: false, labels: { "a.b/c": "d" } },
      "note\\.text": "a,b={x}",
      list: [1, { two: 2 }],
      "web.gone": null,
    };
    expect(valuesOf(set, {})).toEqual({
      web: { replicas: 3, debug: false, labels: { "a.b/c": "d" }, gone: null },
      "note.text": "a,b={x}",
      list: [1, { two: 2 }],
    });
    expect(settings({ chart: "c", set: { "image.digest": "${digest}" } })).toMatchObject({
      set: { "image.digest": DIGEST },
      namesDigest: true,
    });
  });

  test("pin the image in the form that the chart has", () => {
    const pin = (keys: Parameters<typeof imageValues>[0], repository: string | null = "registry.example:5000/team/harbor") =>
      imageValues(keys, repository, DIGEST);
    expect(pin({ value: "image" })).toEqual({ image: `registry.example:5000/team/harbor@${DIGEST}` });
    expect(pin({ repository: "i.repo", digest: "i.digest" })).toEqual({
      "i.repo": "registry.example:5000/team/harbor",
      "i.digest": DIGEST,
    });
    expect(pin({ digest: "i.digest" }, null)).toEqual({ "i.digest": DIGEST });
    expect(pin({ repository: "i.repo", tag: "i.tag" })).toEqual({
      "i.repo": "registry.example:5000/team/harbor@sha256",
      "i.tag": "a".repeat(64),
    });
    expect(pin({ registry: "i.host", repository: "i.repo", digest: "i.digest" })).toMatchObject({
      "i.host": "registry.example:5000",
      "i.repo": "team/harbor",
    });
    expect(pin({ registry: "i.host", repository: "i.repo", digest: "i.digest" }, "team/harbor")).toMatchObject({ "i.host": "docker.io" });
    expect(() => pin({ value: "image" }, null)).toThrow(/the service's artifact is no image/);
  });

  test("are found where charts usually have them", () => {
    expect(usualKeys({ image: { repository: "nginx", pullPolicy: "IfNotPresent", tag: "" } })).toEqual({
      repository: "image.repository",
      tag: "image.tag",
    });
    expect(usualKeys({ image: { registry: "docker.io", repository: "bitnami/redis", tag: "7", digest: "" } })).toEqual({
      registry: "image.registry",
      repository: "image.repository",
      digest: "image.digest",
    });
    expect(usualKeys({ image: "nginx:1" })).toEqual({ value: "image" });
    for (const other of [null, "text", {}, { image: { name: "nginx" } }, { web: { image: "x" } }]) expect(usualKeys(other)).toBeNull();
  });
});
