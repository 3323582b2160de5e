import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { devNull } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { describeCluster, openCluster, type TestCluster } from "../rig/cluster.ts";
import { Workshop } from "../rig/images.ts";
import { missingFrom, patternOf, sayings, stepsOf } from "../rig/page.ts";
import { describeImages } from "../rig/registry.ts";
import { until } from "../rig/wait.ts";

const PAGE = readFileSync(new URL("../../docs/kubernetes.md", import.meta.url), "utf8");
const BIN = fileURLToPath(new URL("../../bin/sluice.js", import.meta.url));
/** The example's UID of a cluster, and its registry. */
const UID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;
const REGISTRY = "registry.example";
/** What only a person can do, or what does not end. */
const NOT_RUN = ["buildah login registry.example", "sluice serve", "npm run demo:kubernetes"];

type Tree = { [key: string]: unknown };
const isTree = (value: unknown): value is Tree => typeof value === "object" && value !== null && !Array.isArray(value);

function joined(below: Tree, above: Tree): Tree {
  const result = { ...below };
  for (const [key, value] of Object.entries(above)) {
    const there = result[key];
    result[key] = isTree(there) && isTree(value) ? joined(there, value) : value;
  }
  return result;
}

describeCluster("docs/kubernetes.md", () => {
  describeImages("followed from its beginning to its end", () => {
    let cluster: TestCluster;
    let workshop: Workshop;
    let root: string;
    let env: Record<string, string>;
    let real: (text: string) => string;
    /** All that was printed. */
    let seen = "";

    beforeAll(async () => {
      cluster = await openCluster();
      workshop = new Workshop();
      const [registry, uid] = [await cluster.registry(), await cluster.uid()];
      real = (text) => text.replaceAll(REGISTRY, registry).replace(UID, uid);
      const bin = join(workshop.directory, "bin");
      root = join(workshop.directory, "shop");
      for (const folder of [bin, root]) mkdirSync(folder);
      const home = workshop.home({ ".kube/config": readFileSync(cluster.reach.kubeconfig, "utf8") });
      writeFileSync(join(bin, "sluice"), `#!/bin/sh\nexec '${process.execPath}' '${BIN}' "$@"\n`, { mode: 0o755 });
      env = {
        ...workshop.env,
        PATH: [bin, cluster.reach.path, process.env["PATH"]].join(delimiter),
        HOME: home,
        XDG_STATE_HOME: join(workshop.directory, "state"),
        GIT_CONFIG_GLOBAL: devNull,
        NO_COLOR: "1",
        COLUMNS: "200",
      };
      for (const role of ["AUTHOR", "COMMITTER"]) {
        env[`GIT_${role}_NAME`] = "Ana Ruiz";
        env[`GIT_${role}_EMAIL`] = "ana@shop.example";
      }
      // what the page takes for granted: a repository with a Dockerfile and a chart
      await run("git init --quiet --initial-branch=main");
      await run("mkdir deploy && helm create deploy/chart");
      write("Dockerfile", "FROM scratch\nCOPY . /\n");
    });
    afterAll(async () => {
      workshop.close();
      await cluster.close();
    });

    const write = (path: string, text: string): void => {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    };
    const add = (path: string, text: string): void =>
      write(path, stringify(joined(parse(readFileSync(join(root, path), "utf8")) as Tree, parse(text) as Tree)));
    /** As a reader's shell runs it. */
    async function run(command: string, exit = 0, more: Readonly<Record<string, string>> = {}): Promise<string> {
      const assigned = /^export (\w+)=(.*)$/.exec(command);
      if (assigned) env[assigned[1] ?? ""] = (assigned[2] ?? "").replace(/^~/, env["HOME"] ?? "");
      const { exitCode, all } = await execa("sh", ["-c", real(command)], {
        cwd: root,
        env: { ...env, ...more },
        extendEnv: false,
        reject: false,
        all: true,
        stdin: "ignore",
      });
      if (exitCode !== exit) throw new Error(`${command} ended with ${exitCode}, not ${exit}:\n${all}`);
      seen += `${all}\n`;
      return all;
    }
    const commit = (message: string): Promise<string> => run(`git add --all && git commit --quiet --message '${message}'`);

    test("every command ends as the page says, and prints what it says", { timeout: 120_000 }, async () => {
      let heading = "";
      const steps = stepsOf(PAGE);
      expect(steps.length).toBeGreaterThan(20);
      for (const step of steps) {
        if (heading !== step.heading && step.heading === "When a rollout fails") {
          const values = "deploy/chart/values.yaml";
          write(values, readFileSync(join(root, values), "utf8").replace("podAnnotations: {}", "podAnnotations: { fake/pod: crash }"));
          await commit("web: ask a database");
        }
        heading = step.heading;
        if (step.kind === "file") (step.added ? add : write)(step.path, real(step.text));
        if (step.kind !== "run") continue;
        let printed = "";
        for (const { text, exit } of step.commands) printed += `${await run(text, exit)}\n`;
        expect({ heading, missing: missingFrom(printed, step.prints.map(real)), printed }).toMatchObject({ missing: null });
      }
    });

    test("what cannot be run here is little, and known", () => {
      const left = stepsOf(PAGE).flatMap((step) => (step.kind === "not-run" ? step.commands : []));
      expect(left.map(({ text }) => text)).toEqual(NOT_RUN);
    });

    test("each trouble of its table is said in these words, and its remedies help", { timeout: 120_000 }, async () => {
      await run("sluice doctor --env devnet", 1, { KUBECONFIG: join(workshop.directory, "nowhere") });
      await run("kubectl --kubeconfig ~/.kube/config delete rolebinding sluice --namespace shop-mainnet");
      await run("sluice doctor --env mainnet", 1);
      await run("kubectl --kubeconfig ~/.kube/config apply --namespace shop-mainnet --filename deploy/access.yaml");
      await run("sluice doctor --env mainnet");

      const service = (name: string, helm: Tree) => ({
        services: { [name]: { ...WEB, deploy: { helm: { ...WEB.deploy.helm, ...helm } } } },
      });
      add("sluice.yaml", stringify(joined(service("legacy", {}), service("strange", { image: { value: "picture" } }))));
      add("sluice.yaml", "services: { web: { deploy: { timeout: 10s } } }");
      await commit("more services");
      await run("sluice deploy strange --env devnet", 1);
      await run("helm install legacy deploy/chart --set image.tag=1");
      await run("sluice deploy legacy --env devnet", 1);
      await run("sluice deploy legacy --env devnet --accept-diverged --reason 'made by hand'");

      const killed = new AbortController();
      const helm = execa(
        "helm",
        ["upgrade", "web", "deploy/chart", "--wait", "--force-conflicts", "--set", "podAnnotations.fake/pod=broken"],
        {
          cwd: root,
          env,
          extendEnv: false,
          reject: false,
          cancelSignal: killed.signal,
          forceKillAfterDelay: false,
          killSignal: "SIGKILL",
        },
      );
      const pending = "/api/v1/namespaces/shop-devnet/secrets?labelSelector=owner%3Dhelm%2Cname%3Dweb%2Cstatus%3Dpending-upgrade";
      await until(async () => {
        const found = await cluster.api.get<{ readonly items: readonly unknown[] }>(pending);
        return (found?.items.length ?? 0) > 0 ? true : null;
      }, "Helm is at work");
      killed.abort();
      await helm;
      const refused = await run("sluice deploy web --env devnet", 1);
      await run(/`(helm rollback [^`]+)`/.exec(refused)?.[1] ?? "nothing is named");
      await run("sluice deploy web --env devnet");

      const environments = {
        devnet: { credentials: [] },
        canary: { allow: { contexts: ["elsewhere"] }, credentials: ["KUBECONFIG"], variables: { context: "elsewhere" } },
        mainnet: { cluster: "00000000-0000-4000-8000-000000000000" },
      };
      add("sluice.yaml", stringify({ environments }));
      await commit("wrong places");
      await run("sluice doctor", 1);

      const said = sayings(PAGE);
      expect(said.length).toBeGreaterThan(5);
      expect(said.filter((saying) => !new RegExp(patternOf(saying)).test(seen))).toEqual([]);
    });
  });
});

const WEB = {
  tier: "frontend",
  artifact: "shop",
  deploy: { helm: { chart: "deploy/chart", context: "${variables.context}", namespace: "shop-${environment}" } },
};
