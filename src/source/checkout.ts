import { mkdir, open, readdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { CommitId } from "../core/config/config.ts";
import { SourceError } from "../engine/ports/source.ts";
import { BatchReader } from "./batch.ts";
import { type Git, LONG_TIMEOUT_MS } from "./exec.ts";
import { leadsOut } from "./links.ts";
import { treePath } from "./names.ts";

type TreeEntry = { readonly mode: string; readonly id: string; readonly path: string };

/**
 * Writes the files of a commit's tree, or of a folder of it, into an empty directory: the very bytes that are committed, read from the object store.
 * So the index and the work tree are not touched, and no filter, line-end conversion or attribute changes what comes out: the same commit gives the same
 * bytes on every machine. An LFS file is its pointer; a submodule is an empty folder; `export-ignore` has no effect. Executable files stay so.
 *
 * Rejects with `unsafe-path`, before anything is written, for a link that leads out and for a name that no checkout may have (`..`, `.git`).
 */
export async function checkout(git: Git, commit: CommitId, path: string, into: string): Promise<void> {
  const folder = treePath(path);
  if ((await readdir(into)).length > 0) throw new SourceError("git-failed", `${into} is not empty.`, "Check out into an empty directory.");
  const entries = await listTree(git, commit, folder);
  for (const entry of entries) refuseName(entry.path);
  const links = entries.filter((entry) => entry.mode === "120000");
  const files = entries.filter((entry) => entry.mode.startsWith("100"));
  const modules = entries.filter((entry) => entry.mode === "160000");
  const targets = await readLinks(git, links);
  for (const link of targets.keys())
    if (leadsOut(link, targets))
      throw new SourceError(
        "unsafe-path",
        `The symbolic link \`${link}\` at ${commit.slice(0, 12)} leads out of the tree (to \`${targets.get(link) ?? ""}\`).`,
        "Point it inside, or replace it with a copy.",
      );

  for (const each of new Set([...files, ...links].map((entry) => dirname(entry.path)))) await mkdir(join(into, each), { recursive: true });
  for (const each of modules) await mkdir(join(into, each.path), { recursive: true });
  await writeFiles(git, files, into);
  // Last, so that no file is ever written through one.
  for (const [link, target] of targets) await symlink(target, join(into, link));
}

/** Paths are relative to the folder. */
async function listTree(git: Git, commit: CommitId, folder: string): Promise<TreeEntry[]> {
  const { text } = await git.run(["ls-tree", "-r", "-z", "--full-tree", folder === "" ? commit : `${commit}:${folder}`], {
    timeoutMs: LONG_TIMEOUT_MS,
  });
  return text.split("\0").flatMap((line) => {
    const found = /^(\d{6}) \w+ ([0-9a-f]+)\t(.+)$/s.exec(line);
    return found ? [{ mode: found[1] ?? "", id: found[2] ?? "", path: found[3] ?? "" }] : [];
  });
}

function refuseName(path: string): void {
  const bad = path
    .split("/")
    .some(
      (part) =>
        part === "" ||
        part === "." ||
        part === ".." ||
        part.toLowerCase() === ".git" ||
        part.includes("\uFFFD") ||
        (process.platform === "win32" && /[\\:]/.test(part)),
    );
  if (bad)
    throw new SourceError(
      "unsafe-path",
      `The tree holds \`${path}\`, a name that no checkout may have.`,
      "Names are UTF-8, without `..` and `.git`: git itself makes no other.",
    );
}

/** PATH_MAX of Linux, in bytes: no link is longer. */
const MAX_TARGET = 4_096;

/** Targets by path. */
async function readLinks(git: Git, links: readonly TreeEntry[]): Promise<Map<string, string>> {
  const targets = new Map<string, string>();
  await eachBlob(git, links, async (entry, size, reader) => {
    if (size > MAX_TARGET)
      throw new SourceError(
        "unsafe-path",
        `The symbolic link \`${entry.path}\` has a target of ${size} bytes.`,
        "Point it inside, or replace it with a copy.",
      );
    targets.set(entry.path, (await reader.take(size)).toString("utf8"));
  });
  return targets;
}

/** What is written at once; a larger file goes through in pieces. */
const PIECE = 1024 * 1024;

async function writeFiles(git: Git, files: readonly TreeEntry[], into: string): Promise<void> {
  await eachBlob(git, files, async (entry, size, reader) => {
    const file = join(into, entry.path);
    // `wx`: a crafted tree may hold a name twice, or two that a file system takes for one.
    const how = { flag: "wx", mode: entry.mode === "100755" ? 0o755 : 0o644 };
    if (size <= PIECE) return writeFile(file, await reader.take(size), how);
    const handle = await open(file, how.flag, how.mode);
    try {
      for (let left = size; left > 0; left -= PIECE) await handle.write(await reader.take(Math.min(PIECE, left)));
    } finally {
      await handle.close();
    }
  });
}

/** All contents in one process. `use` takes exactly `size` bytes from the reader. */
async function eachBlob(
  git: Git,
  entries: readonly TreeEntry[],
  use: (entry: TreeEntry, size: number, reader: BatchReader) => Promise<void>,
): Promise<void> {
  if (entries.length === 0) return;
  const reader = new BatchReader();
  const input = entries.map((entry) => `${entry.id}\n`).join("");
  const fed = git
    .stream(["cat-file", "--batch"], { input, timeoutMs: LONG_TIMEOUT_MS }, (chunk) => reader.feed(chunk))
    .then(
      () => reader.end(null),
      (error: unknown) => reader.end(error),
    );
  try {
    for (const entry of entries) {
      await use(entry, await reader.header(entry.id), reader);
      await reader.take(1); // the line end behind each
    }
  } finally {
    reader.stop();
    await fed;
  }
}
