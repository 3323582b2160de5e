import { spawn } from "node:child_process";
import { signal as signalProcess } from "./processes.ts";

/** How a program ended, and what it printed. `code` is null where it could not be run or was ended; `exit` says it in words. */
export type ProgramEnd = { readonly code: number | null; readonly exit: string; readonly stdout: string; readonly stderr: string };
type Options = {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  /** Bytes of stdout; more is an end like any other that is not 0. Of stderr the last 64 KiB are kept. */
  readonly limit: number;
  readonly input?: string;
};
const STDERR_KEPT = 64 * 1024;

/** Runs a program that prints an answer, without a shell, in a process group of its own that ends with it or at the latest after `timeoutMs`. Rejects only when `signal` is aborted. */
export function runProgram(command: readonly string[], { cwd, env, signal, timeoutMs, limit, input }: Options): Promise<ProgramEnd> {
  const [program = "", ...args] = command;
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const child = spawn(program, args, { cwd, env, detached: true, stdio: ["pipe", "pipe", "pipe"] });
    const printed: { readonly stdout: Buffer[]; stderr: Buffer } = { stdout: [], stderr: Buffer.alloc(0) };
    let size = 0;
    const end = (code: number | null, exit: string) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      if (child.pid !== undefined) signalProcess(-child.pid, "SIGKILL");
      for (const stream of [child.stdout, child.stderr]) stream.destroy();
      if (signal.aborted) reject(signal.reason instanceof Error ? signal.reason : new Error("aborted"));
      else resolve({ code, exit, stdout: Buffer.concat(printed.stdout).toString("utf8"), stderr: printed.stderr.toString("utf8") });
    };
    const timer = setTimeout(() => end(null, `no end within ${timeoutMs / 1000} s`), timeoutMs);
    const abort = () => end(null, "aborted");
    signal.addEventListener("abort", abort, { once: true });
    child.stdout.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > limit) end(null, `more than ${limit} bytes printed`);
      else printed.stdout.push(chunk);
    });
    child.stderr.on("data", (chunk: Buffer) => (printed.stderr = Buffer.concat([printed.stderr, chunk]).subarray(-STDERR_KEPT)));
    child.once("error", (error) => end(null, error.message));
    child.once("close", (code, name) => end(code, name === null ? `exit code ${code}` : `signal ${name}`));
    child.stdin.on("error", () => {}); // it has ended without reading all: its exit says why
    child.stdin.end(input);
  });
}
