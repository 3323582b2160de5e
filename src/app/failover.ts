import type { Connection } from "../cli/context.ts";
import { authHeaders, createClient, type ApiFetch } from "../contract/client.ts";
import { LOOK_MS, readLease } from "../store/lease.ts";

/** For how long a request is sent to one owner after the other, in ms. */
const PATIENCE = 30_000;

/**
 * A connection to whoever has a project's store. A command that has it ends at any moment, also between two requests of another one, which are then sent to who has
 * it next, perhaps this process; so are those that one answers, or has under way, from which the store in `home` has been taken over. A request that changes something
 * carries its idempotency key, which is kept in the store: sent twice, it is carried out once.
 */
export async function withFailover(find: () => Promise<Connection>, home: string): Promise<Connection> {
  let current = await find();
  let taken = watchTakeover(current, home);
  const findAgain = async (): Promise<void> => {
    taken.stop();
    await current.close();
    current = await find();
    taken = watchTakeover(current, home);
  };
  const send: ApiFetch = async (request) => {
    const body = request.body === null ? null : await request.text();
    const deadline = performance.now() + PATIENCE;
    for (;;) {
      try {
        const response = await sendTo(current, request, body, taken.signal);
        if (!(await isFromDeposed(response)) || performance.now() > deadline) return response;
        await findAgain();
      } catch (error) {
        if (request.signal.aborted || performance.now() > deadline || current.drivenBy !== "server") throw error;
        await findAgain();
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
    async close() {
      taken.stop();
      await current.close();
    },
  };
}

/** Aborts when the lease is another's than it was: one that was stopped holds its connections open and never answers. */
function watchTakeover({ drivenBy }: Connection, home: string): { readonly signal: AbortSignal; readonly stop: () => void } {
  const taken = new AbortController();
  if (drivenBy !== "server") return { signal: taken.signal, stop: () => {} };
  const holder = holderOf(home);
  const timer = setInterval(() => {
    const now = holderOf(home);
    if (now !== null && now !== holder) taken.abort(new Error("another process has taken the store over"));
  }, LOOK_MS);
  timer.unref();
  return { signal: taken.signal, stop: () => clearInterval(timer) };
}

/** null while nobody has the store, or says so. */
function holderOf(home: string): string | null {
  const lease = readLease(home);
  return lease === null || lease.epoch === null ? null : `${lease.pid} ${lease.epoch}`;
}

function sendTo({ api }: Connection, request: Request, body: string | null, taken: AbortSignal): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const headers = new Headers(request.headers);
  for (const [name, value] of Object.entries(authHeaders(api))) headers.set(name, value);
  const { method } = request;
  const signal = AbortSignal.any([request.signal, taken]);
  const again = new Request(new URL(pathname + search, api.baseUrl), { method, headers, signal, ...(body === null ? {} : { body }) });
  return (api.fetch ?? fetch)(again);
}

/** Nothing that such an answer is about was done. */
async function isFromDeposed(response: Response): Promise<boolean> {
  if (response.status !== 503 || !response.headers.get("content-type")?.startsWith("application/problem+json")) return false;
  return ((await response.clone().json()) as { readonly code?: string }).code === "deposed";
}
