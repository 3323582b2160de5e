import { describe, expect, test } from "vitest";
import { checkPath } from "../../../src/core/config/path.ts";

describe("a pattern stays in the repository with all that its braces make of it", () => {
  test.each([
    ["{..,q}/{..,q}/outside/*.yaml", "leaves the folder of sluice.yaml"],
    ["{../other,deploy}/*.yaml", "leaves the folder of sluice.yaml"],
    ["{.,x}./outside/*.yaml", "leaves the folder of sluice.yaml"],
    [".{.,x}/outside/*.yaml", "leaves the folder of sluice.yaml"],
    [".{,x}./outside/*.yaml", "leaves the folder of sluice.yaml"],
    ["{a,{b,..}}/*.yaml", "leaves the folder of sluice.yaml"],
    ["deploy/{a,../..}/*.yaml", "leaves the folder of sluice.yaml"],
    ["@(..|deploy)/*.yaml", "leaves the folder of sluice.yaml"],
    ["{-...}/*.yaml", "leaves the folder of sluice.yaml"],
    ["${environment}/{..,q}/*.yaml", "leaves the folder of sluice.yaml"],
    ["{/etc,deploy}/*.yaml", "is absolute"],
    ["{.git,deploy}/*.yaml", "goes into `.git`"],
    ["{a,b}".repeat(60), "has more than 1000 alternatives"],
  ])("%s is refused", (path, reason) => {
    expect(checkPath(path)).toMatchObject({ ok: false, reason: expect.stringContaining(reason) });
  });

  test.each([
    "deploy/*.{yaml,yml}",
    "deploy/{a.yaml,b.yaml}",
    "deploy/{web,api}-{1..3}.yaml",
    "deploy/${environment}/*.yaml",
    "deploy/{${environment},all}/*.yaml",
    "app/(group)/page",
    "app/[[...slug]]/page.tsx",
    "deploy/**/!(secret).yaml",
    "a...b/..c",
  ])("%s is taken", (path) => {
    expect(checkPath(path)).toEqual({ ok: true, path });
  });
});
