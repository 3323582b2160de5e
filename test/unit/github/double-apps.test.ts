import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Browser } from "../../rig/browser.ts";
import { Github, type Repository } from "../../rig/github/github.ts";

let github: Github;
let harbor: Repository;
let site: Server;
let at: string;
let now = Date.now();
let manifest: Record<string, unknown>;

beforeEach(async () => {
  github = await Github.start({ now: () => now });
  harbor = github.repository("acme/harbor");
  github.apps.organizations.set("acme", ["ana"]);
  // a page of ours that posts a manifest, and to which the browser comes back
  site = createServer((request, response) => {
    const form = `<form method="post" action="${github.html}/organizations/acme/settings/apps/new?state=s1"><input name="manifest" value='x'></form>`;
    response.end(request.url === "/" ? form : "back");
  });
  await new Promise<void>((resolve) => site.listen(0, "127.0.0.1", resolve));
  at = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
  manifest = {
    name: "Sluice acme",
    url: "https://sluice.example",
    redirect_url: `${at}/back`,
    hook_attributes: { url: "https://sluice.example/hook" },
    default_permissions: { contents: "read" },
    default_events: ["push"],
  };
});
afterEach(async () => {
  await new Promise((resolve) => site.close(resolve));
  await github.close();
});

async function post(login: string | null, given: object = manifest) {
  const browser = new Browser();
  if (login !== null) browser.logIn(github.html, login);
  return (await browser.open(`${at}/`)).submit({ manifest: JSON.stringify(given) });
}
const convert = (code: string | null): Promise<Response> => fetch(`${github.url}/app-manifests/${code}/conversions`, { method: "POST" });

describe("the double's manifest flow", () => {
  it("asks whoever has logged in, and sends them back with a code that is good once", async () => {
    const asked = await post("ana");
    expect([asked.status, asked.form().fields.get("name")]).toEqual([200, "Sluice acme"]);
    const back = new URL((await asked.submit()).url);
    expect([back.origin, back.pathname, back.searchParams.get("state")]).toEqual([at, "/back", "s1"]);
    const answer = await convert(back.searchParams.get("code"));
    expect(await answer.json()).toMatchObject({ slug: "sluice-acme", owner: { login: "acme", type: "Organization" }, events: ["push"] });
    expect((await convert(back.searchParams.get("code"))).status).toBe(404);
  });

  it("gives nothing out for a code that is older than an hour", async () => {
    const back = new URL((await (await post("ana")).submit()).url);
    now += 3_600_001;
    expect((await convert(back.searchParams.get("code"))).status).toBe(404);
  });

  it.each([
    ["nobody", null, {}, "Sign in"],
    ["who is no owner of the organization", "ben", {}, "Page not found"],
    ["a hook without an address", "ana", { hook_attributes: { active: false } }, "wasn't supplied"],
    ["a hook on the person's own machine", "ana", { hook_attributes: { url: "http://127.0.0.1:7700/hook" } }, "reachable"],
    ["an event without its permission", "ana", { default_events: ["pull_request"] }, "not supported by permissions: pull_request"],
  ])("refuses %s", async (_, login, more, words) => {
    expect((await post(login, { ...manifest, ...more })).text).toContain(words);
  });

  it("asks for another name where one is taken, and installs a private App only where it belongs", async () => {
    const browser = new Browser();
    browser.logIn(github.html, "ana");
    await (await post("ana")).submit();
    const taken = await (await post("ana")).submit();
    expect(taken.text).toContain("already taken");
    expect(new URL((await taken.submit({ name: "Sluice again" })).url).pathname).toBe("/back");
    github.repository("other/place");
    const install = await browser.open(`${github.html}/apps/sluice-again/installations/new`);
    expect((await install.submit({ repository: "other/place" })).status).toBe(404);
    expect((await install.submit({ repository: "acme/harbor" })).status).toBe(200);
    expect([...harbor.installed.keys()]).toEqual(["sluice-again"]);
  });
});
