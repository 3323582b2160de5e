import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CiHost } from "./place.ts";

const NAME = "KUBECONFIG";
/** In no path that anybody uses, and in every kubeconfig. */
const TEXT = /[\r\n{]/;

/**
 * Secrets of GitHub's hold texts, and what reads `KUBECONFIG` wants the path of a file: where it holds a text, that is written to a file which only this user may read, for as long as the job's command runs.
 * Resolves to what takes it away again.
 */
export async function writeKubeconfig({ env }: Pick<CiHost, "env">): Promise<() => Promise<void>> {
  const text = env[NAME];
  if (text === undefined || !TEXT.test(text)) return async () => {};
  const before = process.env[NAME];
  const directory = await mkdtemp(join(env["RUNNER_TEMP"] || tmpdir(), "sluice-kubeconfig-"));
  const file = join(directory, "config");
  await writeFile(file, text, { mode: 0o600, flag: "wx" });
  // attempts are processes of this one, and get what their environment names of what it has
  process.env[NAME] = file;
  return async () => {
    if (before === undefined) delete process.env[NAME];
    else process.env[NAME] = before;
    await rm(directory, { recursive: true, force: true });
  };
}
