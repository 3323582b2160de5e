import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execaSync } from "execa";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { TestServer } from "../rig/server.ts";
import { launchOrSay } from "./chromium.ts";
import { buildPage, openTab, violations } from "./web-rig.ts";

const SERVICES = 1_000;
const SECRET = "a-secret-of-the-test";
/** Rows that may be in the document at once, whatever their number is. */
const ROWS = 60;

const directory = mkdtempSync(join(tmpdir(), "sluice-scale-"));
const repository = join(directory, "repository");
const server = new TestServer(repository, { SLUICE_TOKEN: `ben:${SECRET}`, XDG_STATE_HOME: join(directory, "state") });
let browser: Browser | null = null;
let missing: string | null = null;
let page: Page;
let url = "";

beforeAll(async () => {
  const launched = await launchOrSay();
  if (typeof launched === "string") {
    missing = launched;
    return;
  }
  browser = launched;
  await buildPage();
  makeProject();
  await server.start();
  const { data } = await server.api().GET("/api/v1/health");
  url = data?.url ?? "";
  ({ page } = await openTab(browser));
});
afterAll(async () => {
  await browser?.close();
  await server.kill("SIGTERM");
  rmSync(directory, { recursive: true, force: true });
});
beforeEach(({ skip }) => {
  if (missing !== null) skip(missing);
});

/** A thousand services in three environments, none of which does anything. */
function makeProject(): void {
  mkdirSync(repository);
  const services = Array.from(
    { length: SERVICES },
    (_, i) => `  ${serviceName(i)}: { tier: backend, artifact: all, deploy: { command: { apply: ["true"] } } }`,
  );
  const lines = [
    "version: 1",
    "project: scale",
    "environments: { devnet: {}, canary: { needs: [devnet] }, mainnet: { needs: [devnet, canary] } }",
    "artifacts: { all: { bundle: { path: . } } }",
    "services:",
    ...services,
  ];
  writeFileSync(join(repository, "sluice.yaml"), `${lines.join("\n")}\n`);
  const git = (...args: string[]) => execaSync("git", args, { cwd: repository });
  git("init", "--quiet", "--initial-branch=main");
  git("add", "--all");
  git("-c", "user.name=test", "-c", "user.email=test@example.invalid", "commit", "--quiet", "--message", "a thousand services");
}
const serviceName = (index: number): string => `svc-${String(index).padStart(4, "0")}`;

const rows = () => page.locator(".grid-body [role=row]");
const nodes = () => page.evaluate<number>("document.querySelectorAll('*').length");

test("a server that wants a token is told one, and a wrong one is refused", async () => {
  await page.goto(url);
  const dialog = page.getByRole("dialog", { name: "Log in" });
  const token = dialog.getByLabel("Token");
  const send = dialog.getByRole("button", { name: "Log in" });
  await token.fill("wrong");
  await send.click();
  await dialog.getByText("The token is not one of this server's").waitFor();
  expect(await violations(page)).toEqual([]);
  await token.fill(SECRET);
  await send.click();
  await dialog.waitFor({ state: "hidden" });
  await page.getByRole("banner").getByText("ben", { exact: true }).waitFor();
  await page.getByRole("status").getByText("live", { exact: true }).waitFor();
  await page.getByText("Nothing is deployed yet").waitFor();
});

test("a run of 6,000 steps appears by itself, and only the rows in sight are in the document", async () => {
  const api = server.api();
  await api.POST("/api/v1/environments/{id}/hold", { params: { path: { id: "devnet" } }, body: { reason: "to look at it" } });
  const asked = performance.now();
  const { data } = await api.POST("/api/v1/runs", { body: {} });
  const admitted = performance.now();
  expect(data?.run.id).toBe("1");
  await page.getByText(`${SERVICES.toLocaleString("en")} services`).waitFor();
  await page.getByRole("link", { name: "deploy waiting" }).first().waitFor();
  console.log(`admitted in ${Math.round(admitted - asked)} ms, on the fleet ${Math.round(performance.now() - admitted)} ms later`);
  expect(await rows().count()).toBeLessThan(ROWS);
  expect(await nodes()).toBeLessThan(3_000);

  const begin = performance.now();
  await page.getByRole("link", { name: "Runs" }).click();
  await page.getByRole("link", { name: "deploy 1" }).click();
  await page.locator(`[data-step="deploy:${serviceName(0)}@devnet"]`).waitFor();
  console.log(
    `a run of ${6 * SERVICES} steps is shown ${Math.round(performance.now() - begin)} ms after the click, with ${await nodes()} nodes`,
  );
  expect(await rows().count()).toBeLessThan(ROWS);
  expect(await violations(page)).toEqual([]);
});

test("the keyboard walks the whole grid, and focus is never lost with a row that scrolls away", async () => {
  const focused = () => page.evaluate<string | null>("document.activeElement.getAttribute('data-step')");
  await page.locator(`[data-step="deploy:${serviceName(0)}@devnet"]`).focus();
  await page.keyboard.press("ArrowRight");
  await expect.poll(focused).toBe(`verify:${serviceName(0)}@devnet`);
  await page.keyboard.press("Control+End");
  await expect.poll(focused).toBe(`verify:${serviceName(SERVICES - 1)}@mainnet`);
  await page.keyboard.press("ArrowUp");
  await expect.poll(focused).toBe(`verify:${serviceName(SERVICES - 2)}@mainnet`);
  await page.locator(".lanes").evaluate((grid) => (grid.scrollTop = 0));
  await page.locator(`[data-step="deploy:${serviceName(0)}@devnet"]`).waitFor();
  expect(await focused()).toBe(`verify:${serviceName(SERVICES - 2)}@mainnet`);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: `verify:${serviceName(SERVICES - 2)}@mainnet` }).waitFor();
});

test("the fleet is filtered, and the filter is part of the address", async () => {
  await page.getByRole("link", { name: "Fleet" }).click();
  const begin = performance.now();
  await page.getByRole("searchbox", { name: "Filter services" }).fill("svc-077");
  await page.getByText("10 of 1,000 services").waitFor();
  console.log(`1,000 services are filtered in ${Math.round(performance.now() - begin)} ms`);
  await expect.poll(() => rows().count()).toBe(10);
  expect(new URL(page.url()).searchParams.get("filter")).toBe("svc-077");
  await page.reload();
  await page.getByText("10 of 1,000 services").waitFor();
});

test("what could not be loaded is an error with a way to try again, and not an empty list", async () => {
  const list = /\/api\/v1\/runs\?limit=50/;
  await page.route(list, (route) => route.abort());
  await page.getByRole("link", { name: "Runs" }).click();
  const alert = page.getByRole("alert");
  await alert.getByText("Could not load the runs").waitFor();
  await alert.getByText("The server cannot be reached").waitFor();
  expect(await page.getByText("Nothing has been run yet").count()).toBe(0);
  expect(await violations(page)).toEqual([]);
  await page.unroute(list);
  await alert.getByRole("button", { name: "Try again" }).click();
  await page.getByRole("link", { name: "deploy 1" }).waitFor();
});
