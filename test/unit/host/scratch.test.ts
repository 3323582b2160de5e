import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { execa } from "execa";
import { expect, onTestFinished, test } from "vitest";
import { withScratch } from "../../../src/host/scratch.ts";

const MODULE = new URL("../../../src/host/scratch.ts", import.meta.url).href;
const HOUR = 60 * 60;

function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), "sluice-host-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, "scratch");
}

function age(path: string, seconds: number): void {
  const at = Date.now() / 1000 - seconds;
  utimesSync(path, at, at);
}

/** Another process with a directory of its own. */
async function holder(parent: string) {
  const code = `import { withScratch } from ${JSON.stringify(MODULE)};
await withScratch(${JSON.stringify(parent)}, (own) => new Promise(() => { console.log(own); setInterval(() => {}, 1000); }));`;
  const child = execa(process.execPath, ["--input-type=module", "--eval", code], { reject: false });
  const [line] = await Promise.race([once(child.stdout, "data"), child.then(({ stderr }) => Promise.reject(new Error(stderr)))]);
  return { child, own: String(line).trim() };
}

test("what is in use is for this user alone, and gone afterwards, also where the work fails", async () => {
  const parent = temporary();
  const modes = await withScratch(parent, async (own) => [parent, own].map((path) => statSync(path).mode & 0o777));
  expect(modes).toEqual([0o700, 0o700]);
  await expect(withScratch(parent, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(readdirSync(parent)).toEqual([]);
});

test("what a killed process has left is removed by who comes next, but not what another is using", async () => {
  const parent = temporary();
  const [living, killed] = [await holder(parent), await holder(parent)];
  onTestFinished(() => void living.child.kill("SIGKILL"));
  killed.child.kill("SIGKILL");
  await killed.child;
  age(living.own, HOUR);
  const next = () => withScratch(parent, async (own) => readdirSync(parent).filter((name) => name !== basename(own)).length);
  // a program that it has started may still read there
  expect(await next()).toBe(2);
  age(killed.own, HOUR);
  expect(await next()).toBe(1);
  expect([existsSync(living.own), existsSync(killed.own)]).toEqual([true, false]);
});

test("what belongs to another host or container stays for a week", async () => {
  const parent = temporary();
  const foreign = join(parent, "0123456789ab.1.0123456789ab.abcdef");
  mkdirSync(foreign, { recursive: true });
  age(foreign, 6 * 24 * HOUR);
  await withScratch(parent, async () => {});
  expect(existsSync(foreign)).toBe(true);
  age(foreign, 8 * 24 * HOUR);
  await withScratch(parent, async () => {});
  expect(existsSync(foreign)).toBe(false);
});
