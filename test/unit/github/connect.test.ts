import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { githubConnect } from "../../../src/app/github/connect/connect.ts";
import { WAITS } from "../../../src/app/github/connect/host.ts";
import type { Check, CliContext, ConnectedApp } from "../../../src/cli/context.ts";
import { Browser, type Page } from "../../rig/browser.ts";
import type { Installation } from "../../rig/github/apps.ts";
import { Github, type Repository } from "../../rig/github/github.ts";
import { patternOf, sayings } from "../../rig/page.ts";
import { until } from "../../rig/wait.ts";
import { jsonOf, Place, Shop, type CallOptions, type Ended } from "../cli/rig.ts";

const place = new Place();
let github: Github;
let harbor: Repository;
let shop: Shop;
let count = 0;
/** All that was said. */
let seen = "";
const URL_OF_SERVER = "https://sluice.example";

beforeEach(async () => {
  github = await Github.start();
  harbor = github.repository("acme/harbor");
  github.apps.organizations.set("acme", ["ana"]);
  shop = new Shop(place, `shop-${(count += 1)}`);
});
afterEach(() => github.close());
afterAll(() => place.remove());

/** A call that goes on while the person is at the browser. */
class Call {
  readonly ended: Promise<Ended>;
  readonly interruption = new AbortController();
  said = "";

  constructor(args: readonly string[] = [], options: CallOptions = {}) {
    const { GITHUB_TOKEN: _, ...where } = options.env ?? github.env("", "acme/harbor");
    const heard = (text: string): void => {
      this.said += text;
      seen += text;
    };
    this.ended = shop.sluice(["github", "connect", ...args], { onOutput: heard, interruption: this.interruption, ...options, env: where });
  }

  /** The page's address, as the terminal shows it. */
  page = (): Promise<string> => until(() => /http:\/\/127\.0\.0\.1:\d+\/[\w-]{40,}/.exec(this.said)?.[0] ?? null, `a page: ${this.said}`);
  until = (words: string): Promise<true> => until(() => (this.said.includes(words) ? true : null), `${words} in: ${this.said}`);
}

function browserOf(login = "ana"): Browser {
  const browser = new Browser();
  browser.logIn(github.html, login);
  return browser;
}
/** From the terminal's address to the page that GitHub sends back to. */
async function agree(call: Call, browser = browserOf(), filled: Readonly<Record<string, string>> = {}): Promise<Page> {
  const form = await browser.open(await call.page());
  return (await form.submit()).submit(filled);
}
async function install(slug: string, browser = browserOf()): Promise<void> {
  const page = await browser.open(`${github.html}/apps/${slug}/installations/new`);
  expect((await page.submit({ repository: "acme/harbor" })).status).toBe(200);
}
/** An App that is made, installed and kept. */
async function connected(args: readonly string[] = ["--url", URL_OF_SERVER]): Promise<Ended> {
  const call = new Call(args);
  await agree(call);
  await install("sluice-acme-harbor");
  return call.ended;
}
const file = (name = "github-app.json"): string => join(shop.root, ".sluice", name);
const kept = (name?: string) => JSON.parse(readFileSync(file(name), "utf8")) as Record<string, string>;
const asked = (path: string): number => github.log.filter((each) => each.path.startsWith(path)).length;

describe("sluice github connect", () => {
  it("leads a person from its page over GitHub's to an App that is installed, with what the server needs and nothing more", async () => {
    const ended = await connected();
    expect(ended).toMatchObject({ exit: 0 });
    const app = github.apps.find("sluice-acme-harbor");
    expect(app).toMatchObject({
      owner: "acme",
      public: false,
      hook: { url: `${URL_OF_SERVER}/api/v1/hooks/github`, active: true },
      permissions: {
        actions: "read",
        checks: "write",
        contents: "read",
        deployments: "write",
        metadata: "read",
        pull_requests: "write",
        statuses: "write",
      },
      events: ["deployment_protection_rule", "deployment_status", "pull_request", "push", "workflow_run"],
    });
    expect(ended.out).toContain("ok installation: in acme/harbor, with all that the server needs");
    expect(ended.out).toContain("sluice serve");
    expect(kept()).toMatchObject({ id: app?.id, webhookSecret: app?.hook?.secret, repository: "acme/harbor" });
    expect([statSync(file()).mode & 0o777, existsSync(file("github-app.new.json"))]).toEqual([0o600, false]);
    expect(shop.git("status", "--porcelain")).toBe("");
  });

  it("shows no secret, to nobody", async () => {
    const call = new Call(["--url", URL_OF_SERVER, "--json"]);
    const back = await agree(call);
    await install("sluice-acme-harbor");
    const ended = await call.ended;
    expect(jsonOf<ConnectedApp>(ended)).toMatchObject({
      made: true,
      repository: "acme/harbor",
      app: { slug: "sluice-acme-harbor", owner: "acme" },
    });
    const { privateKey = "", webhookSecret = "" } = kept();
    expect([privateKey.length > 100, webhookSecret.length > 20]).toEqual([true, true]);
    const code = new URL(back.url).searchParams.get("code") ?? "";
    for (const text of [ended.out, ended.err, back.text])
      for (const secret of [webhookSecret, "PRIVATE KEY", privateKey.split("\n")[1] ?? "", "c".repeat(40), code])
        expect(text).not.toContain(secret);
    expect(Object.keys(kept()).some((key) => /client/i.test(key))).toBe(false);
  });

  it("says which App there is when it is called again, and makes no other", async () => {
    await connected();
    const again = await new Call(["--json"]).ended;
    expect(jsonOf<ConnectedApp>(again)).toMatchObject({ made: false, app: { slug: "sluice-acme-harbor" } });
    expect(again.err).toContain("There is an App already");
    expect(asked("/app-manifests/")).toBe(1);
  });

  it("makes an App without a webhook where no address is known, and gives it one later", async () => {
    const first = await connected([]);
    expect(first.out).toContain("No --url");
    const app = github.apps.find("sluice-acme-harbor");
    expect(app?.hook).toMatchObject({ active: false, url: `${github.html}/acme/harbor` });
    expect(first.out).toContain("warning webhook: GitHub tells the server nothing");
    const later = await new Call(["--url", `${URL_OF_SERVER}/`]).ended;
    expect(later.out).toContain('It has to be "Active"');
    expect(app?.hook).toMatchObject({ url: `${URL_OF_SERVER}/api/v1/hooks/github`, secret: kept()["webhookSecret"] });
  });

  it.each([["http://127.0.0.1:7700"], ["http://localhost"]])(
    "refuses %s as an address at which GitHub would reach the server",
    async (url) => {
      expect(await new Call(["--url", url]).ended).toMatchObject({
        exit: 2,
        err: expect.stringContaining("GitHub cannot reach") as string,
      });
    },
  );

  it("takes the name that the person gives it on GitHub, where the first one is taken", async () => {
    github.apps.register({ redirect_url: "" }, "sluice-acme-harbor", "other");
    const call = new Call(["--url", URL_OF_SERVER]);
    const taken = await agree(call);
    expect(taken.text).toContain("already taken");
    await taken.submit({ name: "Our ships" });
    await install("our-ships");
    expect((await call.ended).exit).toBe(0);
    expect(kept()).toMatchObject({ slug: "our-ships" });
  });

  it("makes it for a person's own repository as well", async () => {
    github.person("ana");
    github.repository("ana/harbor");
    const call = new Call(["--repo", "ana/harbor"]);
    const form = await browserOf().open(await call.page());
    expect(new URL(form.form().action).pathname).toBe("/settings/apps/new");
    await (await form.submit()).submit();
    await call.until("not installed in ana/harbor");
    call.interruption.abort();
    expect((await call.ended).exit).toBe(130);
  });

  it("works with an Enterprise host, whose API is below its own address", async () => {
    await github.close();
    github = await Github.start({ enterprise: true });
    harbor = github.repository("acme/harbor");
    github.apps.organizations.set("acme", ["ana"]);
    shop.git("remote", "add", "origin", `${github.html}/acme/harbor.git`);
    const call = new Call([], { env: {} });
    await agree(call);
    await install("sluice-acme-harbor");
    expect((await call.ended).exit).toBe(0);
    expect(kept()).toMatchObject({ server: github.html });
  });
});

describe("what is half done", () => {
  it("goes on with an App that was made and not installed", async () => {
    const call = new Call(["--url", URL_OF_SERVER]);
    await agree(call);
    await call.until("not installed in acme/harbor");
    call.interruption.abort();
    expect(await call.ended).toMatchObject({ exit: 130, err: expect.stringContaining("is made, and kept") as string });
    expect([existsSync(file()), existsSync(file("github-app.new.json"))]).toEqual([false, true]);
    await install("sluice-acme-harbor");
    expect((await new Call().ended).exit).toBe(0);
    expect(asked("/app-manifests/")).toBe(1);
  });

  it("goes on with a code that GitHub did not take then", async () => {
    github.fail({ path: /app-manifests/, status: 502, times: 10 });
    const call = new Call(["--url", URL_OF_SERVER]);
    expect((await agree(call)).text).toContain("The code is kept");
    expect((await call.ended).exit).toBe(1);
    github.healthy();
    const again = new Call();
    await again.until("not installed");
    await install("sluice-acme-harbor");
    expect((await again.ended).exit).toBe(0);
  });

  it("says what to do where a code is not good any more, and begins anew after that", async () => {
    github.fail({ path: /app-manifests/, cut: "after", times: 1 });
    const call = new Call(["--url", URL_OF_SERVER]);
    await agree(call);
    const ended = await call.ended;
    expect([ended.exit, ended.err]).toEqual([
      1,
      expect.stringMatching(/does not take the code[^]*organizations\/acme\/settings\/apps, delete it/),
    ]);
    const again = new Call();
    await agree(again, browserOf(), { name: "Another" });
    await install("another");
    expect((await again.ended).exit).toBe(0);
  });

  it("uses the old App until another is installed, and says that the old one can go", async () => {
    await connected();
    const call = new Call(["--again", "--name", "Second"]);
    await agree(call);
    await call.until("not installed");
    expect([kept()["slug"], kept("github-app.new.json")["slug"]]).toEqual(["sluice-acme-harbor", "second"]);
    await install("second");
    const ended = await call.ended;
    expect(ended.out).toContain("sluice-acme-harbor is used no more: delete it at");
    expect(kept()["slug"]).toBe("second");
  });

  it("notices an App that was deleted, a key that was, and one that was suspended", async () => {
    await connected();
    const row = github.apps.find("sluice-acme-harbor");
    const before = harbor.installed.get("sluice-acme-harbor");
    if (!row || !before) throw new Error("there is no App");
    before.suspended = true;
    const suspended = new Call();
    await suspended.until("it is suspended in acme/harbor");
    before.suspended = false;
    expect((await suspended.ended).exit).toBe(0);
    const { publicKey } = row;
    github.apps.installed("other", "9", github.repository("acme/other"));
    row.publicKey = github.apps.find("other")?.publicKey ?? publicKey;
    expect(await new Call().ended).toMatchObject({ exit: 4, err: expect.stringContaining("does not take the key") as string });
    github.apps.remove("sluice-acme-harbor", github.repositories.values());
    expect(await new Call().ended).toMatchObject({ exit: 1, err: expect.stringContaining("somebody has deleted it") as string });
  });

  it("waits until what the App asks for is accepted", async () => {
    await connected();
    const installed = harbor.installed.get("sluice-acme-harbor");
    if (!installed) throw new Error("it is not installed");
    installed.permissions = { ...installed.permissions, deployments: "read" };
    installed.events = ["push"];
    const call = new Call();
    await call.until("not given deployments: write, the event deployment_protection_rule");
    const app = github.apps.find("sluice-acme-harbor");
    installed.permissions = app?.permissions ?? {};
    installed.events = app?.events ?? [];
    expect((await call.ended).exit).toBe(0);
  });
});

describe("sluice github doctor", () => {
  const doctor = async (person = true): Promise<readonly string[]> => {
    const { GITHUB_TOKEN: _, ...where } = github.env("", "acme/harbor");
    const env = person ? { ...where, GH_TOKEN: github.person("ana") } : where;
    const ended = await shop.sluice(["github", "doctor", "--json"], { env });
    return jsonOf<readonly Check[]>(ended).map(({ name, status, message, hint }) => `${status} ${name}: ${message}: ${hint ?? ""}`);
  };
  const about = (lines: readonly string[]) => lines.filter((line) => /^\w+ (?:app|installation|webhook):/.test(line));

  it("says how the App is, also to who has no token", async () => {
    await connected();
    const fine: readonly unknown[] = ["ok app", "ok installation", "ok webhook"].map(
      (start) => expect.stringMatching(`^${start}: `) as unknown,
    );
    expect(about(await doctor())).toEqual(fine);
    const alone = await doctor(false);
    expect([about(alone), alone.at(-1)]).toEqual([fine, expect.stringMatching(/^problem token: There is no token/)]);
  });

  it.each<readonly [string, (row: Installation) => void, RegExp]>([
    [
      "is not installed",
      () => harbor.installed.clear(),
      /^problem installation: it is not installed in acme\/harbor: install it at .*installations\/new/,
    ],
    ["is suspended", (row: Installation) => (row.suspended = true), /^problem installation: it is suspended.*end that at .*installations/],
    [
      "was not given what it needs",
      (row: Installation) => (row.permissions = { checks: "write", pull_requests: "write" }),
      /^problem installation: .*actions: read, contents: read, .*accept what it asks/,
    ],
    [
      "lacks what is for pull requests",
      (row: Installation) => (row.events = row.events.filter((event) => event !== "pull_request")),
      /^warning installation: .*the event pull_request: nothing is said on pull requests/,
    ],
    [
      "is not told what has moved",
      (row: Installation) => (row.events = ["push", "deployment_protection_rule", "pull_request"]),
      /^warning installation: .*the event deployment_status, the event workflow_run: what waits is let pass only at the next look/,
    ],
  ])("says that it %s, and what to do", async (_, spoil, words) => {
    await connected();
    const row = harbor.installed.get("sluice-acme-harbor");
    if (!row) throw new Error("it is not installed");
    spoil(row);
    expect(about(await doctor()).filter((line) => !line.startsWith("ok"))).toEqual([expect.stringMatching(words)]);
  });

  it("sends nothing of an App to another host than its own", async () => {
    await connected();
    const other = await Github.start({ enterprise: true });
    other.repository("acme/harbor");
    const env = { GITHUB_SERVER_URL: other.html, GITHUB_REPOSITORY: "acme/harbor" };
    const ended = await shop.sluice(["github", "doctor", "--json"], { env: { ...env, GH_TOKEN: other.person("ana") } });
    expect(jsonOf<readonly Check[]>(ended)[0]).toMatchObject({ name: "app", status: "problem", hint: "sluice github connect --again" });
    expect(await new Call([], { env }).ended).toMatchObject({ exit: 1, err: expect.stringContaining("There is an App of") as string });
    expect(other.log.filter(({ path }) => path.includes("/app") || path.includes("/installation"))).toEqual([]);
    await other.close();
  });

  it("says that it asks for too little, that its webhook leads elsewhere, and that it is gone", async () => {
    await connected();
    const row = github.apps.find("sluice-acme-harbor");
    if (!row?.hook) throw new Error("there is no App");
    row.permissions = { ...row.permissions, statuses: "read" };
    row.hook = { ...row.hook, url: "https://old.example/api/v1/hooks/github" };
    expect(about(await doctor()).filter((line) => !line.startsWith("ok"))).toEqual([
      expect.stringMatching(
        /^problem app: it does not ask for statuses: write: add that at .*organizations\/acme\/settings\/apps\/sluice-acme-harbor\/permissions/,
      ),
      expect.stringMatching(/^warning webhook: it leads to https:\/\/old.example/),
    ]);
    github.apps.remove("sluice-acme-harbor", github.repositories.values());
    expect(about(await doctor())).toEqual([expect.stringMatching(/^problem app: GitHub has no App .* any more.*--again/)]);
  });
});

describe("sluice github disconnect", () => {
  it("forgets the key once somebody has agreed, and says where the App itself is deleted", async () => {
    await connected();
    expect(await shop.sluice(["github", "disconnect"], { answers: [false] })).toMatchObject({ exit: 1 });
    expect(existsSync(file())).toBe(true);
    const ended = await shop.sluice(["github", "disconnect"], { answers: [true] });
    expect(ended.out).toContain(`${github.html}/organizations/acme/settings/apps/sluice-acme-harbor/advanced`);
    expect(existsSync(file())).toBe(false);
    expect(jsonOf(await shop.sluice(["github", "disconnect", "--json"]))).toEqual({ forgotten: [] });
  });
});

describe("what stands in the way is said, with what to do", () => {
  const said = (words: RegExp, exit: number) => ({ exit, err: expect.stringMatching(words) as string });

  it.each<readonly [string, readonly string[], RegExp, number]>([
    ["an organization that is not the repository's", ["--org", "other"], /cannot be installed in acme\/harbor[^]*--org acme/, 2],
    ["a name that is too long", ["--name", "x".repeat(35)], /35 characters[^]*--name/, 2],
    ["an owner that cannot be told", ["--repo", "nobody/here"], /Whether nobody is an organization[^]*--org nobody, or --personal/, 1],
  ])("%s", async (_, args, words, exit) => {
    expect(await new Call(args).ended).toMatchObject(said(words, exit));
  });
  it("no network", async () => {
    const env = { ...github.env("", "acme/harbor"), GITHUB_API_URL: "http://127.0.0.1:1" };
    const words = /Whether acme is an organization[^]*(?:ECONNREFUSED|fetch failed)[^]*--personal/;
    expect(await new Call([], { env }).ended).toMatchObject(said(words, 1));
  });
  it("a port that is in use", async () => {
    const first = new Call();
    const { port } = new URL(await first.page());
    expect(await new Call(["--port", port]).ended).toMatchObject(said(new RegExp(`Port ${port} is in use[^]*another one`), 1));
    first.interruption.abort();
    expect(await first.ended).toMatchObject({ exit: 130, err: expect.stringContaining("no App was made") as string });
  });
  it("who may make no App in the organization", async () => {
    const call = new Call();
    const page = await (await browserOf("ben").open(await call.page())).submit();
    expect(page.status).toBe(404);
    expect(call.said).toContain("only owners of acme may make Apps there");
    call.interruption.abort();
    await call.ended;
  });
  it("an App that another account has", async () => {
    github.person("eve");
    github.repository("eve/harbor");
    const call = new Call(["--repo", "eve/harbor"]);
    await agree(call);
    expect(await call.ended).toMatchObject({ exit: 1, err: expect.stringMatching(/belongs to ana[^]*--again/) as string });
  });
  it("nobody who comes back", async () => {
    const waits = { ...WAITS, page: 50 };
    const interrupted = new AbortController().signal;
    const context: Partial<CliContext> = {
      githubConnect: (request, tell) =>
        githubConnect(request, { env: github.env("", "acme/harbor"), interrupted, note: tell, tell, waits }),
    };
    expect(await new Call([], { context }).ended).toMatchObject(said(/Nobody has come back from GitHub within an hour/, 1));
  });
  it("a file that others can read, or that is not what it should be", async () => {
    await connected();
    chmodSync(file(), 0o640);
    expect(await new Call().ended).toMatchObject(said(/Other users can reach[^]*chmod 600[^]*--again/, 1));
    const again = new Call(["--again", "--name", "Second"]);
    await agree(again);
    await install("second");
    expect((await again.ended).exit).toBe(0);
    expect([kept()["slug"], statSync(file()).mode & 0o777]).toEqual(["second", 0o600]);
    writeFileSync(file(), '{"privateKey":"PRIVATE KEY"}');
    expect(await new Call().ended).toMatchObject(said(/is not what sluice github connect writes/, 1));
  });
});

describe("the page on this machine", () => {
  /** As a page of another site would be let in, by a name that leads here. */
  const status = (url: string, host: string): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const sent = request(url, { headers: { host } }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      });
      sent.on("error", reject).end();
    });

  it("answers nobody who does not know its address, and no name but this machine's", async () => {
    const call = new Call();
    const url = await call.page();
    const { origin, port, host } = new URL(url);
    expect(await status(url, host)).toBe(200);
    expect(await status(url, `localhost:${port}`)).toBe(200);
    expect(await status(url, `evil.example:${port}`)).toBe(403);
    expect(await status(`${origin}/made?code=x&state=y`, `evil.example:${port}`)).toBe(403);
    for (const path of ["/", "/other", `/${"x".repeat(43)}`]) expect((await fetch(origin + path)).status).toBe(404);
    const page = await fetch(url);
    expect(page.headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
    expect(page.headers.get("cache-control")).toBe("no-store");
    call.interruption.abort();
    await call.ended;
  });

  it("takes no code that comes with another state, and goes on waiting for the right one", async () => {
    const call = new Call(["--url", URL_OF_SERVER]);
    const { origin } = new URL(await call.page());
    const stranger = github.apps.register({ redirect_url: "" }, "evil", "eve");
    for (const state of ["", "guess", "x".repeat(43)]) {
      const answer = await fetch(`${origin}/made?code=${stranger}&state=${state}`);
      expect(answer.status).toBe(403);
    }
    expect([asked("/app-manifests/"), existsSync(file("github-app.new.json"))]).toEqual([0, false]);
    await agree(call);
    await install("sluice-acme-harbor");
    expect((await call.ended).exit).toBe(0);
    expect(call.said).toContain("another state");
    expect(kept()["slug"]).toBe("sluice-acme-harbor");
  });
});

it("says each trouble of the page's table in its words", () => {
  const page = readFileSync(new URL("../../../docs/github-server.md", import.meta.url), "utf8");
  const table = sayings(page.slice(page.indexOf("\n## Connect"), page.indexOf("\n## What GitHub is told")));
  expect(table.length).toBeGreaterThan(5);
  expect(table.filter((saying) => !new RegExp(patternOf(saying)).test(seen))).toEqual([]);
});
