import { closeSync, fsyncSync, linkSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { codeOf } from "./errors.ts";

/** Writes a whole file so that a reader sees the old text or the new one, also after a power cut. */
export function writeDurably(path: string, text: string): void {
  const draft = `${path}.${process.pid}.draft`;
  writeSynced(draft, text);
  renameSync(draft, path);
  syncDirectory(dirname(path));
}

/** Creates a file with its whole text, or returns false where one exists: of many callers exactly one gets true. A link is atomic with its text; O_EXCL would show the file before it. */
export function createOnce(path: string, text: string): boolean {
  const draft = `${path}.${process.pid}.draft`;
  writeSynced(draft, text);
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

export function writeSynced(path: string, text: string): void {
  const file = openSync(path, "w", 0o600);
  try {
    const bytes = Buffer.from(text);
    for (let written = 0; written < bytes.length;) written += writeSync(file, bytes, written);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

export function syncDirectory(path: string): void {
  const directory = openSync(path, "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
