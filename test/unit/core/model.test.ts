import { expect, test } from "vitest";
import { searchInThreads } from "./model/threads.ts";

/** As many as go into two minutes of two cores; `npm run test:long` plays many more, and longer ones. */
const SHORT = { runs: 20_000, longest: 48 };
const RUNS = Number(process.env["SLUICE_MODEL_RUNS"] ?? SHORT.runs);
const LONGEST = RUNS > SHORT.runs ? 80 : SHORT.longest;
const SEED = Number(process.env["SLUICE_SEED"] ?? 20_261_122);
const THREADS = 2;

test(`${RUNS} random histories keep every promise`, { timeout: 120_000 + RUNS * 40 }, async () => {
  const began = performance.now();
  const stories = await searchInThreads(THREADS, RUNS, SEED, LONGEST);
  const seconds = (performance.now() - began) / 1000;
  console.log(`${RUNS} histories in ${Math.round(seconds)} s, ${Math.round(RUNS / seconds)} a second, seed ${SEED}`);
  for (const story of stories) console.error(story);
  expect(stories).toEqual([]);
});
