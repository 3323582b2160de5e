import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { AxeBuilder } from "@axe-core/playwright";
import type { Browser, Page } from "playwright-core";
import { build } from "vite";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The page as its source is now, where the server looks for it. */
export const buildPage = () => build({ configFile: path.join(ROOT, "web/vite.config.ts"), logLevel: "error" });

/** `sluice demo` in a directory of its own. */
export class Demo {
  readonly url: string;
  readonly #directory: string;
  readonly #child: ChildProcess;
  #stopping = false;

  private constructor(url: string, directory: string, child: ChildProcess) {
    this.url = url;
    this.#directory = directory;
    this.#child = child;
  }

  /** Resolves when it says its address; rejects with what it said if it ends before. */
  static async start(): Promise<Demo> {
    const directory = mkdtempSync(path.join(tmpdir(), "sluice-web-"));
    const env = { ...process.env, SLUICE_DEMO_DIR: path.join(directory, "demo"), XDG_STATE_HOME: path.join(directory, "state") };
    const child = spawn(process.execPath, [path.join(ROOT, "bin/sluice.js"), "demo", "--port", "0"], {
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const said: string[] = [];
    // Read to the end, or the demo would stand still when the pipe is full.
    child.stderr.on("data", (chunk: Buffer) => said.push(chunk.toString()));
    const lines = createInterface({ input: child.stdout });
    const url = await new Promise<string>((resolve, reject) => {
      lines.on("line", (line) => {
        said.push(`${line}\n`);
        const found = /^SLUICE_URL=(\S+)$/.exec(line)?.[1];
        if (found !== undefined) resolve(found);
      });
      child.once("exit", (code) => reject(new Error(`the demo ended with ${code}:\n${said.join("")}`)));
    });
    const demo = new Demo(url, directory, child);
    child.once("exit", (code, signal) => {
      if (!demo.#stopping) console.error(`the demo ended with ${code ?? signal}:\n${said.slice(-50).join("")}`);
    });
    return demo;
  }

  /** Ends it as Ctrl-C does: it stops the services that it has started. */
  async stop(): Promise<void> {
    this.#stopping = true;
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exit = once(this.#child, "exit");
      this.#child.kill("SIGINT");
      await exit;
    }
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

type Opened = { readonly page: Page; readonly complaints: string[] };

/** A new tab, and whatever its console complains of. Without movement, so that nothing is judged half faded in. */
export async function openTab(browser: Browser, viewport = { width: 1440, height: 900 }): Promise<Opened> {
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
    const { violations: each } = await new AxeBuilder({ page }).analyze();
    found.push(...each.flatMap(({ id, nodes }) => nodes.map((node) => `${colorScheme}: ${id}: ${node.html}: ${node.failureSummary}`)));
  }
  return found;
}

/** A picture for the docs where `SLUICE_SCREENSHOTS=1`, else one to look at after a test. */
export async function picture(page: Page, name: string): Promise<void> {
  const folder = path.join(ROOT, process.env["SLUICE_SCREENSHOTS"] === "1" ? "docs" : "test/out");
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: path.join(folder, `${name}.png`) });
}
