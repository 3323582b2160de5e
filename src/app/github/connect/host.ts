import { CliError, EXIT } from "../../../cli/exit.ts";
import type { ForgeHost } from "../open.ts";

/** How long is waited, in ms. Only tests have others. */
export type Waits = {
  /** For the person to come back from GitHub, as long as a code is good. */ readonly page: number;
  /** Between two looks whether the App is installed: at first, and at most. */ readonly first: number;
  readonly longest: number;
  /** For the installation. */ readonly installation: number;
};
export const WAITS: Waits = { page: 3_600_000, first: 2_000, longest: 30_000, installation: 3_600_000 };

export type Host = ForgeHost & {
  /** What the person is to know and to do, as it comes. */
  readonly tell: (line: string) => void;
  readonly waits?: Waits;
};

/** Ends with what is true when somebody has left with Ctrl-C. */
export const interruptedWith = (message: string, hint: string): CliError => new CliError(EXIT.interrupted, `Interrupted: ${message}`, hint);
