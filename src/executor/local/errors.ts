import { codeOf } from "../../host/errors.ts";

export type ExecutorErrorCode = "full" | "read-only" | "bad-id" | "failed";

/** Attempts cannot be recorded; the message says what to do. Nothing was started. */
export class ExecutorError extends Error {
  override readonly name = "ExecutorError";
  readonly code: ExecutorErrorCode;
  constructor(code: ExecutorErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Says what stands in the way of writing under `home`, and what to do about it. */
export function asExecutorError(error: unknown, home: string): ExecutorError {
  if (error instanceof ExecutorError) return error;
  const options = { cause: error };
  const code = codeOf(error) ?? "";
  if (["ENOSPC", "EDQUOT"].includes(code))
    return new ExecutorError(
      "full",
      `the disk that holds ${home} is full: free some space; nothing was started and nothing is lost`,
      options,
    );
  if (["EROFS", "EACCES", "EPERM"].includes(code))
    return new ExecutorError(
      "read-only",
      `${home} cannot be written to: give this user write access or choose another directory; nothing was started`,
      options,
    );
  return new ExecutorError(
    "failed",
    `an attempt cannot be recorded under ${home}: ${error instanceof Error ? error.message : String(error)}`,
    options,
  );
}
