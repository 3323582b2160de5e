import { execa } from "execa";
import { cp, mkdir, mkdtemp, readdir, rename, rm, rmdir, stat, writeFile } from "node:fs/promises";
import { devNull } from "node:os";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { CommitId } from "../../core/config/config.ts";

/** A commit of the sample: `v1`, `v2`, … on main, in order, then the branches. */
export type HarborCommit = { readonly id: CommitId; readonly name: string; readonly subject: string };

/** The sample could not be made: git is missing or too old, or the directory holds something else. The message says what to do. */
export class HarborError extends Error {
  override readonly name = "HarborError";
}

/** The tree of the first commit and, in `history/`, a patch for every later one. The same place seen from `src/` and from `dist/`. */
export const TEMPLATE = fileURLToPath(new URL("../../../examples/harbor/", import.meta.url));
const HISTORY = path.join(TEMPLATE, "history");
/** Not part of the sample's tree: its history, its other config, and what a build made by hand leaves behind. */
const LEFT_OUT = new Set(["history", "sluice.kubernetes.yaml", "dist", "node_modules", ".git", ".sluice"]);
/** npm leaves `.gitignore` out of a package, so the template has it under another name. */
const GITIGNORE = "_gitignore";
/** Lies in `.git/`: says that the directory was made here and may be thrown away by `resetHarbor`. */
const MARK = "sluice-harbor";

const FIRST = { author: "Ana Ruiz <ana@harbor.example>", date: "2026-01-12T09:00:00Z", subject: "Harbor: four backends and two frontends" };

/** What of the sample is another: changes the tree of its first commit, in a directory, and what goes wrong on which branch. */
export type HarborVariant = {
  readonly edit: (tree: string) => Promise<void>;
  readonly branches: readonly { readonly name: string; readonly subject: string; readonly edit: (tree: string) => Promise<void> }[];
};

/**
 * Makes the sample's git repository in `directory`: the same commit ids on every machine, whatever git is configured to do there.
 * A repository that an earlier call made is left as it is, with what a user has changed in it. Rejects with `HarborError`.
 */
export async function seedHarbor(
  directory: string,
  variant: HarborVariant | null = null,
): Promise<{ readonly commits: readonly HarborCommit[] }> {
  const all = await readPatches();
  const patches = variant ? all.filter((patch) => !patch.branch) : all;
  if (!(await isHarbor(directory))) await create(directory, patches, variant);
  return { commits: await listCommits(directory, [...patches, ...(variant?.branches ?? [])]) };
}

/** Throws the sample's repository away and makes it anew. Touches nothing but a directory that `seedHarbor` made. Rejects with `HarborError`. */
export async function resetHarbor(directory: string, variant: HarborVariant | null = null): ReturnType<typeof seedHarbor> {
  if (await isHarbor(directory)) await rm(directory, { recursive: true, force: true });
  return seedHarbor(directory, variant);
}

type Patch = { readonly name: string; readonly file: string; readonly branch: boolean };

/** Patches with a number are main's commits after the first; the others are branches that start at its tip. */
async function readPatches(): Promise<readonly Patch[]> {
  const files = (await readdir(HISTORY)).filter((file) => file.endsWith(".patch")).sort();
  return files.map((file) => {
    const number = /^\d+/.exec(file)?.[0];
    const name = number === undefined ? path.basename(file, ".patch") : `v${Number(number)}`;
    return { name, file: path.join(HISTORY, file), branch: number === undefined };
  });
}

/** Made beside its place and moved there when it is complete, so that one cut short is never taken for the whole. */
async function create(directory: string, patches: readonly Patch[], variant: HarborVariant | null): Promise<void> {
  await mkdir(path.dirname(path.resolve(directory)), { recursive: true });
  await removeEmpty(directory);
  const staging = await mkdtemp(`${path.resolve(directory)}.new-`);
  try {
    await copyTemplate(staging);
    await variant?.edit(staging);
    await commitFirst(staging);
    const onMain = patches.filter((patch) => !patch.branch);
    for (const patch of onMain) {
      await apply(staging, patch);
      await git(staging, ["tag", patch.name]);
    }
    for (const patch of patches.filter((each) => each.branch)) {
      await git(staging, ["checkout", "--quiet", "-b", patch.name, "main"]);
      await apply(staging, patch);
    }
    for (const { name, subject, edit } of variant?.branches ?? []) {
      await git(staging, ["checkout", "--quiet", "-b", name, "main"]);
      await edit(staging);
      await commit(staging, { ...FIRST, subject });
    }
    await git(staging, ["checkout", "--quiet", "main"]);
    await writeFile(path.join(staging, ".git", MARK), "made by sluice demo; sluice demo --reset throws this directory away\n");
    await rename(staging, directory);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function copyTemplate(to: string): Promise<void> {
  for (const entry of await readdir(TEMPLATE)) {
    if (LEFT_OUT.has(entry)) continue;
    const target = entry === GITIGNORE ? ".gitignore" : entry;
    await cp(path.join(TEMPLATE, entry), path.join(to, target), { recursive: true });
  }
}

async function commitFirst(repository: string): Promise<void> {
  // By --template no hook of the machine's comes in; by symbolic-ref the branch has its name on any version of git.
  await git(repository, ["init", "--quiet", "--template=", "--object-format=sha1"]);
  await git(repository, ["symbolic-ref", "HEAD", "refs/heads/main"]);
  await commit(repository, FIRST);
  await git(repository, ["tag", "v1"]);
}

async function commit(repository: string, { author, date, subject }: typeof FIRST): Promise<void> {
  await git(repository, ["add", "--all"]);
  await git(repository, ["commit", "--quiet", `--author=${author}`, `--date=${date}`, `--message=${subject}`], {
    GIT_COMMITTER_DATE: date,
  });
}

/** Author, date and message come from the patch. */
async function apply(repository: string, patch: Patch): Promise<void> {
  await git(repository, ["am", "--quiet", "--committer-date-is-author-date", patch.file]);
}

async function listCommits(directory: string, patches: readonly Pick<Patch, "name">[]): Promise<readonly HarborCommit[]> {
  const names = ["v1", ...patches.map((patch) => patch.name)];
  const listed = await git(directory, [
    "for-each-ref",
    "--format=%(refname:short)%09%(objectname)%09%(subject)",
    "refs/heads",
    "refs/tags",
  ]);
  const byName = new Map(
    listed.split("\n").map((line) => {
      const [name = "", id = "", subject = ""] = line.split("\t");
      return [name, { id, name, subject }];
    }),
  );
  return names.map((name) => {
    const commit = byName.get(name);
    if (commit === undefined) throw new HarborError(`${directory} has no ${name} any more. Start anew with: sluice demo --reset`);
    return commit;
  });
}

async function isHarbor(directory: string): Promise<boolean> {
  return (await stat(path.join(directory, ".git", MARK)).catch(() => null)) !== null;
}

/** An empty directory makes room; anything in it is somebody's, and stays. */
async function removeEmpty(directory: string): Promise<void> {
  const found = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw new HarborError(`${directory} cannot be used for the sample: ${error.message}`, { cause: error });
  });
  if (found === null) return;
  if (found.length > 0) {
    throw new HarborError(
      `${directory} is not empty and does not hold the sample. Name another directory in SLUICE_DEMO_DIR, or empty it.`,
    );
  }
  await rmdir(directory);
}

/** Runs git on one repository, cut off from the machine's and the user's configuration, hooks and signing. Resolves with what it printed. */
async function git(repository: string, args: readonly string[], extra: Readonly<Record<string, string>> = {}): Promise<string> {
  const inherited = Object.entries(process.env).filter(([key]) => !key.startsWith("GIT_"));
  const env = {
    ...Object.fromEntries(inherited),
    GIT_CONFIG_GLOBAL: devNull,
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_ATTR_NOSYSTEM: "1",
    GIT_CEILING_DIRECTORIES: path.dirname(path.resolve(repository)),
    GIT_COMMITTER_NAME: "Harbor",
    GIT_COMMITTER_EMAIL: "harbor@harbor.example",
    GIT_TERMINAL_PROMPT: "0",
    LC_ALL: "C",
    TZ: "UTC",
    ...extra,
  };
  const result = await execa("git", ["-c", "core.autocrlf=false", "-c", "core.fileMode=false", "-c", "gc.auto=0", ...args], {
    cwd: repository,
    env,
    extendEnv: false,
    stdin: "ignore",
    reject: false,
  });
  if (result.code === "ENOENT") throw new HarborError("git is not installed, or not on the PATH: the sample is a git repository.");
  if (result.failed) throw new HarborError(`${result.shortMessage}\n${result.stderr}`.trim(), { cause: result });
  return result.stdout;
}
