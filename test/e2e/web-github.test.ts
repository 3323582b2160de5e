import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { OverHttp } from "../rig/github/over-http.ts";
import { launchOrSay } from "./chromium.ts";
import { buildPage, look, openTab, violations } from "./web-rig.ts";

const launched = await launchOrSay();
const browser = typeof launched === "string" ? null : launched;
const skipped = typeof launched === "string" ? `: skipped, ${launched}` : "";
let world: OverHttp;
beforeAll(async () => {
  await buildPage();
  world = await OverHttp.begin();
}, 120_000);
afterAll(async () => {
  await world.close();
  await browser?.close();
});

test.skipIf(browser === null)(
  `the page shows what is left of GitHub's limits, and what waits for them${skipped}`,
  { timeout: 90_000 },
  async () => {
    await world.serve();
    const commit = await world.push("ana", "second");
    await world.serves("api@devnet", commit);
    const { page, complaints } = await openTab(browser as Browser);
    await page.goto(`${world.server.url}/waiting`);
    await page.getByLabel("Token").fill("a");
    await page.getByRole("button", { name: "Log in" }).click();
    const line = page.getByLabel("GitHub");
    await line.getByText(/^GitHub: connected to acme\/harbor as a token; [\d,]+ of 5,000 requests left until \d\d:\d\d UTC/).waitFor();
    await look(page, "github");
    expect(await violations(page)).toEqual([]);
    expect(complaints.filter((text) => !text.includes("401"))).toEqual([]);
  },
);
