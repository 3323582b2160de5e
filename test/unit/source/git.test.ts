import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { GitSource } from "../../../src/source/git.ts";
import { Repo } from "./repo.ts";

let repo: Repo;
let source: GitSource;
beforeEach(() => {
  repo = new Repo();
  source = new GitSource({ directory: repo.directory });
});
afterEach(() => repo.remove());

/** A clone with its last commit alone. */
function shallow(): { readonly source: GitSource; remove(): void } {
  const directory = mkdtempSync(join(tmpdir(), "sluice-shallow-"));
  repo.git("clone", "-q", "--depth", "1", "--no-single-branch", `file://${repo.directory}`, directory);
  return { source: new GitSource({ directory }), remove: () => rmSync(directory, { recursive: true }) };
}

describe("resolve", () => {
  it("knows ids, short ids, branches, tags and HEAD, also from a folder of the work tree and in a bare repository", async () => {
    const id = repo.commit({ "a/b": "1" });
    repo.git("tag", "-a", "-m", "first", "v1");
    for (const ref of [id, id.slice(0, 8), "main", "v1", "HEAD", "refs/heads/main"]) expect(await source.resolve(ref)).toBe(id);
    expect(await new GitSource({ directory: join(repo.directory, "a") }).resolve("HEAD")).toBe(id);
    expect(await new GitSource({ directory: join(repo.directory, ".git") }).resolve("HEAD")).toBe(id);
  });

  it.each(["nothing", "HEAD~5", "1234567", "0".repeat(40), "HEAD:a", "main..main"])("says that there is no commit %s", async (ref) => {
    repo.commit({ a: "1" });
    await expect(source.resolve(ref)).rejects.toMatchObject({
      name: "SourceError",
      code: "unknown-commit",
      hint: expect.stringContaining("git fetch"),
    });
  });

  it.each(["", " ", "--upload-pack=touch pwned", "-h", "--all", "main\nHEAD", "a b", "main\0"])("takes %j for no name", async (ref) => {
    repo.commit({ a: "1" });
    await expect(source.resolve(ref)).rejects.toMatchObject({ code: "unknown-commit" });
    expect(existsSync(join(repo.directory, "pwned"))).toBe(false);
  });

  it("lists the candidates of a hash that is too short", async () => {
    const ids = repo.import(Array.from({ length: 1_000 }, (_, n) => ({ parents: [], files: { a: String(n) } })));
    const byPrefix = Map.groupBy(ids, (id) => id.slice(0, 4));
    const [prefix = "", same = []] = [...byPrefix].find(([, group]) => group.length > 1) ?? [];
    const error: unknown = await source.resolve(prefix).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: "ambiguous-commit", hint: expect.stringContaining("more characters") });
    for (const id of same) expect(String(error)).toContain(`${id} commit ${ids.indexOf(id)}`);
  });

  it("uses the repository that it was given, whatever the environment names", async () => {
    const other = new Repo();
    const id = repo.commit({ a: "1" });
    other.commit({ a: "other" });
    process.env["GIT_DIR"] = join(other.directory, ".git");
    try {
      expect(await source.resolve("HEAD")).toBe(id);
    } finally {
      delete process.env["GIT_DIR"];
      other.remove();
    }
  });
});

describe("what is in the way", () => {
  it("is that git is not installed", async () => {
    const before = process.env["PATH"];
    process.env["PATH"] = repo.directory;
    try {
      await expect(source.resolve("HEAD")).rejects.toMatchObject({ code: "no-git", hint: expect.stringContaining("Install git") });
    } finally {
      process.env["PATH"] = before;
    }
  });

  it("is that this is no repository, or no directory", async () => {
    const directory = mkdtempSync(join(tmpdir(), "sluice-none-"));
    for (const where of [directory, join(directory, "nowhere")])
      await expect(new GitSource({ directory: where }).resolve("HEAD")).rejects.toMatchObject({
        code: "not-a-repository",
        hint: expect.stringContaining("git repository"),
      });
    rmSync(directory, { recursive: true });
  });

  it("is that nothing has been committed", async () => {
    await expect(source.resolve("HEAD")).rejects.toMatchObject({ code: "unknown-commit" });
  });

  it("is damage", async () => {
    const id = repo.commit({ a: "1" });
    const blob = repo.git("rev-parse", "HEAD:a");
    rmSync(join(repo.directory, ".git", "objects", blob.slice(0, 2), blob.slice(2)));
    await expect(source.file(id, "a")).rejects.toMatchObject({ code: "git-failed", hint: expect.stringContaining("git fsck") });
  });

  it("is a shallow clone, where history is asked for", async () => {
    const old = repo.commit({ a: "1" });
    const last = repo.commit({ a: "2" });
    const clone = shallow();
    const unshallow = { hint: expect.stringContaining("git fetch --unshallow") };
    await expect(clone.source.resolve(old)).rejects.toMatchObject({ code: "unknown-commit", ...unshallow });
    await expect(clone.source.relate(last, old, {})).rejects.toMatchObject({ code: "shallow", ...unshallow });
    await expect(clone.source.reachableFrom(last, ["release"])).rejects.toMatchObject({ code: "shallow", ...unshallow });
    expect(await clone.source.reachableFrom(last, ["main"])).toBe(true);
    expect((await clone.source.relate(last, last, {})).order).toBe("same");
    clone.remove();
  });

  it("is a shallow clone that holds both commits and not what joins them", async () => {
    const base = repo.commit({ a: "1" });
    const main = repo.commit({ a: "2" });
    repo.git("checkout", "-q", "-b", "side", base);
    const side = repo.commit({ b: "2" });
    const clone = shallow();
    await expect(clone.source.relate(main, side, {})).rejects.toMatchObject({ code: "shallow" });
    clone.remove();
  });
});

describe("file", () => {
  it("is its text at the commit, named from the root", async () => {
    const id = repo.commit({ "a/b.yaml": "text ä\n", "a/[x]*": "literal" });
    repo.commit({ "a/b.yaml": "later" });
    const inside = new GitSource({ directory: join(repo.directory, "a") });
    for (const each of [source, inside]) expect(await each.file(id, "a/b.yaml")).toBe("text ä\n");
    expect(await source.file(id, "./a//[x]*")).toBe("literal");
    for (const none of ["b.yaml", "a", "", "a/*", "a/b.yaml/c"]) expect(await source.file(id, none)).toBeNull();
  });

  it.each(["../x", "a/../../x", "/etc/passwd", "a\nb"])("refuses the path %j", async (path) => {
    await expect(source.file(repo.commit({ a: "1" }), path)).rejects.toMatchObject({ code: "unsafe-path" });
  });

  it("refuses a symbolic link, and does not go through one", async () => {
    const [id = ""] = repo.import([
      { parents: [], files: { "real/file": "x", link: { mode: "120000", data: "/etc/passwd" }, folder: { mode: "120000", data: "real" } } },
    ]);
    await expect(source.file(id, "link")).rejects.toMatchObject({ code: "unsafe-path", message: expect.stringContaining("symbolic link") });
    expect(await source.file(id, "folder/file")).toBeNull();
  });

  it("says that a commit is unknown", async () => {
    repo.commit({ a: "1" });
    for (const id of ["0".repeat(40), "main", "--help"])
      await expect(source.file(id, "a")).rejects.toMatchObject({ code: "unknown-commit" });
  });
});

it("describe says subject, author and time", async () => {
  const id = repo.commit({ a: "1" }, "ä subject: with -- and \t tab\n\nbody");
  expect(await source.describe(id)).toEqual({
    subject: "ä subject: with -- and \t tab",
    author: "Ana",
    email: "ana@example.org",
    at: 1_700_000_001_000,
  });
  await expect(source.describe("0".repeat(40))).rejects.toMatchObject({ code: "unknown-commit" });
});

it("a branch or a tag that reads like a commit's id is refused: whoever approves it takes it for that commit", async () => {
  const good = repo.commit({ a: "1" });
  const evil = repo.commit({ a: "2" });
  const short = good.slice(0, 9);
  expect(await source.resolve(short)).toBe(good);
  repo.git("tag", short, evil);
  await expect(source.resolve(short)).rejects.toMatchObject({
    code: "ambiguous-commit",
    hint: expect.stringContaining(`refs/tags/${short}`),
  });
  expect(await source.resolve(`refs/tags/${short}`)).toBe(evil);
});

describe("the policy ref", () => {
  it("is the one asked for, else origin/HEAD, else local main", async () => {
    const first = repo.commit({ a: "1" });
    expect(await source.policyRef(null)).toEqual({ ref: "main", commit: first });
    repo.git("update-ref", "refs/remotes/origin/trunk", first);
    repo.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk");
    const second = repo.commit({ a: "2" });
    expect(await source.policyRef(null)).toEqual({ ref: "origin/trunk", commit: first });
    expect(await source.policyRef("main")).toEqual({ ref: "main", commit: second });
  });

  it("is no local branch where origin/HEAD leads nowhere, as after its branch was renamed; nor where only it will do", async () => {
    repo.commit({ a: "1" });
    const only = { code: "no-policy-ref", hint: expect.stringContaining("git remote set-head origin --auto") };
    await expect(source.policyRef("refs/remotes/origin/HEAD")).rejects.toMatchObject(only);
    repo.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main");
    const gone = { ...only, message: "Policy is read from origin/HEAD, which is origin/main, and that is gone." };
    await expect(source.policyRef(null)).rejects.toMatchObject(gone);
    await expect(source.policyRef("refs/remotes/origin/HEAD")).rejects.toMatchObject(gone);
  });

  it("is missed with a hint", async () => {
    repo.commit({ a: "1" });
    repo.git("branch", "-m", "trunk");
    await expect(source.policyRef(null)).rejects.toMatchObject({ code: "no-policy-ref", hint: expect.stringContaining("--policy-ref") });
    for (const ref of ["nothing", "--upload-pack=x", ""])
      await expect(source.policyRef(ref)).rejects.toMatchObject({ code: "no-policy-ref" });
  });
});

describe("reachable from branches", () => {
  it("by local branches and those of origin, by globs that stop at a slash", async () => {
    const base = repo.commit({ a: "1" });
    repo.git("checkout", "-q", "-b", "hotfix/one");
    const hotfix = repo.commit({ a: "2" });
    repo.git("checkout", "-q", "-b", "deep/er/branch");
    const deep = repo.commit({ a: "3" });
    repo.git("update-ref", "refs/remotes/origin/release/7", deep);
    const from = (commit: string, ...globs: string[]) => source.reachableFrom(commit, globs);
    expect([await from(base, "main"), await from(hotfix, "main"), await from(hotfix, "main", "hotfix/*")]).toEqual([true, false, true]);
    expect([await from(deep, "hotfix/*"), await from(deep, "deep/*"), await from(deep, "deep/**"), await from(deep, "release/?")]).toEqual([
      false,
      false,
      true,
      true,
    ]);
    expect([await from(deep, "HEAD"), await from(deep), await from(deep, "releas./7"), await from(deep, "*")]).toEqual([
      false,
      false,
      false,
      false,
    ]);
    await expect(from("0".repeat(40), "main")).rejects.toMatchObject({ code: "unknown-commit" });
  });
});

it("a tree is dirty when tracked files differ from HEAD", async () => {
  repo.commit({ a: "1" });
  expect(await source.dirty()).toBe(false);
  writeFileSync(join(repo.directory, "untracked"), "");
  expect(await source.dirty()).toBe(false);
  writeFileSync(join(repo.directory, "a"), "2");
  expect(await source.dirty()).toBe(true);
  expect(await new GitSource({ directory: join(repo.directory, ".git") }).dirty()).toBe(false);
});

describe("keep", () => {
  it("keeps a commit from being collected when its branch is gone, and runs no hook", async () => {
    repo.commit({ a: "1" });
    mkdirSync(join(repo.directory, ".git", "hooks"), { recursive: true });
    writeFileSync(join(repo.directory, ".git", "hooks", "reference-transaction"), "#!/bin/sh\ntouch pwned\n", { mode: 0o755 });
    const [kept = "", lost = ""] = repo.import([
      { parents: [], files: { a: "kept" } },
      { parents: [], files: { a: "lost" } },
    ]);
    rmSync(join(repo.directory, "pwned"), { force: true });
    await source.keep(kept);
    await source.keep(kept);
    expect(existsSync(join(repo.directory, "pwned"))).toBe(false);
    repo.git("branch", "-q", "-D", "n0", "n1");
    repo.git("reflog", "expire", "--expire=now", "--all");
    repo.git("gc", "-q", "--prune=now");
    expect(await source.resolve(kept)).toBe(kept);
    await expect(source.resolve(lost)).rejects.toMatchObject({ code: "unknown-commit" });
    await expect(source.keep(lost)).rejects.toMatchObject({ code: "unknown-commit" });
  });

  const unshare = "unshare";
  const readOnly = [
    "--user",
    "--map-root-user",
    "--mount",
    "sh",
    "-c",
    'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"',
  ];
  const canMount = spawnSync(unshare, [...readOnly, tmpdir(), "true"]).status === 0;
  it.skipIf(!canMount)("does nothing in a repository that cannot be written (skipped where no file system can be mounted)", () => {
    const id = repo.commit({ a: "1" });
    const module = JSON.stringify(join(import.meta.dirname, "../../../src/source/git.ts"));
    const script = `const { GitSource } = await import(${module}); const source = new GitSource({ directory: ${JSON.stringify(repo.directory)} });
      await source.keep(${JSON.stringify(id)}); console.log("kept nothing,", await source.file(${JSON.stringify(id)}, "a"), await source.dirty());`;
    const child = spawnSync(unshare, [...readOnly, repo.directory, process.execPath, "--input-type=module", "-e", script], {
      encoding: "utf8",
    });
    expect([child.stdout, child.stderr]).toEqual(["kept nothing, 1 false\n", ""]);
    expect(repo.git("for-each-ref", "refs/sluice")).toBe("");
  });
});
