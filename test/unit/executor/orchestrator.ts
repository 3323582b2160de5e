import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { DeploySpec } from "../../../src/core/run/effects.ts";
import { LocalExecutor } from "../../../src/executor/local/index.ts";

/** An orchestrator to be killed: starts the attempts of `specs.json` that `told` does not name, and writes there how each ends. */
const [, , home = "", runner = ""] = process.argv;
const executor = new LocalExecutor({ home, runner, source: home, concurrency: 3, graceMs: 300 });
const told = readFileSync(join(home, "told"), "utf8");
const specs = (JSON.parse(readFileSync(join(home, "specs.json"), "utf8")) as DeploySpec[]).filter(({ id }) => !told.includes(`${id} `));
let left = specs.length;
executor.onEnd((id, end) => {
  appendFileSync(join(home, "told"), `${id} ${end === "lost" ? "lost" : end.outcome}\n`);
  if (--left === 0) process.exit(0);
});
for (const spec of specs) await executor.start(spec);
if (left === 0) process.exit(0);
