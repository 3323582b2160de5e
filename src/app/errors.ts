import { CliError, EXIT, type ExitCode } from "../cli/exit.ts";
import { RequestError } from "../engine/control.ts";
import { SourceError } from "../engine/ports/source.ts";
import { StoreError } from "../engine/ports/store.ts";
import { ForgeError } from "../github/forge.ts";
import { RecordError } from "../github/records/read.ts";

const requestExits: Readonly<Record<RequestError["code"], ExitCode>> = {
  invalid: EXIT.usage,
  "invalid-config": EXIT.usage,
  "not-found": EXIT.usage,
  "not-allowed": EXIT.notAllowed,
  conflict: EXIT.failed,
};

/** Errors that were written for people, as the CLI says them; anything else passes through. */
export function asCliError(error: unknown): unknown {
  if (error instanceof RequestError) {
    return new CliError(requestExits[error.code], error.message, error.hint || null, { diagnostics: error.diagnostics, cause: error });
  }
  if (error instanceof SourceError) return new CliError(EXIT.usage, error.message, error.hint, { cause: error });
  if (error instanceof ForgeError) {
    const refused = error.code === "unauthorized" || error.code === "forbidden";
    return new CliError(refused ? EXIT.notAllowed : EXIT.failed, error.message, error.hint, { cause: error });
  }
  if (error instanceof RecordError)
    return new CliError(
      EXIT.failed,
      `What is recorded on GitHub cannot be relied on: ${error.message}`,
      "Nothing is assumed: look at this deployment, and delete it where it is nobody's",
      { cause: error },
    );
  if (error instanceof StoreError) return new CliError(EXIT.failed, error.message, null, { cause: error });
  return error;
}

/** Runs what may throw such an error. */
export async function forPeople<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asCliError(error);
  }
}
