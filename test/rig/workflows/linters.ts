import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { TextDocument } from "vscode-languageserver-textdocument";
import { describe } from "vitest";
import { directoryOf, findTool, type ToolName } from "../../../tools/github/tools.ts";
import "./actions.ts";
import type { Files } from "./workflow.ts";

const { registerLogger, setLogLevel, LogLevel, validate } = await import("@actions/languageservice");
const CONFIG = join(import.meta.dirname, "../../../tools/github");

/** As `describe`, for tests that need tools: skipped, with a line that says so, where one is missing; with SLUICE_GITHUB_TESTS=1 they must be there. */
export function describeTools(...tools: readonly ToolName[]): typeof describe.skip {
  const wish = process.env["SLUICE_GITHUB_TESTS"];
  const missing = tools.filter((tool) => findTool(tool) === null);
  if (wish !== "0" && missing.length === 0) return describe;
  const reason = wish === "0" ? "SLUICE_GITHUB_TESTS=0" : `${missing.map(directoryOf).join(", ")}: not there; npm run github-tools`;
  if (wish === "1") throw new Error(reason);
  console.warn(`tests with ${tools.join(", ")} are skipped: ${reason}`);
  return describe.skip;
}

/** A repository on the disk that holds the files; gone when `use` has ended. */
export function inRepository<T>(files: Files, use: (root: string) => T): T {
  const root = mkdtempSync(join(tmpdir(), "sluice-workflows-"));
  try {
    mkdirSync(join(root, ".git"));
    for (const [path, text] of files) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    return use(root);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

const run = (tool: ToolName, args: readonly string[], cwd: string): { readonly status: number | null; readonly output: string } => {
  const path = findTool(tool);
  if (path === null) throw new Error(`${tool} is not installed`);
  const { status, stdout, stderr, error } = spawnSync(path, args, { cwd, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
  if (error !== undefined) throw error;
  return { status, output: stdout + stderr };
};

/** Findings, empty where there are none. Throws where the tool itself fails. */
export function actionlint(files: Files): string {
  const { status, output } = inRepository(files, (root) =>
    run("actionlint", ["-no-color", "-oneline", "-shellcheck=", "-pyflakes=", "-config-file", join(CONFIG, "actionlint.yaml")], root),
  );
  if (status !== 0 && status !== 1) throw new Error(`actionlint: ${output}`);
  return output;
}

/** Findings of the strictest persona, empty where there are none. Throws where the tool itself fails. */
export function zizmor(files: Files): string {
  const args = [
    "--offline",
    "--quiet",
    "--no-progress",
    "--format=plain",
    "--persona=auditor",
    "--config",
    join(CONFIG, "zizmor.yml"),
    ".",
  ];
  const { status, output } = inRepository(files, (root) => run("zizmor", args, root));
  if (status === 0) return "";
  if (status === null || status < 11) throw new Error(`zizmor: ${output}`);
  return output;
}

let asked = 0;

/** What GitHub's own editor support says. */
export async function languageService(files: Files): Promise<string> {
  const fileProvider = {
    getFileContent: async (reference: object) => {
      const path = "path" in reference && typeof reference.path === "string" ? reference.path.replace(/^\.\//, "") : "";
      const content = files.get(path);
      if (content === undefined) throw new Error(`there is no ${path}`);
      return { name: path, content };
    },
  };
  const found: string[] = [];
  // What it fails at it only logs; and it remembers files by their addresses.
  const root = `file:///${++asked}`;
  const failed = (message: string): void => void found.push(message);
  registerLogger({ error: failed, warn: failed, info() {}, log() {} });
  setLogLevel(LogLevel.Warn);
  for (const [path, text] of files) {
    const document = TextDocument.create(`${root}/${path}`, "yaml", 1, text);
    for (const { range, message } of await validate(document, { fileProvider }))
      found.push(`${path}:${range.start.line + 1}: ${JSON.stringify(message)}`);
  }
  return found.join("\n");
}
