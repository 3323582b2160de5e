import { once } from "node:events";
import { Worker } from "node:worker_threads";

/** Plays random histories in several threads, each with seeds of its own; the stories of what broke. Rejects where a thread fails otherwise. */
export async function searchInThreads(threads: number, runs: number, seed: number, longest: number): Promise<readonly string[]> {
  const share = Math.ceil(runs / threads);
  const found = await Promise.all(Array.from({ length: threads }, (_, i) => searchInThread({ runs: share, seed: seed + i, longest })));
  return found.filter((story) => story !== null);
}

async function searchInThread(workerData: {
  readonly runs: number;
  readonly seed: number;
  readonly longest: number;
}): Promise<string | null> {
  // plain Node strips the types, and runs what the test runner would have wrapped
  const worker = new Worker(new URL("worker.ts", import.meta.url), { workerData, execArgv: [] });
  const [story] = (await once(worker, "message")) as [string | null];
  await worker.terminate();
  return story;
}
