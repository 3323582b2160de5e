import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Browser, type Page } from "../rig/browser.ts";
import { Github, type Repository } from "../rig/github/github.ts";
import { ENV, Hosted } from "../rig/github/server.ts";
import { notRunIn } from "../rig/reader.ts";
import { until } from "../rig/wait.ts";
import { Program } from "./cli-rig.ts";

const MINUTES = 60_000;
/** As docs/github-server.md says it. */
const CONNECT = notRunIn(readFileSync(new URL("../../docs/github-server.md", import.meta.url), "utf8")).find((line) =>
  line.startsWith("sluice github connect"),
);

describe("a server that sluice github connect has made an App", () => {
  let github: Github;
  let harbor: Repository;
  let hosted: Hosted;
  let browser: Browser;

  beforeEach(async () => {
    // An Enterprise host: where its API is follows from its address.
    github = await Github.start({ enterprise: true });
    harbor = github.repository("acme/harbor");
    harbor.environment("mainnet-approval", { apps: ["sluice-acme-harbor"] });
    github.apps.organizations.set("acme", ["ana"]);
    hosted = new Hosted({
      environments: "  devnet: {}\n  mainnet: { needs: [devnet], approval: { approvers: [ben] } }",
      env: { SLUICE_GITHUB_WEBHOOK_SECRET: "" },
    });
    browser = new Browser();
    browser.logIn(github.html, "ana");
  });
  afterEach(async () => {
    await hosted.remove();
    await github.close();
  });

  const connect = (): Program =>
    new Program((CONNECT ?? "").split(" ").slice(1), {
      cwd: hosted.clone,
      env: { ...ENV, ...hosted.env, GITHUB_SERVER_URL: github.html, GITHUB_REPOSITORY: "acme/harbor" },
    });
  const agree = async (program: Program): Promise<Page> => {
    const [url] = await program.printed(/http:\/\/127\.0\.0\.1:\d+\/[\w-]{40,}/);
    return (await browser.open(url)).submit();
  };
  const kept = (name: string): Record<string, string> | null => {
    try {
      return JSON.parse(readFileSync(join(hosted.clone, ".sluice", name), "utf8")) as Record<string, string>;
    } catch {
      return null;
    }
  };
  const exchanges = (): number => github.log.filter(({ path }) => path.startsWith("/app-manifests/")).length;

  test(
    "though it was killed before the code was exchanged, and again before the App was installed, hears what is signed and lets an approved commit pass",
    async () => {
      // GitHub has given out a code, and does not answer for what: then the process is gone.
      github.fail({ path: /app-manifests/, hangs: true, times: 100 });
      const first = connect();
      const confirm = await agree(first);
      const back = confirm.submit().catch(() => null);
      await until(() => (kept("github-app.new.json")?.["kind"] === "code" ? true : null), "the code");
      await first.signal("SIGKILL");
      await back;
      github.healthy();

      const second = connect();
      await second.printed(/not installed in acme\/harbor/);
      await second.signal("SIGKILL");
      expect([kept("github-app.new.json")?.["kind"], kept("github-app.json")]).toEqual(["app", null]);
      const made = exchanges();

      const third = connect();
      await third.printed(/not installed in acme\/harbor/);
      await (await browser.open(`${github.html}/apps/sluice-acme-harbor/installations/new`)).submit({ repository: "acme/harbor" });
      expect(await third.exit()).toBe(0);
      expect([exchanges(), github.apps.rows.size]).toEqual([made, 1]);
      const { webhookSecret: secret = "", privateKey = "" } = kept("github-app.json") ?? {};
      for (const said of [first, second, third].flatMap(({ out, err }) => [out, err]))
        for (const hidden of [secret, privateKey.split("\n")[1] ?? ""]) expect(said).not.toContain(hidden);

      const running = await hosted.serve();
      expect(hosted.said.join("\n")).toContain("as the App sluice-acme-harbor");
      // What was there at its first look is not deployed.
      const log = (): string => readFileSync(join(hosted.clone, ".sluice", "server.log"), "utf8");
      await until(() => (log().includes("pushes deploy from here on") ? true : null), "the first look");
      const commit = hosted.push("second");
      expect(await hosted.tell(commit, { secret: "another" })).toMatchObject({ status: 401 });
      expect(await hosted.tell(commit, { secret })).toMatchObject({ status: 202 });
      const { engine } = running.application;
      await until(async () => ((await engine.approvals()).length > 0 ? true : null), "the gate of the pushed commit");

      const run = harbor.run({ commit, jobs: [{ name: "approve", environment: "mainnet-approval" }], startedBy: "ana" });
      const callback = `${github.url}/repos/acme/harbor/actions/runs/${run.id}/deployment_protection_rule`;
      const asked = { action: "requested", environment: "mainnet-approval", event: "push", deployment_callback_url: callback };
      const gate = { ...asked, deployment: { sha: commit }, repository: { full_name: "acme/harbor" } };
      expect(await hosted.deliver(gate, { secret, event: "deployment_protection_rule" })).toMatchObject({ status: 202 });
      const all = { comment: null, expect: null, only: null, except: null, emergency: false };
      expect(await engine.decide({ verdict: "approved", commit, environment: "mainnet", ...all }, { name: "ben" })).toMatchObject({
        ok: true,
      });
      expect(await until(() => run.conclusion, "the workflow run")).toBe("success");
      expect(JSON.stringify(hosted.said)).not.toContain(secret);
    },
    3 * MINUTES,
  );

  test(
    "is that App where no variable says otherwise, and says which it is",
    async () => {
      const program = connect();
      await (await agree(program)).submit();
      await (await browser.open(`${github.html}/apps/sluice-acme-harbor/installations/new`)).submit({ repository: "acme/harbor" });
      expect(await program.exit()).toBe(0);
      const { webhookSecret: secret = "" } = kept("github-app.json") ?? {};
      const commit = hosted.push("second");

      await hosted.serve({ SLUICE_GITHUB_WEBHOOK_SECRET: "mine" });
      expect(hosted.said.join("\n")).toContain("SLUICE_GITHUB_WEBHOOK_SECRET is set");
      expect(await hosted.tell(commit, { secret })).toMatchObject({ status: 401 });
      expect(await hosted.tell(commit, { secret: "mine" })).toMatchObject({ status: 202 });
      await hosted.stop();

      await expect(hosted.serve({ SLUICE_GITHUB_REPOSITORY: "elsewhere.example/acme/harbor" })).rejects.toThrow(
        /is of http.*elsewhere.example/,
      );
      const where = { GITHUB_SERVER_URL: github.html, SLUICE_GITHUB_REPOSITORY: "acme/harbor" };
      await hosted.serve({ ...where, SLUICE_GITHUB_TOKEN: github.person("ana") });
      expect(hosted.said.join("\n")).toContain("SLUICE_GITHUB_TOKEN is set, so the App sluice-acme-harbor");
      // No variable holds a secret, and the App's is not taken for it.
      expect((await hosted.tell(commit, { secret })).status).toBe(403);
    },
    MINUTES,
  );
});
