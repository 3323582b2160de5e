import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, onTestFinished, test } from "vitest";
import type { JsonObject } from "../../../../src/core/config/config.ts";
import { inputArguments, rollbackArguments, templateArguments, upgradeArguments } from "../../../../src/drivers/helm/arguments.ts";
import { type Chart, withChart } from "../../../../src/drivers/helm/chart.ts";
import { settingsOf } from "../../../../src/drivers/helm/config.ts";
import { hookNeeds, needsOf } from "../../../../src/drivers/helm/hook-files.ts";
import { SourceError } from "../../../../src/engine/ports/source.ts";
import { definitionOf, temporaryHome } from "../rig.ts";

type Files = Readonly<Record<string, string | Buffer>>;
const CHART = "apiVersion: v2\nname: api\nversion: 1.0.0\n";

/** A commit's tree, of which folders are handed out one by one, as checkouts are. */
function tree(files: Files) {
  const root = mkdtempSync(join(tmpdir(), "sluice-chart-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const asked: string[] = [];
  return {
    root,
    asked,
    folders: {
      home: temporaryHome(),
      tree: async (folder: string) => {
        asked.push(folder);
        return join(root, folder);
      },
      remote: () => Promise.reject(new Error("not remote")),
    },
  };
}

const settings = (config: JsonObject) => settingsOf(definitionOf("helm", config), null);
async function opened<T>(
  files: Files,
  config: JsonObject,
  use: (chart: Chart, scratch: string) => Promise<T> | T,
): Promise<{ readonly asked: string[]; readonly is: T }> {
  const { asked, folders } = tree(files);
  return { asked, is: await withChart(settings(config), folders, async (chart, scratch) => await use(chart, scratch)) };
}

describe("a chart of the commit", () => {
  test("is opened with what is written for it in the store, where a killed attempt's is found and removed", async () => {
    const { folders } = tree({ "c/Chart.yaml": CHART });
    const scratch = await withChart(settings({ chart: "c" }), folders, async (_, own) => own);
    expect(dirname(scratch)).toBe(join(folders.home, "drivers/helm/scratch"));
  });

  test("and its values are one checkout where they have a folder in common, and else one each", async () => {
    const files = { "deploy/charts/api/Chart.yaml": CHART, "deploy/values/dev.yaml": "a: 1", "ops/prod.yaml": "a: 2" };
    const near = await opened(files, { chart: "deploy/charts/api", values: ["deploy/values/dev.yaml"] }, ({ values }) =>
      values.map((file) => readFileSync(file, "utf8")),
    );
    expect(near).toEqual({ asked: ["deploy"], is: ["a: 1"] });
    const far = await opened(files, { chart: "deploy/charts/api", values: ["ops/prod.yaml"] }, ({ path }) =>
      existsSync(join(path, "Chart.yaml")),
    );
    expect(far).toEqual({ asked: ["deploy/charts/api", "ops"], is: true });
  });

  test("whose files are links to elsewhere in the repository is taken from the whole of it", async () => {
    const { root, folders } = tree({ "charts/api/Chart.yaml": CHART, "shared/_helpers.tpl": "shared" });
    symlinkSync("../../shared", join(root, "charts/api/templates"));
    const tree_ = async (folder: string) => {
      if (folder !== ".") throw new SourceError("unsafe-path", "The symbolic link leads out of the tree.", "Point it inside.");
      return await folders.tree(folder);
    };
    const found = await withChart(settings({ chart: "charts/api" }), { ...folders, tree: tree_ }, async ({ path }) =>
      readFileSync(join(path, "templates/_helpers.tpl"), "utf8"),
    );
    expect(found).toBe("shared");
  });

  test.each<[string, Files, JsonObject, RegExp]>([
    ["that is not there", { "deploy/x": "" }, { chart: "deploy/api" }, /there is no chart deploy\/api at this commit/],
    [
      "whose values are not there",
      { "c/Chart.yaml": CHART },
      { chart: "c", values: ["values/dev.yaml"] },
      /there is no file values\/dev\.yaml at this commit/,
    ],
    ["that is no YAML", { "c/Chart.yaml": "a: [" }, { chart: "c" }, /c\/Chart\.yaml is not valid YAML/],
    [
      "that needs one of a repository",
      { "c/Chart.yaml": `${CHART}dependencies: [{ name: redis, version: 18.1.0, repository: https://charts.example }]\n` },
      { chart: "c" },
      /depends on redis 18\.1\.0 of https:\/\/charts\.example, which is not in its charts folder: run `helm dependency build c`/,
    ],
    [
      "that needs one outside",
      { "c/Chart.yaml": `${CHART}dependencies: [{ name: common, version: 1, repository: "file://../../common" }]\n` },
      { chart: "c" },
      /leads out of the repository/,
    ],
    [
      "that needs itself",
      { "a/c/Chart.yaml": `${CHART}dependencies: [{ name: api, version: 1, repository: "file://../c" }]\n` },
      { chart: "a/c" },
      /depend on each other in a circle/,
    ],
  ])("%s says so", async (_, files, config, message) => {
    await expect(opened(files, config, () => null)).rejects.toThrow(message);
  });

  test("gets its dependencies of the repository in a copy, and theirs; the checkout stays as it is", async () => {
    const common =
      "apiVersion: v2\nname: common\nversion: 0.1.0\ndependencies: [{ name: base, version: 0.1.0, repository: file://../base }]\n";
    const files = {
      "charts/api/Chart.yaml": `${CHART}dependencies: [{ name: common, version: 0.1.0, repository: file://../common }, { name: redis, version: 1.0.0 }]\n`,
      "charts/api/charts/redis-1.0.0.tgz": gzipSync("x"),
      "charts/common/Chart.yaml": common,
      "charts/base/Chart.yaml": "apiVersion: v2\nname: base\nversion: 0.1.0\n",
      "charts/base/templates/_base.tpl": "base",
    };
    const { root, folders } = tree(files);
    const kept = await withChart(settings({ chart: "charts/api" }), folders, async ({ path }) => {
      expect(path.startsWith(root)).toBe(false);
      expect(readFileSync(join(path, "charts/common/charts/base/templates/_base.tpl"), "utf8")).toBe("base");
      expect(existsSync(join(path, "charts/redis-1.0.0.tgz"))).toBe(true);
      return path;
    });
    expect(existsSync(kept)).toBe(false);
    expect(existsSync(join(root, "charts/api/charts/common"))).toBe(false);
  });
});

describe("what a chart's hooks need", () => {
  test.each([
    ["", "none"],
    ["helm.sh/hook-weight: 1", "none"],
    ["helm.sh/hook: pre-upgrade", "before"],
    ['"helm.sh/hook": pre-install,pre-upgrade # migrations', "before"],
    ["'helm.sh/hook': 'test'", "before"],
    ["helm.sh/hook: pre-install, post-install", "ready"],
    ["helm.sh/hook: {{ .Values.when }}", "ready"],
    ["helm.sh/hook: pre-install\n---\nhelm.sh/hook: post-upgrade", "ready"],
  ])("%s: %s", (text, needs) => {
    expect(needsOf(text)).toBe(needs);
  });

  test("is found in dependencies and archives, too", async () => {
    const files = {
      "c/Chart.yaml": CHART,
      "c/templates/a.yaml": "helm.sh/hook: pre-install",
      "c/charts/sub-1.0.0.tgz": gzipSync("helm.sh/hook: post-install\n"),
    };
    expect((await opened(files, { chart: "c" }, ({ path }) => hookNeeds(path))).is).toBe("ready");
  });
});

describe("what Helm is given", () => {
  const place = ["--namespace=harbor", "--kube-context=--evil"];
  const chart = (path: string): Chart => ({ path, title: "deploy/api", name: "api", version: "1.0.0", values: [] });

  test("can be no option, whatever a name says", () => {
    const given = settings({ chart: "-c", namespace: "harbor", kubeVersion: "1.34" });
    const change = { version: { text: "v4.3", major: 4, minor: 3 }, place, timeoutMs: 90_500, wait: false };
    const upgrade = upgradeArguments(given, chart("/tree/-c"), [], { ...change, labels: { a: "b" }, description: "--evil", install: true });
    expect(upgrade.slice(-3)).toEqual(["--", "web", "/tree/-c"]);
    expect(upgrade).toEqual(
      expect.arrayContaining([
        "--install",
        "--timeout=90s",
        "--labels=a=b",
        "--description=--evil",
        "--kube-context=--evil",
        "--reset-values",
      ]),
    );
    for (const one of upgrade.slice(1, -3)) expect(one).toMatch(/^--[a-z-]+(=|$)/);
    expect(upgrade).not.toContain("--wait");
    expect(rollbackArguments(given, 7, { ...change, wait: true }).slice(-4)).toEqual(["--wait", "--", "web", "7"]);
    expect(templateArguments(given, chart("/tree/-c"), ["--values=x"]).slice(-4)).toEqual(["--values=x", "--", "web", "/tree/-c"]);
  });

  test("takes conflicting fields only by Helm 4, which knows of them", () => {
    const given = settings({ chart: "c", forceConflicts: true, hooks: false });
    const change = { place, timeoutMs: 1000, wait: false };
    expect(rollbackArguments(given, 1, { ...change, version: { text: "", major: 4, minor: 0 } })).toEqual(
      expect.arrayContaining(["--force-conflicts", "--server-side=true", "--no-hooks"]),
    );
    expect(rollbackArguments(given, 1, { ...change, version: { text: "", major: 3, minor: 18 } })).not.toContain("--force-conflicts");
  });

  test("of values is files, later ones winning, and a path with a comma is one path", async () => {
    const files = { "c/Chart.yaml": CHART, "v/a,b.yaml": "a: 1" };
    const config = { chart: "c", values: ["v/a,b.yaml"], set: { a: "1,2" } };
    const { is } = await opened(files, config, async (found, scratch) => {
      const inputs = await inputArguments(settings(config), found, null, null, scratch);
      return [
        inputs.length,
        inputs[0]?.replace(/"\/.*\//, '"…/'),
        JSON.parse(readFileSync(inputs[1]?.replace("--values=", "") ?? "", "utf8")),
      ];
    });
    expect(is).toEqual([2, '--values="…/a,b.yaml"', { a: "1,2" }]);
  });

  test("is refused where nobody knows which value takes the image", async () => {
    const files = { "c/Chart.yaml": CHART, "c/values.yaml": "web: { image: x }" };
    const open = (config: JsonObject) =>
      opened(files, config, (found, scratch) => inputArguments(settings(config), found, "team/api", `sha256:${"a".repeat(64)}`, scratch));
    await expect(open({ chart: "c" })).rejects.toThrow(
      /does not say which of its values takes the image team\/api@sha256:a+: name it as `image`/,
    );
    expect((await open({ chart: "c", set: { "web.image": "team/api@${digest}" } })).is).toHaveLength(1);
  });
});
