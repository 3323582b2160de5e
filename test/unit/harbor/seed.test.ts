import { execFile } from "node:child_process";
import { chmod, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { afterEach, expect, test, vi } from "vitest";
import { HarborError, resetHarbor, seedHarbor } from "../../../src/app/demo/harbor.ts";
import { git, temporaryDirectory } from "./fleet.ts";

const run = promisify(execFile);

afterEach(() => {
  vi.unstubAllEnvs();
});

test("a real repository on main, with a history and two branches that go wrong", async () => {
  await using home = await temporaryDirectory();
  const directory = path.join(home.path, "new", "harbor");
  const { commits } = await seedHarbor(directory);

  expect(commits.map((commit) => commit.name)).toEqual(["v1", "v2", "v3", "v4", "broken-build", "broken-health"]);
  expect(await git(directory, "log", "--format=%H", "main")).toBe(
    commits
      .slice(0, 4)
      .map((commit) => commit.id)
      .toReversed()
      .join("\n"),
  );
  expect(await git(directory, "symbolic-ref", "HEAD")).toBe("refs/heads/main");
  expect(await git(directory, "status", "--porcelain", "--ignored")).toBe("");
  for (const name of ["broken-build", "broken-health"]) {
    expect(await git(directory, "rev-parse", `${name}~1`)).toBe(commits[3]?.id);
    expect(await git(directory, "rev-parse", name)).toBe(commits.find((commit) => commit.name === name)?.id);
  }
  expect(await readdir(home.path)).toEqual(["new"]);
  expect(await readdir(path.dirname(directory))).toEqual(["harbor"]);
});

test("each commit changes what it says", async () => {
  await using home = await temporaryDirectory();
  const { commits } = await seedHarbor(path.join(home.path, "harbor"));
  const changed = async (name: string) =>
    (await git(path.join(home.path, "harbor"), "diff", "--name-only", `${name}~1`, name)).split("\n").map((file) => path.dirname(file));

  expect(await changed("v2")).toEqual(["services/api"]);
  expect(await changed("v3")).toEqual(["apps/admin", "apps/web"]);
  expect(await changed("v4")).toEqual(["packages/shared", "services/orders"]);
  expect(await changed("broken-health")).toEqual(["services/api"]);
  expect(await changed("broken-build")).toEqual(["services/indexer"]);
  expect(new Set(commits.map((commit) => commit.subject)).size).toBe(commits.length);
});

test("the same commit ids, whatever git is configured to do", async () => {
  await using home = await temporaryDirectory();
  const plain = await seedHarbor(path.join(home.path, "plain"));

  const hooks = path.join(home.path, "hooks");
  await mkdir(hooks);
  for (const hook of ["pre-commit", "commit-msg", "applypatch-msg", "post-checkout"]) {
    await writeFile(path.join(hooks, hook), "#!/bin/sh\nexit 1\n");
    await chmod(path.join(hooks, hook), 0o755);
  }
  const config = path.join(home.path, "gitconfig");
  await writeFile(
    config,
    `[user]\n name = Someone\n email = some@one.example\n useConfigOnly = true\n[commit]\n gpgSign = true\n[tag]\n gpgSign = true\n forceSignAnnotated = true\n[core]\n autocrlf = true\n hooksPath = ${hooks}\n[init]\n defaultBranch = trunk\n`,
  );
  vi.stubEnv("GIT_CONFIG_GLOBAL", config);
  vi.stubEnv("GIT_DIR", path.join(home.path, "elsewhere"));
  vi.stubEnv("GIT_AUTHOR_DATE", "2001-01-01T00:00:00Z");
  vi.stubEnv("GIT_COMMITTER_NAME", "Someone");
  vi.stubEnv("TZ", "Pacific/Auckland");
  expect(await seedHarbor(path.join(home.path, "hostile"))).toEqual(plain);
});

test("what is there is left alone, until it is reset", async () => {
  await using home = await temporaryDirectory();
  const directory = path.join(home.path, "harbor");
  const first = await seedHarbor(directory);
  await writeFile(path.join(directory, "note.txt"), "mine\n");
  await git(directory, "add", "note.txt");
  await git(directory, "commit", "--quiet", "--message", "mine");
  const mine = await git(directory, "rev-parse", "HEAD");

  expect(await seedHarbor(directory)).toEqual(first);
  expect(await git(directory, "rev-parse", "HEAD")).toBe(mine);

  expect(await resetHarbor(directory)).toEqual(first);
  expect(await git(directory, "rev-parse", "HEAD")).toBe(first.commits[3]?.id);
  expect(await readdir(directory)).not.toContain("note.txt");
});

test("a directory of somebody else's is refused, and nothing in it is lost", async () => {
  await using home = await temporaryDirectory();
  await git(home.path, "init", "--quiet");
  await writeFile(path.join(home.path, "work.txt"), "precious");
  await expect(seedHarbor(home.path)).rejects.toThrow(HarborError);
  await expect(resetHarbor(home.path)).rejects.toThrow(/is not empty and does not hold the sample/);
  expect(await readFile(path.join(home.path, "work.txt"), "utf8")).toBe("precious");

  await expect(seedHarbor(path.join(home.path, "work.txt"))).rejects.toThrow(HarborError);

  await mkdir(path.join(home.path, "empty"));
  expect((await seedHarbor(path.join(home.path, "empty"))).commits).toHaveLength(6);
});

test("a sample that lost a name says how to get it back", async () => {
  await using home = await temporaryDirectory();
  const directory = path.join(home.path, "harbor");
  await seedHarbor(directory);
  await git(directory, "branch", "--quiet", "-D", "broken-build");
  await expect(seedHarbor(directory)).rejects.toThrow(/broken-build.*sluice demo --reset/);
});

test("without git it says so, and leaves nothing behind", async () => {
  await using home = await temporaryDirectory();
  vi.stubEnv("PATH", home.path);
  await expect(seedHarbor(path.join(home.path, "harbor"))).rejects.toThrow(/git is not installed/);
  expect(await readdir(home.path)).toEqual([]);
});

test("the npm package holds the whole sample", async () => {
  const root = path.join(import.meta.dirname, "../../..");
  const { stdout } = await run("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
    cwd: root,
    env: { ...process.env, NO_COLOR: "1" },
  });
  const [packed] = JSON.parse(stdout) as [{ files: { path: string }[] }];
  const inPackage = packed.files.map((file) => file.path).filter((file) => file.startsWith("examples/harbor/"));
  const listed = await git(root, "ls-files", "--cached", "--others", "--exclude-standard", "examples/harbor");
  expect(inPackage.toSorted()).toEqual(listed.split("\n").toSorted());
});
