import type { ExitCode } from "./exit.ts";
import type { Session } from "./session.ts";

/** Wraps a command's handler as commander calls it: with the arguments, the options, and the command itself. */
export type Perform = <Args extends unknown[]>(
  handler: (session: Session, ...args: Args) => Promise<ExitCode>,
) => (...given: unknown[]) => Promise<void>;
