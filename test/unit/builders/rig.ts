import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { JsonObject } from "../../../src/core/config/config.ts";
import type { AttemptContext, BuildInput } from "../../../src/engine/ports/driver.ts";

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
    run: async ([program = "", ...args], { cwd, env: given }) => ({
      output: execFileSync(program, args, { cwd, env: given, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }),
    }),
  };
}

/** Builds from a folder that stands for the commit's tree. */
export function inputOf(tree: string, config: JsonObject, attempt = "b1"): BuildInput {
  const checkout = async (path: string, into: string) => cpSync(join(tree, path), into, { recursive: true, verbatimSymlinks: true });
  return { project: "harbor", attempt, commit: "c".repeat(40), config, checkout };
}
