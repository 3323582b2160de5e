import { expect, test } from "vitest";
import type { Diagnostic } from "../../../src/core/config/diagnostic.ts";
import { printDiagnostics } from "../../../src/core/config/print.ts";

function at(line: number, column: number, length: number, more: Partial<Diagnostic> = {}): Diagnostic {
  return { code: "some-code", severity: "error", message: "wrong", file: "f.yaml", line, column, length, ...more };
}
/** The line of the text and the one under it, without the gutter. */
function excerpt(text: string, diagnostic: Diagnostic): readonly [string, string] {
  const [, line = "", under = ""] = printDiagnostics([diagnostic], () => text).split("\n");
  return [line.slice(line.indexOf("| ") + 2), under.slice(under.indexOf("| ") + 2)];
}

test("without the text the rest is still said", () => {
  expect(printDiagnostics([at(3, 4, 1, { hint: "mend it" })], () => null)).toBe("f.yaml:3:4: error: wrong [some-code]\n  hint: mend it\n");
});

test("tabs and wide characters keep the line under what is meant", () => {
  expect(excerpt("\ta\tbc: x", at(1, 4, 2))).toEqual(["    a   bc: x", "        ~~"]);
  expect(excerpt("世界: bad", at(1, 5, 3))).toEqual(["世界: bad", "      ~~~"]);
  expect(excerpt("x: 世🙂", at(1, 4, 3))).toEqual(["x: 世🙂", "   ~~~~"]);
  expect(excerpt("e\u0301: x", at(1, 5, 1))).toEqual(["e\u0301: x", "   ~"]);
});

test("one past the end is shown there", () => {
  expect(excerpt("abc", at(1, 4, 1))).toEqual(["abc", "   ~"]);
});

test.each([
  ["the beginning", 0],
  ["the middle", 5_000],
  ["the end", 9_995],
])("of a long line, %s is shown where it is meant", (_where, offset) => {
  const line = `${"x".repeat(offset)}WRONG${"y".repeat(10_000 - offset - 5)}`;
  const [text, under] = excerpt(line, at(1, offset + 1, 5));
  expect(text.length).toBeLessThanOrEqual(162);
  const start = under.indexOf("~");
  expect(text.slice(start, start + under.trim().length)).toBe("WRONG");
});

test("a long line of pairs is not cut between their halves", () => {
  const [text] = excerpt("🙂".repeat(400), at(1, 401, 2));
  expect(text).not.toContain("\ufffd");
});

test("nothing in a file can drive the terminal or turn the text around", () => {
  const printed = printDiagnostics(
    [at(1, 1, 1, { message: "\u001b[2J", hint: "\u202eabc", file: "a\u0007b" })],
    () => "\u001b]0;title\u0007 \u202ex \ud800",
  );
  expect(printed).not.toMatch(/[^\P{Cc}\n]|\u202e|\p{Cs}/u);
});

test("a painter is given each part", () => {
  const printed = printDiagnostics(
    [at(1, 1, 2, { severity: "warning", hint: "h" })],
    () => "ab",
    (part, text) => `<${part}>${text}</>`,
  );
  expect(printed.split("\n")).toEqual([
    "<location>f.yaml:1:1:</> <warning>warning:</> wrong <code>[some-code]</>",
    "  <gutter>1 |</> ab",
    "  <gutter>  |</> <squiggle>~~</>",
    "  <hint>hint:</> h",
    "",
  ]);
});
