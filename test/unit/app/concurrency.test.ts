import { availableParallelism } from "node:os";
import { expect, test } from "vitest";
import { concurrencyOf } from "../../../src/app/concurrency.ts";

test("ten at least, and as said", () => {
  expect(concurrencyOf({})).toBe(Math.max(10, 2 * availableParallelism()));
  expect(concurrencyOf({ SLUICE_CONCURRENCY: "" })).toBeGreaterThanOrEqual(10);
  expect(concurrencyOf({ SLUICE_CONCURRENCY: "3" })).toBe(3);
});

test.each(["0", "-1", "1.5", "501", "many", "Infinity"])("%s is refused, with what is allowed", (text) => {
  expect(() => concurrencyOf({ SLUICE_CONCURRENCY: text })).toThrow(`SLUICE_CONCURRENCY=${text} is no number from 1 to 500`);
});
