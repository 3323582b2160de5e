import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { jsonOf, Place } from "./rig.ts";

const place = new Place();
afterAll(() => place.remove());

const minimal =
  "version: 1\nproject: p\nenvironments:\n  dev: {}\nservices:\n  api: { tier: backend, deploy: { command: { apply: [x] } } }\n";

describe("init", () => {
  test("writes a file that is valid, and says how to go on", async () => {
    const cwd = place.directory("My Shop!");
    const ended = await place.sluice(["init"], { cwd });
    expect(ended).toMatchObject({ exit: 0, err: "" });
    expect(ended.out).toContain("sluice validate");
    expect(readFileSync(join(cwd, "sluice.yaml"), "utf8")).toContain("project: my-shop\n");
    expect(await place.sluice(["validate"], { cwd })).toMatchObject({ exit: 0, out: "sluice.yaml is valid\n" });
  });

  test("never overwrites", async () => {
    const cwd = place.directory("taken");
    writeFileSync(join(cwd, "sluice.yaml"), "mine");
    const ended = await place.sluice(["init"], { cwd });
    expect(ended.exit).toBe(2);
    expect(ended.err).toContain("is there already");
    expect(readFileSync(join(cwd, "sluice.yaml"), "utf8")).toBe("mine");
  });

  test("refuses a name that would not be valid", async () => {
    const cwd = place.directory("named");
    expect((await place.sluice(["init", "--project", "../x"], { cwd })).exit).toBe(2);
    expect((await place.sluice(["init", "--project", "harbor", "--json"], { cwd })).out).toBe(
      `${JSON.stringify({ file: join(cwd, "sluice.yaml") }, null, 2)}\n`,
    );
  });
});

describe("validate", () => {
  const validate = async (text: string, ...args: string[]) => {
    const cwd = place.directory("validate");
    writeFileSync(join(cwd, "sluice.yaml"), text);
    return place.sluice(["validate", ...args], { cwd });
  };

  test("what is wrong as JSON: every problem with its place, and exit 2", async () => {
    const ended = await validate(minimal.replace("backend", "backnd").replace("dev: {}", "dev: { nedes: [x] }"), "--format", "json");
    expect(ended).toMatchObject({ exit: 2, err: "" });
    const found = jsonOf<{ code: string; severity: string; message: string; file: string; line: number; column: number }[]>(ended);
    expect(found.length).toBeGreaterThanOrEqual(2);
    for (const one of found) {
      expect(one).toEqual(
        expect.objectContaining({ code: expect.any(String), severity: "error", message: expect.any(String), file: "sluice.yaml" }),
      );
      expect(one.line).toBeGreaterThan(0);
      expect(one.column).toBeGreaterThan(0);
    }
  });

  test("a valid file is an empty list; --json is the same as --format json", async () => {
    expect(await validate(minimal, "--format", "json")).toMatchObject({ exit: 0, out: "[]\n" });
    expect(await validate(minimal, "--json")).toMatchObject({ exit: 0, out: "[]\n" });
  });

  test("for people: the line itself, and what is meant underlined", async () => {
    const ended = await validate(minimal.replace("tier: backend", "tire: backend"));
    expect(ended.exit).toBe(2);
    expect(ended.out).toContain("sluice.yaml:6:10: error:");
    expect(ended.out).toContain("~~~~");
  });

  test.each([
    ["0 bytes", ""],
    ["tabs", "version: 1\n\tproject: p\n"],
    ["a duplicate key", `${minimal}project: q\n`],
    ["5 MB", `${minimal}# ${"x".repeat(5 * 1024 * 1024)}\n`],
    [
      "a YAML bomb",
      `a: &a [x,x,x,x,x,x,x,x,x]\n${"bcdefghi"
        .split("")
        .map((name, index) => `${name}: &${name} [${Array(9).fill(`*${"abcdefghi"[index]}`).join(",")}]`)
        .join("\n")}\n`,
    ],
    ["a path that leaves the repository", minimal.replace("tier: backend,", "tier: backend, paths: [../other],")],
    ["binary", "\u0000\u0001\u0002"],
  ])("%s: a diagnostic, exit 2, in no time", async (_name, text) => {
    const begun = performance.now();
    const ended = await validate(text, "--format", "json");
    expect(ended.exit).toBe(2);
    expect(jsonOf<unknown[]>(ended).length).toBeGreaterThan(0);
    expect(performance.now() - begun).toBeLessThan(5_000);
  });

  test("a file that is not there, or no file at all", async () => {
    for (const file of ["nowhere.yaml", "."]) {
      const ended = await validate(minimal, "-f", file);
      expect(ended.exit).toBe(2);
      expect(ended.err).toMatch(/^error: .*\nhint: .*--file/);
      expect(ended.out).toBe("");
    }
  });

  test("--file is found from where -C says", async () => {
    place.directory("elsewhere");
    writeFileSync(join(place.root, "elsewhere", "x.yaml"), minimal);
    expect((await place.sluice(["-C", "elsewhere", "validate", "-f", "x.yaml"])).exit).toBe(0);
  });
});

test("schema is a JSON Schema that knows the drivers and builders", async () => {
  const ended = await place.sluice(["schema"]);
  const schema = jsonOf<{ $schema: string; $defs: Record<string, unknown> }>(ended);
  expect(schema.$schema).toBe("https://json-schema.org/draft/2020-12/schema");
  expect(Object.keys(schema.$defs)).toEqual(
    expect.arrayContaining(["driver-process", "driver-command", "builder-bundle", "builder-command"]),
  );
});
