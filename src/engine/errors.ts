import type { Answer } from "../core/run/events.ts";
import { RequestError } from "./control.ts";

/** A refused command as the error that its caller sees. */
export function refused(answer: Extract<Answer, { readonly ok: false }>): RequestError {
  const code = answer.code === "not-allowed" || answer.code === "not-found" ? answer.code : "conflict";
  return new RequestError(code, answer.message, answer.hint ?? "");
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
