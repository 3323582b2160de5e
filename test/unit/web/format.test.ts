import { describe, expect, test } from "vitest";
import { ago, duration, environmentOf, plural, serviceOf, spoken } from "../../../web/src/lib/format.ts";

const NOW = Date.parse("2026-03-01T12:00:00.000Z");
const before = (ms: number): string => new Date(NOW - ms).toISOString();

describe("duration", () => {
  test.each([
    [0, "0.0 s"],
    [-500, "0.0 s"],
    [4_290, "4.2 s"],
    [9_999, "9.9 s"],
    [10_000, "10 s"],
    [59_999, "59 s"],
    [60_000, "1 min 00 s"],
    [185_000, "3 min 05 s"],
    [3_600_000, "1 h 0 min"],
    [90_000_000, "1 d 1 h"],
  ])("%d ms is %s", (ms, text) => expect(duration(ms)).toBe(text));
});

describe("ago", () => {
  test.each([
    [0, "just now"],
    [-9_000, "just now"],
    [10_000, "10 s ago"],
    [60_000, "1 min ago"],
    [7_200_000, "2 h ago"],
    [172_800_000, "2 d ago"],
    [-120_000, "in 2 min"],
  ])("%d ms before now is %s", (ms, text) => expect(ago(before(ms), NOW)).toBe(text));
});

test("a target's two halves, also where the service has an @ in its name", () => {
  expect([serviceOf("api@mainnet"), environmentOf("api@mainnet")]).toEqual(["api", "mainnet"]);
  expect([serviceOf("@org/api@mainnet"), environmentOf("@org/api@mainnet")]).toEqual(["@org/api", "mainnet"]);
});

test("the command stands apart from the sentence that ends with it", () => {
  const command = "sluice unhold mainnet";
  expect(spoken({ code: "hold", message: `waits for the hold on mainnet: broken: ${command}`, command })).toEqual({
    text: "waits for the hold on mainnet: broken",
    command,
  });
  expect(spoken({ code: "diverged", message: "diverged", command: "git log a..b" })).toEqual({ text: "diverged", command: "git log a..b" });
  expect(spoken({ code: "step", message: "waits for build:mega" })).toEqual({ text: "waits for build:mega", command: null });
});

test("counted things", () => {
  expect([plural(0, "step"), plural(1, "step"), plural(1_000, "step"), plural(2, "reply", "replies")]).toEqual([
    "0 steps",
    "1 step",
    "1,000 steps",
    "2 replies",
  ]);
});
