import type { Observed } from "../../core/run/events.ts";
import type { ObserveInput } from "../../engine/ports/driver.ts";
import { observeJob } from "./job.ts";
import { ask, keeperDirectory } from "./keeper/client.ts";
import { isRecorded } from "./keeper/state.ts";

/** Asks the keeper what is live, after an apply that is under way there. Where no keeper runs and something is on record, one is started: only it can tell. */
export async function observe(
  { target, definition }: ObserveInput,
  { signal, home }: { readonly signal: AbortSignal; readonly home: string },
): Promise<Observed> {
  const [service = "", environment = ""] = target.split("@");
  if (definition?.job === true) return observeJob(home, environment, service);
  const directory = keeperDirectory(home, environment);
  if (!isRecorded(directory, service)) return { kind: "absent" };
  try {
    return await ask(directory, "observe", { service }, signal);
  } catch (error) {
    signal.throwIfAborted();
    return { kind: "error", message: `${target}: ${error instanceof Error ? error.message : String(error)}` };
  }
}
