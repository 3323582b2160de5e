import { beforeAll, describe, expect, test } from "vitest";
import { problemsIn } from "../../rig/github/checks.ts";
import { actionlint, describeTools, languageService, zizmor } from "../../rig/github/linters.ts";
import { configOf, filesOf, guardsOf, harbor, manyServices } from "../../rig/github/projects.ts";
import type { Files } from "../../rig/github/workflow.ts";

const projects: readonly (readonly [string, string | object, string])[] = [
  ["examples/harbor", harbor(), ""],
  ["60 services", manyServices(60), ""],
  [
    "60 services in a subfolder, on one's own runners",
    manyServices(60, { runner: ["self-hosted", "linux"], branch: "trunk", waves: 2 }),
    "products/many",
  ],
];

describe.each(projects)("the workflows of %s", (_, file, directory) => {
  let files: Files;
  beforeAll(async () => {
    files = await filesOf(file, directory);
  });

  test("have nothing that our own checks find", async () => {
    expect(await problemsIn(files, guardsOf(await configOf(file)))).toEqual([]);
  });

  test("have nothing that GitHub's editor support finds", async () => {
    expect(await languageService(files)).toBe("");
  });

  describeTools("actionlint", "zizmor")("linters", () => {
    test("actionlint finds nothing", () => {
      expect(actionlint(files)).toBe("");
    });

    test("zizmor finds nothing, however strict", () => {
      expect(zizmor(files)).toBe("");
    });
  });
});
