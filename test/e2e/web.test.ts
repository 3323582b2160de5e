import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createClient, type Schemas } from "../../src/contract/client.ts";
import { launchOrSay } from "./chromium.ts";
import { buildPage, Demo, openTab, picture, violations } from "./web-rig.ts";

/** How long a part of the demo's story may take, in milliseconds. */
const PART = 60_000;

let browser: Browser | null = null;
const demo = new Demo();
let missing: string | null = null;
let page: Page;
let complaints: string[];

beforeAll(async () => {
  const launched = await launchOrSay();
  if (typeof launched === "string") {
    missing = launched;
    return;
  }
  browser = launched;
  await buildPage();
  await demo.start();
  ({ page, complaints } = await openTab(browser));
  page.setDefaultTimeout(PART);
});
afterAll(async () => {
  await browser?.close();
  await demo.stop();
  demo.remove();
});
beforeEach(({ skip }) => {
  if (missing !== null) skip(missing);
});

const api = () => createClient({ baseUrl: demo.url });
const dialog = () => page.getByRole("dialog");

async function runs(): Promise<readonly Schemas["Run"][]> {
  const { data } = await api().GET("/api/v1/runs");
  return data?.items ?? [];
}

/** Short commits that the fleet shows in a column, e.g. of mainnet. */
async function shown(column: number): Promise<readonly string[]> {
  const codes = await page.locator(`.grid-body [role=gridcell][aria-colindex="${column}"] code`).allTextContents();
  return [...new Set(codes)];
}

test("the fleet: what was live, then the newest commit up to the gate of mainnet", async () => {
  await page.goto(demo.url);
  await page.getByRole("status").getByText("live", { exact: true }).waitFor();
  // The demo brings a first commit everywhere by itself; what waits then is the newest one, and a person's to decide.
  const newest = await expect
    .poll(async () => (await runs()).find((run) => run.id !== "1" && run.status === "waiting")?.commit, { timeout: PART })
    .toBeTruthy()
    .then(async () => (await runs())[0]?.commit ?? "");
  const first = (await runs()).at(-1)?.commit ?? "";

  await page.getByRole("heading", { name: "1 decision to make" }).waitFor();
  await expect.poll(() => shown(2)).toEqual([newest.slice(0, 9)]);
  await expect.poll(() => shown(3)).toEqual([newest.slice(0, 9)]);
  expect(await shown(4)).toEqual([first.slice(0, 9)]);
  expect(await page.getByRole("link", { name: "deploy waiting" }).count()).toBe(6);
  expect(await page.getByRole("link", { name: "Open web in mainnet" }).getAttribute("href")).toMatch(/^http:\/\/127\.0\.0\.1:\d+/);
  expect(await page.title()).toBe("Fleet · harbor · Sluice");
  expect(await violations(page)).toEqual([]);
});

test("one approval for the commit: the dialog shows each target's from and to, and mainnet goes on", async () => {
  await page.getByRole("button", { name: /^Approve… [0-9a-f]{9} in mainnet$/ }).click();
  await dialog().getByRole("row").nth(6).waitFor();
  const change = /^\w+@mainnet[0-9a-f]{9}→ [0-9a-f]{9}What changes on \w+@mainnet: \+\d+−\d+$/;
  const whole = Array.from({ length: 6 }, () => expect.stringMatching(change) as string);
  await expect.poll(() => dialog().locator("tbody tr").allTextContents()).toEqual(whole);
  expect(await violations(page)).toEqual([]);
  await dialog().getByRole("button", { name: "Approve 6 targets" }).click();
  await dialog().waitFor({ state: "hidden" });

  await page.getByRole("link", { name: "Runs" }).click();
  await page.getByRole("heading", { name: "Runs", exact: true }).waitFor();
  expect(await violations(page)).toEqual([]);
  await page.getByRole("link", { name: "deploy 2" }).click();
});

test("a run's lanes are live, down to a step's log", async () => {
  const chip = (step: string) => page.locator(`[data-step="${step}"]`);
  await page.locator("[data-step$='@mainnet']", { hasText: "running" }).first().waitFor();
  await chip("deploy:api@mainnet").click();
  await chip("deploy:api@mainnet").getByText("succeeded").waitFor();
  const log = page.getByRole("log");
  await expect.poll(() => log.innerText(), { timeout: PART }).toMatch(/\S/);
  expect(new URL(page.url()).searchParams.get("step")).toBe("deploy:api@mainnet");
  await picture(page, "run");

  await page.getByRole("heading", { name: /Deploy 2 succeeded/ }).waitFor();
  expect(await page.title()).toBe("deploy 2 succeeded · harbor · Sluice");
  // Backends have come before the frontends that need them.
  const { data } = await api().GET("/api/v1/runs/{id}", { params: { path: { id: "2" } } });
  const ended = (step: string) => data?.steps.find(({ id }) => id === step)?.endedAt ?? "";
  expect(ended("verify:api@mainnet") <= ended("deploy:web@mainnet")).toBe(true);
  expect(await violations(page)).toEqual([]);
});

test("roll back all: what would be done, a reason, the rollback, the hold, and the end of the hold", async () => {
  const [newest, first] = (await runs()).map((run) => run.commit.slice(0, 9));
  await page.getByRole("link", { name: "Fleet" }).click();
  await expect.poll(() => shown(4)).toEqual([newest]);
  await page.getByRole("button", { name: "Roll back… mainnet" }).click();
  await dialog().getByRole("row").nth(6).waitFor();
  const confirm = dialog().getByRole("button", { name: "Roll back 6 targets" });
  expect(await confirm.isDisabled()).toBe(true);
  await dialog().getByText("Nothing has been touched yet.").waitFor();
  await dialog().getByRole("textbox", { name: "Reason" }).fill("trying it out");
  expect(await violations(page)).toEqual([]);
  await confirm.click();

  await page.getByRole("heading", { name: /Rollback 3 succeeded/ }).waitFor();
  await page.getByRole("link", { name: "Fleet" }).click();
  await expect.poll(() => shown(4)).toEqual([first]);
  const header = page.getByRole("columnheader", { name: /mainnet/ });
  await header.getByText("trying it out").waitFor();
  expect(await violations(page)).toEqual([]);
  await header.getByRole("button", { name: "Unhold mainnet" }).click();
  await dialog().getByRole("button", { name: "Unhold mainnet" }).click();
  await header.getByText("held").waitFor({ state: "hidden" });
  const { data } = await api().GET("/api/v1/environments");
  expect(data?.items.find(({ id }) => id === "mainnet")?.hold).toBeNull();
});

test("hold by hand, and a deploy that is previewed and then waits for the hold", async () => {
  await page.getByRole("button", { name: "Stop deploys in devnet" }).click();
  await page.getByRole("menuitem", { name: "Hold…" }).click();
  await dialog().getByRole("textbox", { name: "Reason" }).fill("an outage");
  await dialog().getByRole("button", { name: "Hold devnet" }).click();
  await page
    .getByRole("columnheader", { name: /devnet/ })
    .getByText("an outage")
    .waitFor();

  await page.getByRole("button", { name: "Deploy…" }).click();
  await dialog().getByRole("textbox", { name: "Commit" }).fill("v2");
  await dialog().getByRole("checkbox", { name: "canary" }).uncheck();
  await dialog().getByRole("checkbox", { name: "mainnet" }).uncheck();
  await expect.poll(() => dialog().getByRole("region", { name: "Plan" }).innerText()).toMatch(/devnet\s+5 services/);
  expect(await violations(page)).toEqual([]);
  await dialog().getByRole("button", { name: "Deploy", exact: true }).click();

  await page.getByRole("heading", { name: /Deploy 4/ }).waitFor();
  const waits = page.getByRole("region", { name: "What it waits for" });
  await waits.getByText("sluice unhold devnet").first().waitFor();
  await page.getByRole("button", { name: "Cancel run…" }).click();
  await dialog().getByRole("textbox", { name: "Reason" }).fill("not today");
  await dialog().getByRole("button", { name: "Cancel run" }).click();
  await page.getByRole("heading", { name: /Deploy 4 cancelled/ }).waitFor();
  await page.getByText("cancelled by").first().waitFor();
  await page.getByRole("button", { name: "Retry…" }).waitFor();
});

test("the console had nothing to complain of", () => {
  expect(complaints).toEqual([]);
});

test("a server that ends and comes back: the page says so, and goes on without being loaded again", async () => {
  const live = (state: string) => page.getByRole("status").getByText(state, { exact: true }).waitFor();
  await demo.stop();
  await live("reconnecting");
  await page.getByRole("link", { name: "Runs" }).click();
  await demo.start();
  await live("live");
  await page.getByRole("link", { name: "Fleet" }).click();
  // The new server has never seen this page, and takes its word all the same.
  await page.getByRole("button", { name: "Unhold devnet" }).click();
  await dialog().getByRole("button", { name: "Unhold devnet" }).click();
  await dialog().waitFor({ state: "hidden" });
  await page.getByRole("button", { name: "Unhold devnet" }).waitFor({ state: "hidden" });
  const { data } = await api().GET("/api/v1/environments");
  expect(data?.items.find(({ id }) => id === "devnet")?.hold).toBeNull();
});
