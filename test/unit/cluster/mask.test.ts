import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { maskOf, writeMaskKey } from "../../../src/cluster/print.ts";

test("stores mask alike where they were given the same key, and else each in its own way", () => {
  const homes = Array.from({ length: 4 }, () => mkdtempSync(join(tmpdir(), "sluice-mask-")));
  onTestFinished(() => homes.forEach((home) => rmSync(home, { recursive: true, force: true })));
  for (const [i, home] of homes.entries()) if (i < 2) writeMaskKey(home, "the same key");
  const masked = homes.map((home) => maskOf(home)("Secret a/b", Buffer.from("hunter2")));
  expect(masked[0]).toBe(masked[1]);
  expect(new Set(masked).size).toBe(3);
  // a store keeps the key that it has
  writeMaskKey(homes[2] ?? "", "the same key");
  expect(maskOf(homes[2] ?? "")("Secret a/b", Buffer.from("hunter2"))).toBe(masked[2]);
});
