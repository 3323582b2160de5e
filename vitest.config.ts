import { defineConfig } from "vitest/config";

/** Random histories of the core, as many as two minutes allow. */
const MODEL = "test/unit/core/model.test.ts";
const report = process.env["SLUICE_TEST_REPORT"];

export default defineConfig({
  test: {
    // Two: many tests start processes of their own, and a machine with two cores is what the time limits are measured on.
    maxWorkers: 2,
    reporters: report === undefined ? ["default"] : ["default", ["json", { outputFile: report }]],
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/unit/**/*.test.ts"],
          exclude: [MODEL],
          // Only for what hangs: a workflow's jobs are processes, and on a machine with other work 20 s were not enough.
          testTimeout: 60_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: "model",
          include: [MODEL],
          // By itself: it keeps two cores busy, and its time is measured.
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // One at a time and after the unit tests: these measure time, kill processes and start browsers.
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: "cluster",
          include: ["test/cluster/**/*.test.ts"],
          // Starts one cluster for all of them, where its programs are built; see CONTRIBUTING.md.
          globalSetup: ["test/rig/cluster-setup.ts"],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          fileParallelism: false,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
