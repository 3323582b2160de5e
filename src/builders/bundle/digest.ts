import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { chmod, lstat, open, readdir, readlink, realpath } from "node:fs/promises";
import { isAbsolute, join, relative, resolve, sep } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Digest } from "../../core/config/config.ts";

/**
 * Makes a tree fit to be an artifact and returns its digest: sha256 over its entries in the order of their paths' bytes, each as `type`, path and content. Of modes only "executable" counts;
 * times, owners and the place of the tree do not. Files become read only and reach the disk; folders stay writable, since nobody but root could remove a read-only one.
 * Throws for what cannot be carried elsewhere: links that lead out of the tree, sockets, devices.
 */
export async function sealTree(root: string, signal: AbortSignal): Promise<Digest> {
  const hash = createHash("sha256");
  const real = await realpath(root);
  const paths = (await readdir(root, { recursive: true }))
    .map((path) => Buffer.from(path.split(sep).join("/")))
    .toSorted((a, b) => Buffer.compare(a, b));
  for (const path of paths) {
    signal.throwIfAborted();
    const name = path.toString();
    hash.update(`${await sealEntry(join(root, name), name, real, signal)}\0`);
  }
  return `sha256:${hash.digest("hex")}`;
}

async function sealEntry(path: string, name: string, root: string, signal: AbortSignal): Promise<string> {
  const stat = await lstat(path);
  if (stat.isDirectory()) return `directory ${name}`;
  if (stat.isSymbolicLink()) return `link ${name}\0${await safeLink(path, name, root)}`;
  if (!stat.isFile()) throw new Error(`${name} is neither a file, a folder nor a link, and cannot be part of an artifact`);
  const executable = (stat.mode & 0o111) !== 0;
  // Opened for reading, which is enough to bring it to the disk.
  const file = await open(path, "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
  const content = createHash("sha256");
  await pipeline(createReadStream(path), content, { signal });
  await chmod(path, executable ? 0o555 : 0o444);
  return `${executable ? "program" : "file"} ${name}\0${content.digest("hex")}`;
}

/** The link's text. Each step on the way may be a link too, so that only where it really leads tells whether it stays inside. */
async function safeLink(path: string, name: string, root: string): Promise<string> {
  const text = await readlink(path);
  const end = isAbsolute(text) ? null : await realpath(path).catch(() => resolve(path, "..", text));
  if (end === null || !isInside(root, end))
    throw new Error(`the link ${name} -> ${text} leads out of the artifact: make it point inside, or leave it out`);
  return text;
}

/** Whether a path is a folder or something in it. Both absolute. */
export function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
