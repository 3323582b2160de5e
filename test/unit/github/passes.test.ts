import { expect, test } from "vitest";
import type { RunJob } from "../../../src/github/forge.ts";
import { passedAt, passesOf } from "../../../src/github/gates/passes.ts";

const job = (more: Partial<RunJob>): RunJob => ({
  name: "Deploy mainnet / Gate of mainnet",
  began: true,
  conclusion: "success",
  completedAt: 1_000,
  ...more,
});

test("a gate's passes are counted over all attempts, by its job's name, wherever it is called from", () => {
  const jobs = [
    job({}),
    job({ name: "Gate of mainnet", completedAt: 2_000 }),
    job({ conclusion: "failure", completedAt: 3_000 }),
    // held to its end, and those of others
    job({ began: false, conclusion: "failure", completedAt: 4_000 }),
    job({ name: "Deploy mainnet / Gate of mainnet-2", completedAt: 5_000 }),
    job({ name: "NoGate of mainnet", completedAt: 6_000 }),
  ];
  expect([passesOf(jobs, "mainnet"), passedAt(jobs, "mainnet")]).toEqual([3, 2_000]);
  expect([passesOf(jobs, "canary"), passedAt(jobs, "canary")]).toEqual([0, null]);
});
