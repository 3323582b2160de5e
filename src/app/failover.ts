import type { Connection } from "../cli/context.ts";
import { authHeaders, createClient, type ApiFetch } from "../contract/client.ts";

/** For how long a request is sent to one owner after the other, in ms. */
const PATIENCE = 30_000;

/**
 * A connection to whoever has a project's store. A command that has it ends at any moment, also between two requests of another one, which are then sent to who has
 * it next, perhaps this process; so are those that one answers from which the store has been taken over. A request that changes something carries its idempotency key, which is kept in the store: sent twice, it is carried out once.
 */
export async function withFailover(find: () => Promise<Connection>): Promise<Connection> {
  let current = await find();
  const send: ApiFetch = async (request) => {
    const body = request.body === null ? null : await request.text();
    const deadline = performance.now() + PATIENCE;
    for (;;) {
      try {
        const response = await sendTo(current, request, body);
        if (!(await isFromDeposed(response)) || performance.now() > deadline) return response;
        await current.close();
        current = await find();
      } catch (error) {
        if (request.signal.aborted || performance.now() > deadline || current.drivenBy !== "server") throw error;
        await current.close();
        current = await find();
      }
    }
  };
  const api = { ...current.api, fetch: send };
  return {
    client: createClient(api),
    api,
    get drivenBy() {
      return current.drivenBy;
    },
    close: () => current.close(),
  };
}

function sendTo({ api }: Connection, request: Request, body: string | null): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const headers = new Headers(request.headers);
  for (const [name, value] of Object.entries(authHeaders(api))) headers.set(name, value);
  const { method, signal } = request;
  const again = new Request(new URL(pathname + search, api.baseUrl), { method, headers, signal, ...(body === null ? {} : { body }) });
  return (api.fetch ?? fetch)(again);
}

/** Nothing that such an answer is about was done. */
async function isFromDeposed(response: Response): Promise<boolean> {
  if (response.status !== 503 || !response.headers.get("content-type")?.startsWith("application/problem+json")) return false;
  return ((await response.clone().json()) as { readonly code?: string }).code === "deposed";
}
