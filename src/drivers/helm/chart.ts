import { existsSync } from "node:fs";
import { cp, readdir, readFile } from "node:fs/promises";
import { join, posix } from "node:path";
import { SourceError } from "../../engine/ports/source.ts";
import { codeOf } from "../../host/errors.ts";
import { withScratch } from "../../host/scratch.ts";
import type { Settings } from "./config.ts";
import { directoryOf } from "./helm.ts";
import { plainImage, plainMetadata } from "./plain.ts";

/** A chart with its values, as files that Helm is given. */
export type Chart = {
  /** Its folder. */
  readonly path: string;
  /** How messages name it. */
  readonly title: string;
  readonly name: string;
  readonly version: string;
  /** Files of values, those of the config first. */
  readonly values: readonly string[];
};
type Dependency = { readonly name: string; readonly repository: string; readonly version: string };

type Folders = {
  /** The store's directory. */
  readonly home: string;
  /** A folder of the commit's tree. */
  readonly tree: (folder: string) => Promise<string>;
  /** The chart of a registry or repository, unpacked. */
  readonly remote: () => Promise<string>;
};

/** Runs `use` with the chart that the settings name and a directory for what it has to write, which is gone afterwards. */
export async function withChart<T>(settings: Settings, folders: Folders, use: (chart: Chart, scratch: string) => Promise<T>): Promise<T> {
  return await withScratch(join(directoryOf(folders.home), "scratch"), async (scratch) => {
    return await use(await openChart(settings, folders, scratch), scratch);
  });
}

async function openChart({ chart, values }: Settings, { tree, remote }: Folders, scratch: string): Promise<Chart> {
  const folders = values.map((file) => posix.dirname(file));
  if (chart.kind === "remote") return await chartAt(await remote(), chart.chart, filesAt(values, await placesOf(tree, folders)));
  const at = await placesOf(tree, [chart.folder, ...folders]);
  const path = await complete(at, tree, chart.folder, scratch);
  return await chartAt(path, chart.folder, filesAt(values, at));
}

/** Where a folder of the repository is on this host. */
type Places = (folder: string) => string;

/** One directory for all where they have a folder in common, for services share it; links that lead out of a folder, and not out of the repository, are found in the whole of it. */
async function placesOf(tree: Folders["tree"], folders: readonly string[]): Promise<Places> {
  const common = commonOf(folders);
  const roots = common === "." ? [...new Set(folders)] : [common];
  try {
    const found = new Map<string, string>();
    for (const root of roots) found.set(root, await tree(root));
    return (folder) => {
      const root = roots.find((one) => isInside(folder, one)) ?? "";
      return join(found.get(root) ?? "", posix.relative(root, folder));
    };
  } catch (error) {
    if (!(error instanceof SourceError) || error.code !== "unsafe-path") throw error;
    const whole = await tree(".");
    return (folder) => join(whole, folder);
  }
}

const isInside = (folder: string, root: string): boolean => root === "." || folder === root || folder.startsWith(`${root}/`);

function commonOf(folders: readonly string[]): string {
  const [first = ".", ...others] = folders;
  let common = first;
  while (common !== "." && !others.every((folder) => isInside(folder, common))) common = posix.dirname(common);
  return common;
}

function filesAt(values: readonly string[], at: Places): readonly string[] {
  return values.map((file) => {
    const path = join(at(posix.dirname(file)), posix.basename(file));
    if (!existsSync(path)) throw new Error(`there is no file ${file} at this commit, which \`values\` names`);
    return path;
  });
}

async function chartAt(path: string, title: string, values: readonly string[]): Promise<Chart> {
  const { name, version } = await metadataOf(path, title);
  return { path, title, name, version, values };
}

type Metadata = { readonly name: string; readonly version: string; readonly dependencies: readonly Dependency[] };

async function metadataOf(path: string, title: string): Promise<Metadata> {
  const file = join(path, "Chart.yaml");
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    if (codeOf(error) !== "ENOENT" && codeOf(error) !== "ENOTDIR") throw error;
    throw new Error(`there is no chart ${title} at this commit: it has no Chart.yaml`);
  });
  const plain = plainMetadata(text);
  if (plain !== null) return { ...plain, dependencies: [] };
  const value = (await parsed(text, `${title}/Chart.yaml`)) as {
    readonly name?: unknown;
    readonly version?: unknown;
    readonly dependencies?: unknown;
  } | null;
  const dependencies = Array.isArray(value?.dependencies) ? (value.dependencies as readonly Partial<Dependency>[]) : [];
  return {
    name: textOf(value?.name),
    version: textOf(value?.version),
    dependencies: dependencies.map(({ name = "", repository = "", version = "" }) => ({ name, repository, version })),
  };
}

/** A version that is written without quotes may be a number. */
const textOf = (value: unknown): string => (typeof value === "string" || typeof value === "number" ? String(value) : "");

async function parsed(text: string, what: string): Promise<unknown> {
  try {
    return (await import("yaml")).parse(text, { logLevel: "error" });
  } catch (error) {
    throw new Error(`${what} is not valid YAML: ${error instanceof Error ? error.message.split("\n")[0] : String(error)}`);
  }
}

/** The values that a chart itself says, or of them what it says of its image. */
export async function defaultsOf({ path, title }: Chart): Promise<unknown> {
  const text = await readFile(join(path, "values.yaml"), "utf8").catch(() => "");
  return plainImage(text) ?? (await parsed(text, `${title}/values.yaml`));
}

/**
 * A chart whose dependencies are in its `charts`, as Helm wants it. Those that are folders of the repository (`file://`) and not there yet are put there in a copy: the checkout is shared.
 * Nothing is fetched: what comes from a repository has to be in the commit, or the same commit would not be the same chart.
 */
async function complete(at: Places, tree: Folders["tree"], folder: string, scratch: string): Promise<string> {
  const path = at(folder);
  const missing = await missingOf(path, await metadataOf(path, folder));
  if (missing.length === 0) return path;
  const copy = join(scratch, "chart");
  await cp(path, copy, { recursive: true, dereference: true });
  await addDependencies(copy, folder, missing, tree, []);
  return copy;
}

async function addDependencies(
  copy: string,
  folder: string,
  missing: readonly Dependency[],
  tree: Folders["tree"],
  above: readonly string[],
): Promise<void> {
  for (const { name, repository, version } of missing) {
    if (!repository.startsWith("file://"))
      throw new Error(
        `the chart ${folder} depends on ${name} ${version}${repository === "" ? "" : ` of ${repository}`}, which is not in its charts folder: run \`helm dependency build ${folder}\` and commit what it puts there`,
      );
    const from = posix.join(folder, repository.slice("file://".length));
    if (from === ".." || from.startsWith("../") || posix.isAbsolute(from))
      throw new Error(`the chart ${folder} depends on ${name} at ${repository}, which leads out of the repository`);
    if (above.includes(from)) throw new Error(`the charts ${[...above, from].join(" → ")} depend on each other in a circle`);
    const source = await folderOf(tree, from);
    const metadata = await metadataOf(source, from);
    if (metadata.name !== name)
      throw new Error(`the chart ${folder} depends on ${name} at ${from}, and the chart there is called ${metadata.name}`);
    const target = join(copy, "charts", name);
    await cp(source, target, { recursive: true, dereference: true });
    await addDependencies(target, from, await missingOf(target, metadata), tree, [...above, from]);
  }
}

async function folderOf(tree: Folders["tree"], folder: string): Promise<string> {
  return (await placesOf(tree, [folder]))(folder);
}

async function missingOf(path: string, { dependencies }: Metadata): Promise<readonly Dependency[]> {
  if (dependencies.length === 0) return [];
  const there = await readdir(join(path, "charts")).catch(() => [] as string[]);
  return dependencies.filter(({ name }) => !there.some((one) => one === name || (one.startsWith(`${name}-`) && one.endsWith(".tgz"))));
}
