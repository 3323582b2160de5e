import fc from "fast-check";
import { expect, test } from "vitest";
import { LogLines } from "../../../web/src/features/run/log-lines.ts";

const all = (log: LogLines): string[] => Array.from({ length: log.count }, (_, index) => log.at(index));
function lines(...pieces: string[]): string[] {
  const log = new LogLines();
  for (const piece of pieces) log.push(piece);
  return all(log);
}

test("lines are whole, however the text was cut", () => {
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[a-z\r\n]{0,12}$/), { maxLength: 8 }), (pieces) => {
      expect(lines(...pieces)).toEqual(lines(pieces.join("")));
    }),
  );
});

test("a last line without an end is shown, and goes on", () => {
  expect(lines("one\ntw")).toEqual(["one", "tw"]);
  expect(lines("one\ntw", "o\n")).toEqual(["one", "two"]);
  expect(lines("")).toEqual([]);
  expect(lines("\n\n")).toEqual(["", ""]);
});

test("a progress bar leaves its last state, and CR LF ends a line", () => {
  expect(lines("10 %\r50 %\r100 %\nnext\r\n")).toEqual(["100 %", "next"]);
  expect(lines("10 %\r50 %")).toEqual(["50 %"]);
});

test("of a long log the oldest lines go, and are counted", () => {
  const log = new LogLines(100);
  for (let i = 0; i < 1_234; i++) log.push(`line ${i}\n`);
  expect(log.count).toBeLessThan(200);
  expect(log.count).toBeGreaterThanOrEqual(100);
  expect(log.count + log.dropped).toBe(1_234);
  expect(log.at(log.count - 1)).toBe("line 1233");
  expect(log.at(0)).toBe(`line ${log.dropped}`);
});
