import { describe, expect, test } from "vitest";
import { unified } from "../../../src/cli/output/diff.ts";
import { colorsOf, wantsColors } from "../../../src/cli/output/paint.ts";
import { table } from "../../../src/cli/output/table.ts";
import { ago, displayWidth, duration, listed, safe, safeLog, truncate } from "../../../src/cli/output/text.ts";

describe("width", () => {
  test.each([
    ["abc", 3],
    ["\u001b[31mabc\u001b[0m", 3],
    ["日本", 4],
    ["e\u0301", 1],
    ["🚀", 2],
    ["👩‍👩‍👧", 2],
    ["", 0],
  ])("%j takes %i columns", (text, width) => expect(displayWidth(text)).toBe(width));

  test("a cut never splits a letter, and never takes more than the room there is", () => {
    for (const text of ["abcdef", "日本語テキスト", "a🚀b🚀c", "e\u0301e\u0301e\u0301"]) {
      for (let width = 0; width <= 8; width++) {
        const cut = truncate(text, width);
        expect(displayWidth(cut)).toBeLessThanOrEqual(width);
        if (cut !== text && width > 0) expect(text.startsWith(cut.slice(0, -1))).toBe(true);
      }
    }
  });
});

describe("differences", () => {
  const plain = colorsOf(false);

  test("are shown line by line with what stands around them; what is new is all of it", async () => {
    const changed = { lines: ["@@ -1,3 +1,3 @@", " a", "-b", "+B", " c"], added: 1, removed: 1 };
    expect(await unified("a\nb\nc\n", "a\nB\nc\n", plain)).toEqual(changed);
    expect(await unified(null, "a\n", plain)).toEqual({ lines: ["@@ -0,0 +1,1 @@", "+a"], added: 1, removed: 0 });
    expect(await unified("a\n", null, plain)).toEqual({ lines: ["@@ -1,1 +0,0 @@", "-a"], added: 0, removed: 1 });
    expect(await unified("a\n", "a\n", plain)).toEqual({ lines: [], added: 0, removed: 0 });
  });

  test("drive no terminal", async () => {
    expect((await unified(null, "a\u001b[2J\u0007b\n", plain))?.lines.at(-1)).toBe("+ab");
    expect((await unified("a\n", "b\n", colorsOf(true)))?.lines.slice(1)).toEqual(["\u001b[31m-a\u001b[39m", "\u001b[32m+b\u001b[39m"]);
  });

  test("of texts that have nothing in common are not looked for without end", async () => {
    const lines = (word: string) => Array.from({ length: 5_000 }, (_, n) => `${word} ${n}\n`).join("");
    expect(await unified(lines("a"), lines("b"), plain)).toBeNull();
  });
});

describe("tables", () => {
  test("columns are aligned by what is seen, whatever the letters", () => {
    const text = table(
      ["NAME", "X"],
      [
        ["日本", "1"],
        ["ab", "2"],
      ],
      null,
    );
    expect(text).toBe("NAME  X\n日本  1\nab    2\n");
  });

  test("where the terminal is narrow, the widest column gives way and each line fits", () => {
    const rows = [["api", "a very long reason that nobody has room for", "x"]];
    const lines = table(["SERVICE", "WHY", "Z"], rows, 30).trimEnd().split("\n");
    for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(30);
    expect(lines[1]).toMatch(/^api +a very.*… +x$/);
  });

  test("elsewhere than on a terminal nothing is cut", () => {
    const long = "x".repeat(500);
    expect(table(["A"], [[long]], null)).toContain(long);
  });

  test("paint is around the words and not around the blanks", () => {
    expect(table(["A", "B"], [[{ text: "x", paint: (text) => `<${text}>` }, "y"]], null)).toBe("A  B\n<x>  y\n");
  });
});

describe("texts of others", () => {
  test("nothing that drives a terminal is left of a message", () => {
    expect(safe("\u001b[2J\u001b]0;title\u0007hello\r\nworld\u202e!")).toBe("hello world\ufffd!");
  });

  test("a log keeps its lines and, where asked, its colours, and nothing else", () => {
    const log = "\u001b[32mok\u001b[0m\tfine\r\n\u001b[2Jcleared\u0007\n";
    expect(safeLog(log, true)).toBe("\u001b[32mok\u001b[0m\tfine\ncleared\n");
    expect(safeLog(log, false)).toBe("ok\tfine\ncleared\n");
  });
});

test.each([
  [-5, "0ms"],
  [850, "850ms"],
  [4_200, "4.2s"],
  [9_999, "10s"],
  [59_400, "59s"],
  [125_000, "2m05s"],
  [3_600_000 * 3 + 600_000, "3h10m"],
  [86_400_000 * 2 + 3_600_000 * 4, "2d4h"],
])("%i ms is said as %s", (ms, text) => expect(duration(ms)).toBe(text));

test("how long ago, in whole seconds", () => {
  const now = Date.parse("2026-01-31T09:30:10.900Z");
  expect(ago("2026-01-31T09:30:08.000Z", now)).toBe("2s ago");
  expect(ago("2026-01-31T09:30:10.500Z", now)).toBe("now");
});

test("a long list is counted", () => expect(listed(["a", "b", "c"], 2)).toBe("a, b and 1 more"));

describe("colours", () => {
  test.each([
    ["a terminal", {}, true, true, true],
    ["a pipe", {}, false, true, false],
    ["NO_COLOR", { NO_COLOR: "1" }, true, true, false],
    ["NO_COLOR set to nothing", { NO_COLOR: "" }, true, true, true],
    ["--no-color", {}, true, false, false],
    ["a dumb terminal", { TERM: "dumb" }, true, true, false],
    ["FORCE_COLOR in a pipe", { FORCE_COLOR: "1" }, false, true, true],
    ["NO_COLOR against FORCE_COLOR", { NO_COLOR: "1", FORCE_COLOR: "1" }, true, true, false],
  ] as const)("%s", (_name, env, isTTY, flag, wanted) => expect(wantsColors(env, isTTY, flag)).toBe(wanted));
});
