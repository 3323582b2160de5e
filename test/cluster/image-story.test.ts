import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { ImageProject } from "../rig/image-project.ts";
import { Workshop } from "../rig/images.ts";
import { seeded } from "../rig/random.ts";
import { describeImages, TestRegistry } from "../rig/registry.ts";
import { moment, until } from "../rig/wait.ts";

const KILLS = Number(process.env["SLUICE_KILLS"] ?? 12);
const SEED = Number(process.env["SLUICE_SEED"] ?? Date.now() % 1_000_000);

describeImages("images in runs of a real server", () => {
  let workshop: Workshop;
  let registry: TestRegistry;
  beforeAll(async () => {
    workshop = new Workshop();
    registry = await TestRegistry.open();
  });
  afterAll(async () => {
    await registry.close();
    workshop.close();
  });

  async function project(image: string, environments?: string): Promise<ImageProject> {
    const made = new ImageProject(workshop, image, environments);
    await made.server.start();
    onTestFinished(() => made.server.kill("SIGTERM"));
    return made;
  }
  const push = (repository: string, tag: string, content: string): string => {
    writeFileSync(join(workshop.directory, "content"), content);
    writeFileSync(join(workshop.directory, "Pushed"), "FROM scratch\nCOPY content /\n");
    const said = join(workshop.directory, "said");
    workshop.buildah("build", "--quiet", "--timestamp", "0", "--tag", "localhost/pushed", "--file", "Pushed", ".");
    workshop.buildah(
      "push",
      "--quiet",
      "--tls-verify=false",
      "--digestfile",
      said,
      "localhost/pushed",
      `docker://${registry.host}/${repository}:${tag}`,
    );
    workshop.buildah("rmi", "localhost/pushed");
    return workshop.read(said);
  };

  test("a rollback is refused before anything is touched where the image is gone, or nobody can tell", async () => {
    const harbor = await project(`image: { repository: "${registry.host}/\${project}/back" }`);
    const [first, second] = [harbor.commit("one"), harbor.commit("two")];
    const digest = await harbor.digestOf(first);
    expect(await harbor.digestOf(second)).not.toBe(digest);
    const preview = async () => {
      const body = { environment: "dev" };
      const { data, error } = await harbor.server.api().POST("/api/v1/rollbacks/preview", { body });
      if (!data) throw new Error(JSON.stringify(error));
      return data.problems.map(({ target, message }) => `${target}: ${message}`);
    };
    expect(await preview()).toEqual([]);
    await registry.stop();
    expect(await preview()).toEqual([
      `api@dev: whether its artifact ${digest} is still there cannot be told: ${registry.host} cannot be reached: ECONNREFUSED`,
    ]);
    await expect(harbor.deploy(second, "once more")).rejects.toThrow(/whether mega of this commit is still there .* cannot be told/);
    await registry.start();
    await registry.delete("harbor/back", digest);
    expect(await preview()).toEqual([`api@dev: its artifact ${digest} is gone`]);
    expect(harbor.builds()).toBe(2);
  });

  test("an awaited image is waited for over a kill of the server and a registry that is down; its digest is what it was first", async () => {
    const harbor = await project(`image: { repository: "${registry.host}/ci", await: true }`);
    const commit = harbor.commit("one");
    const run = await harbor.deploy(commit);
    const waiting = async (words: string) =>
      await until(async () => {
        const step = await harbor.step(run, "build:mega");
        return step?.waitingFor?.message.includes(words) === true ? step.waitingFor : null;
      }, words);
    const { since, until: end } = await waiting(`waits until ${registry.host}/ci:${commit} has been pushed`);
    expect(Date.parse(end ?? "") - Date.parse(since)).toBe(3_600_000);
    expect(harbor.server.attempts()).toEqual([]);
    expect(harbor.server.attemptsMade()).toEqual([]);

    await registry.stop();
    expect(await waiting("whether it is there cannot be told")).toMatchObject({ since, code: "artifact" });
    await harbor.server.kill("SIGKILL");
    await registry.start();
    await harbor.server.start();
    const digest = push("ci", commit, "one");
    expect(await harbor.ended(run)).toBe("succeeded");
    expect(harbor.deploys()).toEqual([`dev ${commit} ${digest}`]);

    expect(push("ci", commit, "another")).not.toBe(digest);
    const again = await harbor.deploy(commit, "once more");
    expect(await harbor.ended(again)).toBe("succeeded");
    expect((await harbor.step(again, "build:mega"))?.status).toBe("skipped");
    expect(harbor.builds()).toBe(0);
  });

  test("each environment waits for its own image", async () => {
    const environments = "dev: { variables: { DEPLOYS: $DEPLOYS, CHAIN: near } }, live: { variables: { DEPLOYS: $DEPLOYS, CHAIN: far } }";
    const harbor = await project(
      `perEnvironment: true, image: { repository: "${registry.host}/\${variables.CHAIN}", tag: "\${environment}-\${commit}", await: true }`,
      environments,
    );
    const commit = harbor.commit("one");
    const run = await harbor.deploy(commit);
    const near = push("near", `dev-${commit}`, "near");
    await until(() => (harbor.deploys().includes(`dev ${commit} ${near}`) ? true : null), "dev has its own");
    expect((await harbor.step(run, "build:mega@live"))?.status).toBe("waiting");
    const far = push("far", `live-${commit}`, "far");
    expect(await harbor.ended(run)).toBe("succeeded");
    expect(harbor.deploys()).toEqual([`dev ${commit} ${near}`, `live ${commit} ${far}`]);
  });

  /** Images that a store has noted as pushed. */
  const notedBy = ({ server }: ImageProject): number => {
    const folder = join(server.home, "builders", "image", "pushed");
    return existsSync(folder) ? readdirSync(folder).length : 0;
  };

  test("an attempt that is killed between its push and its outcome is made again, and builds nothing", async () => {
    const harbor = await project(`image: { repository: "${registry.host}/between" }`);
    const { server } = harbor;
    const commit = harbor.commit("one");
    const run = await harbor.deploy(commit);
    const pid = await until(() => server.attempts()[0] ?? null, "the build begins");
    // where its outcome is written first there is a folder: as on a full disk, it tries again and again
    mkdirSync(join(server.home, "attempts", server.attemptsMade().at(-1) ?? "", `outcome.json.${pid}.draft`));
    await until(() => (notedBy(harbor) === 1 ? true : null), "it is pushed");
    process.kill(pid, "SIGKILL");
    expect(await harbor.ended(run)).toBe("succeeded");
    const attempts = (await harbor.step(run, "build:mega"))?.attempts ?? [];
    expect(attempts.map(({ outcome }) => outcome)).toEqual(["lost", "succeeded"]);
    expect(harbor.builds()).toBe(1);
    expect(harbor.deploys()).toHaveLength(1);
  });

  test(
    `${KILLS} attempts killed at random moments: what was pushed is not built again, seed ${SEED}`,
    { timeout: KILLS * 20_000 },
    async () => {
      const harbor = await project(`image: { repository: "${registry.host}/killed" }`);
      const random = seeded(SEED);
      let killed = 0;
      for (let round = 1; round <= KILLS; round++) {
        const commit = harbor.commit(`round ${round}`);
        const [builds, records] = [harbor.builds(), notedBy(harbor)];
        const run = await harbor.deploy(commit);
        await moment(random() * 1500);
        const building = (await harbor.step(run, "build:mega"))?.status === "running";
        for (const pid of building ? harbor.server.attempts() : [])
          try {
            process.kill(pid, "SIGKILL");
            killed++;
          } catch {
            // it had ended by itself
          }
        const wasPushed = notedBy(harbor) > records;
        const buildsThen = harbor.builds();
        expect({ round, status: await harbor.ended(run) }).toEqual({ round, status: "succeeded" });
        if (wasPushed) expect({ round, builds: harbor.builds() }).toEqual({ round, builds: buildsThen });
        expect(harbor.builds() - builds).toBeLessThanOrEqual(2);
        expect(harbor.deploys().filter((line) => line.includes(commit))).toHaveLength(1);
      }
      console.log(`kills: ${killed}, seed ${SEED}`);
      expect(killed).toBeGreaterThan(0);
    },
  );
});
