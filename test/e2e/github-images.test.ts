import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { beforeAll, expect, test } from "vitest";
import { hostVariables } from "../../src/host/environment.ts";
import { Github, type Repository } from "../rig/github/github.ts";
import { Workshop } from "../rig/images.ts";
import { asAna, Reader } from "../rig/reader.ts";
import { RegistryCounter } from "../rig/registry-counter.ts";
import { describeImages, TestRegistry } from "../rig/registry.ts";
import { BIN, dependOnSluice } from "../rig/workflows/installed.ts";
import { describeTools } from "../rig/workflows/linters.ts";
import { Runner, type Started } from "../rig/workflows/runner.ts";

const MINUTES = 60_000;
const SERVICES = ["api", "web"];

/** What deploys, and what says what is live: lines of a file, each with the digest that it was given. */
const programs = (world: string): Readonly<Record<string, string>> => ({
  "shop-deploy": `#!/bin/sh\necho "$SLUICE_SERVICE@$SLUICE_ENVIRONMENT $SLUICE_DIRECTION $SLUICE_COMMIT $SLUICE_ARTIFACT_DIGEST $SLUICE_ATTEMPT_ID" >> '${world}'\n`,
  "shop-live": `#!/bin/sh\nset -- $(grep "^$SLUICE_SERVICE@$SLUICE_ENVIRONMENT " '${world}' 2>/dev/null | tail -n 1)\n[ $# = 0 ] || echo "{\\"commit\\":\\"$3\\",\\"digest\\":\\"$4\\",\\"attempt\\":\\"$5\\",\\"health\\":\\"healthy\\"}"\n`,
});

const sluiceYaml = (repository: string): string => `version: 1
project: shop
environments:
  devnet: {}
  mainnet: { needs: [devnet], approval: { approvers: [ben] } }
artifacts: { mega: { image: { repository: ${repository}, tool: buildah } } }
services:
  api: { tier: backend, paths: [api], artifact: mega, deploy: { command: { apply: [shop-deploy], observe: [shop-live] } } }
  web: { tier: frontend, paths: [web], artifact: mega, deploy: { command: { apply: [shop-deploy], observe: [shop-live] } } }
github: { push: [all] }
`;

describeTools("act")("an image by generated workflows, each job on a machine that keeps nothing", () => {
  describeImages("built by buildah, and pushed to a registry", () => {
    let workshop: Workshop;
    let registry: RegistryCounter;
    let github: Github;
    let shop: Repository;
    let runner: Runner;
    let reader: Reader;
    let world: string;

    beforeAll(async () => {
      workshop = new Workshop();
      const real = await TestRegistry.open();
      registry = await RegistryCounter.start(real.host);
      const at = (name: string): string => join(workshop.directory, name);
      world = at("world");
      for (const folder of ["shop", "runner"]) mkdirSync(at(folder));
      github = await Github.start();
      shop = github.repository("acme/shop");
      shop.environment("mainnet-approval", { reviewers: ["ben"] });
      reader = new Reader({ root: at("shop"), env: { ...hostVariables(), ...asAna() } });
      await reader.run(`git init --quiet --bare --initial-branch=main '${at("shop.git")}'`);
      await reader.run("git init --quiet --initial-branch=main");
      await reader.run(`git remote add origin '${at("shop.git")}'`);
      reader.write("package.json", JSON.stringify({ name: "shop", private: true, type: "module" }));
      reader.write(".gitignore", "node_modules\n");
      reader.write(".dockerignore", "*\n!api\n!web\n");
      reader.write("Dockerfile", "FROM scratch\nCOPY . /\n");
      reader.write("web/page", "the first\n");
      reader.write("api/page", "the first\n");
      reader.write("sluice.yaml", sluiceYaml(`${registry.host}/shop`));
      dependOnSluice(reader.root, programs(world));
      await execa(process.execPath, [BIN, "github", "generate"], { cwd: reader.root });
      runner = new Runner({
        directory: at("runner"),
        remote: at("shop.git"),
        github,
        repository: shop,
        keeps: false,
        env: workshop.env,
      });
      return async () => {
        await registry.close();
        await real.close();
        await github.close();
        workshop.close();
      };
    });

    /** On main, and pushed. */
    async function release(name: string): Promise<string> {
      reader.write("api/page", `${name}\n`);
      await reader.run(`git add --all && git commit --quiet --message '${name}' && git push --quiet origin main`);
      const commit = (await reader.run("git rev-parse HEAD")).trim();
      shop.refs.set("main", commit);
      return commit;
    }

    /** From its start to its end, approved by ben wherever it is held. */
    async function carryOut(what: Started, commit: string): Promise<string> {
      const run = runner.begin(what, commit);
      for (const environment of what.gates ?? []) run.review("ben", [shop.environmentOf(`${environment}-approval`).id], "approved", "");
      const { ok, log } = await runner.carryOut(run, what);
      runner.end(run, ok ? "success" : "failure");
      if (!ok) throw new Error(log);
      return log;
    }

    const done = (): readonly string[] =>
      (existsSync(world) ? readFileSync(world, "utf8").trim().split("\n") : []).map((line) => line.split(" ").slice(0, 4).join(" "));
    const tagged = (commit: string): number => registry.pushes("shop").filter((line) => line.endsWith(`/${commit}`)).length;
    const forward = (environment: string, commit: string, digest: string) =>
      SERVICES.map((service) => `${service}@${environment} deploy ${commit} ${digest}`);
    /** As the registry has it. */
    async function digestOf(commit: string): Promise<string> {
      const accept = "application/vnd.oci.image.manifest.v1+json";
      const answer = await fetch(`http://${registry.host}/v2/shop/manifests/${commit}`, { method: "HEAD", headers: { accept } });
      return answer.headers.get("docker-content-digest") ?? `none: ${answer.status}`;
    }

    let first = "";
    let second = "";

    test(
      "deploy all builds it once, and every leg gets it by its digest",
      async () => {
        first = await release("one");
        await carryOut({ workflow: "deploy-all", inputs: null, gates: ["mainnet"] }, first);
        const digest = await digestOf(first);
        expect(digest).toMatch(/^sha256:/);
        expect(done()).toEqual([...forward("devnet", first, digest), ...forward("mainnet", first, digest)]);
        expect(tagged(first)).toBe(1);
      },
      6 * MINUTES,
    );

    test(
      "the workflow of a service joins the image of its commit, and finds it deployed",
      async () => {
        const before = [done(), registry.pushes("shop")];
        const log = await carryOut({ workflow: "deploy-api", inputs: { commit: first, reason: "" }, gates: ["mainnet"] }, first);
        expect(log).toContain("already live");
        expect([done(), registry.pushes("shop")]).toEqual(before);
      },
      6 * MINUTES,
    );

    test(
      "so does deploy all where a service was first, and an environment by hand builds what nobody has built",
      async () => {
        second = await release("two");
        await carryOut({ workflow: "deploy-all-devnet", inputs: { commit: second, reason: "" } }, second);
        await carryOut({ workflow: "deploy-all", inputs: null, gates: ["mainnet"] }, second);
        const digest = await digestOf(second);
        expect(digest).not.toBe(await digestOf(first));
        expect(done().slice(4)).toEqual([...forward("devnet", second, digest), ...forward("mainnet", second, digest)]);
        expect(tagged(second)).toBe(1);
      },
      8 * MINUTES,
    );

    test(
      "roll back all returns to the recorded digest and pushes nothing",
      async () => {
        const pushes = registry.pushes("shop");
        await carryOut({ workflow: "rollback-all", inputs: { environment: "mainnet", to: "", reason: "it is slow" } }, second);
        const digest = await digestOf(first);
        expect(done().slice(8)).toEqual(["web", "api"].map((service) => `${service}@mainnet rollback ${first} ${digest}`));
        expect(registry.pushes("shop")).toEqual(pushes);
      },
      6 * MINUTES,
    );
  });
});
