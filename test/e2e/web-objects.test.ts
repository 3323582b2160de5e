import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createApi } from "../../src/api/api.ts";
import { Auth } from "../../src/api/auth.ts";
import { listen, type Server } from "../../src/api/server.ts";
import { createSite } from "../../src/api/site.ts";
import { WEB_ROOT } from "../../src/app/package-files.ts";
import type { Driver, ObjectChange } from "../../src/engine/ports/driver.ts";
import { DEPLOY_ALL, NoopExecutor, noopDriver, oneCommit } from "../rig/noop.ts";
import { type NoopEngine, openNoopEngine, untilCommitted } from "../rig/noop-engine.ts";
import { launchOrSay } from "./chromium.ts";
import { buildPage, look, openTab, violations } from "./web-rig.ts";

const COMMIT = "4f9c2d1e8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d";
const PROJECT = `version: 1
project: shop
environments:
  devnet: {}
  mainnet: { needs: [devnet], approval: { self: true } }
services:
  api: { tier: backend, deploy: { noop: {} } }
  jobs: { tier: backend, deploy: { noop: {} } }
  web: { tier: frontend, needs: [api], deploy: { noop: {} } }
  worker: { tier: backend, deploy: { noop: {} } }
`;
/** As a driver explains what does not become healthy: long lines, deep ones, and many of them. */
const EXPLANATION = [
  "2 of 2 pods of Deployment shop/worker do not become ready:",
  "  pod worker-6f7c9d-x2x1p, container worker: CrashLoopBackOff, exit code 3, restarted 4 times",
  ...Array.from({ length: 40 }, (_, i) => `    | ${i} Error: relation "ships_of_the_harbor" does not exist`),
  `  pod worker-6f7c9d-zzk4q: ImagePullBackOff: registry.example/harbor@sha256:${"0123456789abcdef".repeat(12)}`,
].join("\n");

const object = (part: Partial<ObjectChange>): ObjectChange => ({
  kind: "Deployment",
  name: "api",
  namespace: "shop",
  change: "changed",
  before: "spec:\n  replicas: 2\n  image: one\n",
  after: "spec:\n  replicas: 3\n  image: two\n",
  ...part,
});
const HIDDEN = "data:\n  password: <hidden>\n";
const CHANGES: Readonly<Record<string, readonly ObjectChange[]>> = {
  "api@mainnet": [
    object({}),
    object({ kind: "Secret", before: HIDDEN, after: HIDDEN }),
    object({ kind: "ConfigMap", name: "api-settings", change: "added", before: null, after: "data:\n  LOG: info\n" }),
    object({ kind: "ClusterRole", name: "reader", namespace: null, change: "removed", before: "rules: []\n", after: null }),
    object({ kind: "Service", change: "same", before: "a\n", after: "a\n" }),
  ],
  "jobs@mainnet": [object({ kind: "CronJob", change: "same" })],
  "api@devnet": [
    object({ before: "spec:\n  replicas: 5\n", after: "spec:\n  replicas: 2\n" }),
    object({ kind: "Service", change: "added", before: null, after: "spec: {}\n" }),
  ],
};
const driver: Driver = {
  ...noopDriver,
  render: async () => "kind: Deployment\n",
  compare: async ({ target }) => {
    if (target === "web@mainnet") throw new Error("the API server at 10.0.0.1:6443 does not answer");
    return CHANGES[target] ?? [];
  },
};
/** `worker` says no, and explains. */
class Explaining extends NoopExecutor {
  readonly #failing = new Set<string>();
  constructor() {
    super((spec) => {
      if (spec.kind === "deploy" && spec.target === "worker@devnet") this.#failing.add(spec.id);
    });
  }
  override onEnd(listener: Parameters<NoopExecutor["onEnd"]>[0]): void {
    super.onEnd((attempt, end) =>
      listener(attempt, this.#failing.has(attempt) && end !== "lost" ? { ...end, outcome: "failed", message: EXPLANATION } : end),
    );
  }
}

let browser: Browser | null = null;
let missing: string | null = null;
let opened: NoopEngine;
let server: Server;
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
  opened = await openNoopEngine(oneCommit(COMMIT, PROJECT), { driver, executor: new Explaining() });
  const { run } = await opened.engine.deploy(DEPLOY_ALL, { name: "uma" });
  await untilCommitted(opened.engine, async () => (await opened.store.run(run.id))?.status === "waiting");
  const auth = new Auth({ ownerToken: "owner-token-of-the-test", user: "uma", tokens: [] });
  const closing = new AbortController();
  const api = createApi(opened.engine, { version: "1.2.3", auth, closing: closing.signal, onError: (error) => expect.fail(String(error)) });
  server = await listen(createSite(api, { webRoot: WEB_ROOT, auth }), { host: "127.0.0.1", port: 0, auth, closing });
  ({ page, complaints } = await openTab(browser, { width: 1360, height: 900 }));
});
afterAll(async () => {
  await browser?.close();
  await server?.close(100);
  await opened?.close();
});
beforeEach(({ skip }) => {
  if (missing !== null) skip(missing);
});

const open = (link: string) => page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: link }).click();
/** Nothing is wider than the window. */
const fits = () => page.evaluate<boolean>("document.documentElement.scrollWidth <= document.documentElement.clientWidth");

test("approvals: what would change object by object, with the texts of those that are opened; what could not be compared says why", async () => {
  await page.goto(server.url);
  await open("Approvals");
  const card = page.getByRole("article");
  await card.getByText("2 of 3 targets would change; objects: 2 changed, 1 added, 1 removed").waitFor();
  await card.getByText("the same as now").waitFor();
  await card.getByRole("button", { name: /What changes on api@mainnet: 2 changed, 1 added, 1 removed/ }).click();
  await card.getByRole("button", { name: "Deployment shop/api changed" }).click();
  const text = card.getByRole("region", { name: "Deployment shop/api" });
  await expect.poll(() => text.locator(".diff-code-insert").allInnerTexts()).toEqual(["  replicas: 3", "  image: two"]);
  await card.getByRole("button", { name: "Secret shop/api changed" }).click();
  await card.getByText("Only what is hidden differs.").waitFor();
  await card.getByRole("button", { name: "ClusterRole reader removed" }).click();
  await expect
    .poll(() => card.getByRole("region", { name: "ClusterRole reader" }).locator(".diff-code-delete").allInnerTexts())
    .toEqual(["rules: []"]);
  await card.getByRole("button", { name: "What changes on web@mainnet" }).click();
  await card.getByText("the API server at 10.0.0.1:6443 does not answer").waitFor();
  expect(await violations(page)).toEqual([]);
  expect(await fits()).toBe(true);
  await look(page, "approvals-objects");
});

test("a step's explanation of many lines is readable, and what is around it stays where it is", async () => {
  await page.goto(`${server.url}/runs/1`);
  const wrong = page.getByRole("region", { name: "What went wrong" });
  await wrong.getByText("2 of 2 pods of Deployment shop/worker do not become ready:").waitFor();
  const explanation = wrong.getByLabel("Explanation of deploy:worker@devnet");
  expect(await explanation.innerText()).toContain('\n    | 7 Error: relation "ships_of_the_harbor" does not exist\n');
  expect((await explanation.boundingBox())?.height).toBeLessThan(160);
  expect(await fits()).toBe(true);
  await wrong.getByRole("button", { name: "deploy:worker@devnet" }).click();
  await page.getByRole("heading", { name: "deploy:worker@devnet" }).waitFor();
  expect(await violations(page)).toEqual([]);
  await look(page, "run-explanation");
});

test("a target's drift is looked at from its menu", async () => {
  await open("Fleet");
  await page.getByRole("button", { name: "Actions for api in devnet" }).click();
  await page.getByRole("menuitem", { name: "Look for drift…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("What is there is another:").waitFor();
  await dialog.getByRole("button", { name: "Service shop/api gone" }).waitFor();
  await dialog.getByRole("button", { name: "Deployment shop/api differs" }).click();
  const text = dialog.getByRole("region", { name: "Deployment shop/api" });
  await expect.poll(() => text.locator(".diff-code-insert").allInnerTexts()).toEqual(["  replicas: 5"]);
  await dialog.getByText(`sluice deploy api --env devnet --commit ${COMMIT.slice(0, 9)} --redeploy`, { exact: true }).waitFor();
  expect(await violations(page)).toEqual([]);
  await look(page, "fleet-drift");
  expect(complaints).toEqual([]);
});
