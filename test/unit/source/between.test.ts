import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { GitSource } from "../../../src/source/git.ts";
import { MAX_LISTED } from "../../../src/engine/ports/source.ts";
import { Repo } from "./repo.ts";

let repo: Repo;
let source: GitSource;
beforeEach(() => {
  repo = new Repo();
  source = new GitSource({ directory: repo.directory });
});
afterEach(() => repo.remove());

describe("the commits between two", () => {
  it("are those that one has and the other lacks, the newest first, both ways", async () => {
    const first = repo.commit({ a: "1" }, "first");
    const hotfix = repo.commit({ a: "2" }, 'hotfix: "it" | works');
    repo.git("checkout", "-q", "-b", "other", first);
    const [second, third] = [repo.commit({ b: "1" }, "second"), repo.commit({ b: "2" }, "third")];
    const brings = await source.between(hotfix, third);
    expect(brings?.count).toBe(2);
    expect(brings?.newest.map(({ id, subject }) => [id, subject])).toEqual([
      [third, "third"],
      [second, "second"],
    ]);
    expect(await source.between(third, hotfix)).toEqual({
      count: 1,
      newest: [{ id: hotfix, ...(await describeOf(hotfix)) }],
    });
    expect(await source.between(third, third)).toEqual({ count: 0, newest: [] });
  });

  it("are counted, and listed up to a bound", async () => {
    const ids = repo.import(
      Array.from({ length: MAX_LISTED + 11 }, (_, n) => ({ parents: n === 0 ? [] : [n - 1], files: { a: String(n) } })),
    );
    const found = await source.between(ids[0] ?? "", ids.at(-1) ?? "");
    expect(found?.count).toBe(MAX_LISTED + 10);
    expect(found?.newest).toHaveLength(MAX_LISTED);
    expect(found?.newest[0]?.id).toBe(ids.at(-1));
  });

  it("are not told where one of the two is gone; what is no id is refused", async () => {
    const first = repo.commit({ a: "1" });
    expect(await source.between("0".repeat(40), first)).toBeNull();
    expect(await source.between(first, "0".repeat(40))).toBeNull();
    await expect(source.between("--all", first)).rejects.toMatchObject({ code: "unknown-commit" });
  });
});

async function describeOf(id: string) {
  const { subject, author, at } = await source.describe(id);
  return { subject, author, at };
}
