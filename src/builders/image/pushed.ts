import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Digest } from "../../core/config/config.ts";
import { fingerprint } from "../../core/plan/fingerprint.ts";
import type { BuildInput } from "../../engine/ports/driver.ts";
import { readText, writeDurably } from "../../host/files.ts";

/**
 * What this store has pushed, by what it was made from: an attempt that is killed between its push and its outcome is made again, and must not build again. The digest is kept here and not looked up by the tag, which
 * anybody who may push can have moved to anything since, with whatever labels.
 */
export type Pushed = { readonly read: () => Digest | null; readonly write: (digest: Digest) => Promise<void> };

/** Long after an attempt is made again; the outcome itself is in the store. */
const KEPT_MS = 7 * 86_400_000;

export function pushedFor({ commit, config, project }: BuildInput, home: string): Pushed {
  const folder = join(home, "builders", "image", "pushed");
  const file = join(folder, fingerprint({ project, commit, config }).replace("sha256:", ""));
  return {
    read: () => /^sha256:[0-9a-f]{64}(?=\n$)/.exec(readText(file) ?? "")?.[0] ?? null,
    async write(digest) {
      await mkdir(folder, { recursive: true });
      writeDurably(file, `${digest}\n`);
      await forgetOld(folder, KEPT_MS);
    },
  };
}

/** Removes what nothing has been written to for so long. */
export async function forgetOld(folder: string, ms: number): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, name);
    const at = (await stat(path).catch(() => null))?.mtimeMs ?? Date.now();
    if (Date.now() - at > ms) await rm(path, { recursive: true, force: true });
  }
}
