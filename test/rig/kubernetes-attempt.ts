/** One attempt of the driver `kubernetes` in a process of its own, for tests that kill it: `kubernetes-attempt.ts {input, home, tree}`. Prints its log, and how it ended as the last line. */
import { join } from "node:path";
import { argv } from "node:process";
import { acts } from "../../src/drivers/kubernetes/acts.ts";
import type { ApplyInput, AttemptContext } from "../../src/engine/ports/driver.ts";

const { input, home, tree } = JSON.parse(argv[2] ?? "") as { readonly input: ApplyInput; readonly home: string; readonly tree: string };
const context: AttemptContext = {
  signal: new AbortController().signal,
  home,
  env: {},
  log: (text) => console.log(text),
  run: () => Promise.reject(new Error("it runs no command")),
  tree: async (folder) => join(tree, folder),
};
try {
  console.log(JSON.stringify(await acts.apply(input, context)));
  process.exit(0);
} catch (error) {
  console.log(error instanceof Error ? error.message : String(error));
  process.exit(1);
}
