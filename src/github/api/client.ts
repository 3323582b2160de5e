import { Octokit } from "@octokit/core";
import { retry } from "@octokit/plugin-retry";
import { throttling } from "@octokit/plugin-throttling";
import type { ZodType } from "zod";
import type { Access } from "./access.ts";
import { ForgeError } from "../forge.ts";
import { forgeError, unreadable, type Question } from "./errors.ts";
import { Limits } from "./limits.ts";

export type ClientOptions = {
  /** Ends what is asked, and waits, at once. */
  readonly signal?: AbortSignal;
  /** How long one request may take, with its answer. */
  readonly timeoutMs?: number;
  /** The longest wait for the end of a limit; where it ends later, it is an error at once. */
  readonly patienceMs?: number;
  /** Between two requests that write, as GitHub asks for: a second. */
  readonly writeEveryMs?: number;
  /** Hears of limits that are waited for. */
  readonly note?: (line: string) => void;
  readonly now?: () => number;
  /** How long the second is in which waits are counted; only tests have another than 1,000 ms. */
  readonly secondMs?: number;
};

type Params = Readonly<Record<string, unknown>>;
export type Ask<T> = Question & { readonly route: string; readonly params?: Params; readonly schema: ZodType<T> };

const Kit = Octokit.plugin(retry, throttling);
/** Answers that asking again does not change; limits are waited for elsewhere. */
const FINAL = [400, 401, 403, 404, 409, 410, 422, 429, 451];
const RETRIES = 3;
const UNCHANGED = 304;
const LIMIT_WAITS = 2;
/** More pages than this are no list but a circle. */
const MOST_PAGES = 2000;
export const PAGE = 100;

/** Octokit with a time for each request, bounded patience, and answers that are checked. Methods reject with `ForgeError`. */
export class Client {
  readonly #kit: InstanceType<typeof Kit>;
  readonly #access: Access;
  readonly #options: ClientOptions;
  readonly limits = new Limits();
  /** Sent last: it must be in no message. */
  #token = "";

  constructor(access: Access, options: ClientOptions = {}) {
    this.#access = access;
    this.#options = options;
    const { secondMs = 1000, writeEveryMs = 1000 } = options;
    const onLimit = (kind: string) => (seconds: number, _request: unknown, _kit: unknown, count: number) =>
      this.#isPatient(kind, seconds, count);
    this.#kit = new Kit({
      baseUrl: access.apiUrl,
      userAgent: "sluice",
      log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
      request: { fetch: (url: string, init: RequestInit) => this.#fetch(url, init), redirect: "manual" },
      retry: { doNotRetry: FINAL, retries: RETRIES, retryAfterBaseValue: secondMs },
      throttle: {
        onRateLimit: onLimit("requests of this hour are spent"),
        onSecondaryRateLimit: onLimit("GitHub asks for a pause"),
        retryAfterBaseValue: secondMs,
        // Typed as a group of bottleneck's, of which the plugin uses no more than this.
        ...({ write: pace(writeEveryMs), notifications: pace(0) } as object),
      },
    });
    const { token } = access;
    this.#kit.hook.before("request", async (request) => {
      this.#token = typeof token === "string" ? token : await token.current();
      // A JWT, which is an App's own, is taken by its scheme alone.
      const scheme = this.#token.split(".").length === 3 ? "bearer" : "token";
      if (this.#token !== "") request.headers.authorization = `${scheme} ${this.#token}`;
    });
  }

  now(): number {
    return (this.#options.now ?? Date.now)();
  }

  /** One answer. `repeat` false: not asked again where it is not known whether it was carried out. */
  async ask<T>(ask: Ask<T>, repeat = true): Promise<T> {
    const { data } = await this.#request(ask, ask.route, { ...ask.params, request: repeat ? {} : { retries: 0 } });
    return this.#read(ask, data);
  }

  /** The items of all pages; `take` hears each page and may end it with false. A page that fails fails the list. */
  async pages<T>(ask: Ask<T>, take: (page: T) => boolean): Promise<void> {
    let next: string | null = ask.route;
    let params: Params = { ...ask.params, per_page: PAGE };
    for (let count = 0; next !== null; count += 1) {
      if (count >= MOST_PAGES) throw unreadable(ask.what, `more than ${MOST_PAGES} pages`);
      const { data, headers } = await this.#request(ask, next, params);
      if (!take(this.#read(ask, data))) return;
      next = this.#nextPage(ask, headers["link"]);
      params = {};
    }
  }

  /** The first page of a list and a tag for it, and whether there are more; null: it is the same as under the given tag, and nothing was spent. */
  async ifChanged<T>(
    ask: Ask<T>,
    tag: string | null,
  ): Promise<{ readonly page: T; readonly tag: string | null; readonly more: boolean } | null> {
    const conditional = tag === null ? {} : { headers: { "if-none-match": tag } };
    const { data, headers, status } = await this.#request(ask, ask.route, { ...ask.params, per_page: PAGE, ...conditional });
    if (status === UNCHANGED) return null;
    const { etag } = headers;
    return {
      page: this.#read(ask, data),
      tag: typeof etag === "string" ? etag : null,
      more: this.#nextPage(ask, headers["link"]) !== null,
    };
  }

  /** GraphQL: a question, however it is sent. */
  async query<T>(ask: Omit<Ask<T>, "route" | "params">, query: string, variables: Params): Promise<T> {
    const url = this.#access.apiUrl.endsWith("/api/v3")
      ? this.#access.apiUrl.replace(/\/api\/v3$/, "/api/graphql")
      : `${this.#access.apiUrl}/graphql`;
    const { data } = await this.#request(ask, `POST ${url}`, { query, variables });
    const { data: answer, errors } = (data ?? {}) as { data?: unknown; errors?: readonly { message?: unknown }[] };
    if (errors !== undefined) {
      const words = Array.isArray(errors) ? errors.map(({ message }) => String(message)).join("; ") : "errors";
      throw unreadable(ask.what, words.slice(0, 300));
    }
    return this.#read(ask, answer);
  }

  async #request(
    question: Question,
    route: string,
    params: Params,
  ): Promise<{ status: number; data: unknown; headers: Readonly<Record<string, unknown>> }> {
    const { signal } = this.#options;
    try {
      signal?.throwIfAborted();
      const answer = await untilAborted(this.#sent(route, params), signal);
      // Redirects are not followed: a POST would become a GET, and a token might go to another host.
      if (answer.status >= 300) throw Object.assign(new Error("moved"), { status: answer.status, response: answer });
      return answer as { status: number; data: unknown; headers: Record<string, unknown> };
    } catch (error) {
      signal?.throwIfAborted();
      // Octokit throws it, though it is an answer to who asks for it.
      if ((error as { status?: unknown }).status === UNCHANGED) return { status: UNCHANGED, data: null, headers: {} };
      const failure = forgeError(error, question, this.#token, this.now());
      if (failure.retryAt !== null) this.limits.paused(failure.retryAt);
      throw failure;
    }
  }

  /** A token that ends while it is on its way is not taken, and nothing was done: with another one it is asked again. */
  async #sent(route: string, params: Params) {
    const { token } = this.#access;
    try {
      return await this.#kit.request(route, params);
    } catch (error) {
      if (typeof token === "string" || (error as { status?: unknown }).status !== 401 || error instanceof ForgeError) throw error;
      token.refused(this.#token);
      return await this.#kit.request(route, params);
    }
  }

  #read<T>({ what, schema }: { readonly what: string; readonly schema: ZodType<T> }, data: unknown): T {
    const read = schema.safeParse(data);
    if (read.success) return read.data;
    const [issue] = read.error.issues;
    throw unreadable(
      what,
      typeof data === "string" ? "it is no JSON, or was cut off" : `${issue?.path.join(".") || "answer"}: ${issue?.message ?? ""}`,
    );
  }

  /** Where the list goes on. It has to be at the same place: the token goes along. */
  #nextPage({ what }: Question, link: unknown): string | null {
    if (link === undefined) return null;
    const next = /<([^<>]+)>;\s*rel="next"/.exec(typeof link === "string" ? link : "")?.[1];
    if (next === undefined) return null;
    if (!URL.canParse(next) || new URL(next).origin !== new URL(this.#access.apiUrl).origin)
      throw unreadable(what, "the next page is at another place");
    return `GET ${next}`;
  }

  async #fetch(url: string, init: RequestInit): Promise<Response> {
    const { timeoutMs = 30_000, signal } = this.#options;
    const limits = [AbortSignal.timeout(timeoutMs), ...(signal ? [signal] : [])];
    const response = await fetch(url, { ...init, signal: AbortSignal.any(limits) });
    // Octokit takes a body that ends too early for an empty text: read here, it is an error like any other of the network.
    const body = await response.arrayBuffer();
    this.limits.remember(response.headers);
    const { status, headers } = response;
    return new Response([204, 205, 304].includes(status) ? null : body, { status, headers });
  }

  #isPatient(kind: string, seconds: number, count: number): boolean {
    const { patienceMs = 120_000, note } = this.#options;
    const waits = count < LIMIT_WAITS && seconds * 1000 <= patienceMs;
    this.limits.paused(this.now() + seconds * 1000);
    if (waits) note?.(`${kind}: waits for ${seconds} s`);
    return waits;
  }
}

/** The same client for what can wait: it asks only where more is left than what matters may need. */
export function sparing(client: Client): Pick<Client, "ask" | "pages" | "ifChanged"> {
  const spare = (): void => client.limits.mustSpare(client.now());
  return {
    ask: async (ask, repeat) => {
      spare();
      return await client.ask(ask, repeat);
    },
    ifChanged: async (ask, tag) => {
      spare();
      return await client.ifChanged(ask, tag);
    },
    pages: async (ask, take) => {
      spare();
      await client.pages(ask, take);
    },
  };
}

/** In the shape that the throttling plugin asks for; its own cannot be told another time between writes. */
function pace(everyMs: number) {
  let free = 0;
  const schedule = async <T>(_job: unknown, work: (...args: unknown[]) => T, ...args: unknown[]): Promise<Awaited<T>> => {
    const now = Date.now();
    const at = Math.max(now, free);
    free = at + everyMs;
    if (at > now) await new Promise((resolve) => setTimeout(resolve, at - now));
    return await work(...args);
  };
  return { key: () => ({ schedule }) };
}

async function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  const over = Promise.withResolvers<never>();
  const end = (): void => over.reject(signal.reason instanceof Error ? signal.reason : new Error("aborted"));
  signal.addEventListener("abort", end, { once: true });
  try {
    return await Promise.race([work, over.promise]);
  } finally {
    signal.removeEventListener("abort", end);
  }
}
