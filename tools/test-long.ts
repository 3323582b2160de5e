/** The tests that search, for longer than each change can wait: every fault point, ten times the random kills, half a million histories of the model. `SLUICE_SEED` repeats one; what follows `--` goes to Vitest. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const LONG = {
  SLUICE_POINTS: "all",
  SLUICE_KILLS: "500",
  SLUICE_MODEL_RUNS: "500000",
  SLUICE_HELM_KILLS: "300",
  SLUICE_CLUSTER_KILLS: "50",
  SLUICE_HISTORIES: "100",
  SLUICE_RECORD_RUNS: "200",
};
const TESTS = [
  "test/unit/core/model.test.ts",
  "test/unit/app/ci/histories.test.ts",
  "test/unit/github/records.test.ts",
  "test/e2e/fault-points.test.ts",
  "test/e2e/kill.test.ts",
  "test/cluster/helm-kill.test.ts",
  "test/cluster/kubernetes-troubles.test.ts",
];

const vitest = fileURLToPath(new URL("../node_modules/vitest/vitest.mjs", import.meta.url));
const { status } = spawnSync(process.execPath, [vitest, "run", ...TESTS, "--testTimeout", "7200000", ...process.argv.slice(2)], {
  stdio: "inherit",
  env: { ...LONG, ...process.env },
});
process.exitCode = status ?? 1;
