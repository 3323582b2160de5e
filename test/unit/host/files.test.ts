import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createOnce, createSynced, readText, writeDurably, writeWhole } from "../../../src/host/files.ts";

function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), "sluice-host-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

test.each([
  ["writeWhole", writeWhole],
  ["writeDurably", writeDurably],
])("%s replaces a file, for its owner alone, never through a link that was put in its way, and leaves nothing else", (_name, write) => {
  const directory = temporary();
  const [path, other] = [join(directory, "file"), join(directory, "other")];
  writeFileSync(path, "old", { mode: 0o644 });
  writeFileSync(other, "another's");
  symlinkSync(other, `${path}.${process.pid}.draft`);
  write(path, "new");
  expect(readText(path)).toBe("new");
  expect(readFileSync(other, "utf8")).toBe("another's");
  if (process.platform !== "win32") expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(directory).toSorted()).toEqual(["file", "other"]);
});

test("a file is created once, and the first text stays", () => {
  const path = join(temporary(), "file");
  expect([createOnce(path, "first"), createOnce(path, "second")]).toEqual([true, false]);
  expect(readText(path)).toBe("first");
  expect(() => createSynced(path, "third")).toThrow("EEXIST");
  expect(readdirSync(join(path, ".."))).toEqual(["file"]);
});

test("what is not there is null, what cannot be read is an error", () => {
  const directory = temporary();
  expect(readText(join(directory, "none"))).toBeNull();
  expect(() => readText(directory)).toThrow("EISDIR");
});
