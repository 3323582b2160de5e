import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { AxeBuilder } from "@axe-core/playwright";
import { execa } from "execa";
import type { Browser, Page } from "playwright-core";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The page as its source is now, where the server looks for it: just what `npm run build:web` makes, and not the page of a test's environment. */
export async function buildPage(): Promise<void> {
  const vite = path.join(ROOT, "node_modules/vite/bin/vite.js");
  await execa(process.execPath, [vite, "build", "web", "--logLevel", "error"], { cwd: ROOT, env: { NODE_ENV: "production" } });
}

/** `sluice demo` in a directory of its own. */
export class Demo {
  readonly #directory = mkdtempSync(path.join(tmpdir(), "sluice-web-"));
  #child: ChildProcess | null = null;
  #url = "";

  get url(): string {
    return this.#url;
  }

  /** Resolves when it says its address, after an earlier one at the same; rejects with what it said if it ends before. */
  async start(): Promise<void> {
    const directory = this.#directory;
    const port = this.#url === "" ? "0" : new URL(this.#url).port;
    const env = { ...process.env, SLUICE_DEMO_DIR: path.join(directory, "demo"), XDG_STATE_HOME: path.join(directory, "state") };
    const child = spawn(process.execPath, [path.join(ROOT, "bin/sluice.js"), "demo", "--port", port], {
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const said: string[] = [];
    // Read to the end, or the demo would stand still when the pipe is full.
    child.stderr.on("data", (chunk: Buffer) => said.push(chunk.toString()));
    const lines = createInterface({ input: child.stdout });
    this.#url = await new Promise<string>((resolve, reject) => {
      lines.on("line", (line) => {
        said.push(`${line}\n`);
        const found = /^SLUICE_URL=(\S+)$/.exec(line)?.[1];
        if (found !== undefined) resolve(found);
      });
      child.once("exit", (code) => reject(new Error(`the demo ended with ${code}:\n${said.join("")}`)));
    });
    child.once("exit", (code, signal) => {
      if (this.#child === child) console.error(`the demo ended with ${code ?? signal}:\n${said.slice(-50).join("")}`);
    });
    this.#child = child;
  }

  /** Ends it as Ctrl-C does: it stops the services that it has started. */
  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, "exit");
    child.kill("SIGINT");
    await exit;
  }

  /** To be called when it has stopped. */
  remove(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

type Opened = { readonly page: Page; readonly complaints: string[] };

/** A new tab, and whatever its console complains of. Without movement, so that nothing is judged half faded in. */
export async function openTab(browser: Browser, viewport = { width: 1280, height: 760 }): Promise<Opened> {
  const context = await browser.newContext({ viewport, reducedMotion: "reduce" });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  return { page, complaints };
}

/** What axe finds wrong with the page as it stands, in light and in dark. */
export async function violations(page: Page): Promise<readonly string[]> {
  const found: string[] = [];
  for (const colorScheme of ["dark", "light"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await settled(page);
    const { violations: each } = await new AxeBuilder({ page }).analyze();
    found.push(...each.flatMap(({ id, nodes }) => nodes.map((node) => `${colorScheme}: ${id}: ${node.html}: ${node.failureSummary}`)));
  }
  return found;
}

/** Nothing is under the mouse, and no colour on its way to another: how a button looks under it is the library's. */
async function settled(page: Page): Promise<void> {
  await page.mouse.move(0, 0);
  await page.evaluate(
    "Promise.allSettled(document.getAnimations().filter((a) => a instanceof CSSTransition).map((a) => a.finished)).then(() => null)",
  );
}

/** The page in light and in dark, to look at after a test; it is left light. */
export async function look(page: Page, name: string): Promise<void> {
  const folder = path.join(ROOT, "test/out");
  mkdirSync(folder, { recursive: true });
  for (const colorScheme of ["dark", "light"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.screenshot({ path: path.join(folder, `${name}-${colorScheme}.png`) });
  }
}

/** A picture for the docs where `SLUICE_SCREENSHOTS=1`, else one to look at after a test. */
export async function picture(page: Page, name: string): Promise<void> {
  const folder = path.join(ROOT, process.env["SLUICE_SCREENSHOTS"] === "1" ? "docs" : "test/out");
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: path.join(folder, `${name}.png`) });
}
