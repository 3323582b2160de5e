import type { ApplyInput, AttemptContext } from "../../engine/ports/driver.ts";
import { ask, keeperDirectory } from "./keeper/client.ts";
import { isRecorded } from "./keeper/state.ts";

/** Makes sure that the environment's keeper runs, which starts what it has on record; resolves when this target is ready again. */
export async function resume(input: ApplyInput, context: AttemptContext): Promise<void> {
  const { target, commit, digest, definition } = input;
  if (definition.job) return;
  const { service, environment } = definition;
  const directory = keeperDirectory(context.home, environment);
  if (!isRecorded(directory, service)) throw new Error(`${target} is not on record under ${directory}: deploy it again`);
  const problem = await ask(directory, "resume", { service, commit, digest }, context.signal);
  if (problem !== null) throw new Error(`${target}: ${problem}`);
}
