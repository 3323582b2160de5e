import fc from "fast-check";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseConfig } from "../../../src/core/config/parse.ts";
import { printDiagnostics } from "../../../src/core/config/print.ts";
import { hostZones } from "../../../src/engine/zones.ts";
import { adapters } from "./adapters.ts";
import { codesOf, configOf, largeFile } from "./files.ts";

const folder = join(import.meta.dirname, "golden");
const samples = readdirSync(folder)
  .filter((name) => name.endsWith(".yaml"))
  .map((name) => readFileSync(join(folder, name), "utf8"));

/** What must hold for any text whatever: nothing thrown, every place in the text, a config exactly where nothing is an error. */
function holds(text: string): void {
  const { config, diagnostics } = parseConfig(text, "sluice.yaml", adapters, hostZones);
  const lines = text.split("\n").map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line));
  for (const { line, column, length } of diagnostics) {
    expect(line).toBeGreaterThanOrEqual(1);
    expect(column).toBeGreaterThanOrEqual(1);
    expect(length).toBeGreaterThanOrEqual(1);
    // One past the end is where something is missing.
    const end = lines[line - 1]?.length ?? -1;
    expect(column - 1 + length).toBeLessThanOrEqual(Math.max(end, column));
    expect(column - 1).toBeLessThanOrEqual(end + 1);
  }
  expect(config === null).toBe(diagnostics.some((diagnostic) => diagnostic.severity === "error"));
  const printed = printDiagnostics(diagnostics, () => text);
  expect(printed).not.toMatch(/[^\P{Cc}\n]/u);
}

describe("any text is answered with places in it", () => {
  test("arbitrary text", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 300 }), holds), { numRuns: 300 });
  });

  test("text made of what YAML is made of", () => {
    const token = fc.constantFrom(
      "a",
      "b",
      ": ",
      ":",
      "- ",
      "\n",
      "  ",
      "\t",
      "[",
      "]",
      "{",
      "}",
      ",",
      "&x ",
      "*x",
      "!t ",
      "|",
      ">",
      '"',
      "'",
      "#",
      "? ",
      "<<",
      "---\n",
      "...\n",
      "%YAML 1.1\n",
      "~",
      "1",
      "\r\n",
      "\\",
      "version: 1\n",
      "services:\n",
      "environments:\n",
    );
    fc.assert(
      fc.property(fc.array(token, { maxLength: 60 }), (tokens) => holds(tokens.join(""))),
      { numRuns: 1_000 },
    );
  });

  test("files with a piece cut out, doubled, or replaced", () => {
    const mutation = fc.record({
      sample: fc.constantFrom(...samples),
      from: fc.nat(),
      length: fc.nat({ max: 40 }),
      insert: fc.oneof(fc.constantFrom("", "\n", ": ", "\t", "}", "[", '"', "*how", "null", "${", "-1"), fc.string({ maxLength: 8 })),
      twice: fc.boolean(),
    });
    fc.assert(
      fc.property(mutation, ({ sample, from, length, insert, twice }) => {
        const start = from % (sample.length + 1);
        const piece = sample.slice(start, start + length);
        holds(sample.slice(0, start) + (twice ? piece + piece : "") + insert + sample.slice(start + length));
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("hostile files are cheap", () => {
  test.each([
    ["too-large", "a".repeat(5_000_000)],
    ["not-text", "version: 1\nproject: \0\n"],
    ["too-deep", "[".repeat(100_000)],
    ["too-deep", `a: ${"[".repeat(200)}${"]".repeat(200)}`],
    ["too-deep", `${"- ".repeat(50_000)}x`],
    ["yaml-version", "%YAML 1.1\n---\nversion: 1\n"],
  ])("%s", (code, text) => {
    const began = performance.now();
    expect(codesOf(text)).toContain(code);
    expect(performance.now() - began).toBeLessThan(3_000);
  });

  test("a megabyte of keys is answered with some of them and the number of the rest", () => {
    const text = `version: 1\n${Array.from({ length: 90_000 }, (_, index) => `k${index}: ${index % 10}`).join("\n")}`;
    const began = performance.now();
    const { diagnostics } = parseConfig(text, "sluice.yaml", adapters, hostZones);
    expect(performance.now() - began).toBeLessThan(8_000);
    expect(diagnostics).toHaveLength(501);
    expect(diagnostics.at(-1)).toMatchObject({ code: "too-many-problems", message: expect.stringMatching(/^89\d{3} more/) });
  });

  test("frontends that need every backend do not multiply", () => {
    const header = "version: 1\nproject: p\nenvironments: { e: {} }\nservices:\n";
    const text =
      header +
      Array.from(
        { length: 9_000 },
        (_, index) => `  s${index}: { tier: ${index % 2 === 0 ? "backend" : "frontend"}, deploy: { helm: { chart: c } } }`,
      ).join("\n");
    const began = performance.now();
    expect(codesOf(text)).toEqual([]);
    expect(performance.now() - began).toBeLessThan(8_000);
  });
});

test("1,000 services are read in time", () => {
  const text = largeFile(1_000);
  const began = performance.now();
  const config = configOf(text);
  const took = performance.now() - began;
  expect(Object.keys(config.services)).toHaveLength(1_000);
  expect(took, `took ${took.toFixed(0)} ms`).toBeLessThan(3_000);
});

test("more workflows than GitHub lets wait for one build are a warning, where a push starts them", () => {
  const file = (count: number, github: string): string =>
    [
      `version: 1\nproject: p\nenvironments: { e: {} }\ngithub: ${github}`,
      "artifacts: { a: { bundle: { path: . } } }\nservices:",
      ...Array.from({ length: count }, (_, i) => `  s${i}: { tier: backend, artifact: a, deploy: { helm: { chart: c, release: r${i} } } }`),
    ].join("\n");
  expect(codesOf(file(100, "{}"))).toEqual([]);
  expect(codesOf(file(101, "{}"))).toEqual(["github-build-queue"]);
  expect(codesOf(file(101, "{ push: [services] }"))).toEqual(["github-build-queue"]);
  expect(codesOf(file(101, "{ push: [all] }"))).toEqual([]);
});

test("environments come in an order in which needs go first, and keep their own where it fits", () => {
  const order = (environments: string): readonly string[] => {
    const text = `version: 1\nproject: p\nenvironments: ${environments}\nservices: { a: { tier: backend, deploy: { helm: { chart: c } } } }\n`;
    return Object.keys(configOf(text).policy.environments);
  };
  expect(order("{ b: {}, a: {}, c: { needs: [a] } }")).toEqual(["b", "a", "c"]);
  expect(order("{ z: { needs: [y, x] }, x: {}, y: { needs: [x] }, w: {} }")).toEqual(["x", "y", "z", "w"]);
});

test("only the byte order mark is no part of the file", () => {
  const text =
    "\ufeffversion: 1\nproject: p\nenvironments: { e: {} }\nservices: { a: { tier: backend, deploy: { helm: { chart: c } } } }\n";
  expect(configOf(text).project).toBe("p");
});

test("lines that end in CR LF have the same places", () => {
  const text = "version: 1\nproject: p\nenvironments:\n  e: { oder: any }\n  f: { needs: [g] }\nservices: {}\n";
  const windows = text.replaceAll("\n", "\r\n");
  const { diagnostics } = parseConfig(windows, "sluice.yaml", adapters, hostZones);
  expect(diagnostics).toEqual(parseConfig(text, "sluice.yaml", adapters, hostZones).diagnostics);
  expect(diagnostics).toHaveLength(3);
  expect(printDiagnostics(diagnostics, () => windows)).toBe(printDiagnostics(diagnostics, () => text));
});
