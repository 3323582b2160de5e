import { randomUUID } from "node:crypto";
import type { AttemptSpec } from "../../core/run/effects.ts";
import type { Executor } from "../../engine/ports/executor.ts";
import type { Outputs } from "./outputs.ts";

/** Of a log, in bytes: what is read at once. */
const CHUNK = 256 * 1024;

/** Writes an attempt's log to the job's, in a group, until it has ended. */
export async function followLog(
  executor: Pick<Executor, "readLog" | "logGrown">,
  spec: AttemptSpec,
  outputs: Outputs,
  signal: AbortSignal,
): Promise<void> {
  const token = randomUUID();
  outputs.group(`${spec.kind} ${spec.kind === "build" ? spec.artifact.name : spec.target}`);
  for (let at = 0; ;) {
    const { text, next, ended } = await executor.readLog(spec.id, at, CHUNK);
    outputs.foreign(text, token);
    if (ended || signal.aborted) break;
    if (next === at) await executor.logGrown(spec.id, at, signal);
    at = next;
  }
  outputs.groupEnd();
}
