import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GitSource } from "../../../src/source/git.ts";
import { type Node, Repo } from "./repo.ts";

const UNKNOWN = "0".repeat(40);
let repo: Repo;
let source: GitSource;
beforeAll(() => {
  repo = new Repo(["--bare"]);
  source = new GitSource({ directory: repo.directory });
});
afterAll(() => repo.remove());

const node = (parents: readonly number[], files: Node["files"]): Node => ({ parents, files });
const services = { api: ["services/api", "packages/shared"], apis: ["services/apis"], all: [], root: ["."], glob: ["services/*"] };

describe("relate", () => {
  it("tells same, behind, contains, diverged and unknown", async () => {
    const [a = "", b = "", c = ""] = repo.import([node([], { x: "1" }), node([0], { x: "2" }), node([0], { x: "3" })]);
    const order = async (release: string, live: string) => (await source.relate(release, live, {})).order;
    expect([await order(a, a), await order(b, a), await order(a, b), await order(b, c), await order(a, UNKNOWN)]).toEqual([
      "same",
      "behind",
      "contains",
      "diverged",
      "unknown",
    ]);
    expect(await source.relate(a, b, services)).toEqual({ release: a, live: b, order: "contains", unmet: [] });
    expect(await source.relate(a, a, services)).toEqual({ release: a, live: a, order: "same", unmet: [] });
    expect(await source.relate(a, UNKNOWN, services)).toEqual({ release: a, live: UNKNOWN, order: "unknown", unmet: null });
    await expect(source.relate(UNKNOWN, a, {})).rejects.toMatchObject({ code: "unknown-commit" });
    await expect(source.relate("main", a, {})).rejects.toMatchObject({ code: "unknown-commit" });
    await expect(source.relate(b, a, { api: ["../x"] })).rejects.toMatchObject({ code: "unsafe-path" });
  });

  it("goes by whole parts of paths, literally; no paths are the whole source", async () => {
    const [a = "", b = "", c = ""] = repo.import([
      node([], { "services/apis/x": "1" }),
      node([0], { "services/apis/x": "2" }),
      node([1], { "services/apis/x": "2", "packages/shared": "a file now" }),
    ]);
    expect((await source.relate(b, a, services)).unmet).toEqual(["apis", "all", "root"]);
    expect((await source.relate(c, b, services)).unmet).toEqual(["api", "all", "root"]);
  });

  it("takes a change that was taken back for satisfied, and a rename for a change of both", async () => {
    const [a = "", , back = "", renamed = ""] = repo.import([
      node([], { "services/api/x": "a longer text that is found again", "services/apis/z": "1" }),
      node([0], { "services/api/x": "other", "services/apis/z": "1" }),
      node([1], { "services/api/x": "a longer text that is found again", "services/apis/z": "1" }),
      node([2], { "services/apis/x": "a longer text that is found again", "services/apis/z": "1" }),
    ]);
    expect((await source.relate(back, a, services)).unmet).toEqual([]);
    expect((await source.relate(renamed, a, services)).unmet).toEqual(["api", "apis", "all", "root"]);
  });

  it("counts a merge for what it changes itself, not for what it brings together", async () => {
    const [, left = "", right = "", clean = "", evil = "", octopus = "", further = ""] = repo.import([
      node([], { "services/api/x": "1", "services/apis/x": "1" }),
      node([0], { "services/api/x": "2", "services/apis/x": "1" }),
      node([0], { "services/api/x": "1", "services/apis/x": "2" }),
      node([1, 2], { "services/api/x": "2", "services/apis/x": "2" }),
      node([1, 2], { "services/api/x": "3", "services/apis/x": "2" }),
      node([0, 1, 2], { "services/api/x": "2", "services/apis/x": "9" }),
      // A merge of the same two by someone else, and a change of its own: it has all that `clean` has.
      node([2, 1], { "services/api/x": "4", "services/apis/x": "2" }),
    ]);
    const unmet = async (release: string, live: string) =>
      (await source.relate(release, live, { api: ["services/api"], apis: ["services/apis"] })).unmet;
    expect([await unmet(clean, left), await unmet(clean, right)]).toEqual([["apis"], ["api"]]);
    expect([await unmet(evil, clean), await unmet(clean, evil), await unmet(octopus, clean)]).toEqual([["api"], [], ["apis"]]);
    expect([await unmet(clean, further), await unmet(further, clean)]).toEqual([[], ["api"]]);
  });

  it("is not misled by the repository's settings", async () => {
    const strict = new Repo();
    const a = strict.commit({ "services/api/x": "text\n".repeat(20) });
    const b = strict.commit({ "services/api/x": null, "web/x": "text\n".repeat(20) });
    for (const [key, value] of [
      ["diff.renames", "copies"],
      ["diff.relative", "true"],
      ["diff.orderFile", "nowhere"],
      ["log.diffMerges", "off"],
      ["log.showRoot", "false"],
      ["color.ui", "always"],
      ["diff.noprefix", "true"],
      ["log.showSignature", "true"],
    ] as const)
      strict.git("config", key, value);
    expect(
      (await new GitSource({ directory: `${strict.directory}/web` }).relate(b, a, { api: ["services/api"], web: ["web"], docs: ["docs"] }))
        .unmet,
    ).toEqual(["api", "web"]);
    strict.remove();
  });
});

/** The rule again, by its words and as slowly as can be, on the drawing itself. */
function naive(
  nodes: readonly Node[],
  release: number,
  live: number,
  paths: Readonly<Record<string, readonly string[]>>,
): { order: string; unmet: string[] } {
  const ancestors = (of: number): Set<number> => new Set([of, ...(nodes[of]?.parents ?? []).flatMap((parent) => [...ancestors(parent)])]);
  const files = (of: number): Readonly<Record<string, unknown>> => nodes[of]?.files ?? {};
  const below = (file: string, prefixes: readonly string[]) =>
    prefixes.length === 0 || prefixes.some((prefix) => file === prefix || file.startsWith(`${prefix}/`));
  const changed = (commit: number): string[] => {
    const parents = nodes[commit]?.parents ?? [];
    const names = new Set([commit, ...parents].flatMap((each) => Object.keys(files(each))));
    return [...names].filter((name) =>
      parents.length === 0 ? name in files(commit) : parents.every((parent) => files(parent)[name] !== files(commit)[name]),
    );
  };
  const inLive = ancestors(live);
  const inRelease = ancestors(release);
  const order = release === live ? "same" : inLive.has(release) ? "contains" : inRelease.has(live) ? "behind" : "diverged";
  const between = [...inRelease].filter((commit) => !inLive.has(commit));
  const at = (commit: number, prefixes: readonly string[]) =>
    JSON.stringify(
      Object.entries(files(commit))
        .filter(([name]) => below(name, prefixes))
        .toSorted(([one], [two]) => one.localeCompare(two)),
    );
  const satisfied = (prefixes: readonly string[]) =>
    (prefixes.length > 0 ? prefixes.map((prefix) => [prefix]) : [[]]).every((one) => at(release, one) === at(live, one)) ||
    !between.some((commit) => changed(commit).some((file) => below(file, prefixes)));
  return { order, unmet: Object.entries(paths).flatMap(([id, prefixes]) => (satisfied(prefixes) ? [] : [id])) };
}

const FILES = ["a/x", "a/y", "ab/x", "b/c/x", "b/c/y", "b/x", "top"];
const SERVICES = { a: ["a"], ab: ["ab"], deep: ["b/c"], b: ["b"], two: ["a", "b/c"], file: ["a/x"], none: ["nowhere"], all: [] };

/** Small histories: up to three parents, and contents of which there are few, so that equal trees, reverts and merges that change nothing come about. */
const dag: fc.Arbitrary<Node[]> = fc
  .array(
    fc.record({
      parents: fc.array(fc.nat(20), { maxLength: 3 }),
      base: fc.nat(2),
      edits: fc.array(fc.tuple(fc.constantFrom(...FILES), fc.constantFrom("1", "2", "")), { maxLength: 3 }),
    }),
    {
      minLength: 2,
      maxLength: 9,
    },
  )
  .map((drawn) => {
    const nodes: Node[] = [];
    for (const [index, { parents, base, edits }] of drawn.entries()) {
      const from = index === 0 ? [] : [...new Set(parents.map((parent) => parent % index))];
      const start = nodes[from[base % Math.max(1, from.length)] ?? -1]?.files ?? {};
      const edited = new Map([...Object.entries(start), ...edits]);
      nodes.push({ parents: from, files: Object.fromEntries([...edited].filter(([, text]) => text !== "")) });
    }
    return nodes;
  });

it("agrees with the rule, read slowly, on random histories", async () => {
  const seen = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(dag, fc.nat(20), fc.nat(20), async (nodes, one, other) => {
      const ids = repo.import(nodes);
      const [release, live] = [one % nodes.length, other % nodes.length];
      const expected = naive(nodes, release, live, SERVICES);
      const { order, unmet } = await source.relate(ids[release] ?? "", ids[live] ?? "", SERVICES);
      expect({ order, unmet }).toEqual(expected);
      const kind = `${order}${expected.unmet.length > 0 ? " unmet" : ""}`;
      seen.set(kind, (seen.get(kind) ?? 0) + 1);
    }),
    { numRuns: 200 },
  );
  // The histories are worth something only if they reach every answer.
  const rare = ["same", "contains", "behind", "behind unmet", "diverged unmet"].filter((kind) => (seen.get(kind) ?? 0) <= 5);
  expect(rare).toEqual([]);
}, 120_000);

it("relates 1,000 services over 500 commits in one go", async () => {
  const names = Array.from({ length: 1_000 }, (_, n) => `services/s${n}`);
  const base = Object.fromEntries(names.map((name) => [`${name}/main`, "0"]));
  const big = new Repo(["--bare"]);
  const [first = { parents: [], files: {} }, ...more] = Array.from({ length: 501 }, (_, n): Node => ({
    parents: n === 0 ? [] : [n - 1],
    files: { ...base, ...Object.fromEntries(names.slice(0, n).map((name) => [`${name}/main`, "1"])) },
  }));
  const ids = big.import([first, ...more]);
  const start = performance.now();
  const { unmet } = await new GitSource({ directory: big.directory }).relate(
    ids[500] ?? "",
    ids[0] ?? "",
    Object.fromEntries(names.map((name, n) => [`s${n}`, [name, "packages/shared"]])),
  );
  process.stdout.write(`relate, 1,000 services, 500 commits: ${(performance.now() - start).toFixed(0)} ms\n`);
  expect(unmet).toEqual(Array.from({ length: 500 }, (_, n) => `s${n}`));
  big.remove();
}, 60_000);
