import { runAttempt } from "../executor/local/runner/main.ts";
import { attemptRegistry } from "./attempt-registry.ts";

/** The program of an attempt's process, called with the attempt's directory. */
const [, , directory] = process.argv;
if (directory === undefined) throw new Error("usage: attempt DIRECTORY");
await runAttempt(directory, attemptRegistry);
process.exit(0); // what an adapter has left open must not keep an attempt alive that has ended
