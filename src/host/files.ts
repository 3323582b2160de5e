import { closeSync, fsyncSync, linkSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { codeOf } from "./errors.ts";

/** Writes a whole file, for its owner alone, so that a reader sees the old text or the new one. A power cut may lose it. */
export function writeWhole(path: string, text: string): void {
  renameSync(
    draftOf(path, text, () => {}),
    path,
  );
}

/** Writes a whole file, for its owner alone, so that a reader sees the old text or the new one, also after a power cut. */
export function writeDurably(path: string, text: string): void {
  renameSync(draftOf(path, text, fsyncSync), path);
  syncDirectory(dirname(path));
}

/** Creates a file with its whole text, or returns false where one exists: of many callers exactly one gets true. A link is atomic with its text; O_EXCL would show the file before it. */
export function createOnce(path: string, text: string): boolean {
  const draft = draftOf(path, text, fsyncSync);
  try {
    linkSync(draft, path);
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  syncDirectory(dirname(path));
  return true;
}

/** Creates a file, for its owner alone, that is on the disk when this returns. Throws where there is one. */
export function createSynced(path: string, text: string): void {
  create(path, text, fsyncSync);
}

export function syncDirectory(path: string): void {
  const directory = openSync(path, "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

/** null where there is no such file. */
export function readText(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw error;
  }
}

function draftOf(path: string, text: string, sync: (file: number) => void): string {
  const draft = `${path}.${process.pid}.draft`;
  rmSync(draft, { force: true });
  create(draft, text, sync);
  return draft;
}

function create(path: string, text: string, sync: (file: number) => void): void {
  // `wx`: never writes through a link that someone else has put there.
  const file = openSync(path, "wx", 0o600);
  try {
    writeFileSync(file, text);
    sync(file);
  } finally {
    closeSync(file);
  }
}
