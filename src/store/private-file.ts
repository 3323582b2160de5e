import { lstat, mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Makes a directory for this user alone, and refuses one that is another's, a link, or open to others. `tops`: how many of the last parts of the path to check. */
export async function makePrivateDirectory(directory: string, tops: number): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  for (const path of lastParts(directory, tops)) {
    const problem = await problemWith(path, "directory");
    if (problem) throw new Error(`${path} ${problem}; remove it, or set XDG_STATE_HOME to a directory of your own`);
  }
}

/** The text of a file that is this user's alone in directories that are, else null: what someone else could have put there is not believed. */
export async function readPrivate(file: string, tops: number): Promise<string | null> {
  for (const path of lastParts(dirname(file), tops)) if (await problemWith(path, "directory")) return null;
  if (await problemWith(file, "file")) return null;
  return readFile(file, "utf8").catch(() => null);
}

function lastParts(path: string, count: number): string[] {
  return Array.from({ length: count }, (_, up) => join(path, ...Array<string>(up).fill("..")));
}

async function problemWith(path: string, kind: "file" | "directory"): Promise<string | null> {
  const stat = await lstat(path).catch(() => null);
  if (stat === null) return "does not exist";
  if (kind === "file" ? !stat.isFile() : !stat.isDirectory()) return `is not a ${kind}`;
  const user = process.getuid?.();
  if (user === undefined) return null; // Windows: the profile's own access rules hold
  if (stat.uid !== user) return "belongs to another user";
  return (stat.mode & 0o077) === 0 ? null : "can be reached by other users";
}
