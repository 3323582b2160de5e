import { mkdirSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stringify } from "yaml";
import { describeCluster, openCluster, type TestCluster } from "../rig/cluster.ts";
import { Workshop } from "../rig/images.ts";
import { asAna, installSluice, joined, notRunIn, Reader, type Tree } from "../rig/reader.ts";
import { describeImages } from "../rig/registry.ts";
import { until } from "../rig/wait.ts";

const PAGE = readFileSync(new URL("../../docs/kubernetes.md", import.meta.url), "utf8");
/** The example's UID of a cluster, and its registry. */
const UID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;
const REGISTRY = "registry.example";
/** What only a person can do, or what does not end. */
const NOT_RUN = ["buildah login registry.example", "sluice serve", "npm run demo:kubernetes"];

describeCluster("docs/kubernetes.md", () => {
  describeImages("followed from its beginning to its end", () => {
    let cluster: TestCluster;
    let workshop: Workshop;
    let reader: Reader;

    beforeAll(async () => {
      cluster = await openCluster();
      workshop = new Workshop();
      const [registry, uid] = [await cluster.registry(), await cluster.uid()];
      const bin = join(workshop.directory, "bin");
      const root = join(workshop.directory, "shop");
      for (const folder of [bin, root]) mkdirSync(folder);
      const home = workshop.home({ ".kube/config": readFileSync(cluster.reach.kubeconfig, "utf8") });
      installSluice(bin);
      const env = {
        ...workshop.env,
        ...asAna(),
        PATH: [bin, cluster.reach.path, process.env["PATH"]].join(delimiter),
        HOME: home,
        XDG_STATE_HOME: join(workshop.directory, "state"),
      };
      reader = new Reader({ root, env, real: (text) => text.replaceAll(REGISTRY, registry).replace(UID, uid) });
      // what the page takes for granted: a repository with a Dockerfile and a chart
      await reader.run("git init --quiet --initial-branch=main");
      await reader.run("mkdir deploy && helm create deploy/chart");
      reader.write("Dockerfile", "FROM scratch\nCOPY . /\n");
    });
    afterAll(async () => {
      workshop.close();
      await cluster.close();
    });

    test("every command ends as the page says, and prints what it says", { timeout: 120_000 }, async () => {
      const steps = await reader.follow(PAGE, {
        before: async (heading) => {
          if (heading !== "When a rollout fails") return;
          const values = "deploy/chart/values.yaml";
          const text = readFileSync(join(reader.root, values), "utf8");
          reader.write(values, text.replace("podAnnotations: {}", "podAnnotations: { fake/pod: crash }"));
          await reader.commit("web: ask a database");
        },
      });
      expect(steps).toBeGreaterThan(20);
    });

    test("what cannot be run here is little, and known", () => {
      expect(notRunIn(PAGE)).toEqual(NOT_RUN);
    });

    test("each trouble of its table is said in these words, and its remedies help", { timeout: 120_000 }, async () => {
      await reader.run("sluice doctor --env devnet", 1, { KUBECONFIG: join(workshop.directory, "nowhere") });
      await reader.run("kubectl --kubeconfig ~/.kube/config delete rolebinding sluice --namespace shop-mainnet");
      await reader.run("sluice doctor --env mainnet", 1);
      await reader.run("kubectl --kubeconfig ~/.kube/config apply --namespace shop-mainnet --filename deploy/access.yaml");
      await reader.run("sluice doctor --env mainnet");

      const service = (name: string, helm: Tree) => ({
        services: { [name]: { ...WEB, deploy: { helm: { ...WEB.deploy.helm, ...helm } } } },
      });
      reader.add("sluice.yaml", stringify(joined(service("legacy", {}), service("strange", { image: { value: "picture" } }))));
      reader.add("sluice.yaml", "services: { web: { deploy: { timeout: 10s } } }");
      await reader.commit("more services");
      await reader.run("sluice deploy strange --env devnet", 1);
      await reader.run("helm install legacy deploy/chart --set image.tag=1");
      await reader.run("sluice deploy legacy --env devnet", 1);
      await reader.run("sluice deploy legacy --env devnet --accept-diverged --reason 'made by hand'");

      const killed = new AbortController();
      const helm = execa(
        "helm",
        ["upgrade", "web", "deploy/chart", "--wait", "--force-conflicts", "--set", "podAnnotations.fake/pod=broken"],
        {
          cwd: reader.root,
          env: reader.env,
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
      const refused = await reader.run("sluice deploy web --env devnet", 1);
      await reader.run(/`(helm rollback [^`]+)`/.exec(refused)?.[1] ?? "nothing is named");
      await reader.run("sluice deploy web --env devnet");

      const environments = {
        devnet: { credentials: [] },
        canary: { allow: { contexts: ["elsewhere"] }, credentials: ["KUBECONFIG"], variables: { context: "elsewhere" } },
        mainnet: { cluster: "00000000-0000-4000-8000-000000000000" },
      };
      reader.add("sluice.yaml", stringify({ environments }));
      await reader.commit("wrong places");
      await reader.run("sluice doctor", 1);

      expect(reader.unsaid(PAGE)).toEqual([]);
    });
  });
});

const WEB = {
  tier: "frontend",
  artifact: "shop",
  deploy: { helm: { chart: "deploy/chart", context: "${variables.context}", namespace: "shop-${environment}" } },
};
