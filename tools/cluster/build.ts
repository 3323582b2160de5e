import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { codeOf } from "../../src/host/errors.ts";
import { withLock } from "./lock.ts";
import { controlPlane, flagsOf, helm3, keyOf, type Module } from "./modules.ts";
import { ClusterError, programsDirectory } from "./places.ts";
import { markUsed, prune } from "./prune.ts";

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
  for (const module of [controlPlane(), helm3()]) markUsed(directoryOf(module));
  if (found === null) throw new ClusterError("the cluster's programs are not built: npm run cluster -- build", 2);
  return found;
}

/** Builds what is not in the cache: the control plane with Helm and kubectl, and Helm 3. Minutes with cold caches of Go, nothing where it is there. A build removes what nobody uses any more. */
export async function build(say: Say): Promise<void> {
  const wanted = [controlPlane(), helm3()];
  if (wanted.every((module) => existsSync(directoryOf(module)))) return;
  await withLock(
    join(programsDirectory(), "lock"),
    () => say("waiting for another build"),
    async () => {
      for (const module of wanted) if (!existsSync(directoryOf(module))) buildModule(module, say);
      prune(programsDirectory(), wanted.map(directoryOf), say);
    },
  );
}

function buildModule(module: Module, say: Say): void {
  const directory = directoryOf(module);
  for (const left of readdirSync(programsDirectory()).filter((name) => name.includes(".draft-"))) {
    rmSync(join(programsDirectory(), left), { recursive: true, force: true }); // whoever began it has been killed: we have the lock
  }
  const draft = mkdtempSync(`${directory}.draft-`);
  try {
    goBuild(module, draft, say);
    chmodSync(draft, 0o755);
    renameSync(draft, directory);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

function goBuild(module: Module, output: string, say: Say): void {
  const begun = performance.now();
  const names = Object.keys(module.programs);
  const packages = Object.values(module.programs);
  say(`building ${names.join(", ")} with Go: minutes the first time`);
  go(module, ["list", "-mod=readonly", "-deps", "-f", "", ...packages], NO_MODULES);
  // With one package it names the program, with several the directory for them.
  const path = names.length === 1 ? join(output, ...names) : `${output}/`;
  go(module, ["build", ...flagsOf(module), "-o", path, ...packages], NOT_BUILT);
  say(`built in ${((performance.now() - begun) / 1000).toFixed(0)} s`);
}

const NO_GO = new ClusterError("the cluster is built with Go, which is not here: install Go 1.26 from https://go.dev/dl", 2);
const NO_MODULES = new ClusterError(
  "Go could not get what the cluster is made of, as it says above: it needs a Go module proxy (GOPROXY), and to be 1.26 or free to fetch that",
  2,
);
const NOT_BUILT = new ClusterError("the cluster could not be built, as Go says above");

/** Runs go in the module; throws the error where it fails. */
function go(module: Module, args: readonly string[], failed: ClusterError): void {
  // What a user has set for other Go projects (a workspace, flags, cgo) is not for this one; proxies, caches and tool chains are.
  const env = { ...process.env, CGO_ENABLED: "0", GOWORK: "off", GOFLAGS: "-buildvcs=false" };
  const { status, error } = spawnSync("go", args, { cwd: module.directory, env, stdio: ["ignore", "ignore", "inherit"] });
  if (codeOf(error) === "ENOENT") throw NO_GO;
  if (error !== undefined) throw error;
  if (status !== 0) throw failed;
}
