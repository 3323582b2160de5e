import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { onTestFinished } from "vitest";
import type { JsonObject } from "../../../src/core/config/config.ts";
import { type AttemptContext, type BuildInput, CommandFailed } from "../../../src/engine/ports/driver.ts";

const execute = promisify(execFile);

export function temporaryDirectory(): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), "sluice-builder-")));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A context that runs commands at once and keeps what is logged. */
export function contextOf(home: string): AttemptContext & { readonly lines: readonly string[] } {
  const lines: string[] = [];
  const env = { PATH: process.env["PATH"] ?? "" };
  return {
    lines,
    home,
    env,
    signal: new AbortController().signal,
    log: (text) => void lines.push(text),
    tree: () => Promise.reject(new Error("a builder checks out what it builds")),
    run: async ([program = "", ...args], { cwd, env: given }) => {
      try {
        return { output: (await execute(program, args, { cwd, env: given })).stdout };
      } catch (error) {
        const { message, code } = error as Error & { readonly code?: unknown };
        throw new CommandFailed(message, typeof code === "number" ? code : null);
      }
    },
  };
}

/** Builds from a folder that stands for the commit's tree. */
export function inputOf(tree: string, config: JsonObject, attempt = "b1"): BuildInput {
  const checkout = async (path: string, into: string) => cpSync(join(tree, path), into, { recursive: true, verbatimSymlinks: true });
  return { project: "harbor", attempt, commit: "c".repeat(40), config, checkout, committedAt: () => Promise.resolve(1_700_000_000_000) };
}
