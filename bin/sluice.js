#!/usr/bin/env node
import { existsSync } from "node:fs";
import module from "node:module";
import { fileURLToPath } from "node:url";
import { endWithLauncher, fail, findNode, handOver, isNewEnough } from "./launch.js";

const args = process.argv.slice(2);
if (isNewEnough()) {
  endWithLauncher();
  module.enableCompileCache();
  // A checkout runs its source, which is never stale; a package has only what was built from it.
  const entry = ["../src/app/main.ts", "../dist/app/main.js"].map((path) => new URL(path, import.meta.url)).find((url) => existsSync(url));
  if (entry === undefined) fail("sluice is not complete: dist/app/main.js is missing. Install it again.");
  const { main } = await import(entry.href);
  process.exitCode = await main(args);
} else {
  handOver(findNode(), [fileURLToPath(import.meta.url), ...args], { tied: true });
}
