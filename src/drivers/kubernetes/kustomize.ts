import { accessSync, constants, existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { delimiter, isAbsolute, join, relative, sep } from "node:path";
import { parse, parseAllDocuments } from "yaml";
import { runProgram } from "../../host/programs.ts";

const TIMEOUT_MS = 60_000;
const LARGEST = 64 * 1024 * 1024;
const FILES = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/** A base that lies outside of the part of the tree that was looked at. */
export class OutsideError extends Error {}

/**
 * What `kubectl kustomize` makes of a folder, without Helm, plugins or network: what would be fetched is refused by name, and the program finds neither git nor a way out.
 * Rejects with what is wrong. @param root the tree; nothing outside of it is read @param env of which PATH counts
 */
export async function kustomize(
  root: string,
  path: string,
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<string> {
  const real = realpathSync(root);
  checkFolder(real, join(real, path), path, new Set());
  const command = findProgram(env["PATH"] ?? "");
  const { code, exit, stdout, stderr } = await runProgram([...command, join(real, path)], {
    cwd: real,
    env: { HOME: real, PATH: "/nowhere", HTTP_PROXY: NOWHERE, HTTPS_PROXY: NOWHERE },
    signal,
    timeoutMs: TIMEOUT_MS,
    limit: LARGEST,
  });
  if (code === 0) return stdout;
  const said = stderr.replaceAll(`${real}${sep}`, "").trim().split("\n").slice(-10).join("\n");
  throw new Error(`the kustomization ${path} cannot be built: ${said || exit}`);
}

/** A port on which nobody listens (discard). */
const NOWHERE = "http://127.0.0.1:9";

/** `kubectl kustomize`, else `kustomize build`. */
export function findProgram(path: string): readonly string[] {
  for (const [name, verb] of [
    ["kubectl", "kustomize"],
    ["kustomize", "build"],
  ] as const)
    for (const directory of path.split(delimiter))
      if (directory !== "" && isProgram(join(directory, name))) return [join(directory, name), verb];
  throw new Error("neither kubectl nor kustomize is on the PATH: install kubectl");
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Lists whose entries are paths, each a file or another kustomization. */
const LISTS = [
  "resources",
  "bases",
  "components",
  "crds",
  "configurations",
  "generators",
  "transformers",
  "validators",
  "patchesStrategicMerge",
];

function checkFolder(root: string, folder: string, shown: string, seen: Set<string>): void {
  if (seen.has(folder)) return; // a cycle, of which kustomize says more
  seen.add(folder);
  const file = FILES.map((name) => join(folder, name)).find(existsSync);
  if (file === undefined) throw new Error(`there is no kustomization.yaml in ${shown}`);
  const config = readConfig(file, shown);
  if (config["helmCharts"] !== undefined || config["helmChartInflationGenerator"] !== undefined)
    throw new Error(`the kustomization ${shown} inflates Helm charts, which fetches them: use the driver helm`);
  for (const key of LISTS)
    for (const entry of listOf(config[key]))
      if (typeof entry === "string" && !entry.includes("\n")) checkEntry(root, folder, shown, entry, seen);
  for (const patch of patchesIn(config)) if (existsSync(join(folder, patch))) checkEntry(root, folder, shown, patch, seen);
  for (const text of pathsIn(config)) if (/^https?:/i.test(text)) throw remote(shown, text);
}

function checkEntry(root: string, folder: string, shown: string, entry: string, seen: Set<string>): void {
  const path = join(folder, entry);
  const inside = (one: string) => one === root || one.startsWith(root + sep);
  if (isRemote(entry)) throw remote(shown, entry);
  if (isAbsolute(entry) || !inside(path))
    throw new OutsideError(`the kustomization ${shown} refers to ${entry}, which is outside of the repository`);
  if (!existsSync(path)) throw new Error(`the kustomization ${shown} refers to ${entry}, which is not in the commit`);
  if (!inside(realpathSync(path))) throw new Error(`the kustomization ${shown} refers to ${entry}, which leads out of the repository`);
  if (statSync(path).isDirectory()) checkFolder(root, path, relative(root, path), seen);
  else if (!seen.has(path)) {
    seen.add(path);
    checkAliases(path, relative(root, path));
  }
}

const LARGEST_FILE = 32 * 1024 * 1024;
/** As many as `parseManifests` takes; kustomize itself takes any, and what they stand for may be more than a machine holds. */
const MOST_ALIASES = 1_000;

/** What is no YAML, such as a patch of its own form, kustomize says more of; only what would grow without bound is refused. */
function checkAliases(file: string, shown: string): void {
  if (statSync(file).size > LARGEST_FILE)
    throw new Error(`${shown} has more than ${LARGEST_FILE / 1024 / 1024} MB: it is hardly a manifest`);
  const text = readFileSync(file, "utf8");
  // an alias needs an anchor, and most files have none
  if (!/&\S/.test(text) || !/\*\S/.test(text)) return;
  const documents = parseAllDocuments(text, { logLevel: "silent" });
  if (!Array.isArray(documents)) return;
  for (const document of documents)
    try {
      document.toJS({ maxAliasCount: MOST_ALIASES });
    } catch (error) {
      if (error instanceof ReferenceError && /alias count/i.test(error.message))
        throw new Error(`${shown} has aliases that stand for more than is read: write out what they repeat`);
    }
}

/** What kustomize would clone or download where it is no path: URLs, `git@host:…`, `host.tld/org/repository//path?ref=…`. */
const isRemote = (entry: string): boolean =>
  /^[a-z+]+:(\/\/|:)|^[^/]+@[^/]+:|\?(ref|version|submodules|timeout)=|^(www\.)?(github|gitlab|bitbucket)\.[a-z]+[/:]/i.test(entry);

const remote = (shown: string, entry: string): Error =>
  new Error(`the kustomization ${shown} fetches ${entry}: what is deployed is what is in the commit, so copy it into the repository`);

function patchesIn(config: Readonly<Record<string, unknown>>): readonly string[] {
  const lists = ["patches", "patchesJson6902", "replacements"].flatMap((key) => listOf(config[key]));
  return lists.flatMap((one) => fieldsOf(one)["path"] ?? []).filter((one) => typeof one === "string");
}

/** Other fields that kustomize may load from an address. */
function pathsIn(config: Readonly<Record<string, unknown>>): readonly string[] {
  const files = ["configMapGenerator", "secretGenerator"].flatMap((key) =>
    listOf(config[key]).flatMap((one) => [...listOf(fieldsOf(one)["files"]), ...listOf(fieldsOf(one)["envs"]), fieldsOf(one)["env"]]),
  );
  const texts = [...patchesIn(config), ...files, fieldsOf(config["openapi"])["path"]].filter((one) => typeof one === "string");
  return texts.map((text) => text.replace(/^[^=/:]+=/, "")); // `name=path`
}

function readConfig(file: string, shown: string): Readonly<Record<string, unknown>> {
  try {
    return fieldsOf(parse(readFileSync(file, "utf8")));
  } catch (error) {
    throw new Error(`the kustomization ${shown} is not valid YAML: ${error instanceof Error ? (error.message.split("\n")[0] ?? "") : ""}`);
  }
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
