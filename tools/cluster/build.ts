import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { codeOf } from "../../src/host/errors.ts";
import { withLock } from "./lock.ts";
import { controlPlane, flagsOf, helm3, keyOf, type Module } from "./modules.ts";
import { ClusterError, programsDirectory } from "./places.ts";

/** Hears what goes on, a line at a time. */
export type Say = (line: string) => void;

const directoryOf = (module: Module): string => join(programsDirectory(), `${module.name}-${keyOf(module)}`);

/** Absolute path of the program that holds the cluster's parts, and what leads to its clients on a `PATH`; null where nothing is built. */
export function findPrograms(): { readonly cluster: string; readonly path: string } | null {
  const directory = directoryOf(controlPlane());
  if (!existsSync(directory)) return null;
  const others = directoryOf(helm3());
  return { cluster: join(directory, "cluster"), path: [directory, ...(existsSync(others) ? [others] : [])].join(delimiter) };
}

/** As `findPrograms`, but throws where nothing is built. */
export function needPrograms(): { readonly cluster: string; readonly path: string } {
  const found = findPrograms();
  if (found === null) throw new ClusterError("the cluster's programs are not built: npm run cluster -- build", 2);
  return found;
}

/** Builds what is not in the cache: the control plane with Helm and kubectl, and Helm 3. Minutes with cold caches of Go, nothing where it is there. */
export async function build(say: Say): Promise<void> {
  const wanted = [controlPlane(), helm3()];
  if (wanted.every((module) => existsSync(directoryOf(module)))) return;
  await withLock(
    join(programsDirectory(), "lock"),
    () => say("waiting for another build"),
    async () => {
      for (const module of wanted) if (!existsSync(directoryOf(module))) buildModule(module, say);
    },
  );
}

function buildModule(module: Module, say: Say): void {
  const directory = directoryOf(module);
  for (const draft of readdirSync(programsDirectory()).filter((name) => name.endsWith(".draft"))) {
    rmSync(join(programsDirectory(), draft), { recursive: true, force: true }); // whoever began it is gone: we have the lock
  }
  const draft = `${directory}.draft`;
  mkdirSync(draft, { recursive: true });
  const begun = performance.now();
  const packages = Object.values(module.programs);
  say(`fetching the Go modules of ${module.name}`);
  go(module, ["list", "-mod=readonly", "-deps", "-f", "", ...packages], 2, "could not fetch its modules");
  say(`building ${Object.keys(module.programs).join(", ")}: minutes the first time`);
  const [only] = Object.keys(module.programs);
  const output = packages.length === 1 ? join(draft, only ?? "") : `${draft}/`;
  go(module, ["build", ...flagsOf(module), "-o", output, ...packages], 1, "could not be built");
  renameSync(draft, directory);
  say(`built ${module.name} in ${((performance.now() - begun) / 1000).toFixed(0)} s`);
}

/** Runs go in the module; throws with the exit code and the sentence where it fails. */
function go(module: Module, args: readonly string[], exitCode: 1 | 2, failed: string): void {
  // What a user has set for other Go projects (a workspace, flags, cgo) is not for this one; proxies, caches and tool chains are.
  const env = { ...process.env, CGO_ENABLED: "0", GOWORK: "off", GOFLAGS: "-buildvcs=false" };
  const { status, error } = spawnSync("go", args, { cwd: module.directory, env, stdio: ["ignore", "ignore", "inherit"] });
  if (codeOf(error) === "ENOENT") {
    throw new ClusterError("the cluster is built with Go, which is not here: install Go 1.26 or newer from https://go.dev/dl", 2);
  }
  if (error !== undefined) throw error;
  if (status !== 0) throw new ClusterError(`${module.name} ${failed}: see what go says above`, exitCode);
}
