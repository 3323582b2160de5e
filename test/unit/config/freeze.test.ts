import { Cron } from "croner";
import fc from "fast-check";
import { expect, test } from "vitest";
import { cronProblem } from "../../../src/core/config/cron.ts";
import { parseTime } from "../../../src/core/config/time.ts";

const two = (value: number): string => String(value).padStart(2, "0");

test("a time is read as the platform reads it, whatever its offset", () => {
  const times = fc.record({
    at: fc.date({ min: new Date("0001-01-02T00:00:00Z"), max: new Date("9999-12-30T00:00:00Z"), noInvalidDate: true }),
    minutes: fc.integer({ min: -14 * 60, max: 14 * 60 }),
    shown: fc.constantFrom(16, 19, 21, 22, 23),
  });
  fc.assert(
    fc.property(times, ({ at, minutes, shown }) => {
      const sign = minutes < 0 ? "-" : "+";
      const offset = `${sign}${two(Math.floor(Math.abs(minutes) / 60))}:${two(Math.abs(minutes) % 60)}`;
      for (const end of ["Z", offset]) {
        const text = at.toISOString().slice(0, shown) + end;
        expect({ text, at: parseTime(text) }).toEqual({ text, at: Date.parse(text) });
      }
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  "2026-12-24T18:00:00",
  "2026-12-24",
  "2026-12-24 18:00:00Z",
  "2026-02-29T00:00:00Z",
  "1900-02-29T00:00:00Z",
  "2026-04-31T00:00:00Z",
  "2026-13-01T00:00:00Z",
  "2026-00-10T00:00:00Z",
  "2026-01-00T00:00:00Z",
  "2026-01-01T24:00:00Z",
  "2026-01-01T00:60:00Z",
  "2026-12-31T23:59:60Z",
  "2026-01-01T00:00:00+24:00",
  "2026-01-01T00:00:00+0100",
])("%s is no time", (text) => {
  expect(parseTime(text)).toBeNull();
});

/** Text of a field in every form, in and out of its bounds. */
function field(most: number, words: readonly string[]): fc.Arbitrary<string> {
  const value = fc.oneof(fc.integer({ min: 0, max: most + 1 }).map(String), ...(words.length === 0 ? [] : [fc.constantFrom(...words)]));
  const range = fc.oneof(
    fc.constant("*"),
    value,
    fc.tuple(value, value).map(([from, to]) => `${from}-${to}`),
  );
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.constant("") },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: most + 1 }).map((size) => `/${size}`) },
  );
  const item = fc.tuple(range, step).map(([what, by]) => what + by);
  return fc.oneof(
    { weight: 3, arbitrary: fc.constant("*") },
    { weight: 2, arbitrary: fc.array(item, { minLength: 1, maxLength: 3 }).map((all) => all.join(",")) },
  );
}
const pattern = fc
  .tuple(field(59, []), field(23, []), field(31, []), field(12, ["JAN", "feb", "Dec"]), field(7, ["SUN", "mon", "Sat", "FRI"]))
  .map((fields) => fields.join(" "));

/** What reads it when it matters. */
function comes(text: string): boolean {
  return new Cron(text, { timezone: "UTC", mode: "5-part", paused: true }).nextRun(new Date("2026-01-01T00:00:00Z")) !== null;
}

test("what is let through has a next time, as the library that computes it reads it", () => {
  let read = 0;
  fc.assert(
    fc.property(pattern, (text) => {
      if (cronProblem(text) !== null) return;
      read += 1;
      expect({ text, comes: comes(text) }).toEqual({ text, comes: true });
    }),
    { numRuns: 3_000 },
  );
  expect(read).toBeGreaterThan(300);
});

test.each(["0 18 * * FRI", "*/15 8-18/2 1,15 * MON-FRI", "0 0 29 2 *", "0 0 31 2 5", "59 23 31 12 7", " 0  0 1 jan,Jul * "])(
  "%s is read",
  (text) => {
    expect(cronProblem(text)).toBeNull();
    expect(comes(text.trim())).toBe(true);
  },
);

test.each([
  "0 0 30 2 *",
  "0 0 31 4,6,9-11/2 *",
  "0 0 31 2/1 *",
  "1,,2 * * * *",
  "- * * * *",
  "*-5 * * * *",
  "1.5 * * * *",
  "* * * 13 *",
  "* * 0 * *",
])("%s is none", (text) => {
  expect(cronProblem(text)).not.toBeNull();
});
