import type { Command } from "commander";
import { afterAll, describe, expect, test } from "vitest";
import { problemError, type ExitCode } from "../../../src/cli/exit.ts";
import { createProgram } from "../../../src/cli/program.ts";
import type { CliContext } from "../../../src/cli/context.ts";
import { Place } from "./rig.ts";

const place = new Place();
afterAll(() => place.remove());

const context: CliContext = {
  version: "1.2.3",
  cwd: "/",
  env: {},
  stdout: { write: () => {}, isTTY: false, columns: 80 },
  stderr: { write: () => {}, isTTY: false, columns: 80 },
  interactive: false,
  interrupted: new AbortController().signal,
  now: () => 0,
  confirm: async () => true,
  adapters: async () => [],
  zones: { has: () => true, names: () => [] },
  connect: () => Promise.reject(new Error("not in this test")),
  serve: () => Promise.reject(new Error("not in this test")),
  demo: () => Promise.reject(new Error("not in this test")),
  github: () => Promise.reject(new Error("not in this test")),
  githubDoctor: () => Promise.reject(new Error("not in this test")),
  githubConnect: () => Promise.reject(new Error("not in this test")),
  githubApps: () => Promise.reject(new Error("not in this test")),
  doctor: () => Promise.reject(new Error("not in this test")),
  ci: () => Promise.reject(new Error("not in this test")),
  workflows: () => Promise.reject(new Error("not in this test")),
};

function everyCommand(command: Command, name = ""): readonly (readonly [string, Command])[] {
  const own = command.commands.filter((sub) => sub.name() !== "complete");
  return own.flatMap((sub) => [[`${name}${sub.name()}`, sub] as const, ...everyCommand(sub, `${name}${sub.name()} `)]);
}
const commands = everyCommand(createProgram(context, () => {}));
const leaves = commands.filter(([, command]) => command.commands.length === 0);

test("the commands are those that were promised", () => {
  expect(leaves.map(([name]) => name).sort()).toEqual(
    [
      "approvals",
      "approve",
      "ci approvals",
      "ci build",
      "ci deploy",
      "ci gate",
      "ci plan",
      "ci report",
      "ci resolve",
      "ci rollback",
      "ci wait",
      "completion",
      "demo",
      "deploy",
      "diff",
      "doctor",
      "drift",
      "github approve",
      "github connect",
      "github disconnect",
      "github doctor",
      "github generate",
      "github hold",
      "github lock",
      "github pin",
      "github settle",
      "github unhold",
      "github unlock",
      "github unpin",
      "hold",
      "init",
      "lock",
      "pin",
      "plan",
      "reject",
      "rollback",
      "run cancel",
      "run logs",
      "run retry",
      "run settle",
      "run show",
      "run watch",
      "runs",
      "schema",
      "serve",
      "status",
      "unhold",
      "unlock",
      "unpin",
      "validate",
    ].sort(),
  );
});

describe("help", () => {
  test.each(leaves.map(([name]) => name))("%s", async (name) => {
    const ended = await place.sluice([...name.split(" "), "--help"]);
    expect(ended).toMatchObject({ exit: 0, err: "" });
    if (name !== "completion") expect(ended.out).toMatch(/\nExamples:\n(  \$ .*\n?)+/);
    await expect(ended.out).toMatchFileSnapshot(`golden/help-${name.replace(" ", "-")}.txt`);
  });

  test("of the program, and by --help and help alike", async () => {
    const ended = await place.sluice(["--help"]);
    await expect(ended.out).toMatchFileSnapshot("golden/help.txt");
    expect((await place.sluice(["help", "deploy"])).out).toBe((await place.sluice(["deploy", "--help"])).out);
  });

  test("the version", async () => expect(await place.sluice(["--version"])).toMatchObject({ exit: 0, out: "1.2.3\n", err: "" }));
});

describe("wrong use is exit 2, with how to go on, before anything is touched", () => {
  test.each([
    [["frobnicate"]],
    [["run"]],
    [["deploy"]],
    [["deploy", "--all", "api"]],
    [["deploy", "--all", "--frobnicate"]],
    [["deploy", "--all", "--promotion", "hop"]],
    [["deploy", "--all", "--accept-diverged"]],
    [["deploy", "--all", "--skip-needs"]],
    [["deploy", "--all", "--reason", " "]],
    [["plan"]],
    [["plan", "--changed", "--kind", "rollback", "--env", "a"]],
    [["plan", "--all", "--kind", "rollback"]],
    [["plan", "--all", "--kind", "rollback", "--env", "a", "b"]],
    [["plan", "--all", "--kind", "rollback", "--env", "a", "--commit", "b"]],
    [["plan", "--all", "--to", "x"]],
    [["rollback", "--all"]],
    [["rollback", "--all", "--env", "mainnet"]],
    [["rollback", "--env", "mainnet", "--reason", "x"]],
    [["approve"]],
    [["approve", "abcd"]],
    [["approve", "abcd", "--env", "mainnet", "--emergency"]],
    [["approve", "abcd", "--env", "mainnet", "--reason", "x"]],
    [["approve", "abcd", "--env", "mainnet", "--only", "a", "--except", "b"]],
    [["reject", "abcd", "--env", "mainnet"]],
    [["hold", "mainnet"]],
    [["lock", "api@mainnet"]],
    [["lock", "api@mainnet", "--reason", "x", "--until", "soon"]],
    [["lock", "api@mainnet", "--reason", "x", "--until", "2026-13-45T99:00"]],
    [["lock", "api@mainnet", "--reason", "x", "--until", "2020-01-01"]],
    [["unlock"]],
    [["pin", "api@mainnet", "abcd"]],
    [["pin", "api@mainnet", "--reason", "x"]],
    [["unpin"]],
    [["diff"]],
    [["runs", "--limit", "0"]],
    [["runs", "--limit", "many"]],
    [["run", "show"]],
    [["run", "settle", "api@mainnet", "--reason", "x"]],
    [["run", "settle", "api@mainnet", "--applied", "--not-applied", "--reason", "x"]],
    [["serve", "--port", "70000"]],
    [["validate", "--format", "xml"]],
    [["completion", "tcsh"]],
    [["status", "--url", "not an address"]],
    [["status", "--url", "ftp://x"]],
  ])("sluice %j", async (args) => {
    const ended = await place.sluice(args);
    expect(ended.exit).toBe(2);
    expect(ended.out).toBe("");
    expect(ended.err).not.toBe("");
    expect(ended.err).not.toMatch(/\n\s+at /);
  });
});

test("what should not happen is said in a line that asks for a report, without a stack trace", async () => {
  const broken = { context: { adapters: () => Promise.reject(new TypeError("x is not a function")) } };
  const ended = await place.sluice(["schema"], broken);
  expect(ended).toMatchObject({ exit: 1, out: "" });
  expect(ended.err.trimEnd().split("\n")).toHaveLength(1);
  expect(ended.err).toMatch(/x is not a function.*report.*1\.2\.3/);
  expect((await place.sluice(["schema"], { ...broken, env: { SLUICE_DEBUG: "1" } })).err).toMatch(/\n\s+at /);
});

test.each([
  ["invalid", 2],
  ["invalid-config", 2],
  ["not-found", 2],
  ["not-allowed", 4],
  ["unauthenticated", 4],
  ["conflict", 1],
  ["ended", 1],
  ["mismatch", 1],
  ["nothing-waits", 1],
  ["store-full", 1],
  ["source-unusable", 2],
] as const)("the API's %s is exit %i", (code, exit: ExitCode) => {
  const error = problemError({ type: "x", title: "T", status: 400, code, detail: "D", hint: "H" });
  expect(error).toMatchObject({ exit, message: "D", hint: "H" });
});
