import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { CliError, EXIT } from "../cli/exit.ts";
import { storeError } from "../store/errors.ts";

/** Where a project's file is, and where its store goes. */
export type Project = { readonly root: string; readonly home: string };

export const PROJECT_FILE = "sluice.yaml";
const STORE = ".sluice";

export const projectAt = (root: string): Project => ({ root, home: join(root, STORE) });

/** The project of a directory: the nearest one above it with a `sluice.yaml`; null where there is none. Throws where it is not the root of a git repository. */
export function findProject(directory: string): Project | null {
  const root = upFrom(directory, (path) => existsSync(join(path, PROJECT_FILE)));
  if (root === null) return null;
  if (existsSync(join(root, ".git"))) return projectAt(root);
  const repository = upFrom(root, (path) => existsSync(join(path, ".git")));
  if (repository === null) {
    throw new CliError(
      EXIT.usage,
      `${root} is not a git repository: what is deployed are commits`,
      "Make it one: git init, git add, git commit",
    );
  }
  throw new CliError(
    EXIT.usage,
    `${join(root, PROJECT_FILE)} is not at the root of its repository`,
    `Move it to ${repository}: paths in it are counted from there`,
  );
}

/** Whether a directory is in a git repository, for hints. */
export const isInRepository = (directory: string): boolean => upFrom(directory, (path) => existsSync(join(path, ".git"))) !== null;

/** Makes the store's directory, which git is to leave alone. */
export async function makeHome({ home }: Project): Promise<void> {
  await mkdir(home, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw storeError(error, home);
  });
  await writeFile(join(home, ".gitignore"), "*\n", { flag: "wx" }).catch((error: NodeJS.ErrnoException) => {
    // A store that cannot be written says so better itself.
    if (error.code !== "EEXIST" && error.code !== "EROFS" && error.code !== "EACCES") throw error;
  });
}

function upFrom(directory: string, matches: (path: string) => boolean): string | null {
  for (let path = resolve(directory); ; path = dirname(path)) {
    if (matches(path)) return path;
    if (dirname(path) === path) return null;
  }
}
