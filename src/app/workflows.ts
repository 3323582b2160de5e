import { constants } from "node:fs";
import { lstat, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { WorkflowFile, WorkflowsOptions } from "../cli/context.ts";
import { CliError, EXIT } from "../cli/exit.ts";
import { UNKEPT_COUNT, WORKFLOWS_FOLDER } from "../core/config/github.ts";
import { parseConfig } from "../core/config/parse.ts";
import { hostZones } from "../engine/zones.ts";
import { sourceOf } from "../github/workflows/emit.ts";
import { generateWorkflows } from "../github/workflows/generate.ts";
import { codeOf } from "../host/errors.ts";
import { repositoryOf } from "../source/repository.ts";
import { PROJECT_FILE, projectRoot } from "./project.ts";
import { adapterSchemas } from "./registry.ts";

/** Compares the workflow files of the project with what its `sluice.yaml` says, and with `write` makes them so. Writes nothing where one of them is not ours. Rejects with a `CliError`. */
export async function workflows({ directory, write }: WorkflowsOptions): Promise<readonly WorkflowFile[]> {
  const place = findPlace(directory);
  await mustBeFolders(place.repository);
  const asked = await filesOf(place);
  const wanted = asked ?? new Map<string, string>();
  const files = compare(wanted, await readAll(place.repository, wanted), place.source);
  // Who has taken `github` out of the file has its workflows removed, as those of a service that is gone.
  if (asked === null && files.length === 0)
    throw new CliError(
      EXIT.usage,
      `${place.source} does not ask for workflows`,
      "Add the line `github: {}`; `sluice schema` says what it may hold",
    );
  if (write && files.every(({ state }) => state !== "foreign")) await writeAll(place.repository, wanted, files);
  return files;
}

/** Where a project and its repository are. `directory` and `source` are from the repository's root, as GitHub has paths. */
type Place = { readonly file: string; readonly repository: string; readonly directory: string; readonly source: string };

function findPlace(from: string): Place {
  const root = projectRoot(from);
  if (root === null) throw new CliError(EXIT.usage, `There is no ${PROJECT_FILE} in ${from} or above it`, "Write one with `sluice init`");
  const found = repositoryOf(root);
  if (found === null)
    throw new CliError(EXIT.usage, `${root} is not in a git repository, to whose root GitHub's workflows belong`, "Make it one: git init");
  const { root: repository, folder: directory } = found;
  return {
    file: join(root, PROJECT_FILE),
    repository,
    directory,
    source: directory === "" ? PROJECT_FILE : `${directory}/${PROJECT_FILE}`,
  };
}

/** What is there has to be a folder of this repository: git keeps a link as a link, so GitHub sees no workflows behind it, and to write through it is to write somewhere else. */
async function mustBeFolders(repository: string): Promise<void> {
  for (const folder of [dirname(WORKFLOWS_FOLDER), WORKFLOWS_FOLDER]) {
    const found = await lstat(join(repository, folder)).catch((error: unknown) => {
      if (codeOf(error) === "ENOENT") return null;
      throw error;
    });
    if (found !== null && !found.isDirectory())
      throw new CliError(
        EXIT.failed,
        `${folder} is ${found.isSymbolicLink() ? "a link" : "no folder"}, and GitHub reads workflows from a folder of the repository`,
        "Make it a folder and generate again",
      );
  }
}

/** null: the project asks for none. */
async function filesOf({ file, directory, source }: Place): Promise<ReadonlyMap<string, string> | null> {
  const { config, diagnostics } = parseConfig(await readFile(file, "utf8"), source, await adapterSchemas(), hostZones);
  const refused = diagnostics.filter(({ severity, code }) => severity === "error" || code === UNKEPT_COUNT);
  if (config === null || refused.length > 0)
    throw new CliError(EXIT.usage, `${source} has errors`, "`sluice validate` shows them in the file", { diagnostics: refused });
  if (config.github === undefined) return null;
  const files = generateWorkflows(config, directory);
  for (const [path, text] of files) {
    if (Buffer.byteLength(text) <= MOST_BYTES) continue;
    throw new CliError(
      EXIT.usage,
      `${path} would have ${Buffer.byteLength(text)} bytes, and GitHub reads ${MOST_BYTES}`,
      "Deploy with the server",
    );
  }
  return files;
}

/** GitHub's limit for a workflow file. */
const MOST_BYTES = 500_000;

/** A text, or `other` for what is no file, such as a link: it is nobody's, and is not looked into. */
type Found = { readonly text: string } | "other" | null;

/** The wanted files, and all others that we have generated; null: it is not there. */
async function readAll(repository: string, wanted: ReadonlyMap<string, string>): Promise<ReadonlyMap<string, Found>> {
  const found = new Map<string, Found>([...wanted.keys()].map((path) => [path, null]));
  for (const { name, isFile } of await listFolder(repository)) {
    const path = `${WORKFLOWS_FOLDER}/${name}`;
    if (isFile) found.set(path, { text: await readFile(join(repository, path), "utf8") });
    else if (found.has(path)) found.set(path, "other");
  }
  return found;
}

async function listFolder(repository: string): Promise<readonly { readonly name: string; readonly isFile: boolean }[]> {
  try {
    const entries = await readdir(join(repository, WORKFLOWS_FOLDER), { withFileTypes: true });
    return entries.flatMap((entry) => (/\.ya?ml$/.test(entry.name) ? [{ name: entry.name, isFile: entry.isFile() }] : []));
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  }
}

function compare(wanted: ReadonlyMap<string, string>, found: ReadonlyMap<string, Found>, source: string): readonly WorkflowFile[] {
  const files = [...found].flatMap(([path, is]): WorkflowFile[] => {
    const expected = wanted.get(path);
    if (is === null) return [{ path, state: "missing" }];
    if (is === "other") return [{ path, state: "foreign" }];
    const { text } = is;
    const from = sourceOf(text);
    const ours = from === source;
    if (expected === undefined) return ours ? [{ path, state: "stale" }] : [];
    if (!ours) return [{ path, state: "foreign", ...(from === null ? {} : { from }) }];
    // A checkout on Windows may have other ends of lines; what GitHub reads is what git holds.
    return [{ path, state: text.replaceAll("\r\n", "\n") === expected ? "current" : "different" }];
  });
  return files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

/** Never through a link that has come meanwhile. */
const OVERWRITE = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | (constants.O_NOFOLLOW ?? 0);

async function writeAll(repository: string, wanted: ReadonlyMap<string, string>, files: readonly WorkflowFile[]): Promise<void> {
  try {
    await mkdir(join(repository, WORKFLOWS_FOLDER), { recursive: true });
    for (const { path, state } of files) {
      if (state === "stale") await rm(join(repository, path));
      else if (state !== "current") await writeFile(join(repository, path), wanted.get(path) ?? "", { flag: OVERWRITE });
    }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CliError(EXIT.failed, `The workflows cannot be written: ${reason}`, "Make that possible and generate again", { cause });
  }
}
