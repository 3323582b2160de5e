import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { beforeAll, describe, expect, test } from "vitest";
import { seedHarbor } from "../../src/app/demo/harbor.ts";
import { stopAll } from "../../src/drivers/process/index.ts";
import { endAttempts } from "../../src/executor/local/index.ts";
import { Github, type Repository } from "../rig/github/github.ts";
import type { Run } from "../rig/github/run.ts";
import { BIN, withSluice } from "../rig/workflows/installed.ts";
import { describeTools } from "../rig/workflows/linters.ts";
import { Runner, type Ended, type Started } from "../rig/workflows/runner.ts";

const MINUTES = 60_000;
const DEVNET = ["api", "auth", "indexer", "orders", "web"];
const CANARY = ["admin", "api", "auth", "orders", "web"];
const MAINNET = ["admin", "api", "auth", "indexer", "orders", "web"];

describeTools("act")("Harbor by its generated workflows, run by act", () => {
  let directory: string;
  let github: Github;
  let harbor: Repository;
  let runner: Runner;
  let commits: { readonly v3: string; readonly v4: string };

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "sluice-act-"));
    const work = join(directory, "work");
    const remote = join(directory, "remote.git");
    const { commits: made } = await seedHarbor(work, { edit: withSluice, branches: [] });
    const idOf = (name: string): string => made.find((each) => each.name === name)?.id ?? "";
    commits = { v3: idOf("v3"), v4: idOf("v4") };
    await execa("git", ["clone", "--quiet", "--bare", work, remote]);
    github = await Github.start();
    harbor = github.repository("acme/harbor");
    harbor.environment("mainnet-approval", { reviewers: ["ben"] });
    runner = new Runner({ directory, remote, github, repository: harbor, keeps: true });
    await execa("git", ["update-ref", "refs/heads/main", commits.v3], { cwd: remote });
    return async () => {
      await endAttempts(runner.home);
      await stopAll(runner.home);
      rmSync(directory, { recursive: true, force: true });
      await github.close();
    };
  });

  const push = (commit: string) => execa("git", ["update-ref", "refs/heads/main", commit], { cwd: join(directory, "remote.git") });
  /** The command line of a person, who is known to GitHub by a token. */
  const person = async (login: string, ...args: readonly string[]): Promise<string> => {
    const { GITHUB_TOKEN: token = "", ...where } = github.env(github.person(login), "acme/harbor");
    const { all } = await execa(process.execPath, [BIN, "github", ...args, "--yes"], {
      cwd: join(directory, "work"),
      env: { ...where, GH_TOKEN: token },
      all: true,
    });
    return all;
  };
  const carryOut = async (what: Started, commit: string): Promise<Ended> => {
    const run = runner.begin(what, commit);
    const ended = await runner.carryOut(run, what);
    runner.end(run, ended.ok ? "success" : "failure");
    return ended;
  };

  /** What the services of an environment answer themselves, each at the address that its newest record tells. */
  async function versions(environment: string): Promise<Readonly<Record<string, string>>> {
    const urls = new Map<string, string>();
    for (const { task, environment: where, statuses } of harbor.deployments.toReversed())
      if (where === environment && task.startsWith("sluice:") && statuses[0]?.url) urls.set(task.slice("sluice:".length), statuses[0].url);
    const answers = [...urls].map(async ([service, url]) => {
      const answer = (await (await fetch(`${url}/version`)).json()) as {
        readonly service: string;
        readonly environment: string;
        readonly commit: string;
      };
      expect(answer).toMatchObject({ service, environment });
      return [service, answer.commit] as const;
    });
    return Object.fromEntries((await Promise.all(answers)).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }
  const all = (services: readonly string[], commit: string) => Object.fromEntries(services.map((service) => [service, commit]));

  /** Records of what was done, as `service: how`, oldest first. */
  const records = (environment: string, commit: string): readonly string[] =>
    harbor.deployments
      .filter(
        ({ task, sha, environment: where }) =>
          task.startsWith("sluice:") && task !== "sluice:stop" && where === environment && sha === commit,
      )
      .map(({ task, statuses, payload }) => `${task.slice("sluice:".length)}: ${(payload as { kind: string }).kind} ${statuses[0]?.state}`)
      .toReversed();
  const deployed = (services: readonly string[]): readonly string[] => services.map((service) => `${service}: deploy success`);
  const bundles = (): number => readdirSync(join(runner.home, "artifacts")).length;

  test(
    "a push deploys all to all environments, once a reviewer has approved its commit",
    async () => {
      const what = { workflow: "deploy-all", inputs: null, gates: ["mainnet"] } as const;
      const run = runner.begin(what, commits.v3);
      expect(await person("ben", "approve", commits.v3)).toContain("approved");
      expect(await runner.carryOut(run, what)).toMatchObject({ ok: true });
      runner.end(run);
      expect(await versions("devnet")).toEqual(all(DEVNET, commits.v3));
      expect(await versions("canary")).toEqual(all(CANARY, commits.v3));
      expect(await versions("mainnet")).toEqual(all(MAINNET, commits.v3));
      expect(records("devnet", commits.v3).toSorted()).toEqual(deployed(DEVNET));
      expect(records("canary", commits.v3).toSorted()).toEqual(deployed(CANARY));
      expect(records("mainnet", commits.v3).toSorted()).toEqual(deployed(MAINNET));
      // a backend before what needs it, in every environment
      expect(
        records("mainnet", commits.v3)
          .map((line) => line.split(":")[0])
          .slice(0, 2),
      ).toEqual(["auth", "api"]);
    },
    6 * MINUTES,
  );

  test(
    "the workflow of a service joins it: nothing is built or deployed a second time",
    async () => {
      const before = harbor.deployments.filter(({ task }) => task !== "deploy").length;
      const what = { workflow: "deploy-api", inputs: null, gates: ["mainnet"] } as const;
      const run = runner.begin(what, commits.v3);
      await person("ben", "approve", commits.v3);
      const { ok, log } = await runner.carryOut(run, what);
      runner.end(run);
      expect({ ok, log }).toMatchObject({ ok: true, log: expect.stringContaining("was there") });
      expect(log).toContain("already live");
      expect(harbor.deployments.filter(({ task }) => task !== "deploy")).toHaveLength(before);
      expect(bundles()).toBe(1);
    },
    3 * MINUTES,
  );

  describe("a newer commit", () => {
    let run: Run;
    const what: Started = { workflow: "deploy-all", inputs: null, gates: ["mainnet"] };
    beforeAll(async () => {
      await push(commits.v4);
    });

    test(
      "that nobody has approved is refused at the gate, also where GitHub did not hold the job",
      async () => {
        run = runner.begin(what, commits.v4);
        const { ok, log } = await runner.carryOut(run, what);
        expect({ ok, log }).toMatchObject({ ok: false, log: expect.stringContaining("GitHub has no approval of this run for mainnet") });
        expect(await versions("devnet")).toEqual(all(DEVNET, commits.v4));
        expect(await versions("canary")).toEqual(all(CANARY, commits.v4));
        expect(await versions("mainnet")).toEqual(all(MAINNET, commits.v3));
      },
      4 * MINUTES,
    );

    test(
      "passes once a reviewer has approved that very run",
      async () => {
        await person("ben", "approve", commits.v4);
        expect(await runner.carryOut(run, what)).toMatchObject({ ok: true });
        runner.end(run);
        expect(await versions("mainnet")).toEqual(all(MAINNET, commits.v4));
        expect(records("devnet", commits.v4)).toHaveLength(DEVNET.length);
        expect(bundles()).toBe(2);
      },
      6 * MINUTES,
    );
  });

  test(
    "an older commit by hand is a rollback by its rules: a reason, the recorded set, frontends first, a hold",
    async () => {
      const by = (reason: string): Started => ({ workflow: "deploy-all-mainnet", inputs: { commit: "v3", reason } });
      expect(await carryOut(by(""), commits.v4)).toMatchObject({ ok: false, log: expect.stringContaining("A rollback needs a reason") });
      expect(await carryOut(by("checkout is slow"), commits.v4)).toMatchObject({ ok: true });
      expect(await versions("mainnet")).toEqual(all(MAINNET, commits.v3));
      const back = records("mainnet", commits.v3).slice(MAINNET.length);
      expect(back.toSorted()).toEqual(MAINNET.map((service) => `${service}: rollback success`));
      expect(back.slice(-2)).toEqual(["api: rollback success", "auth: rollback success"]);
      expect(await person("ana", "unhold", "--env", "mainnet")).toContain("checkout is slow");
    },
    4 * MINUTES,
  );

  test(
    "rollback-all goes back to the set before, and holds the environment for deploys",
    async () => {
      const back: Started = { workflow: "rollback-all", inputs: { environment: "canary", to: "", reason: "fees are wrong" } };
      expect(await carryOut(back, commits.v4)).toMatchObject({ ok: true });
      expect(await versions("canary")).toEqual(all(CANARY, commits.v3));
      const again: Started = { workflow: "deploy-all-canary", inputs: { commit: "v4", reason: "" } };
      expect(await carryOut(again, commits.v4)).toMatchObject({
        ok: false,
        log: expect.stringContaining("canary is held by ana: fees are wrong"),
      });
      expect(await versions("canary")).toEqual(all(CANARY, commits.v3));
    },
    4 * MINUTES,
  );

  test(
    "approve-all says what waits, and what a reviewer runs",
    async () => {
      const run = runner.begin({ workflow: "deploy-all", inputs: null, gates: ["mainnet"] }, commits.v4);
      const { ok, log } = await carryOut({ workflow: "approve-all", inputs: { commit: "v4" } }, commits.v4);
      expect({ ok, log }).toMatchObject({ ok: true, log: expect.stringContaining(`sluice github approve ${commits.v4}`) });
      expect(log).toContain(`actions/runs/${run.id}/pending_deployments`);
      expect(existsSync(runner.home)).toBe(true);
      run.cancel();
    },
    2 * MINUTES,
  );
});
