import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { codeOf } from "../../host/errors.ts";
import type { CiHost } from "./place.ts";

/** Where drivers and builders keep their files. */
export type Home = {
  readonly directory: string;
  /** It outlives the job. */
  readonly keeps: boolean;
  readonly close: () => Promise<void>;
};

/**
 * What `SLUICE_HOME` names, or a directory that goes with the job. That one has the same name in each job of GitHub's own runners: programs write into what they build where it was built, and an artifact
 * that is made again must come out the same.
 */
export async function openHome({ env, directory }: Pick<CiHost, "env" | "directory">): Promise<Home> {
  const kept = env["SLUICE_HOME"];
  if (kept) {
    const home = resolve(directory, kept);
    await mkdir(home, { recursive: true, mode: 0o700 });
    return { directory: home, keeps: true, close: async () => {} };
  }
  const own = await ownDirectory(env["RUNNER_TEMP"] || null);
  // a process that has just ended may be writing what it caches still
  const close = (): Promise<void> => rm(own, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  return { directory: own, keeps: false, close };
}

async function ownDirectory(temporary: string | null): Promise<string> {
  if (temporary !== null)
    try {
      const same = join(temporary, "sluice-home");
      await mkdir(same, { mode: 0o700 });
      return same;
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error;
    }
  return await mkdtemp(join(temporary ?? tmpdir(), "sluice-ci-"));
}
