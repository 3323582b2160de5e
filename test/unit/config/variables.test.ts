import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Json } from "../../../src/core/config/config.ts";
import { formatDuration, parseDuration } from "../../../src/core/config/duration.ts";
import { interpolate, interpolateLate, variablesIn } from "../../../src/core/config/variables.ts";

describe("interpolate", () => {
  test("fills in texts wherever they are, keys and other values stay", () => {
    const value = { "${a}": ["x-${a}-${variables.B}", 1, null, true, { deep: "${a}${a}" }] };
    expect(interpolate(value, { a: "1", "variables.B": "two" })).toEqual({ "${a}": ["x-1-two", 1, null, true, { deep: "11" }] });
  });

  test("leaves what is not given, also names that every object has", () => {
    expect(interpolate("${digest} ${url} ${toString} ${} ${open", { a: "1" })).toBe("${digest} ${url} ${toString} ${} ${open");
  });

  test("what is filled in is not looked at again, nor are `$` in it special", () => {
    expect(interpolate("${a} ${b}", { a: "${b}", b: "$&$1" })).toBe("${b} $&$1");
  });

  test("`$${x}` is the text `${x}`", () => {
    expect(interpolate("$${a} ${a} $$${a} $ $$", { a: "1" })).toBe("${a} 1 $${a} $ $$");
  });

  test("an escape of what comes later outlives the first pass, and only that", () => {
    const first = interpolate("$${digest} ${digest} $${url} ${url} $${HOME}", {});
    expect(first).toBe("$${digest} ${digest} $${url} ${url} ${HOME}");
    expect(interpolateLate(first, { digest: "sha256:1", url: null })).toBe("${digest} sha256:1 ${url} ${url} ${HOME}");
    expect(interpolate("$${digest} ${digest}", { digest: "d" })).toBe("${digest} d");
  });

  test("two passes say the same as one that knows all", () => {
    const piece = fc.constantFrom(
      "${commit}",
      "${digest}",
      "${url}",
      "$${commit}",
      "$${digest}",
      "$${url}",
      "$${HOME}",
      "a",
      " ",
      "{",
      "}",
    );
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const text = pieces.join("");
        const once = interpolate(text, { commit: "c", digest: "d", url: "u" });
        expect(interpolateLate(interpolate(text, { commit: "c" }), { digest: "d", url: "u" })).toBe(once);
      }),
    );
  });

  test("variablesIn names each use once and no escape", () => {
    const value: Json = ["${b} ${a}", { x: "${b} $${c}" }, 1, "${variables.D}"];
    expect(variablesIn(value)).toEqual(["b", "a", "variables.D"]);
  });
});

test("a duration is read as it is written", () => {
  expect(["500ms", "90s", "10m", "24h", "2d", "0s"].map(parseDuration)).toEqual([500, 90_000, 600_000, 86_400_000, 172_800_000, 0]);
  const wrong = ["", "5", "s", "1.5h", "1h30m", "-1s", " 1s", "1S", "1w", "9999999999999s"];
  expect(wrong.filter((text) => parseDuration(text) !== null)).toEqual([]);
  fc.assert(
    fc.property(fc.nat(), (ms) => {
      expect(parseDuration(formatDuration(ms))).toBe(ms);
    }),
  );
});
