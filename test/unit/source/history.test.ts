import { afterEach, beforeEach, expect, test } from "vitest";
import { GitSource } from "../../../src/source/git.ts";
import { Repo } from "./repo.ts";

let repo: Repo;
let source: GitSource;
beforeEach(() => {
  repo = new Repo();
  source = new GitSource({ directory: repo.directory, folder: "app" });
});
afterEach(() => repo.remove());

test("many commits at once: which are here, and which are on branches that match", async () => {
  const base = repo.commit({ "app/file": "1" });
  repo.git("checkout", "-q", "-b", "hotfix/a");
  const fix = repo.commit({ "app/file": "2" });
  repo.git("checkout", "-q", "--orphan", "other");
  const own = repo.commit({ "app/file": "3" });
  repo.git("checkout", "-q", "main");
  const head = repo.commit({ "app/file": "4" });
  repo.git("update-ref", "refs/remotes/origin/gone", fix);
  repo.git("branch", "-q", "-D", "hotfix/a");
  const nowhere = "1".repeat(40);
  const all = [base, fix, own, head, nowhere];
  const on = async (...refs: string[]) => [...(await source.commitsOn(all, refs))].map((commit) => all.indexOf(commit));
  expect([...(await source.commitsOn(all, null))].map((c) => all.indexOf(c))).toEqual([0, 1, 2, 3]);
  expect(await on("main")).toEqual([0, 3]);
  expect(await on("gone")).toEqual([0, 1]);
  expect(await on("main", "other")).toEqual([0, 2, 3]);
  expect(await on("hotfix/*")).toEqual([]);
  expect([...(await source.commitsOn([], ["main"]))]).toEqual([]);
});

test("the versions of a file are those that the branch itself has had", async () => {
  const first = repo.commit({ "app/file": "1" });
  repo.git("checkout", "-q", "-b", "side");
  const onlyThere = repo.commit({ "app/file": "bad" });
  repo.commit({ "app/file": "good" });
  repo.git("checkout", "-q", "main");
  repo.commit({ file: "another" });
  repo.git("merge", "-q", "--no-ff", "-m", "merge", "side");
  const merge = repo.git("rev-parse", "HEAD");
  const head = repo.commit({ other: "1" });
  const versions = await source.versionsOf(head, "file", 10);
  expect(versions.map(({ commit }) => commit)).toEqual([merge, first]);
  expect(versions[0]?.at).toBe((await source.describe(merge)).at);
  expect((await source.versionsOf(head, "file", 1)).length).toBe(1);
  const contents = await source.contentsAt([first, onlyThere, merge, head], "file");
  expect(contents.get(head)).toBe(contents.get(merge));
  expect(new Set(contents.values()).size).toBe(3);
  expect((await source.contentsAt([head], "nothing")).get(head)).toBe("");
});
