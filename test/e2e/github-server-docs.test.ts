import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createClient } from "../../src/contract/client.ts";
import { hostVariables } from "../../src/host/environment.ts";
import { freePorts } from "../../tools/cluster/ports.ts";
import { findTool } from "../../tools/github/tools.ts";
import { ghEnvironment } from "../rig/gh.ts";
import { Github, type Repository } from "../rig/github/github.ts";
import { git } from "../rig/github/git-http.ts";
import { stepsOf } from "../rig/page.ts";
import { asAna, installSluice, notRunIn, Reader } from "../rig/reader.ts";
import { until } from "../rig/wait.ts";
import { describeTools } from "../rig/workflows/linters.ts";

const pageOf = (name: string): string => readFileSync(new URL(`../../docs/${name}`, import.meta.url), "utf8");
const PAGE = pageOf("github-server.md");
/** What asks a person to type a secret; and what github-connect.test.ts runs. */
const NOT_RUN = ["umask 077; cat > ~/github-token", "sluice github connect --url https://sluice.example"];
const MINUTES = 60_000;
const gh = findTool("gh");

/** What deploys, and what says what is live: lines of a file. */
const programs = (world: string): Readonly<Record<string, string>> => ({
  "shop-deploy": `#!/bin/sh\necho "$SLUICE_SERVICE@$SLUICE_ENVIRONMENT $SLUICE_DIRECTION $SLUICE_COMMIT $SLUICE_ATTEMPT_ID" >> '${world}'\n`,
  "shop-live": `#!/bin/sh\nset -- $(grep "^$SLUICE_SERVICE@$SLUICE_ENVIRONMENT " '${world}' 2>/dev/null | tail -n 1)\n[ $# = 0 ] || echo "{\\"commit\\":\\"$3\\",\\"attempt\\":\\"$4\\",\\"health\\":\\"healthy\\"}"\n`,
});

describeTools("gh")("docs/github-server.md, followed from its beginning to its end", () => {
  let directory: string;
  let github: Github;
  let shop: Repository;
  let reader: Reader;
  let address: string;
  const at = (...names: readonly string[]): string => join(directory, ...names);

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "sluice-server-docs-"));
    for (const folder of ["bin", "shop", "home"]) mkdirSync(at(folder));
    installSluice(at("bin"));
    for (const [name, text] of Object.entries(programs(at("world")))) writeFileSync(at("bin", name), text, { mode: 0o755 });
    github = await Github.start();
    await github.listenAt(at("gh.sock"));
    shop = github.repository("acme/shop", { git: at("acme/shop.git"), private: true });
    const [port = 0] = await freePorts(1, new Set());
    address = `http://127.0.0.1:${port}`;
    reader = readerOf(String(port));
    // what the page takes for granted: a project as the page without a server leaves it, and a token for the server
    const [before] = stepsOf(pageOf("github.md")).filter((step) => step.kind === "file");
    if (before?.kind !== "file") throw new Error("docs/github.md has no sluice.yaml");
    await reader.run("git init --quiet --initial-branch=main");
    await reader.run("git remote add origin https://github.com/acme/shop.git");
    reader.write("sluice.yaml", before.text);
    reader.write("api/README.md", "api\n");
    reader.write("web/index.html", "<h1>Shop</h1>\n");
    await reader.run("sluice github generate");
    await reader.commit("deploy by workflows");
    await reader.run("git push --quiet origin main");
    writeFileSync(at("home/github-token"), github.person("shop-robot"));
  });
  afterAll(async () => {
    const pid = ownerOf(at("home/server"));
    if (pid !== null) {
      process.kill(pid, "SIGTERM");
      await until(() => (ownerOf(at("home/server")) === null ? true : null), "the server's end");
    }
    rmSync(directory, { recursive: true, force: true });
    await github.close();
  });

  /** Ana, whose git knows her token, as a login with gh leaves it. */
  function readerOf(port: string): Reader {
    const token = github.person("ana");
    const origin = new URL(github.url).origin;
    writeFileSync(at("home/credentials"), `${origin.replace("//", `//ana:${token}@`)}\n`, { mode: 0o600 });
    writeFileSync(at("home/gitconfig"), `[credential]\n\thelper = store --file ${at("home/credentials")}\n`);
    const { PATH, ...ghs } = ghEnvironment(gh ?? "", at("home"), { socket: at("gh.sock") });
    const { GITHUB_TOKEN: _, GITHUB_REPOSITORY: __, ...places } = github.env("", "");
    const paths = [at("bin"), dirname(gh ?? ""), PATH].join(delimiter);
    const env = {
      ...hostVariables(),
      ...asAna(),
      ...ghs,
      ...places,
      GIT_CONFIG_GLOBAL: at("home/gitconfig"),
      GH_TOKEN: token,
      PATH: paths,
    };
    const real = (text: string): string =>
      text.replaceAll("https://github.com", origin).replaceAll("https://sluice.example", address).replaceAll("7700", port);
    return new Reader({ root: at("shop"), env, real });
  }

  const client = () => {
    const [person = ""] = readFileSync(at("home/people"), "utf8").split("\n");
    return createClient({ baseUrl: address, token: person.split(":")[1] ?? "" });
  };
  const runs = async (query: { readonly status?: string; readonly commit?: string }) =>
    (await client().GET("/api/v1/runs", { params: { query } })).data?.items ?? [];

  /** GitHub has told of it, and what that has begun has ended, or waits for a person. */
  async function settled(command: string): Promise<void> {
    await github.settled();
    if (command.includes("sluice serve")) await until(() => (/^SLUICE_URL=/m.test(said()) ? true : null), "the server");
    if (ownerOf(at("home/server")) === null) return;
    if (command.includes("sluice serve"))
      await until(() => (said().includes("pushes deploy from here on") ? true : null), "the first look");
    const commit = shop.refs.get("main") ?? "";
    if (command.startsWith("git push")) await until(async () => ((await isAtGate(commit)) ? true : null), "the gate");
    await until(async () => ((await runs({ status: "queued,running" })).length === 0 ? true : null), command);
  }
  const isAtGate = async (commit: string): Promise<boolean> =>
    ((await client().GET("/api/v1/approvals", {})).data?.items ?? []).some((waiting) => waiting.commit === commit);
  const said = (): string =>
    ["home/serve.log", "home/server/.sluice/server.log"]
      .map((name) => (existsSync(at(name)) ? readFileSync(at(name), "utf8") : ""))
      .join("");

  /** Before GitHub is asked what it was told: the newest record of each target is of what is live there. */
  async function told(command: string): Promise<void> {
    if (!command.startsWith("gh api") || !command.includes("/deployments")) return;
    const { data } = await client().GET("/api/v1/targets", { params: { query: {} } });
    for (const { service, environment, commit } of data?.items ?? [])
      await until(() => {
        const newest = shop.deployments.find((row) => row.task === `sluice:${service}` && row.environment === environment);
        return newest?.sha === commit && newest?.statuses[0]?.state === "success" ? true : null;
      }, `the record of ${service}@${environment}`);
  }

  test(
    "every command ends as the page says, and prints what it says",
    async () => {
      expect(await reader.follow(PAGE, { ready: told, after: settled })).toBeGreaterThan(8);
      const [first, second] = [git(at("shop"), "rev-parse", "HEAD~1"), git(at("shop"), "rev-parse", "HEAD")];
      const forward = (commit: string, environment: string) =>
        ["api", "web"].map((service) => `${service}@${environment} deploy ${commit}`);
      expect(readFileSync(at("world"), "utf8").trim().replaceAll(/ \S+$/gm, "").split("\n")).toEqual([
        ...forward(first, "devnet"),
        ...forward(first, "mainnet"),
        ...forward(second, "devnet"),
        ...forward(second, "mainnet"),
        ...["web", "api"].map((service) => `${service}@mainnet rollback ${first}`),
      ]);
      expect((await runs({})).map(({ by }) => by)).toEqual(["ben", "ana", "ana"]);
      const secrets = ["home/hook-secret", "home/github-token"].map((name) => readFileSync(at(name), "utf8"));
      for (const secret of secrets) expect(said()).not.toContain(secret);
    },
    3 * MINUTES,
  );

  test("what cannot be run here is little, and known", () => {
    expect(notRunIn(PAGE)).toEqual(NOT_RUN);
  });
});

/** Process of the server of a project; null: none runs. */
function ownerOf(project: string): number | null {
  try {
    const { pid } = JSON.parse(readFileSync(join(project, ".sluice", "owner.json"), "utf8")) as { readonly pid: number };
    process.kill(pid, 0);
    return pid;
  } catch {
    return null;
  }
}
