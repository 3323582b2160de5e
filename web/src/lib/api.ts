import { createClient, idempotencyKey, type Problem } from "../../../src/contract/client.ts";

export const api = createClient({ baseUrl: location.origin });

/** The server said no, and why. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.detail ?? problem.title);
    this.problem = problem;
  }
}

type Sent<T> = { readonly data?: T; readonly error?: unknown; readonly response: Response };

let onUnauthenticated = (): void => {};
/** Called whenever the server wants a token; the shell shows its form then. */
export function whenUnauthenticated(listener: () => void): void {
  onUnauthenticated = listener;
}

/** A server that wants no token gives whoever loads the page a session, and forgets its sessions when it ends. */
export async function renewSession(): Promise<void> {
  const { data } = await api.GET("/api/v1/session");
  if (data?.tokenRequired === false && data.actor === null) await fetch("/", { cache: "no-store" });
  else if (data?.tokenRequired && data.actor === null) onUnauthenticated();
}

/** What the server answered. Rejects with an `ApiError`, or with a plain `Error` in words where there was no answer. */
export async function answer<T>(request: Promise<Sent<T>>): Promise<T> {
  let sent: Sent<T>;
  try {
    sent = await request;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Error("The server cannot be reached", { cause: error });
  }
  const { data, error, response } = sent;
  if (response.status === 401) await renewSession();
  if (error !== undefined) throw isProblem(error) ? new ApiError(error) : new Error(`The server answered ${response.status}`);
  return data as T;
}

const isProblem = (value: unknown): value is Problem => typeof value === "object" && value !== null && "title" in value && "code" in value;

/** The same act tried again keeps its key, so that it is done once; another request is another act. */
export class Acts {
  #sent = "";
  #key = idempotencyKey();

  headersFor(request: unknown): { readonly "idempotency-key": string } {
    const text = JSON.stringify(request);
    if (text !== this.#sent) this.#key = idempotencyKey();
    this.#sent = text;
    return { "idempotency-key": this.#key };
  }
}
