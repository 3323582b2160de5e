import { existsSync, realpathSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";

/** A repository by its root, and a directory's path in it as git has paths: empty at the root. */
export type InRepository = { readonly root: string; readonly folder: string };

/** The repository that a directory is in; null where it is in none. Links are followed first, as git follows them: what a link lies beside is not what it leads to. */
export function repositoryOf(directory: string): InRepository | null {
  if (!existsSync(directory)) return null;
  // `native`: names as the disk has them, where it takes capitals and small letters for the same and git does not
  const real = realpathSync.native(directory);
  for (let root = real; ; root = dirname(root)) {
    if (existsSync(join(root, ".git"))) return { root, folder: relative(root, real).split(sep).join("/") };
    if (dirname(root) === root) return null;
  }
}
