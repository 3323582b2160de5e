import type { Answer } from "../core/run/events.ts";
import { RequestError } from "./control.ts";

/** A refused command as the error that its caller sees. */
export function refused(answer: Extract<Answer, { readonly ok: false }>): RequestError {
  const code = answer.code === "not-allowed" || answer.code === "not-found" ? answer.code : "conflict";
  return new RequestError(code, answer.message, answer.hint ?? "");
}

/** Characters of a message that are kept with a run: room for several problems with the last lines of their logs. */
const MAX_MESSAGE = 16_384;

/** What adapters say, as it is kept. */
export const clipped = (message: string): string =>
  message.length <= MAX_MESSAGE ? message : `${message.slice(0, MAX_MESSAGE)}\n… cut here: the log may have more`;

export const messageOf = (error: unknown): string => clipped(error instanceof Error ? error.message : String(error));
