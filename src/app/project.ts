import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { CliError, EXIT } from "../cli/exit.ts";
import { repositoryOf } from "../source/repository.ts";
import { storeError } from "../store/errors.ts";

/** Where a project's file is, and where its store goes. */
export type Project = { readonly root: string; readonly home: string };

export const PROJECT_FILE = "sluice.yaml";
const STORE = ".sluice";

export const projectAt = (root: string): Project => ({ root, home: join(root, STORE) });

/** The project of a directory: the nearest one above it with a `sluice.yaml`; null where there is none. Throws where that is in no git repository. */
export function findProject(directory: string): Project | null {
  const root = projectRoot(directory);
  if (root === null) return null;
  if (repositoryOf(root) !== null) return projectAt(root);
  throw new CliError(
    EXIT.usage,
    `${root} is not in a git repository: what is deployed are commits`,
    "Make it one: git init, git add, git commit",
  );
}

/** The nearest directory from this one upwards that holds a `sluice.yaml`. */
export function projectRoot(directory: string): string | null {
  for (let path = resolve(directory); ; path = dirname(path)) {
    if (existsSync(join(path, PROJECT_FILE))) return path;
    if (dirname(path) === path) return null;
  }
}

/** Whether a directory is in a git repository, for hints. */
export const isInRepository = (directory: string): boolean => repositoryOf(directory) !== null;

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
