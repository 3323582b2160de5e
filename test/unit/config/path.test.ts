import { describe, expect, test } from "vitest";
import { checkPath } from "../../../src/core/config/path.ts";

describe("a pattern stays in the repository with all that its braces make of it", () => {
  test.each([
    ["{..,q}/{..,q}/outside/*.yaml", "leaves the repository"],
    ["{../other,deploy}/*.yaml", "leaves the repository"],
    ["{.,x}./outside/*.yaml", "leaves the repository"],
    [".{.,x}/outside/*.yaml", "leaves the repository"],
    [".{,x}./outside/*.yaml", "leaves the repository"],
    ["{a,{b,..}}/*.yaml", "leaves the repository"],
    ["deploy/{a,../..}/*.yaml", "leaves the repository"],
    ["@(..|deploy)/*.yaml", "leaves the repository"],
    ["{-...}/*.yaml", "leaves the repository"],
    ["${environment}/{..,q}/*.yaml", "leaves the repository"],
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
