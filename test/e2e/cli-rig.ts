import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { vi } from "vitest";

const BIN = fileURLToPath(new URL("../../bin/sluice.js", import.meta.url));
/** How long anything may take that a test waits for, in ms. */
const PATIENCE = 60_000;

/** A running `sluice`, as a process of its own without a terminal. */
export class Program {
  readonly child: ChildProcess;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  out = "";
  err = "";

  constructor(args: readonly string[], options: { readonly cwd: string; readonly env: Readonly<Record<string, string | undefined>> }) {
    this.child = spawn(process.execPath, [BIN, ...args], { ...options, stdio: ["ignore", "pipe", "pipe"] });
    this.child.stdout?.setEncoding("utf8").on("data", (text: string) => (this.out += text));
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => (this.err += text));
    this.ended = once(this.child, "close").then(([code, signal]) => ({
      code: code as number | null,
      signal: signal as NodeJS.Signals | null,
    }));
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error("it did not start");
    return this.child.pid;
  }

  /** What it has printed on stdout, once that matches. */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    await vi.waitUntil(() => pattern.test(this.out) || this.child.exitCode !== null, { timeout: PATIENCE, interval: 20 });
    const found = pattern.exec(this.out);
    if (!found) throw new Error(`it ended with ${this.child.exitCode} and never printed ${pattern}:\n${this.out}\n${this.err}`);
    return found;
  }

  async exit(): Promise<number | null> {
    return (await this.ended).code;
  }

  async signal(name: NodeJS.Signals): Promise<number | null> {
    this.child.kill(name);
    return this.exit();
  }
}
