import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { JsonObject } from "../../src/core/config/config.ts";
import { hostVariables } from "../../src/host/environment.ts";
import { findTool } from "../../tools/github/tools.ts";
import { ghEnvironment } from "../rig/gh.ts";
import { Github, type Repository } from "../rig/github/github.ts";
import type { Run } from "../rig/github/run.ts";
import { asAna, installSluice, notRunIn, Reader } from "../rig/reader.ts";
import { dependOnSluice } from "../rig/workflows/installed.ts";
import { describeTools } from "../rig/workflows/linters.ts";
import { Runner, type Started } from "../rig/workflows/runner.ts";

const PAGE = readFileSync(new URL("../../docs/github.md", import.meta.url), "utf8");
/** What asks a registry or makes a repository. */
const NOT_RUN = ["npm install --save-dev ./tools/sluice-0.1.0.tgz", "gh repo create acme/shop --public --source . --push"];
const MINUTES = 60_000;
const gh = findTool("gh");

/** What deploys, and what says what is live: lines of a file. */
const programs = (world: string): Readonly<Record<string, string>> => ({
  "shop-deploy": `#!/bin/sh\necho "$SLUICE_SERVICE@$SLUICE_ENVIRONMENT $SLUICE_DIRECTION $SLUICE_COMMIT $SLUICE_ATTEMPT_ID" >> '${world}'\n`,
  "shop-live": `#!/bin/sh\nset -- $(grep "^$SLUICE_SERVICE@$SLUICE_ENVIRONMENT " '${world}' 2>/dev/null | tail -n 1)\n[ $# = 0 ] || echo "{\\"commit\\":\\"$3\\",\\"attempt\\":\\"$4\\",\\"health\\":\\"healthy\\"}"\n`,
});

/** GitHub, as far as it starts workflows: what is pushed or started by hand is carried out by act, from its start once nothing of it waits at a gate. */
class Actions {
  readonly #runner: Runner;
  readonly #open = new Map<Run, Started>();

  constructor(runner: Runner) {
    this.#runner = runner;
  }

  begin(what: Started, commit: string): void {
    this.#open.set(this.#runner.begin(what, commit), what);
  }

  offer(workflow: string): void {
    this.#runner.offer(workflow, (run, what) => void this.#open.set(run, what));
  }

  async advance(): Promise<void> {
    for (const [run, what] of this.#open) {
      if (run.waitingAt().length > 0) continue;
      const { ok, log } = await this.#runner.carryOut(run, what);
      this.#runner.end(run, ok ? "success" : "failure");
      this.#open.delete(run);
      if (!ok) throw new Error(`${what.workflow} has failed:\n${log}`);
    }
  }
}

describeTools("act", "gh")("docs/github.md, followed from its beginning to its end", () => {
  let directory: string;
  let github: Github;
  let shop: Repository;
  let actions: Actions;
  let reader: Reader;
  let world: string;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "sluice-github-docs-"));
    const at = (name: string): string => join(directory, name);
    world = at("world");
    for (const folder of ["bin", "shop", "runner"]) mkdirSync(at(folder));
    installSluice(at("bin"));
    github = await Github.start();
    await github.listenAt(at("gh.sock"));
    shop = github.repository("acme/shop");
    github.person("eve");
    const token = github.person("ben");
    const { PATH, ...ghs } = ghEnvironment(gh ?? "", at("gh"), { socket: at("gh.sock") });
    const { GITHUB_TOKEN: _, ...places } = github.env("", "acme/shop");
    const env = {
      ...hostVariables(),
      ...asAna(),
      ...ghs,
      ...places,
      GH_TOKEN: token,
      PATH: [at("bin"), dirname(gh ?? ""), PATH].join(delimiter),
    };
    reader = new Reader({ root: at("shop"), env });
    await reader.run(`git init --quiet --bare --initial-branch=main '${at("shop.git")}'`);
    await reader.run("git init --quiet --initial-branch=main");
    await reader.run(`git remote add origin '${at("shop.git")}'`);
    // what the page takes for granted: a project that has sluice, and its script
    reader.write("package.json", JSON.stringify({ name: "shop", private: true, type: "module" }));
    reader.write(".gitignore", "node_modules\n");
    reader.write("web/index.html", "<h1>Shop</h1>\n");
    reader.write("api/README.md", "the first release\n");
    dependOnSluice(reader.root, programs(world));
    actions = new Actions(new Runner({ directory: at("runner"), remote: at("shop.git"), github, repository: shop, keeps: false }));
    for (const workflow of ["deploy-all-mainnet", "rollback-all", "approve-all"]) actions.offer(workflow);
  });
  afterAll(async () => {
    await github.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const head = async (): Promise<string> => (await reader.run("git rev-parse HEAD")).trim();
  const after = async (command: string): Promise<void> => {
    if (command.startsWith("git push")) {
      const commit = await head();
      shop.refs.set("main", commit);
      actions.begin({ workflow: "deploy-all", inputs: null, gates: ["mainnet"] }, commit);
    }
    await actions.advance();
  };
  const done = (): readonly string[] => (existsSync(world) ? readFileSync(world, "utf8").trim().replaceAll(/ \S+$/gm, "").split("\n") : []);

  test(
    "every command ends as the page says, and prints what it says",
    async () => {
      expect(await reader.follow(PAGE, { after })).toBeGreaterThan(10);
      const [first, second] = [await reader.run("git rev-parse HEAD~1"), await head()].map((id) => id.trim());
      const forward = (commit: string | undefined, environment: string) =>
        ["api", "web"].map((service) => `${service}@${environment} deploy ${commit}`);
      const back = (environment: string) => ["web", "api"].map((service) => `${service}@${environment} rollback ${first}`);
      expect(done()).toEqual([
        ...forward(first, "devnet"),
        ...forward(first, "mainnet"),
        ...forward(second, "devnet"),
        ...forward(second, "mainnet"),
        ...back("mainnet"),
        ...back("devnet"),
      ]);
    },
    8 * MINUTES,
  );

  test(
    "each trouble of its table is said in these words",
    async () => {
      await reader.run("git switch --quiet --create side && git commit --quiet --allow-empty --message side");
      const side = await head();
      await reader.run("git switch --quiet main");
      const job = (at: Run, more: Readonly<Record<string, string>> = {}) => ({
        ...github.env(github.installation(), "acme/shop"),
        GITHUB_EVENT_NAME: at.options.event,
        GITHUB_EVENT_PATH: join(directory, "event.json"),
        GITHUB_RUN_ID: String(at.id),
        GITHUB_RUN_ATTEMPT: "1",
        GITHUB_ACTOR: "ana",
        ...more,
      });
      writeFileSync(join(directory, "event.json"), JSON.stringify({ repository: { default_branch: "main", full_name: "acme/shop" } }));
      const commit = await head();
      const begin = (gates: readonly string[]) =>
        shop.run({
          commit,
          jobs: [...gates.map((id) => ({ name: id, environment: id })), { name: "act", work: () => new Promise<"success">(() => {}) }],
        });

      await reader.run("sluice github approve HEAD", 1);
      await reader.run("sluice ci plan --waves 2", 4, job(begin([]), { SLUICE_COMMIT: side }));
      await reader.run("sluice ci rollback --env mainnet --waves 2", 2, job(begin([])));
      const real = shop.deployments.find(({ task, environment }) => task === "sluice:api" && environment === "mainnet");
      const said = real?.payload as { readonly definition: JsonObject };
      const payload = { ...said, attempt: "forged", definition: { ...said.definition, config: { apply: ["./theirs.sh"] } } };
      shop.deploy({ ref: commit, environment: "mainnet", task: "sluice:api", payload }, "eve");
      await reader.run("sluice ci rollback --env mainnet --waves 2", 0, job(begin([]), { SLUICE_REASON: "again", SLUICE_TO: commit }));
      await reader.run(
        "sluice ci deploy --env mainnet",
        1,
        job(begin([]), { SLUICE_COMMIT: commit, SLUICE_CHUNK: '{"name":"api","services":["api"]}' }),
      );

      const { id } = shop.environment("mainnet-approval", { reviewers: ["ana"] });
      const wrong = begin(["mainnet-approval"]);
      wrong.review("ana", [id], "approved", "");
      await reader.run("sluice ci gate --env mainnet", 1, job(wrong));
      shop.environments.delete("mainnet-approval");
      await reader.run("sluice ci gate --env mainnet", 1, job(begin([])));
      shop.environment("mainnet-approval", { apps: ["sluice-acme"] });
      await reader.run("sluice ci gate --env mainnet", 1, job(begin([])));

      reader.write(
        ".github/workflows/deploy-all.yml",
        `${readFileSync(join(reader.root, ".github/workflows/deploy-all.yml"), "utf8")}# mine\n`,
      );
      await reader.run("sluice github generate --check", 1);
      reader.write(".github/workflows/deploy-all.yml", "name: Mine\n");
      await reader.run("sluice github generate", 1);
      const text = readFileSync(join(reader.root, "sluice.yaml"), "utf8");
      reader.write("sluice.yaml", text.slice(0, text.indexOf("github:")));
      await reader.run("sluice github generate");
      await reader.run("sluice github generate", 2);
      expect(reader.unsaid(PAGE)).toEqual([]);
    },
    2 * MINUTES,
  );

  test("what cannot be run here is little, and known", () => {
    expect(notRunIn(PAGE)).toEqual(NOT_RUN);
  });
});
