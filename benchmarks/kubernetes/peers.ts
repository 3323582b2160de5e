import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { eachOf } from "../../src/engine/each.ts";
import type { Fleet, Version } from "./fleet.ts";

export type Env = Readonly<Record<string, string>>;
/** As many releases at once, for everybody who is measured. */
export const AT_ONCE = 10;
const TIMEOUT = "300s";

/** What a team has without a tool: helm in a loop, the frontends when the backends are through. */
export async function rawUpgrade({ backends, frontends, trees }: Fleet, version: Version, env: Env): Promise<void> {
  const upgrade = async (name: string): Promise<void> => {
    const values = join(trees[version], "values", `${name}.yaml`);
    const chart = join(trees[version], "chart");
    await execa("helm", ["upgrade", "--install", name, chart, "--namespace=raw", `--values=${values}`, "--wait", `--timeout=${TIMEOUT}`], {
      env,
    });
  };
  for (const tier of [backends, frontends]) await eachOf(tier, AT_ONCE, upgrade);
}

/** To the revision before, the frontends first. */
export async function rawRollback({ backends, frontends }: Fleet, env: Env): Promise<void> {
  for (const tier of [frontends, backends])
    await eachOf(tier, AT_ONCE, async (name) => {
      await execa("helm", ["rollback", name, "--namespace=raw", "--wait", `--timeout=${TIMEOUT}`], { env });
    });
}

export async function hasHelmfile(env: Env): Promise<boolean> {
  const { exitCode } = await execa("helmfile", ["--version"], { env, reject: false });
  return exitCode === 0;
}

export async function helmfileUpgrade(fleet: Fleet, version: Version, env: Env): Promise<void> {
  const tree = fleet.trees[version];
  const file = join(tree, "helmfile.yaml");
  const releases = [...fleet.backends, ...fleet.frontends].map((name) => ({
    name,
    chart: join(tree, "chart"),
    values: [join(tree, "values", `${name}.yaml`)],
    wait: true,
    ...(fleet.frontends.includes(name) ? { needs: fleet.backends.map((backend) => `helmfile/${backend}`) } : {}),
    namespace: "helmfile",
  }));
  await writeFile(file, JSON.stringify({ helmDefaults: { createNamespace: false, timeout: 300 }, releases }));
  await execa("helmfile", ["--file", file, "sync", "--concurrency", String(AT_ONCE)], { env });
}
