import createOpenApiClient from "openapi-fetch";
import type { components, paths } from "./api.gen.ts";

/** Types of the API's JSON by name, e.g. `Schemas["RunDetail"]`. */
export type Schemas = components["schemas"];
export type Problem = Schemas["Problem"];
export type ApiFetch = (request: Request) => Promise<Response>;

export type ClientOptions = {
  /** Origin of the server, e.g. `http://127.0.0.1:4700`; paths of the client begin with `/api/v1`. */
  readonly baseUrl: string;
  /** Another way to send, e.g. an app in the same process. */
  readonly fetch?: ApiFetch;
  readonly token?: string;
  /** Who acts, where the token is the owner's (a claim); a named token speaks for itself. */
  readonly actor?: string;
};
/** One method a verb: `client.GET("/api/v1/runs", …)` resolves to `{ data }` or `{ error }`, a `Problem`. */
export type Client = ReturnType<typeof createClient>;

export function createClient(options: ClientOptions) {
  return createOpenApiClient<paths>({
    baseUrl: options.baseUrl,
    headers: authHeaders(options),
    ...(options.fetch ? { fetch: options.fetch } : {}),
  });
}

/** Header values are ASCII, names of persons are not: the actor travels percent-encoded. */
export function authHeaders(options: Pick<ClientOptions, "token" | "actor">): Record<string, string> {
  return {
    ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
    ...(options.actor === undefined ? {} : { "sluice-actor": encodeURIComponent(options.actor) }),
  };
}

/** A new key for one act of a person; send the same one when the same act is tried again. */
export const idempotencyKey = (): string => globalThis.crypto.randomUUID();
