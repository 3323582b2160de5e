import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";

const root = join(import.meta.dirname, "../../..");
const cache = mkdtempSync(join(tmpdir(), "sluice-github-tools-"));
afterAll(() => rmSync(cache, { recursive: true, force: true }));

function tools(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): { readonly status: number | null; readonly stderr: string } {
  const { status, stderr } = spawnSync(process.execPath, ["tools/github/main.ts", ...args], {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, SLUICE_GITHUB_TOOLS: cache, ...env },
  });
  return { status, stderr };
}

test("a tool that there is none of is named, with those that there are", () => {
  expect(tools(["actionlint", "lint"])).toMatchObject({
    status: 1,
    stderr: "github-tools: there is no tool lint: actionlint, act, zizmor, gh\n",
  });
});

test("where a machine lacks what makes them, each tool says so and the exit code is 2", () => {
  const { status, stderr } = tools([], { PATH: cache });
  expect(status).toBe(2);
  expect(stderr).toContain("actionlint is installed with go, which is not here");
  expect(stderr).toContain("zizmor is installed with python3, which is not here");
});
