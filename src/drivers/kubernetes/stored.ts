import { mkdirSync, readdirSync, rmSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import type { KubeObject } from "../../cluster/objects.ts";
import type { Digest } from "../../core/config/config.ts";
import { fingerprint } from "../../core/plan/fingerprint.ts";
import type { RenderInput } from "../../engine/ports/driver.ts";
import { readText, writeWhole } from "../../host/files.ts";

/** Renderings that are kept, those that were used last. */
const KEPT = 500;

/** The fingerprint by which a rendering is approved and recorded, as the engine makes it. */
export function fingerprintOf({ definition, digest }: Pick<RenderInput, "definition" | "digest">, text: string): Digest {
  return fingerprint({ definitionDigest: fingerprint(definition), digest, text });
}

/** Keeps what a text stands for, secrets and all, for its owner alone: what was approved is what is applied, and what a rollback goes back to. */
export function store(home: string, key: Digest, objects: readonly KubeObject[]): void {
  const directory = directoryOf(home);
  const path = fileOf(home, key);
  if (touch(path)) return;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  writeWhole(path, JSON.stringify(objects));
  forgetOld(directory);
}

/** null where it is not kept. */
export function stored(home: string, key: Digest): readonly KubeObject[] | null {
  const path = fileOf(home, key);
  const text = readText(path);
  if (text === null) return null;
  touch(path);
  return JSON.parse(text) as readonly KubeObject[];
}

const directoryOf = (home: string): string => join(home, "drivers", "kubernetes", "manifests");
const fileOf = (home: string, key: Digest): string => join(directoryOf(home), `${key.replace(/^sha256:/, "")}.json`);

/** Says that it is still in use; false where it is not there. */
function touch(path: string): boolean {
  try {
    const now = new Date();
    utimesSync(path, now, now);
    return true;
  } catch {
    return false;
  }
}

function forgetOld(directory: string): void {
  const names = readdirSync(directory);
  if (names.length <= KEPT) return;
  const used = names.map((name) => ({
    path: join(directory, name),
    at: statSync(join(directory, name), { throwIfNoEntry: false })?.mtimeMs ?? 0,
  }));
  for (const { path } of used.toSorted((a, b) => b.at - a.at).slice(KEPT)) rmSync(path, { force: true });
}
