import { describe, expect, test } from "vitest";
import { builder } from "../../../src/builders/image/index.ts";
import { imageOf, placeOf } from "../../../src/builders/image/config.ts";
import type { JsonObject } from "../../../src/core/config/config.ts";

const { schema } = builder;
const COMMIT = "c".repeat(40);
const says = (config: JsonObject) => schema.check(config).map(({ path, message }) => `${path.join(".")} ${message}`);

describe("what is refused before anything is built", () => {
  test.each<readonly [string, JsonObject, RegExp]>([
    ["a scheme", { repository: "https://registry.example/harbor" }, /^repository must be written without a scheme/],
    ["a tag", { repository: "registry.example/harbor:1" }, /^repository must be written without a tag or digest/],
    ["a digest", { repository: `registry.example/harbor@sha256:${"0".repeat(64)}` }, /^repository must be written without a tag or digest/],
    ["capital letters", { repository: "registry.example/Harbor" }, /^repository must be small letters/],
    ["an odd host", { repository: "-x.example/harbor" }, /^repository names no host/],
    ["an option", { repository: "--tls-verify=false" }, /^repository must be small letters/],
    ["an odd tag", { repository: "r.example/h", tag: "a/b" }, /^tag must be up to 128 letters/],
    ["a tag that is an option", { repository: "r.example/h", tag: "-v" }, /^tag must be up to 128 letters/],
    ["a context outside", { repository: "r.example/h", context: "../other" }, /^context must be a folder inside/],
    ["a file outside", { repository: "r.example/h", file: "/etc/passwd" }, /^file must be a folder inside/],
    ["an argument's name", { repository: "r.example/h", args: { "A=B": "1" } }, /^args/],
    ["an odd platform", { repository: "r.example/h", platforms: ["--load"] }, /^platforms/],
    [
      "a tool beside a command",
      { repository: "r.example/h", tool: "buildah", command: ["make"] },
      /^tool says nothing where `command` builds/,
    ],
    [
      "how to build what is awaited",
      { repository: "r.example/h", await: true, args: { A: "1" } },
      /^args says nothing where somebody else builds/,
    ],
    ["awaiting what is of no commit", { repository: "r.example/h", await: true, tag: "latest" }, /^tag must name the commit/],
  ])("%s", (_, config, message) => {
    expect(says(config)).toEqual([expect.stringMatching(message)]);
  });

  test("what variables bring is checked when they are filled in", () => {
    const config = { repository: "${variables.REGISTRY}/harbor", tag: "${environment}-x" };
    expect(says(config)).toEqual([]);
    expect(() => placeOf(config)).toThrow("`repository` (${variables.REGISTRY}/harbor) has a variable without a value");
    expect(() => placeOf({ repository: "https://x.example/harbor" })).toThrow("without a scheme");
    expect(() => imageOf({ repository: "r.example/h", tag: "a b" }, COMMIT)).toThrow("`tag` (a b) must be");
    expect(() => imageOf({ repository: "r.example/h", file: "a/../../b" }, COMMIT)).toThrow("leads out of `context`");
  });
});

test("drivers learn the repository, and what is awaited its reference", () => {
  const config = { repository: "r.example/${project}", await: true };
  expect(schema.image?.(config)).toBe("r.example/${project}");
  expect(schema.awaits?.(config)).toBe("r.example/${project}:${commit}");
  expect(schema.awaits?.({ ...config, tag: "v-${commit}" })).toBe("r.example/${project}:v-${commit}");
  expect(schema.awaits?.({ repository: "r.example/h" })).toBeNull();
});

test.each<readonly [string, string, string, boolean]>([
  ["registry.example/team/harbor", "registry.example", "team/harbor", false],
  ["registry.example:5000/harbor", "registry.example:5000", "harbor", false],
  ["localhost/harbor", "localhost", "harbor", true],
  ["127.0.0.1:5000/harbor", "127.0.0.1:5000", "harbor", true],
  ["[::1]:5000/harbor", "[::1]:5000", "harbor", true],
  ["127.example/harbor", "127.example", "harbor", false],
  ["node", "docker.io", "library/node", false],
  ["team/harbor", "docker.io", "team/harbor", false],
])("%s is at %s", (text, host, path, plain) => {
  expect(placeOf({ repository: text })).toEqual({ repository: { name: `${host}/${path}`, host, path }, plain });
  expect(placeOf({ repository: text, insecure: !plain }).plain).toBe(!plain);
});
