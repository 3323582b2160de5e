import type { Problem } from "../contract/client.ts";
import type { Diagnostic } from "../core/config/diagnostic.ts";

/** Exit codes of every command. Cancelled and superseded runs are `failed`. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  undecided: 3,
  notAllowed: 4,
  noServer: 5,
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What stops a command, in words for the person who typed it: what is wrong and what to do. */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly exit: ExitCode;
  readonly hint: string | null;
  readonly diagnostics: readonly Diagnostic[];
  constructor(
    exit: ExitCode,
    message: string,
    hint: string | null = null,
    more: { readonly diagnostics?: readonly Diagnostic[]; readonly cause?: unknown } = {},
  ) {
    super(message, more.cause === undefined ? {} : { cause: more.cause });
    this.exit = exit;
    this.hint = hint;
    this.diagnostics = more.diagnostics ?? [];
  }
}

/** Ctrl-C, or a question left with it. */
export class Interrupted extends CliError {
  constructor(message = "Interrupted") {
    super(EXIT.interrupted, message);
  }
}

const exits: Readonly<Record<Problem["code"], ExitCode>> = {
  invalid: EXIT.usage,
  "invalid-config": EXIT.usage,
  "not-found": EXIT.usage,
  "too-large": EXIT.usage,
  "unsupported-media-type": EXIT.usage,
  "source-unusable": EXIT.usage,
  unauthenticated: EXIT.notAllowed,
  "not-allowed": EXIT.notAllowed,
  conflict: EXIT.failed,
  ended: EXIT.failed,
  mismatch: EXIT.failed,
  "nothing-waits": EXIT.failed,
  "key-reused": EXIT.failed,
  "store-full": EXIT.failed,
  "store-read-only": EXIT.failed,
  deposed: EXIT.failed,
  internal: EXIT.failed,
};

/** What the API refused, as the CLI says it. */
export function problemError(problem: Problem): CliError {
  return new CliError(exits[problem.code] ?? EXIT.failed, problem.detail ?? problem.title, problem.hint ?? null, {
    diagnostics: problem.diagnostics ?? [],
  });
}
