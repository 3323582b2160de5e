import { describe, expect, it } from "vitest";
import { code, fenced, fit, lines, table } from "../../../src/github/server/markdown.ts";

const WORDS = ["`` @acme/all", "a|b", "a\\|b", "fixes #1\n\n@eve", "<img src=x>\r@eve", "\u202Eevil\u200B", "", "`", "x".repeat(1000)];

describe("what others have written", () => {
  it("cannot end the code in which it stands, nor the cell of a table", () => {
    for (const word of WORDS) {
      expect(code(word)).toMatch(/^`[^`|\p{Cc}\p{Cf}]+`$/u);
      expect(code(word).length).toBeLessThanOrEqual(302);
    }
  });

  it("cannot end the fence between which its lines stand", () => {
    for (const word of ["```", "`````text", "~~~", "a\n```\n@eve"]) {
      const text = fit([fenced(["one", word, "three"])], 10_000).split("\n");
      const [fence = ""] = /^`+/.exec(text[0] ?? "") ?? [];
      expect([text.length, text.at(-1), text.slice(1, -1).some((line) => line.trimStart().startsWith(fence))]).toEqual([5, fence, false]);
    }
  });
});

it("a text that is too long leaves rows out, counts them, and ends as it should", () => {
  const rows = Array.from({ length: 100 }, (_, index) => [code(`ä ${index}`), "new"]);
  const text = fit([lines("# All", ""), table(["Service", "devnet"], rows, "services"), fenced(["a", "b"])], 1000);
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(1000);
  const shown = text.split("\n").filter((line) => line.startsWith("| `ä")).length;
  expect(shown).toBeGreaterThan(20);
  expect(text).toContain(`| and ${100 - shown} more services |  |`);
  expect(text.endsWith("```")).toBe(true);
});
