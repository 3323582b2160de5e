import type { Problem } from "../contract/client.ts";
import { CliError, EXIT, problemError } from "./exit.ts";

type Sent<T> = Promise<
  | { readonly data: T; readonly error?: never; readonly response: Response }
  | { readonly data?: never; readonly error: unknown; readonly response: Response }
>;

/** The answer's JSON. Rejects with a `CliError`: what the API refused, or that nobody who speaks it is there. */
export async function answer<T>(sent: Sent<T>): Promise<T> {
  const { data, error, response } = await sent.catch((cause: unknown) => {
    throw unreachable(cause);
  });
  if (response.ok && data !== undefined) return data;
  throw isProblem(error) ? problemError(error) : notSluice(response);
}

function isProblem(error: unknown): error is Problem {
  return typeof error === "object" && error !== null && "code" in error && "title" in error && "status" in error;
}

function notSluice(response: Response): CliError {
  return new CliError(
    EXIT.noServer,
    `${response.url || "The address"} answers ${response.status}, and not as Sluice does`,
    "Check the address in --url or SLUICE_URL; a proxy in between may have answered",
  );
}

/** Nobody answered, or something that is no API. `cause` is what `fetch` threw. */
export function unreachable(cause: unknown): CliError {
  if (cause instanceof CliError) return cause;
  if (cause instanceof SyntaxError)
    return new CliError(EXIT.noServer, "What answered is not Sluice", "Check the address in --url or SLUICE_URL", { cause });
  return new CliError(
    EXIT.noServer,
    `No server answers: ${reasonOf(cause)}`,
    "Start one with `sluice serve`, or check --url and SLUICE_URL",
    { cause },
  );
}

/** `fetch` says only that it failed; why is in the cause below, which may hold one error for each address tried. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === "") return reasonOf(error.errors[0]);
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? reasonOf(error.cause) : error.message;
}

/** All items of a list, page by page. */
export async function everyItem<T>(
  page: (cursor: string | undefined) => Promise<{ readonly items: readonly T[]; readonly next: string | null }>,
): Promise<readonly T[]> {
  const items: T[] = [];
  for (let cursor: string | undefined; ;) {
    const { items: more, next } = await page(cursor);
    items.push(...more);
    if (next === null) return items;
    cursor = next;
  }
}

/** The largest page that the API gives. */
export const PAGE_SIZE = 500;
