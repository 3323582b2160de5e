import { expect, it, onTestFinished } from "vitest";
import { describeCluster, ownCluster, sharedCluster } from "../rig/cluster.ts";
import { LOGIN, ownRegistry } from "../rig/registry.ts";
import type { Space } from "../rig/space.ts";
import { TcpProxy } from "../rig/tcp-proxy.ts";
import { until } from "../rig/wait.ts";

type Container = {
  readonly ready: boolean;
  readonly restartCount: number;
  readonly state: { readonly waiting?: { readonly reason: string; readonly message: string } };
  readonly lastState: { readonly terminated?: { readonly exitCode: number; readonly reason: string } };
};
type Pod = { readonly status: { readonly phase: string; readonly containerStatuses?: readonly Container[] } };
type List<T> = { readonly items: readonly T[] };

/** The container of a deployment's only pod, once it is so. */
async function containerOf(space: Space, app: string, isSo: (container: Container) => boolean): Promise<Container> {
  return await until(async () => {
    const pods = await space.get<List<Pod>>("api/v1", `pods?labelSelector=app=${app}`);
    return pods?.items.flatMap(({ status }) => status.containerStatuses ?? []).find(isSo) ?? null;
  }, `the pod of ${app}`);
}

const deploy = async (space: Space, name: string, image: string): Promise<string> =>
  await space.kubectl(["create", "deployment", name, `--image=${image}`]);

describeCluster("a deployment on the cluster", () => {
  it("becomes available, and its logs can be read", async () => {
    const space = await sharedCluster().space();
    await deploy(space, "web", "team/web:1");
    await space.kubectl(["rollout", "status", "deployment/web", "--timeout=60s"]);
    expect(await space.kubectl(["logs", "deployment/web"])).toBe("starting\nlistening on :8080");
  });

  it("is slow, crashes, or never starts as its image says, which may be pinned by digest", async () => {
    const space = await sharedCluster().space();
    const digest = `sha256:${"0".repeat(64)}`;
    await Promise.all(
      ["slow", "broken", "crash", "oom", "flaky", "nopull", "noconfig"].map((word) => deploy(space, word, `team/web-${word}@${digest}`)),
    );

    const crash = await containerOf(space, "crash", ({ restartCount }) => restartCount >= 2);
    expect(crash.lastState.terminated).toMatchObject({ exitCode: 1, reason: "Error" });
    const oom = await containerOf(space, "oom", ({ state }) => state.waiting?.reason === "CrashLoopBackOff");
    expect(oom.lastState.terminated).toMatchObject({ exitCode: 137, reason: "OOMKilled" });
    const nopull = await containerOf(space, "nopull", ({ state }) => state.waiting?.reason === "ImagePullBackOff");
    expect(nopull.state.waiting?.message).toContain(`team/web-nopull@${digest}`);
    await containerOf(space, "noconfig", ({ state }) => state.waiting?.reason === "CreateContainerConfigError");
    await containerOf(space, "flaky", ({ ready, restartCount }) => ready && restartCount === 2);
    await containerOf(space, "slow", ({ ready }) => ready);
    expect((await containerOf(space, "broken", () => true)).ready).toBe(false);

    expect(await space.kubectl(["logs", "deployment/crash", "--tail=1"])).toBe("fatal: cannot reach the database");
    expect(await space.kubectl(["get", "events"])).toContain("Readiness probe failed");
    const refused = await space.run("kubectl", ["rollout", "status", "deployment/broken", "--timeout=1s"]);
    expect(refused.stderr).toContain("timed out");
  });

  it("has no node where none has what it asks for", async () => {
    const space = await sharedCluster().space();
    await deploy(space, "wide", "team/web:1");
    await space.kubectl(["set", "resources", "deployment/wide", "--requests=cpu=1000"]);
    await until(async () => (await space.kubectl(["get", "events"])).includes("Insufficient cpu") || null, "the scheduler's reason");
    expect(await space.kubectl(["get", "deployment", "wide", "-o", "jsonpath={.status.unavailableReplicas}"])).toBe("1");
  });

  it("is deployed and rolled back by both Helms", async () => {
    const space = await sharedCluster().space();
    await space.helm(["create", "web"]);
    for (const helm of ["helm", "helm3"]) {
      const values = ["--set", "image.repository=team/web,image.tag=1", "--wait", "--timeout", "60s"];
      expect(await space.run(helm, ["install", `with-${helm}`, "web", ...values])).toMatchObject({ code: 0 });
      expect(
        await space.run(helm, [
          "upgrade",
          `with-${helm}`,
          "web",
          ...values.with(1, "image.repository=team/web,image.tag=2-crash").with(4, "3s"),
        ]),
      ).toMatchObject({ code: 1 });
      expect(await space.run(helm, ["rollback", `with-${helm}`, "1", "--wait"])).toMatchObject({ code: 0 });
    }
    expect(await space.helm(["version", "--short"])).toMatch(/^v4\.\d+\.\d+$/);
    expect((await space.run("helm3", ["version", "--short"])).stdout).toMatch(/^v3\.\d+\.\d+$/);
  });
});

describeCluster("a job on the cluster", () => {
  it("ends, fails or hangs as its image says", async () => {
    const space = await sharedCluster().space();
    const job = (name: string) =>
      space.kubectl(["create", "-f", "-"], {
        input: JSON.stringify({
          apiVersion: "batch/v1",
          kind: "Job",
          metadata: { name },
          spec: {
            backoffLimit: 0,
            template: { spec: { restartPolicy: "Never", containers: [{ name: "job", image: `team/job:1-${name}` }] } },
          },
        }),
      });
    await Promise.all(["good", "crash", "hang"].map(job));
    await space.kubectl(["wait", "--for=condition=complete", "job/good", "--timeout=60s"]);
    await space.kubectl(["wait", "--for=condition=failed", "job/crash", "--timeout=60s"]);
    expect(await space.kubectl(["get", "job/hang", "-o", "jsonpath={.status.active}"])).toBe("1");
  });
});

describeCluster("a service account", () => {
  it("may do what its rules say, in its namespace alone", async () => {
    const [space, other] = [await sharedCluster().space(), await sharedCluster().space()];
    const KUBECONFIG = await space.serviceAccount("deployer", [
      { apiGroups: ["apps"], resources: ["deployments"], verbs: ["get", "create"] },
    ]);
    const create = ["create", "deployment", "web", "--image=team/web:1"];
    await space.kubectl(create, { env: { KUBECONFIG } });
    const there = await space.run("kubectl", [...create, "--namespace", other.namespace], { env: { KUBECONFIG } });
    expect(there.stderr).toContain(`system:serviceaccount:${space.namespace}:deployer" cannot create resource "deployments"`);
    expect((await space.run("kubectl", ["get", "secrets"], { env: { KUBECONFIG } })).stderr).toContain("Forbidden");
  });
});

describeCluster("trouble with the cluster", () => {
  it("keeps its data and its address when its parts are killed and started again", async () => {
    const cluster = await ownCluster();
    const space = await cluster.space();
    const uid = await cluster.uid();
    await deploy(space, "web", "team/web:1");
    await space.kubectl(["rollout", "status", "deployment/web", "--timeout=60s"]);
    await cluster.stop("kube-apiserver");
    await cluster.stop("etcd");
    expect((await space.run("kubectl", ["get", "deployments"])).stderr).toContain("refused");
    await cluster.start("etcd");
    await cluster.start("kube-apiserver");
    expect(await cluster.uid()).toBe(uid);
    await space.kubectl(["scale", "deployment/web", "--replicas=2"]);
    await space.kubectl(["rollout", "status", "deployment/web", "--timeout=120s"]);
  });

  it("comes from the network between it and a client", async () => {
    const space = await sharedCluster().space();
    const proxy = await TcpProxy.start(space.cluster.reach.server);
    onTestFinished(async () => {
      await proxy.close();
    });
    const KUBECONFIG = space.writeKubeconfig("proxied", { server: proxy.url });
    const look = async () => await space.run("kubectl", ["get", "pods", "--request-timeout=2s"], { env: { KUBECONFIG } });
    expect(await look()).toMatchObject({ code: 0 });
    proxy.set({ slow: 20 });
    expect(await look()).toMatchObject({ code: 0 });
    proxy.set("blackhole");
    expect((await look()).stderr).toMatch(/timeout|deadline/i);
    proxy.set("cut");
    expect((await look()).code).not.toBe(0);
    proxy.set("pass");
    expect(await look()).toMatchObject({ code: 0 });
  });
});

describeCluster("an image registry", () => {
  it("is the cluster's, and takes and gives charts", async () => {
    const space = await sharedCluster().space();
    const registry = await sharedCluster().registry();
    await space.helm(["create", "web"]);
    await space.helm(["package", "web"]);
    await space.helm(["push", "web-0.1.0.tgz", `oci://${registry}/charts`, "--plain-http"]);
    expect(await space.helm(["show", "chart", `oci://${registry}/charts/web`, "--plain-http"])).toContain("name: web");
  });

  it("is a test's own, may ask for a login, and keeps what it has when it is killed", async () => {
    const space = await sharedCluster().space();
    const registry = await ownRegistry({ login: true });
    await space.helm(["create", "web"]);
    await space.helm(["package", "web"]);
    const push = ["push", "web-0.1.0.tgz", `oci://${registry.host}/charts`, "--plain-http"];
    expect((await space.run("helm", push)).stderr).toMatch(/401|unauthorized|basic credential/i);
    await space.helm(["registry", "login", registry.host, "--plain-http", "--username", LOGIN.user, "--password-stdin"], {
      input: LOGIN.password,
    });
    await space.helm(push);
    await registry.stop();
    await registry.start();
    expect(await space.helm(["show", "chart", `oci://${registry.host}/charts/web`, "--plain-http"])).toContain("name: web");
  });
});
