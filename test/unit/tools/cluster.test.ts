import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import { withLock } from "../../../tools/cluster/lock.ts";
import { controlPlane, helm3, keyOf } from "../../../tools/cluster/modules.ts";
import { markUsed, prune } from "../../../tools/cluster/prune.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "sluice-cluster-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** The command where neither Go nor built programs are. */
async function cluster(...args: readonly string[]) {
  return await execa(process.execPath, ["tools/cluster/main.ts", ...args], {
    env: { PATH: directory, SLUICE_CLUSTER_CACHE: join(directory, "cache") },
    extendEnv: false,
    reject: false,
  });
}

test("without Go, what to install is said, and nothing is left behind", async () => {
  const { exitCode, stderr } = await cluster("up");
  expect(exitCode).toBe(2);
  expect(stderr).toContain("install Go 1.26 from https://go.dev/dl");
  expect(readdirSync(join(directory, "cache"))).toEqual(["programs"]);
  expect(readdirSync(join(directory, "cache", "programs"))).toEqual(["lock"]);
});

test("a cluster that is not there is down", async () => {
  expect(await cluster("status")).toMatchObject({ exitCode: 3 });
  expect(await cluster("status", "other", "--json")).toMatchObject({ exitCode: 3, stdout: "[]" });
  expect(await cluster("down")).toMatchObject({ exitCode: 0 });
});

test("a name leads nowhere else", async () => {
  for (const name of ["../other", "", "a/b", "A", "-a", "a".repeat(51)]) {
    const { exitCode, stderr } = await cluster("down", "--", name);
    expect({ name, exitCode, stderr }).toEqual({ name, exitCode: 1, stderr: expect.stringContaining("cannot name a cluster") as string });
  }
});

test("the programs know their versions, and the cache what they are made of", () => {
  expect(controlPlane().variables["helm.sh/helm/v4/internal/version.version"]).toMatch(/^v4\.\d+\.\d+$/);
  expect(helm3().variables["helm.sh/helm/v3/internal/version.version"]).toMatch(/^v3\.\d+\.\d+$/);
  const module = controlPlane();
  const other = { ...module, variables: { ...module.variables, "helm.sh/helm/v4/internal/version.version": "v4.0.0" } };
  expect(keyOf(module)).toBe(keyOf(controlPlane()));
  expect(keyOf(other)).not.toBe(keyOf(module));
});

test("a build removes programs that nobody has used for 30 days, unless they run, and nothing else", async () => {
  const DAY = 24 * 60 * 60;
  const programs = (name: string, days: number) => {
    const [path, at] = [join(directory, name), Date.now() / 1000 - days * DAY];
    mkdirSync(path);
    copyFileSync("/bin/sleep", join(path, "cluster"));
    for (const one of [join(path, "cluster"), path]) utimesSync(one, at, at);
    return path;
  };
  const [old, recent, wanted, used, running, other] = [
    programs("controlplane-0000000000000000", 31),
    programs("controlplane-1111111111111111", 29),
    programs("helm3-2222222222222222", 31),
    programs("controlplane-3333333333333333", 31),
    programs("controlplane-4444444444444444", 31),
    programs("mine", 400),
  ];
  markUsed(used);
  const child = spawn(join(running, "cluster"), ["60"], { argv0: "sleep", stdio: "ignore" });
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child, "spawn");
  const at = Date.now() / 1000 - 31 * DAY;
  utimesSync(join(running, "cluster"), at, at);
  const said: string[] = [];
  prune(directory, [wanted], (line) => said.push(line));
  expect(readdirSync(directory).toSorted()).toEqual([recent, used, running, wanted, other].map((path) => basename(path)).toSorted());
  expect(said).toEqual([`removing ${basename(old)}, which nobody has used for a month`]);
});

test("one at a time holds a lock, the next says that it waits", async () => {
  const file = join(directory, "lock");
  const told: string[] = [];
  const { promise: end, resolve } = Promise.withResolvers<void>();
  const first = withLock(
    file,
    () => told.push("first waits"),
    async () => {
      told.push("first begins");
      await end;
      told.push("first ends");
    },
  );
  const second = withLock(
    file,
    () => (told.push("second waits"), resolve()),
    async () => {
      told.push("second begins");
    },
  );
  await Promise.all([first, second]);
  expect(told).toEqual(["first begins", "second waits", "first ends", "second begins"]);
});
