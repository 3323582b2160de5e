import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import type { DeploySpec, LastGood } from "../../src/core/run/effects.ts";
import type { Observed } from "../../src/core/run/events.ts";
import { driver } from "../../src/drivers/helm/index.ts";
import type { AttemptEnd } from "../../src/engine/ports/executor.ts";
import { directoryOf, readClaim } from "../../src/executor/local/attempt-directory.ts";
import { LocalExecutor } from "../../src/executor/local/index.ts";
import { findMarked, isAlive } from "../../src/host/processes.ts";
import { describeCluster, sharedCluster } from "../rig/cluster.ts";
import { CHART, digestOf, hookOf } from "../rig/helm.ts";
import { seeded } from "../rig/random.ts";
import type { Space } from "../rig/space.ts";
import { moment, until } from "../rig/wait.ts";
import { Repo } from "../unit/source/repo.ts";

const seed = Number(process.env["SLUICE_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const KILLS = Number(process.env["SLUICE_HELM_KILLS"] ?? 16);
const runner = new URL("../../src/app/attempt.ts", import.meta.url).pathname;
type Release = { readonly commit: string; readonly name: string };

/** Attempts of one target as processes, as the server starts them. */
class Target {
  readonly home = realpathSync(mkdtempSync(join(tmpdir(), "sluice-helm-kill-")));
  readonly #space: Space;
  readonly #executor: LocalExecutor;
  readonly #ends = new Map<string, AttemptEnd | "lost">();
  #attempts = 0;

  constructor(space: Space, repo: Repo) {
    this.#space = space;
    process.env["PATH"] = space.env["PATH"];
    this.#executor = new LocalExecutor({ home: this.home, runner, source: repo.directory, concurrency: 4, graceMs: 1000 });
    this.#executor.onEnd((id, end) => this.#ends.set(id, end));
    onTestFinished(async () => {
      await this.#executor.close();
      rmSync(this.home, { recursive: true, force: true });
    });
  }

  async start({ commit, name }: Release, direction: DeploySpec["direction"], lastGood: LastGood | null): Promise<DeploySpec> {
    const definition = {
      service: "api",
      environment: "devnet",
      tier: "backend",
      paths: [],
      driver: "helm",
      config: { chart: "deploy/api", namespace: this.#space.namespace, kubeconfig: this.#space.kubeconfig, set: { motto: name } },
      image: "team/api",
      verify: null,
      job: false,
      needs: [],
      timeoutMs: 60_000,
      variables: {},
      credentials: [],
    } as const;
    const spec: DeploySpec = {
      kind: "deploy",
      id: `1-${++this.#attempts}-${"k".repeat(16)}`,
      run: "1",
      project: "harbor",
      target: "api@devnet",
      direction,
      commit,
      digest: digestOf(name),
      definition,
      fingerprint: digestOf(`fingerprint ${name}`),
      lastGood,
      needs: {},
      timeoutMs: 60_000,
    };
    await this.#executor.start(spec);
    return spec;
  }

  async end({ id }: DeploySpec): Promise<AttemptEnd | "lost"> {
    return await until(() => this.#ends.get(id) ?? null, `the end of attempt ${id}`, 90_000);
  }

  async cutShort({ id }: DeploySpec, how: "helm" | "attempt" | "both" | "stop"): Promise<void> {
    if (how === "stop") return await this.#executor.stop(id);
    const claim = readClaim(directoryOf(this.home, id));
    if (how !== "helm" && claim !== null && "pid" in claim && isAlive(claim)) process.kill(claim.pid, "SIGKILL");
    for (const pid of how === "attempt" ? [] : findMarked({ SLUICE_ATTEMPT_ID: id, SLUICE_ATTEMPT_DIR: directoryOf(this.home, id) }))
      process.kill(pid, "SIGKILL");
  }

  async log({ id }: DeploySpec): Promise<string> {
    return (await this.#executor.readLog(id, 0, 1 << 20)).text;
  }

  async observe({ project, target, definition }: DeploySpec): Promise<Observed> {
    return await driver.observe({ project, target, definition }, { signal: new AbortController().signal, home: this.home });
  }
}

/** What the cluster has, and what Helm says of it. */
async function truthOf(space: Space) {
  const deployment = await space.get<{ spec: { template: { spec: { containers: { image: string }[] } } } }>(
    "apis/apps/v1",
    "deployments/api",
  );
  const config = await space.get<{ data: { motto: string } }>("api/v1", "configmaps/api-config");
  const { code, stdout } = await space.run("helm", ["history", "api", "-n", space.namespace, "-o", "json"]);
  const history = code === 0 ? (JSON.parse(stdout) as { revision: number; status: string }[]) : [];
  return {
    image: deployment?.spec.template.spec.containers[0]?.image ?? null,
    motto: config?.data.motto ?? null,
    latest: history.at(-1)?.status ?? null,
  };
}

describeCluster("Helm and attempts that are killed", () => {
  it(
    `at random moments: what is seen is what is there, and the next attempt sets it right from what was good last (SLUICE_SEED=${seed})`,
    async () => {
      const next = seeded(seed);
      const pick = <T>(from: readonly T[]): T => from[Math.floor(next() * from.length)] as T;
      const space = await sharedCluster().space();
      const repo = new Repo();
      onTestFinished(() => repo.remove());
      const chart = (more: Readonly<Record<string, string>>) =>
        Object.fromEntries(Object.entries({ ...CHART, ...more }).map(([path, text]) => [`deploy/api/${path}`, text]));
      const hook = "templates/hook.yaml";
      const releases: Release[] = [
        { name: "plain", commit: repo.commit(chart({})) },
        { name: "before", commit: repo.commit(chart({ [hook]: hookOf("pre-upgrade", "team/migrate:1") })) },
        { name: "after", commit: repo.commit(chart({ [hook]: hookOf("post-upgrade", "team/notify:1") })) },
        { name: "again", commit: repo.commit({ "deploy/api/templates/hook.yaml": null }) },
      ];
      const target = new Target(space, repo);
      const commitOfName = (name: string) => releases.find((one) => one.name === name)?.commit;
      let good: (LastGood & { readonly release: Release }) | null = null;
      const wasGood = new Set<Release>();

      /** What is observed never says more than what is true. */
      const check = async (spec: DeploySpec, release: Release, end: AttemptEnd | "lost"): Promise<Observed> => {
        const observed = await target.observe(spec);
        const { image, motto, latest } = await truthOf(space);
        const told = `${spec.direction} of ${release.name} ended ${JSON.stringify(end)}; seen ${JSON.stringify(observed)}; there is ${image} ${motto} ${latest}\n${await target.log(spec)}`;
        expect(observed.kind, `${told}`).not.toBe("error");
        if (observed.kind !== "live") return observed;
        if (observed.attempt === spec.id)
          expect([image, motto, latest], `${told}`).toEqual([`team/api@${digestOf(release.name)}`, release.name, "deployed"]);
        if (observed.commit !== null)
          expect([observed.commit, observed.digest], `${told}`).toEqual([commitOfName(motto ?? ""), digestOf(motto ?? "")]);
        if (end !== "lost" && end.outcome === "succeeded")
          expect(observed, `${told}`).toMatchObject({ attempt: spec.id, health: "healthy" });
        return observed;
      };

      /** To the end, as the core makes an attempt again that was lost. */
      const finish = async (release: Release, direction: DeploySpec["direction"]): Promise<void> => {
        const spec = await target.start(release, direction, good);
        const end = await target.end(spec);
        const log = await target.log(spec);
        expect(end, `${log}`).toMatchObject({ outcome: "succeeded" });
        expect(await check(spec, release, end)).toMatchObject({
          kind: "live",
          commit: release.commit,
          attempt: spec.id,
          health: "healthy",
        });
        const restored = /back to revision (\d+) first, which was good last/.exec(log)?.[1];
        if (restored !== undefined) {
          const label = await space.run("kubectl", [
            "get",
            "secret",
            `sh.helm.release.v1.api.v${restored}`,
            "-o",
            "jsonpath={.metadata.labels.sluice\\.dev/commit}",
          ]);
          if (label.code === 0) expect(label.stdout, `${log}`).toBe(good?.commit);
        }
        good = { commit: release.commit, digest: spec.digest, fingerprint: spec.fingerprint ?? "", attempt: spec.id, release };
        wasGood.add(release);
      };

      for (let kill = 0; kill < KILLS; kill++) {
        const release = pick(releases);
        const direction = wasGood.has(release) && next() < 0.4 ? "rollback" : "deploy";
        const spec = await target.start(release, direction, good);
        await Promise.race([moment(next() * 1200), target.end(spec)]);
        await target.cutShort(spec, pick(["helm", "attempt", "both", "stop"]));
        const end = await target.end(spec);
        const observed = await check(spec, release, end);
        if (observed.kind === "live" && observed.attempt === spec.id) {
          good = { commit: release.commit, digest: spec.digest, fingerprint: spec.fingerprint ?? "", attempt: spec.id, release };
          wasGood.add(release);
        } else if (next() < 0.6) await finish(release, direction);
      }
      await finish(pick(releases), "deploy");
    },
    30_000 + KILLS * 12_000,
  );
});
