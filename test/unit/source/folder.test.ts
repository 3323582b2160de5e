import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { GitSource } from "../../../src/source/git.ts";
import { repositoryOf } from "../../../src/source/repository.ts";
import { treesOf } from "../../../src/source/trees.ts";
import { Repo } from "./repo.ts";

/** With characters that mean something in a pattern. */
const FOLDER = "products/[a] shop*";
let repo: Repo;
let source: GitSource;
let into: string;
beforeEach(() => {
  repo = new Repo();
  mkdirSync(join(repo.directory, FOLDER), { recursive: true });
  source = GitSource.ofProject(join(repo.directory, FOLDER));
  into = realpathSync(mkdtempSync(join(tmpdir(), "sluice-folder-")));
});
afterEach(() => {
  repo.remove();
  rmSync(into, { recursive: true, force: true });
});
const commit = (files: Readonly<Record<string, string>>, subject?: string): string =>
  repo.commit(Object.fromEntries(Object.entries(files).map(([path, text]) => [path.replace("@", FOLDER), text])), subject);

describe("a source that begins in a folder", () => {
  it("reads files and folders from there, and nothing beside it", async () => {
    const id = commit({ "@/sluice.yaml": "inner", "sluice.yaml": "outer", "@/app/x": "1", "app/y": "1" });
    expect([await source.file(id, "sluice.yaml"), await source.file(id, "app/y"), await source.file(id, ".")]).toEqual([
      "inner",
      null,
      null,
    ]);
    await source.checkout(id, ".", into);
    expect(readdirSync(into).toSorted()).toEqual(["app", "sluice.yaml"]);
    for (const path of ["../../app", "app/../../x", "/app"]) {
      await expect(source.file(id, path)).rejects.toMatchObject({ code: "unsafe-path" });
      await expect(source.checkout(id, path, into)).rejects.toMatchObject({ code: "unsafe-path" });
      await expect(source.relate(id, commit({ z: id + path }), { a: [path] })).resolves.toMatchObject({ order: "contains" });
    }
    const empty = join(into, "empty");
    mkdirSync(empty);
    await expect(source.checkout(id, "nowhere", empty)).rejects.toThrow(`\`${FOLDER}/nowhere\``);
  });

  it("refuses a link that leads out of the folder, though not out of the repository", async () => {
    const [id = ""] = repo.import([{ parents: [], files: { [`${FOLDER}/out`]: { mode: "120000", data: "../../shared" }, shared: "1" } }]);
    await expect(source.checkout(id, ".", into)).rejects.toMatchObject({ code: "unsafe-path" });
  });

  it("relates paths that are counted from there; `.` is the folder, and no paths are the whole repository", async () => {
    const services = { api: ["api"], folder: ["."], all: [] };
    const first = commit({ "@/api/x": "1", "api/x": "1" });
    const outside = commit({ "api/x": "2", [`${FOLDER}er/api`]: "1" });
    const inside = commit({ "@/api/x": "2" });
    const beside = commit({ "@/web/x": "1" });
    const unmet = async (release: string, live: string) => (await source.relate(release, live, services)).unmet;
    expect([await unmet(outside, first), await unmet(inside, outside), await unmet(beside, inside)]).toEqual([
      ["all"],
      ["api", "folder", "all"],
      ["folder", "all"],
    ]);
    await expect(source.relate(inside, first, { a: ["../api"] })).rejects.toMatchObject({ code: "unsafe-path" });
  });

  it("finds irreversible paths and patterns from there, and trailers of the whole repository", async () => {
    const to = commit({ "@/a": "1" });
    commit({ "db/1.sql": "1" }, "outside");
    commit({ "@/db/1.sql": "1" }, "inside");
    const from = commit({ "other/x": "1" }, "said\n\nIrreversible: api");
    const found = await source.irreversible(from, to, ["db", "./db/", "**/*.sql"]);
    expect(found.map(({ subject, names, paths }) => [subject, names, paths.toSorted()])).toEqual([
      ["said", ["api"], []],
      ["inside", [], ["**/*.sql", "./db/", "db"]],
    ]);
  });

  it("shares no tree with another project of the repository that has the same home", async () => {
    const id = commit({ "@/inner": "1", outer: "1" });
    const root = GitSource.ofProject(repo.directory);
    expect([root.folder, source.folder]).toEqual(["", FOLDER]);
    const [whole, part] = [await treesOf(root, into)(id, "."), await treesOf(source, into)(id, ".")];
    expect([readdirSync(whole).toSorted(), readdirSync(part)]).toEqual([["outer", "products"], ["inner"]]);
    // the same folder by two names
    expect(readFileSync(join(await treesOf(root, into)(id, FOLDER), "inner"), "utf8")).toBe("1");
  });
});

describe("the repository of a directory", () => {
  it("is the nearest one, by where links lead", () => {
    const inner = join(repo.directory, FOLDER);
    expect(repositoryOf(inner)).toEqual({ root: repo.directory, folder: FOLDER });
    symlinkSync(inner, join(into, "link"));
    expect(repositoryOf(join(into, "link"))).toEqual({ root: repo.directory, folder: FOLDER });
    mkdirSync(join(inner, ".git"));
    expect(repositoryOf(inner)).toEqual({ root: inner, folder: "" });
  });

  it("is none outside of one, and where there is no such directory", () => {
    expect([repositoryOf(into), repositoryOf(join(into, "missing"))]).toEqual([null, null]);
  });
});
