import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Store } from "../../../src/engine/ports/store.ts";
import { openSqliteStore } from "../../../src/store/sqlite.ts";
import type { Rig } from "./contract.ts";

export const VERSION = "1.2.3";
export const open = (directory: string): Promise<Store> => openSqliteStore(directory, { version: VERSION });
export const temporary = (): Promise<string> => mkdtemp(join(tmpdir(), "sluice-store-"));

export async function sqliteRig(): Promise<Rig> {
  const directory = await temporary();
  let store = await open(directory);
  return {
    store,
    reopen: async () => {
      await store.close();
      store = await open(directory);
      return store;
    },
    remove: async () => {
      await store.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** What a child has said so far, line by line, and its end. */
export type Child = {
  readonly pid: number;
  readonly lines: readonly string[];
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  kill(signal?: NodeJS.Signals): void;
  send(text: string): void;
  next(): Promise<string | null>;
};

const CHILD = fileURLToPath(new URL("./child.ts", import.meta.url));

/** Runs `child.ts`, by way of a command where one is given (`unshare …`). */
export function startChild(args: readonly string[], through: readonly string[] = []): Child {
  const [command = process.execPath, ...rest] = [...through, process.execPath, CHILD, ...args];
  const child = spawn(command, rest, { stdio: ["pipe", "pipe", "inherit"] });
  const lines: string[] = [];
  const waiting: ((line: string | null) => void)[] = [];
  let partial = "";
  let taken = 0;
  let over = false;
  const serve = (): void => {
    while (waiting.length > 0 && (taken < lines.length || over)) waiting.shift()?.(taken < lines.length ? (lines[taken++] ?? null) : null);
  };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const parts = (partial + text).split("\n");
    partial = parts.pop() ?? "";
    lines.push(...parts);
    serve();
  });
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      over = true;
      serve();
      resolve({ code, signal });
    });
  });
  return {
    pid: child.pid ?? 0,
    lines,
    ended,
    kill: (signal = "SIGKILL") => child.kill(signal),
    send: (text) => child.stdin.write(`${text}\n`),
    next: () =>
      new Promise((resolve) => {
        waiting.push(resolve);
        serve();
      }),
  };
}
