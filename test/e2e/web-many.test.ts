import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { answer, Harbor, short } from "./stories/rig.ts";
import { launchOrSay } from "./chromium.ts";
import { buildPage, look, openTab, picture, violations } from "./web-rig.ts";

/** How long a part of the story may take, in milliseconds. */
const PART = 60_000;
const POLICY = `
environments:
  devnet: { order: any }
  canary: { needs: [devnet] }
  mainnet:
    needs: [devnet, canary]
    approval: { approvers: [ana, ben, zoe], count: 2, self: true, expires: 24h }
    emergency: [zoe]
`;

let harbor: Harbor;
let browser: Browser | null = null;
let missing: string | null = null;
let page: Page;
let complaints: string[];
let release = "";

beforeAll(async () => {
  const launched = await launchOrSay();
  if (typeof launched === "string") {
    missing = launched;
    return;
  }
  browser = launched;
  await buildPage();
  harbor = await Harbor.open(POLICY);
  const first = harbor.git("rev-parse", "HEAD");
  await harbor.deploy("ana", first);
  await harbor.atGate("1", "mainnet");
  await harbor.approve("ana", first, "mainnet");
  await harbor.approve("ben", first, "mainnet");
  await harbor.succeeded("1");
  ({ page, complaints } = await openTab(browser, { width: 1360, height: 800 }));
  page.setDefaultTimeout(PART);
}, 2 * PART);
afterAll(async () => {
  await browser?.close();
  await harbor?.[Symbol.asyncDispose]();
});
beforeEach(({ skip }) => {
  if (missing !== null) skip(missing);
});

const dialog = () => page.getByRole("dialog");
const open = (link: string) => page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: link }).click();
const cell = (service: string, column: number) =>
  page.locator(".grid-body [role=row]", { hasText: service }).locator(`[role=gridcell][aria-colindex="${column}"]`);
const [DEVNET, CANARY, MAINNET] = [2, 3, 4] as const;

async function fromMenu(button: string, item: string): Promise<void> {
  await page.getByRole("button", { name: button }).click();
  await page.getByRole("menuitem", { name: item }).click();
}
async function act(verb: string, reason: string): Promise<void> {
  await dialog().getByRole("textbox", { name: "Reason" }).fill(reason);
  await dialog().getByRole("button", { name: verb }).click();
  await dialog().waitFor({ state: "hidden" });
}

test("the fleet: a lock, a pin and the lock of an environment are put there from menus, and said with who and why", async () => {
  const { url } = await answer(harbor.api("zoe").GET("/api/v1/health"));
  await page.goto(url);
  await dialog().getByLabel("Token").fill("secret-of-zoe");
  await dialog().getByRole("button", { name: "Log in" }).click();
  await page.getByRole("status").getByText("live", { exact: true }).waitFor();

  await fromMenu("Actions for api in canary", "Lock…");
  expect(await violations(page)).toEqual([]);
  await act("Lock api@canary", "load test until noon");
  await cell("api", CANARY).getByText("by zoe: load test until noon").waitFor();
  // The menu that led to the dialog is gone; focus is where it was opened.
  await expect.poll(() => page.evaluate<string>("document.activeElement.textContent")).toBe("Actions for api in canary");

  await fromMenu("Actions for indexer in mainnet", "Pin…");
  await act("Pin indexer@mainnet", "reindexing");
  await cell("indexer", MAINNET).getByText("by zoe: reindexing").waitFor();
  expect((await harbor.target("indexer@mainnet")).pin).toMatchObject({ by: "zoe", reason: "reindexing" });

  await fromMenu("Stop deploys in devnet", "Lock…");
  await dialog().getByLabel("Ends by itself").fill("2020-01-01T00:00");
  await dialog().getByRole("textbox", { name: "Reason" }).fill("moving house");
  await dialog().getByText("That moment has passed.").waitFor();
  expect(await dialog().getByRole("button", { name: "Lock devnet" }).isDisabled()).toBe(true);
  await dialog().getByLabel("Ends by itself").fill("2999-01-01T00:00");
  await act("Lock devnet", "moving house");
  const header = page.getByRole("columnheader", { name: /devnet/ });
  await header.getByText("by zoe: moving house").waitFor();
  expect((await harbor.environment("devnet")).lock?.until).toMatch(/^29(98-12-31|99-01-01)T/);
  expect(await violations(page)).toEqual([]);
  await look(page, "fleet-stops");
  await header.getByRole("button", { name: "Unlock devnet" }).click();
  await dialog().getByRole("button", { name: "Unlock devnet" }).click();
  await header.getByText("by zoe: moving house").waitFor({ state: "hidden" });
});

test("a step that another run does says so, and what two runs share is not stopped for one", async () => {
  release = harbor.change("auth", "api", "orders", "indexer");
  harbor.hang("build");
  expect(await harbor.deploy("ana", release, { services: ["auth", "api", "orders"] })).toBe("2");
  expect(await harbor.deploy("ben", release, { services: ["api"], reason: "the fix of api" })).toBe("3");
  await open("Runs");
  await page.getByRole("link", { name: "deploy 3" }).click();
  await page.locator("[data-step='build:mega']", { hasText: "run 2" }).click();
  await page.getByText("joined: run 2").waitFor();

  await page.getByRole("button", { name: "Cancel run…" }).click();
  await dialog().getByText("1 step under way is shared with other runs (build:mega)").waitFor();
  await dialog().getByRole("checkbox", { name: "Stop what runs, too" }).check();
  await dialog().getByRole("button", { name: "Cancel run" }).click();
  await dialog().getByText("build:mega is also the work of run 2. cancel without --now, or cancel run 2 first").waitFor();
  expect(await violations(page)).toEqual([]);
  await dialog().getByRole("button", { name: "Cancel", exact: true }).click();

  harbor.release("build");
  // The log is the other run's, and arrives here as it is written.
  await expect.poll(() => page.getByRole("log").innerText(), { timeout: PART }).toMatch(/\S/);
  await page.locator("[data-step='deploy:api@canary']", { hasText: "waiting" }).waitFor();
  await page.getByRole("region", { name: "What it waits for" }).getByText("sluice unlock api@canary", { exact: true }).waitFor();
  await page.getByText("joined: run 2").getByRole("link", { name: "run 2" }).waitFor();
  expect(await violations(page)).toEqual([]);
  await look(page, "run-joined");
  await page.getByText("joined: run 2").getByRole("link", { name: "run 2" }).click();
  await page.getByRole("heading", { name: /Deploy 2/ }).waitFor();
  await page.getByText("shared with run 3, whose steps end as this one does").waitFor();
});

test("what waits, over all runs: what for, who ends it and by which command, as it changes", async () => {
  await open("Waiting");
  const row = (step: string) => page.getByRole("row").filter({ hasText: step });
  const locked = row("deploy:api@canary").first();
  await locked.getByText("waits for the lock on api@canary by zoe (load test until noon)").waitFor();
  await locked.getByText("sluice unlock api@canary", { exact: true }).waitFor();
  await page.getByRole("searchbox", { name: "Filter waiting steps" }).fill("run 3");
  await page.getByText(/^1 of \d+ steps$/).waitFor();
  await page.getByRole("searchbox", { name: "Filter waiting steps" }).fill("");
  expect(await violations(page)).toEqual([]);
  await look(page, "waiting");

  await answer(harbor.api("zoe").POST("/api/v1/targets/{id}/unlock", { params: { path: { id: "api@canary" }, header: {} } }));
  await row("deploy:api@canary").first().waitFor({ state: "hidden" });
  const gate = row("gate:mainnet").first();
  await gate.getByText("ana, ben, zoe").waitFor();
  await gate.getByText(`sluice approve ${short(release)} --env mainnet`, { exact: true }).waitFor();
});

test("approvals: one card for the commit over both runs, with what would change; others' approvals arrive", async () => {
  await Promise.all(["2", "3"].map((run) => harbor.atGate(run, "mainnet")));
  await open("Approvals");
  const card = page.getByRole("article");
  await card.getByText("0 of 2 approvals").waitFor();
  expect(await card.count()).toBe(1);
  await expect.poll(() => card.getByRole("row").allInnerTexts()).toHaveLength(4);
  expect(await card.getByRole("link", { name: /^run / }).allInnerTexts()).toEqual(["run 2", "run 3"]);
  await card.getByText("auth and api and orders and indexer: changed").first().waitFor();
  await card.getByRole("button", { name: "What changes on api@mainnet" }).click();
  const diff = card.getByRole("region", { name: "What changes on api@mainnet" });
  await expect.poll(() => diff.locator(".diff-code-insert").allInnerTexts()).toContainEqual(expect.stringContaining(release));
  expect(await violations(page)).toEqual([]);
  await harbor.approve("ben", release, "mainnet");
  await card.getByText("1 of 2 approvals").waitFor();
  await card.getByText("ben, just now").waitFor();
  await look(page, "approvals");
  await picture(page, "approvals");
});

/** A lock that comes, is seen, and goes. */
async function lockedMeanwhile(look: () => Promise<void> = async () => {}): Promise<void> {
  const devnet = { params: { path: { id: "api@devnet" }, header: {} } };
  await answer(harbor.api("ana").POST("/api/v1/targets/{id}/lock", { ...devnet, body: { reason: "looking for a leak" } }));
  await open("Fleet");
  await cell("api", DEVNET).getByText("by ana: looking for a leak").waitFor();
  await look();
  await answer(harbor.api("ana").POST("/api/v1/targets/{id}/unlock", devnet));
  await cell("api", DEVNET).getByText("locked").waitFor({ state: "hidden" });
}

test("the fleet while a decision is waited for: what is live, what is stopped, and the decision", async () => {
  await lockedMeanwhile(async () => {
    await page.getByRole("heading", { name: "1 decision to make" }).waitFor();
    await cell("orders", MAINNET).getByRole("link", { name: "deploy waiting" }).waitFor();
    expect(await violations(page)).toEqual([]);
    await look(page, "fleet");
    await picture(page, "fleet");
  });
  await open("Approvals");
});

test("a decision on some of them: another set by then is refused, shown in its place, and decided when it was looked at", async () => {
  await page.getByRole("button", { name: /^Approve… [0-9a-f]{9} in mainnet$/ }).click();
  await dialog().getByRole("checkbox", { name: "orders@mainnet" }).uncheck();
  const approve = (count: number) => dialog().getByRole("button", { name: `Approve ${count} target` });
  await approve(2).waitFor();
  expect(await violations(page)).toEqual([]);
  await look(page, "decision");

  expect(await harbor.deploy("ana", release, { services: ["indexer"] })).toBe("4");
  await harbor.atGate("4", "mainnet");
  await approve(2).click();
  await dialog().getByText("What waits has changed since you opened this.").waitFor();
  await dialog().getByText("indexer@mainnet: came, and is not chosen yet").waitFor();
  expect((await harbor.approvals()).flatMap(({ approved }) => approved.map(({ by }) => by))).not.toContain("zoe");
  expect(await violations(page)).toEqual([]);
  await look(page, "mismatch");
  expect(await dialog().getByRole("checkbox", { name: "indexer@mainnet" }).isChecked()).toBe(false);
  await approve(2).click();
  await dialog().waitFor({ state: "hidden" });

  const target = await harbor.reached("2", "verify:api@mainnet", "succeeded");
  expect(target.status).toBe("succeeded");
  await harbor.succeeded("3");
  expect((await harbor.step("2", "deploy:orders@mainnet")).status).toBe("waiting");
});

test("an emergency is offered to whom policy names, needs a reason, and lets pass what too few have approved", async () => {
  await page.getByRole("button", { name: /^Emergency… / }).click();
  const pass = dialog().getByRole("button", { name: "Let pass 2 targets" });
  expect(await pass.isDisabled()).toBe(true);
  await dialog().getByRole("textbox", { name: "Reason" }).fill("orders are lost");
  expect(await violations(page)).toEqual([]);
  await pass.click();
  await page.getByText("Nothing waits for a decision.").waitFor();
  await harbor.succeeded("2");
  await harbor.succeeded("4");
  expect((await harbor.target("orders@mainnet")).commit).toBe(release);
});

test("a superseded run says by which run, and leads there", async () => {
  await harbor.deploy("ana", harbor.change("auth"), { services: ["auth"] });
  await harbor.atGate("5", "mainnet");
  const newer = harbor.change("auth");
  await harbor.deploy("ben", newer, { services: ["auth"] });
  await harbor.ended("5");
  // What happens elsewhere afterwards does not make a list that is out of date look new.
  await lockedMeanwhile();
  await open("Runs");
  await page.getByRole("link", { name: "deploy 5" }).click();
  await page.getByRole("heading", { name: "Deploy 5 superseded" }).waitFor();
  const said = page.getByRole("listitem").filter({ hasText: `In mainnet superseded by ${short(newer)}, run 6` });
  expect(await violations(page)).toEqual([]);
  await look(page, "run-superseded");
  await said.getByRole("link", { name: "run 6" }).click();
  await page.getByRole("heading", { name: /Deploy 6/ }).waitFor();
});

test("the console had nothing to complain of", () => {
  // The browser says by itself that a request was refused, which is what some of these tests ask for.
  expect(complaints.filter((text) => !/Failed to load resource: the server responded with a status of 4\d\d/.test(text))).toEqual([]);
});
