import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GitSource } from "../../../src/source/git.ts";
import { Repo } from "./repo.ts";

const GONE = "0".repeat(40);
let repo: Repo;
let source: GitSource;
beforeAll(() => {
  repo = new Repo();
  source = new GitSource({ directory: repo.directory });
});
afterAll(() => repo.remove());

const short = (found: Awaited<ReturnType<GitSource["irreversible"]>>) => found.map(({ subject, names, paths }) => [subject, names, paths]);

describe("irreversible", () => {
  it("finds the commits in between that say so, newest first", async () => {
    const to = repo.commit({ x: "0" }, "before\n\nIrreversible: web");
    repo.commit({ x: "1" }, "one\n\nIrreversible: api, indexer\nSigned-off-by: Ana <ana@example.org>");
    repo.commit({ x: "2" }, "two\n\nIrreversible: api,\n  jobs\nirreversible: web");
    repo.commit({ x: "3" }, "three\n\nIrreversible:");
    repo.commit({ x: "4" }, "four\n\nIrreversible: *");
    const from = repo.commit({ x: "5" }, "no more than a mention\n\nIrreversible: api is what a trailer would say\n\nof this");
    expect(short(await source.irreversible(from, to, []))).toEqual([
      ["four", ["*"], []],
      ["three", [""], []],
      ["two", ["api", "jobs", "web"], []],
      ["one", ["api", "indexer"], []],
    ]);
    expect(await source.irreversible(to, from, [])).toEqual([]);
    expect(await source.irreversible(from, from, [])).toEqual([]);
  });

  it("finds the commits that change a path, at its whole parts, also where a later one takes the change back", async () => {
    const to = repo.commit({ "db/a": "1", "dbs/a": "1" }, "start");
    repo.commit({ "db/up/b": "1" }, "a migration");
    repo.commit({ "db/up/b": null }, "taken back");
    const from = repo.commit({ "dbs/a": "2", "a\nname": "1" }, "another folder");
    expect(short(await source.irreversible(from, to, ["db/", "db/up", "./db", "other"]))).toEqual([
      ["taken back", [], ["db/up", "db/", "./db"]],
      ["a migration", [], ["db/up", "db/", "./db"]],
    ]);
    expect(short(await source.irreversible(from, to, ["dbs/a"]))).toEqual([["another folder", [], ["dbs/a"]]]);
    expect(short(await source.irreversible(from, to, ["db/**/b", "d*/a", "*.sql"]))).toEqual([
      ["another folder", [], ["d*/a"]],
      ["taken back", [], ["db/**/b"]],
      ["a migration", [], ["db/**/b"]],
    ]);
    await expect(source.irreversible(from, to, ["../x"])).rejects.toMatchObject({ code: "unsafe-path" });
  });

  it("sees what another branch would lose, and what a merge has brought", async () => {
    const base = repo.commit({ y: "0" }, "base");
    repo.git("checkout", "-q", "-b", "side");
    const side = repo.commit({ "db/side": "1" }, "on the side");
    repo.git("checkout", "-q", "main");
    const main = repo.commit({ y: "1" }, "on main");
    repo.git("merge", "-q", "--no-ff", "-m", "together", "side");
    const merged = repo.git("rev-parse", "HEAD");
    expect(short(await source.irreversible(merged, main, ["db"]))).toEqual([["on the side", [], ["db"]]]);
    expect(short(await source.irreversible(side, main, ["db"]))).toEqual([["on the side", [], ["db"]]]);
    expect(await source.irreversible(main, base, ["db"])).toEqual([]);
  });

  it("rejects what cannot be known: a commit that is gone, or the edge of a shallow clone", async () => {
    const to = repo.commit({ z: "0" }, "there");
    const from = repo.commit({ z: "1" }, "here");
    await expect(source.irreversible(from, GONE, [])).rejects.toMatchObject({ code: "unknown-commit" });
    await expect(source.irreversible(GONE, to, [])).rejects.toMatchObject({ code: "unknown-commit" });
    await expect(source.irreversible("main", to, [])).rejects.toMatchObject({ code: "unknown-commit" });
    const clone = new Repo();
    clone.git("fetch", "-q", "--depth=2", `file://${repo.directory}`, "main");
    const shallow = new GitSource({ directory: clone.directory });
    await expect(shallow.irreversible(from, to, [])).rejects.toMatchObject({ code: "shallow" });
    expect(await shallow.irreversible(to, from, [])).toEqual([]);
    clone.remove();
  });

  it("is not misled by the repository's settings", async () => {
    const to = repo.commit({ "db/s": "text\n".repeat(20) }, "text");
    const from = repo.commit({ "db/s": null, "web/s": "text\n".repeat(20) }, "moved\n\nIrreversible: api");
    for (const [key, value] of [
      ["trailer.separators", "="],
      ["diff.renames", "copies"],
      ["diff.relative", "true"],
      ["log.diffMerges", "off"],
      ["color.ui", "always"],
      ["log.showSignature", "true"],
    ] as const)
      repo.git("config", key, value);
    const inside = new GitSource({ directory: `${repo.directory}/web` });
    expect(short(await inside.irreversible(from, to, ["db"]))).toEqual([["moved", ["api"], ["db"]]]);
  });
});
