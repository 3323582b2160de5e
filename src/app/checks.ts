import type { Check } from "../cli/context.ts";
import { CliError } from "../cli/exit.ts";
import { SourceError } from "../engine/ports/source.ts";

export const ok = (name: string, message: string): Check => ({ name, status: "ok", message });
export const warning = (name: string, message: string, hint: string): Check => ({ name, status: "warning", message, hint });
export const problem = (name: string, message: string, hint?: string | null): Check => ({
  name,
  status: "problem",
  message,
  ...(hint ? { hint } : {}),
});

/** A check that could not be made. */
export function failed(name: string, error: unknown): Check {
  if (error instanceof CliError || error instanceof SourceError) return problem(name, error.message, error.hint);
  return problem(name, error instanceof Error ? error.message : String(error));
}
