import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { GitSource } from "../../../src/source/git.ts";
import { leadsOut } from "../../../src/source/links.ts";
import { type Node, Repo } from "./repo.ts";

let repo: Repo;
let source: GitSource;
let into: string;
beforeEach(() => {
  repo = new Repo();
  source = new GitSource({ directory: repo.directory });
  into = mkdtempSync(join(tmpdir(), "sluice-into-"));
});
afterEach(() => {
  repo.remove();
  rmSync(into, { recursive: true, force: true });
});

const imported = (files: Node["files"]): string => repo.import([{ parents: [], files }])[0] ?? "";
const link = (data: string) => ({ mode: "120000", data });
const all = (): string[] =>
  readdirSync(into, { recursive: true })
    .map(String)
    .toSorted((a, b) => a.localeCompare(b));

describe("checkout", () => {
  it("writes the committed bytes and modes, and leaves index and work tree alone", async () => {
    const lines = "one\r\ntwo\n";
    const id = imported({
      ".gitattributes": "* text eol=crlf ident\n*.bin filter=lfs\nhidden export-ignore\n",
      "bin/run": { mode: "100755", data: "#!/bin/sh\n" },
      "a/text": `$Id$ ${lines}`,
      "a/x.bin": "version https://git-lfs.github.com/spec/v1\n",
      hidden: "still here",
      "a/empty": "",
      'ä "quoted" name': "x",
      "link/to": link("../a/text"),
      module: { mode: "160000", data: "1".repeat(40) },
    });
    repo.commit({ mine: "committed" });
    repo.git("config", "filter.lfs.smudge", "touch pwned; cat");
    writeFileSync(join(repo.directory, "mine"), "edited");
    const before = [readFileSync(join(repo.directory, ".git", "index")).toString("hex"), repo.git("status", "--porcelain")];
    await source.checkout(id, "", into);
    expect([readFileSync(join(repo.directory, ".git", "index")).toString("hex"), repo.git("status", "--porcelain")]).toEqual(before);
    expect(readFileSync(join(into, "a/text"), "utf8")).toBe(`$Id$ ${lines}`);
    expect(readFileSync(join(into, "a/x.bin"), "utf8")).toMatch(/^version https/);
    expect(readFileSync(join(into, "hidden"), "utf8")).toBe("still here");
    expect(readlinkSync(join(into, "link/to"))).toBe("../a/text");
    expect([statSync(join(into, "bin/run")).mode & 0o111, statSync(join(into, "a/text")).mode & 0o111]).toEqual([0o111, 0]);
    expect([
      statSync(join(into, "a/empty")).size,
      readdirSync(join(into, "module")),
      lstatSync(join(into, 'ä "quoted" name')).isFile(),
    ]).toEqual([0, [], true]);
  });

  it("writes a folder as the root, also from a folder of the work tree", async () => {
    const id = repo.commit({ "services/api/src/main.ts": "x", "services/api-gateway/main.ts": "y", "root.txt": "z" });
    await new GitSource({ directory: join(repo.directory, "services") }).checkout(id, "./services/api/", into);
    expect(all()).toEqual(["src", "src/main.ts"]);
  });

  it("writes large files whole", async () => {
    const big = Buffer.alloc(70_000_001, "0123456789abcdef\n");
    writeFileSync(join(repo.directory, "big"), big);
    const id = repo.commit({ a: "before", z: "after" });
    await source.checkout(id, ".", into);
    const digest = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
    expect(digest(readFileSync(join(into, "big")))).toBe(digest(big));
    expect(readFileSync(join(into, "z"), "utf8")).toBe("after");
  });

  it.each<[string, Node["files"]]>([
    ["is absolute", { out: link("/etc/passwd") }],
    ["goes up", { "a/out": link("../../x") }],
    ["goes up through another", { here: link("."), out: link("here/../x") }],
    ["goes down and up again through another", { "a/b/file": "", down: link("a/b"), out: link("down/../../../x") }],
    ["loops", { a: link("b"), b: link("a") }],
  ])("refuses a link that %s, before anything is written", async (_how, files) => {
    const id = imported({ file: "x", ...files });
    await expect(source.checkout(id, "", into)).rejects.toMatchObject({
      code: "unsafe-path",
      message: expect.stringContaining("leads out"),
    });
    expect(all()).toEqual([]);
  });

  it("refuses, for a folder, a link to what is outside of that folder", async () => {
    const id = imported({ "web/shared": link("../shared"), "shared/x": "x" });
    await expect(source.checkout(id, "web", into)).rejects.toMatchObject({ code: "unsafe-path" });
    await source.checkout(id, "", into);
    expect(readFileSync(join(into, "web/shared/x"), "utf8")).toBe("x");
  });

  it.each(["..", ".git", ".GIT"])("refuses a tree that holds the name %s", async (name) => {
    const blob = repo.feed("x", "hash-object", "-w", "--stdin");
    const entry = Buffer.concat([Buffer.from(`100644 ${name}\0`), Buffer.from(blob, "hex")]);
    const tree = execFileSync("git", ["hash-object", "-w", "-t", "tree", "--literally", "--stdin"], {
      cwd: repo.directory,
      input: entry,
      encoding: "utf8",
    }).trim();
    const id = repo.git("commit-tree", "-m", "crafted", tree);
    await expect(source.checkout(id, "", into)).rejects.toMatchObject({ code: "unsafe-path" });
    expect(all()).toEqual([]);
  });

  it("refuses what it cannot write", async () => {
    const id = repo.commit({ "a/b": "x" });
    await expect(source.checkout(id, "nowhere", into)).rejects.toMatchObject({
      code: "git-failed",
      message: expect.stringContaining("no `nowhere`"),
    });
    await expect(source.checkout(id, "a/b", into)).rejects.toMatchObject({
      code: "git-failed",
      message: expect.stringContaining("not a folder"),
    });
    await expect(source.checkout(id, "../a", into)).rejects.toMatchObject({ code: "unsafe-path" });
    await expect(source.checkout("0".repeat(40), "", into)).rejects.toMatchObject({ code: "unknown-commit" });
    writeFileSync(join(into, "mine"), "");
    await expect(source.checkout(id, "", into)).rejects.toMatchObject({
      code: "git-failed",
      message: expect.stringContaining("not empty"),
    });
  });

  it("says that a file's content is missing, and does not hang", async () => {
    const id = repo.commit({ a: "1", b: "2", c: "3" });
    const blob = repo.git("rev-parse", "HEAD:b");
    rmSync(join(repo.directory, ".git", "objects", blob.slice(0, 2), blob.slice(2)));
    await expect(source.checkout(id, "", into)).rejects.toMatchObject({ code: "git-failed", hint: expect.stringContaining("fsck") });
  });
});

it("a link may lead anywhere inside, also to what is not there", () => {
  const links = new Map([
    ["a/b/up", "../../x"],
    ["dir", "a/b"],
    ["through", "dir/up"],
    ["dangling", "nothing/here"],
    ["self", "."],
  ]);
  expect([...links.keys()].filter((each) => leadsOut(each, links))).toEqual([]);
});
