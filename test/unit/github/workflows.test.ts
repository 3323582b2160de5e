import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { examplesOf, stepsOf } from "../../rig/page.ts";
import { joined, type Tree } from "../../rig/reader.ts";
import { problemsIn } from "../../rig/workflows/checks.ts";
import { actionlint, describeTools, languageService, zizmor } from "../../rig/workflows/linters.ts";
import { configOf, filesOf, guardsOf, harbor, harborWith, manyServices, withLogins } from "../../rig/workflows/projects.ts";
import type { Files } from "../../rig/workflows/workflow.ts";

const projects: readonly (readonly [string, string | object, string])[] = [
  ["examples/harbor", harbor(), ""],
  ["examples/harbor, its waits held by a rule", harborWith({ wait: "rule" }), ""],
  ["60 services", manyServices(60), ""],
  ["20 services with logins", withLogins(20), ""],
  ["60 services, their waits held by a rule", manyServices(60, { wait: "rule" }), ""],
  [
    "60 services in a subfolder, on one's own runners",
    manyServices(60, { runner: ["self-hosted", "linux"], branch: "trunk", waves: 2 }),
    "products/many",
  ],
];

describe.each(projects)("the workflows of %s", (_, file, directory) => {
  let files: Files;
  beforeAll(async () => {
    files = await filesOf(file, directory);
  });

  test("have nothing that our own checks find", async () => {
    expect(await problemsIn(files, guardsOf(await configOf(file)))).toEqual([]);
  });

  test("have nothing that GitHub's editor support finds", async () => {
    expect(await languageService(files)).toBe("");
  });

  describeTools("actionlint", "zizmor")("linters", () => {
    test("actionlint finds nothing", () => {
      expect(actionlint(files)).toBe("");
    });

    test("zizmor finds nothing, however strict", () => {
      expect(zizmor(files)).toBe("");
    });
  });
});

describe("what GitHub sets limits to", () => {
  test("300 services in 40 environments stay within them", async () => {
    const names = Array.from({ length: 40 }, (_, i) => `stage-${i}`);
    const many = manyServices(300) as { environments: object; services: Record<string, object> };
    const environments = Object.fromEntries(names.map((name, i) => [name, { needs: names.slice(Math.max(0, i - 1), i), approval: {} }]));
    const services = Object.fromEntries(Object.entries(many.services).map(([id, service]) => [id, { ...service, environments: names }]));
    const files = await filesOf({ ...many, environments, services });
    expect(files.size).toBe(300 + 40 + 4);
    expect(Math.max(...[...files.values()].map((text) => Buffer.byteLength(text)))).toBeLessThan(500_000);
  });

  test("more environments than one run can call are refused", async () => {
    const environments = Object.fromEntries(Array.from({ length: 49 }, (_, i) => [`stage-${i}`, {}]));
    await expect(filesOf({ ...manyServices(1), environments, services: one() })).rejects.toThrow("at most 48");
  });
});

describe("the files of a config", () => {
  test("are the same each time, and have no host of their own", async () => {
    const files = await filesOf(manyServices(20));
    expect([...(await filesOf(manyServices(20)))]).toEqual([...files]);
    expect([...files.values()].filter((text) => /github\.com|https?:/.test(text))).toEqual([]);
  });

  test("names like keywords stay names, whichever version of YAML reads them", async () => {
    const files = await filesOf({ ...manyServices(1), environments: { on: {}, null: { needs: ["on"] } }, services: one() });
    for (const version of ["1.1", "1.2"] as const) {
      const { on, jobs } = parse(files.get(".github/workflows/rollback-all.yml") ?? "", {
        version,
        schema: version === "1.1" ? "yaml-1.1" : "core",
      }) as {
        on?: { workflow_dispatch: { inputs: { environment: { options: unknown } } } };
        jobs: object;
      };
      // In YAML 1.1 the key `on` is a boolean, which GitHub's own parser knows better.
      if (version === "1.2") expect(on?.workflow_dispatch.inputs.environment.options).toEqual(["on", "null"]);
      expect(Object.keys(jobs)).toEqual(["preflight", "gate", "waves", "report"]);
    }
    expect(files.get(".github/workflows/deploy-all-on.yml")).toContain('environment: "on"\n');
  });

  test("go by another branch, by hand, and by paths that hold characters of patterns", async () => {
    const text = async (github: object, paths: readonly string[]): Promise<unknown> => {
      const files = await filesOf({ ...manyServices(1, github), environments: { devnet: {} }, services: one(paths) });
      return ["deploy-all", "deploy-api"].map((name) => (parse(files.get(`.github/workflows/${name}.yml`) ?? "") as { on: object }).on);
    };
    expect(await text({ branch: "c++" }, ["apps/[slug]", "one.txt"])).toMatchObject([
      { push: { branches: ["c\\+\\+"] } },
      { push: { branches: ["c\\+\\+"], paths: ["apps/\\[slug\\]", "apps/\\[slug\\]/**", "one.txt", "one.txt/**"] } },
    ]);
    const byHand = (await text({ push: [] }, [])) as readonly object[];
    for (const on of byHand) expect(Object.keys(on)).toEqual(["workflow_dispatch"]);
    expect(await text({ push: ["services"] }, [])).toMatchObject([{}, { push: { branches: ["main"] } }]);
  });

  test("ask for packages only where there are images, and to write them only where they are built", async () => {
    const scopes = async (artifacts: object): Promise<readonly string[]> => {
      const files = await filesOf({
        ...manyServices(1),
        environments: { devnet: {} },
        artifacts,
        services: { api: { ...one()["api"], artifact: "app" } },
      });
      return [...new Set([...files.values()].flatMap((text) => text.match(/packages: \w+/g) ?? []))].toSorted();
    };
    expect(await scopes({ app: { bundle: { path: "." } } })).toEqual([]);
    expect(await scopes({ app: { image: { repository: "registry.example/app", await: true } } })).toEqual(["packages: read"]);
    expect(await scopes({ app: { image: { repository: "registry.example/app" } } })).toEqual(["packages: read", "packages: write"]);
  });

  test("logins are where something is built, looked for or deployed, after what is installed, and nowhere else", async () => {
    const files = await filesOf(withLogins(10));
    const found: Record<string, Set<string>> = {};
    for (const text of files.values()) {
      const { jobs } = parse(text) as {
        jobs: Record<string, { steps?: { uses?: string; run?: string; env?: object }[]; permissions: object; environment?: string }>;
      };
      for (const { steps = [], permissions, environment = "-" } of Object.values(jobs)) {
        const command = steps.flatMap(({ run }) => / ci (\w+)/.exec(run ?? "")?.[1] ?? [])[0];
        if (command === undefined) continue;
        const [, , ...own] = steps.filter(({ run }) => !/ ci \w+|echo/.test(run ?? ""));
        const key = steps.some(({ env = {} }) => "SLUICE_MASK_KEY" in env) ? "key" : "-";
        const said = [
          own.map(({ uses, run }) => uses?.split("@")[0] ?? run).join(" "),
          "id-token" in permissions ? "write" : "-",
          key,
          environment === "builds" ? environment : "-",
        ].join(", ");
        (found[command] ??= new Set()).add(said);
      }
    }
    const build = ["docker/login-action, -, -, builds"];
    const none = [", -, -, -"];
    expect(Object.fromEntries(Object.entries(found).map(([command, said]) => [command, [...said]]))).toEqual({
      plan: none,
      gate: none,
      wait: none,
      report: none,
      approvals: none,
      build,
      resolve: build,
      rollback: build,
      deploy: ["aws-actions/configure-aws-credentials ./login.sh, write, key, -"],
    });
    // what steps set is taken from no secret
    expect([...files.values()].filter((text) => text.includes("CLOUD_TOKEN"))).toEqual([]);
  });

  test("logins as docs/github.md shows them are taken as they are, and nothing is wrong with their workflows", async () => {
    const page = readFileSync(new URL("../../../docs/github.md", import.meta.url), "utf8");
    const examples = examplesOf(page);
    expect(examples).toHaveLength(2);
    const file = stepsOf(page).find((step) => step.kind === "file" && step.path === "sluice.yaml");
    for (const example of examples) {
      const shop = joined(parse(file?.kind === "file" ? file.text : "") as Tree, parse(example) as Tree);
      const files = await filesOf(shop);
      expect(await problemsIn(files, guardsOf(await configOf(shop)))).toEqual([]);
      expect([...files.values()].join("")).toContain("docker/login-action@74a5d");
    }
  });

  test("a service without an artifact has no build", async () => {
    const files = await filesOf({ ...manyServices(1), environments: { devnet: {} }, services: one() });
    expect(files.get(".github/workflows/deploy-api.yml")).not.toContain("ci build");
    expect(files.get(".github/workflows/deploy-all.yml")).not.toContain("ci build");
  });
});

function one(paths: readonly string[] = []): Record<string, object> {
  return { api: { tier: "backend", ...(paths.length === 0 ? {} : { paths }), deploy: { command: { apply: ["./deploy.sh"] } } } };
}
