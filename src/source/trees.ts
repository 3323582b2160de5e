import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import type { CommitId } from "../core/config/config.ts";
import type { Source, Trees } from "../engine/ports/source.ts";

/** Checkouts that are kept for whoever asks next. */
const KEPT = 40;
/** One that was asked for so lately may still be read. */
const IN_USE_MS = 60 * 60 * 1000;

/**
 * Folders of commits as directories, made once for all that read them: `home/trees/<commit>-<folder's hash>`, by the folder's path in the repository, since projects of it may share a home.
 * A directory appears by rename, whole or not at all, so that several processes may make the same one.
 */
export function treesOf(source: Pick<Source, "checkout" | "folder">, home: string): Trees {
  const parent = join(home, "trees");
  const making = new Map<string, Promise<string>>();
  return async (commit, folder) => {
    const whole = source.folder ? `${source.folder}/${folder}` : folder;
    const directory = join(parent, `${commit}-${createHash("sha256").update(whole).digest("hex").slice(0, 16)}`);
    const known = making.get(directory) ?? make(source, parent, directory, commit, folder).finally(() => making.delete(directory));
    making.set(directory, known);
    return await known;
  };
}

async function make(
  source: Pick<Source, "checkout">,
  parent: string,
  directory: string,
  commit: CommitId,
  folder: string,
): Promise<string> {
  if (existsSync(directory)) {
    const now = new Date();
    await utimes(directory, now, now);
    return directory;
  }
  await mkdir(parent, { recursive: true, mode: 0o700 });
  const draft = await mkdtemp(join(parent, ".new-"));
  try {
    await source.checkout(commit, folder, draft);
    await rename(draft, directory);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    if (!existsSync(directory)) throw error;
  }
  await prune(parent);
  return directory;
}

/** Of many only those that were asked for last are kept. */
async function prune(parent: string): Promise<void> {
  const names = await readdir(parent);
  if (names.length <= KEPT) return;
  const used = await Promise.all(
    names.map(async (name) => ({
      path: join(parent, name),
      at: await stat(join(parent, name)).then(
        ({ mtimeMs }) => mtimeMs,
        () => null,
      ),
    })),
  );
  const old = used.flatMap(({ path, at }) => (at === null ? [] : [{ path, at }])).toSorted((a, b) => b.at - a.at);
  for (const { path, at } of old.slice(KEPT)) if (Date.now() - at > IN_USE_MS) await rm(path, { recursive: true, force: true });
}
