import { parentPort, workerData } from "node:worker_threads";
import { search } from "./search.ts";

/** Searches in a thread of its own; posts the story of what it found, or null. */
const { runs, seed, longest } = workerData as { readonly runs: number; readonly seed: number; readonly longest: number };
parentPort?.postMessage(search(runs, seed, undefined, { longest }));
