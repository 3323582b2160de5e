import { expect, test } from "vitest";
import { search } from "./model/search.ts";

const RUNS = Number(process.env["SLUICE_MODEL_RUNS"] ?? 2000);
const SEED = Number(process.env["SLUICE_MODEL_SEED"] ?? 20_261_122);

test(`${RUNS} random histories keep every promise`, { timeout: 60_000 + RUNS * 40 }, () => {
  const began = performance.now();
  const story = search(RUNS, SEED);
  console.log(`${Math.round(RUNS / ((performance.now() - began) / 1000))} histories a second`);
  if (story !== null) console.error(story);
  expect(story).toBeNull();
});
