import type { TestProject } from "vitest/node";
import { identify } from "../../src/host/processes.ts";
import { build, findPrograms } from "../../tools/cluster/build.ts";
import { down, sweep, up, type Reach } from "../../tools/cluster/cluster.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The cluster that all tests of this run share, or why there is none. */
    readonly cluster: Reach | { readonly skip: string };
  }
}

const say = (line: string): void => console.error(`cluster: ${line}`);

/** Starts the run's cluster before its first test, and drops it after its last one. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const skip = await reasonToSkip();
  if (skip !== null) {
    say(`tests on a real cluster are skipped: ${skip}`);
    project.provide("cluster", { skip });
    return async () => {};
  }
  await sweep(say); // of runs that were killed
  const name = `test-${process.pid}`;
  const owner = identify(process.pid);
  project.provide("cluster", await up(name, owner === null ? {} : { owner }, say));
  return async () => {
    await down(name, say);
  };
}

/** `SLUICE_CLUSTER_TESTS=1`: they must run, and the programs are built where they are missing; `0`: they do not run. Else they run where the programs are built. */
async function reasonToSkip(): Promise<string | null> {
  const wish = process.env["SLUICE_CLUSTER_TESTS"];
  if (wish === "0") return "SLUICE_CLUSTER_TESTS=0";
  if (wish === "1") await build(say);
  return findPrograms() === null ? "its programs are not built: npm run cluster -- build (once, needs Go)" : null;
}
