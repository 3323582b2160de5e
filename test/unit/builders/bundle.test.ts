import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { splitWords } from "../../../src/builders/bundle/words.ts";
import { builder } from "../../../src/builders/bundle/index.ts";
import { GitSource } from "../../../src/source/git.ts";
import { Repo } from "../source/repo.ts";
import { contextOf, inputOf, temporaryDirectory } from "./rig.ts";

function sampleTree(): string {
  const tree = temporaryDirectory();
  mkdirSync(join(tree, "services/api"), { recursive: true });
  writeFileSync(join(tree, "services/api/server.js"), "console.log(1)\n");
  writeFileSync(join(tree, "run.sh"), "#!/bin/sh\necho hi\n", { mode: 0o755 });
  symlinkSync("services/api/server.js", join(tree, "main.js"));
  return tree;
}
const hexOf = (digest: string) => digest.replace("sha256:", "");
const artifacts = (home: string) => readdirSync(join(home, "artifacts"));

test("the same content has the same digest, whatever its times, its other mode bits and its place", async () => {
  const [home, tree, other] = [temporaryDirectory(), sampleTree(), sampleTree()];
  utimesSync(join(other, "run.sh"), 1, 1);
  chmodSync(join(other, "services/api/server.js"), 0o600);
  const first = await builder.build(inputOf(tree, {}), contextOf(home));
  const second = await builder.build(inputOf(other, {}, "b2"), contextOf(temporaryDirectory()));
  expect(second.digest).toBe(first.digest);
  expect(first.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
  const stored = join(home, "artifacts", hexOf(first.digest), "tree");
  expect(readFileSync(join(stored, "main.js"), "utf8")).toBe("console.log(1)\n");
  expect(statSync(join(stored, "run.sh")).mode & 0o777).toBe(0o555);
  expect(statSync(join(stored, "main.js")).mode & 0o777).toBe(0o444);
  expect(artifacts(home)).toEqual([hexOf(first.digest)]);
  expect(await builder.has(first.digest, {}, home)).toBe(true);
  expect(await builder.has(`sha256:${"0".repeat(64)}`, {}, home)).toBe(false);
});

test.each([
  ["content", (tree: string) => writeFileSync(join(tree, "run.sh"), "other")],
  ["name", (tree: string) => writeFileSync(join(tree, "more"), "")],
  ["executable", (tree: string) => chmodSync(join(tree, "run.sh"), 0o644)],
  ["empty folder", (tree: string) => mkdirSync(join(tree, "empty"))],
  ["link", (tree: string) => symlinkSync("run.sh", join(tree, "again"))],
])("another %s has another digest", async (_, change) => {
  const [tree, other] = [sampleTree(), sampleTree()];
  change(other);
  const first = await builder.build(inputOf(tree, {}), contextOf(temporaryDirectory()));
  const second = await builder.build(inputOf(other, {}), contextOf(temporaryDirectory()));
  expect(second.digest).not.toBe(first.digest);
});

test("an artifact that exists is kept as it is: somebody may run from it", async () => {
  const [home, tree] = [temporaryDirectory(), sampleTree()];
  const { digest } = await builder.build(inputOf(tree, {}), contextOf(home));
  const before = statSync(join(home, "artifacts", hexOf(digest), "tree/run.sh")).ino;
  expect((await builder.build(inputOf(tree, {}, "b2"), contextOf(home))).digest).toBe(digest);
  expect(statSync(join(home, "artifacts", hexOf(digest), "tree/run.sh")).ino).toBe(before);
  expect(artifacts(home)).toEqual([hexOf(digest)]);
});

test("a build command runs in the folder, without a shell, and its output folder becomes the artifact", async () => {
  const [home, tree] = [temporaryDirectory(), sampleTree()];
  const command = `node -e "fs.mkdirSync('dist'); fs.writeFileSync('dist/out', process.argv[1])" '$HOME  && x'`;
  const { digest } = await builder.build(inputOf(tree, { path: "services", command, output: "dist" }), contextOf(home));
  expect(readFileSync(join(home, "artifacts", hexOf(digest), "tree/out"), "utf8")).toBe("$HOME  && x");
  const again = await builder.build(
    inputOf(tree, {
      path: "services",
      command: ["node", "-e", "fs.mkdirSync('o'); fs.writeFileSync('o/out', '$HOME  && x')"],
      output: "o",
    }),
    contextOf(home),
  );
  expect(again.digest).toBe(digest);
});

test.each([
  ["an absolute link", (tree: string) => symlinkSync("/etc/passwd", join(tree, "link")), {}, /link link -> \/etc\/passwd leads out/],
  ["a link upwards", (tree: string) => symlinkSync("../../..", join(tree, "services/link")), {}, /leads out of the artifact/],
  [
    "a link that leads out by way of another",
    (tree: string) => {
      mkdirSync(join(tree, "deep/er"), { recursive: true });
      symlinkSync("../../services", join(tree, "deep/er/up"));
      symlinkSync("up/../..", join(tree, "deep/er/link"));
    },
    {},
    /leads out of the artifact/,
  ],
  ["no output", () => {}, { output: "dist" }, /left no folder dist/],
  ["a failing command", () => {}, { command: "false" }, /Command failed/],
])("%s is refused and leaves nothing behind", async (_, change, config, message) => {
  const [home, tree] = [temporaryDirectory(), sampleTree()];
  change(tree);
  await expect(builder.build(inputOf(tree, config), contextOf(home))).rejects.toThrow(message);
  expect(artifacts(home)).toEqual([]);
  expect(existsSync(tree)).toBe(true);
});

test("words are split at blanks, quotes keep them, and what only a shell understands is refused", () => {
  expect(splitWords(`npm  run "a b" 'c"d' e''f`)).toEqual({ words: ["npm", "run", "a b", `c"d`, "ef"] });
  for (const text of ["a && b", "a | b", "echo $X", "rm *", "a > b", "a `b`", "a; b", "(a)"])
    expect(splitWords(text)).toHaveProperty("problem");
  expect(splitWords(`a "b`)).toHaveProperty("problem");
  expect(splitWords(" ")).toHaveProperty("problem");
});

test("the config is checked, with the path to what is wrong", () => {
  expect(builder.schema.check({ path: ".", command: "npm run build", output: "dist" })).toEqual([]);
  const problems = builder.schema.check({ path: "../x", command: "a && b", output: "/tmp", more: 1 });
  expect(problems.map(({ path }) => path.join("."))).toEqual(expect.arrayContaining(["path", "command", "output", ""]));
});

test("a build command is told the commit's time, and works where the same build always does; beside another of the same it has a place of its own", async () => {
  const [home, tree] = [temporaryDirectory(), sampleTree()];
  const script = `const { mkdirSync, writeFileSync } = require("node:fs"); mkdirSync("out"); writeFileSync("out/at", process.cwd() + " " + process.env.SOURCE_DATE_EPOCH)`;
  const config = { command: ["node", "-e", script], output: "out" };
  const first = await builder.build(inputOf(tree, config), contextOf(home));
  expect(readFileSync(join(home, "artifacts", hexOf(first.digest), "tree/at"), "utf8")).toMatch(/\/checkout 1700000000$/);
  expect((await builder.build(inputOf(tree, config, "b2"), contextOf(home))).digest).toBe(first.digest);
  const both = await Promise.all(["b3", "b4"].map((attempt) => builder.build(inputOf(tree, config, attempt), contextOf(home))));
  expect(both.map(({ digest }) => digest)).toContain(first.digest);
  expect(new Set(both.map(({ digest }) => digest)).size).toBe(2);
});

test("two clones of a repository make the same bundle of a commit, whatever their masks, times and places", async () => {
  const repo = new Repo();
  onTestFinished(() => repo.remove());
  const [commit = ""] = repo.import([
    {
      parents: [],
      files: {
        "z/last": "1",
        "a b/ünd": "2",
        "A/upper": "3",
        run: { mode: "100755", data: "#!/bin/sh\n" },
        link: { mode: "120000", data: "z/last" },
        ".gitattributes": "* text eol=crlf\nz/** export-ignore\n",
      },
    },
  ]);
  const digests: string[] = [];
  for (const [mask, name] of [
    [0o022, "one"],
    [0o077, "another"],
  ] as const) {
    const clone = join(temporaryDirectory(), name);
    repo.git("clone", "--quiet", "--branch", "n0", repo.directory, clone);
    const source = new GitSource({ directory: clone });
    const before = process.umask(mask);
    try {
      const input = { ...inputOf(clone, {}), commit, checkout: (path: string, into: string) => source.checkout(commit, path, into) };
      digests.push((await builder.build(input, contextOf(temporaryDirectory()))).digest);
    } finally {
      process.umask(before);
    }
  }
  expect(digests[1]).toBe(digests[0]);
});
