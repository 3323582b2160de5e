import { StringDecoder } from "node:string_decoder";
import { ClusterError, isClusterError } from "./errors.ts";
import { Kinds, type Resource } from "./kinds.ts";
import type { Access } from "./kubeconfig.ts";
import type { KubeObject, Ref } from "./objects.ts";
import { refusalOf } from "./refusals.ts";
import { exchange, type Method, open } from "./transport.ts";
import { wait } from "../host/wait.ts";

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;
export type RequestOptions = {
  readonly query?: Query;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly contentType?: string;
  /** Sent again where it is not known whether it arrived; a GET always is. Say so only where that changes nothing. */
  readonly again?: boolean;
};
/** `listed`: all that there is, which replaces what was told before. */
export type WatchEvent =
  | { readonly type: "listed"; readonly objects: readonly KubeObject[] }
  | { readonly type: "changed" | "deleted"; readonly object: KubeObject };

/** One cluster as one user, of whom every request is made until `signal` is aborted. Methods reject with `ClusterError`. */
export class Cluster {
  readonly context: string;
  /** Where objects are that name no namespace. */
  readonly namespace: string;
  readonly server: string;
  readonly signal: AbortSignal;
  readonly #access: Access;
  readonly #env: Readonly<Record<string, string>>;
  readonly #kinds: Kinds;
  readonly #warn: (text: string) => void;
  /** Its clock before this host's, in ms. */
  #ahead = 0;

  constructor(
    access: Access,
    env: Readonly<Record<string, string>>,
    options: { readonly signal: AbortSignal; readonly home: string | null; readonly warn?: ((text: string) => void) | undefined },
  ) {
    this.context = access.context;
    this.namespace = access.namespace;
    this.server = access.server;
    this.signal = options.signal;
    this.#access = access;
    this.#env = env;
    this.#warn = options.warn ?? (() => {});
    this.#kinds = new Kinds(options.home, access.server, (path) => this.get(path));
  }

  /** The cluster's time, in ms since 1970, to a second: what times in objects are compared with. */
  now(): number {
    return Date.now() + this.#ahead;
  }

  /** An object, or a list of them; null where there is none. */
  async get(path: string, query?: Query): Promise<KubeObject | null> {
    return (await this.#orNull(this.#send("GET", path, query === undefined ? {} : { query }))) as KubeObject | null;
  }

  /** All objects of a list. */
  async list(path: string, query?: Query): Promise<readonly KubeObject[]> {
    return itemsOf((await this.#send("GET", path, query === undefined ? {} : { query })) as List);
  }

  /** The answer's JSON. */
  async request(method: Method, path: string, options: RequestOptions = {}): Promise<unknown> {
    return await this.#send(method, path, options);
  }

  /** A log, which is no JSON; null where there is none (yet). */
  async text(path: string, query: Query): Promise<string | null> {
    const { status, body } = await exchange(this.#link(), { method: "GET", path: withQuery(path, query), accept: "*/*", again: true });
    return status === 200 ? body : null;
  }

  /** Lists, then tells every change; after a break it goes on where it was, or lists again. Ends when `signal` is aborted; rejects where it may not watch. */
  async *watch(path: string, query: Query, signal: AbortSignal): AsyncGenerator<WatchEvent, void, undefined> {
    for (let from: string | null = null, failures = 0; !signal.aborted;) {
      try {
        if (from === null) {
          const list = (await this.#send("GET", path, { query }, signal)) as List;
          from = list.metadata.resourceVersion ?? "";
          yield { type: "listed", objects: itemsOf(list) };
        }
        for await (const event of this.#changes(
          path,
          { ...query, watch: true, allowWatchBookmarks: true, resourceVersion: from },
          signal,
        )) {
          failures = 0;
          from = event.object.metadata.resourceVersion ?? from;
          if (event.type === "ADDED" || event.type === "MODIFIED") yield { type: "changed", object: event.object };
          else if (event.type === "DELETED") yield { type: "deleted", object: event.object };
        }
      } catch (error) {
        if (signal.aborted) return;
        if (isClusterError(error, "expired")) from = null;
        else if (isClusterError(error, "unreachable", "unavailable"))
          await wait(Math.min(100 * 2 ** failures++, 5000), signal).catch(() => {});
        else throw error;
      }
    }
  }

  /** Rejects with `unknown-kind` where the cluster has no such kind. */
  async resourceOf(apiVersion: string, kind: string): Promise<Resource> {
    const found = await this.#kinds.resourceOf(apiVersion, kind);
    if (found) return found;
    throw new ClusterError(
      "unknown-kind",
      `the cluster of the context ${this.context} has no ${kind} of ${apiVersion}`,
      "Correct `apiVersion` and `kind`, or install what brings the kind (its CustomResourceDefinition) first",
    );
  }

  /** `/apis/apps/v1/namespaces/shop/deployments/web`. */
  async pathOf({ apiVersion, kind, metadata }: Ref): Promise<string> {
    return `${await this.folderOf(apiVersion, kind, metadata.namespace)}/${encodeURIComponent(metadata.name)}`;
  }

  /** Where the objects of a kind are listed; in one namespace, where they have one. */
  async folderOf(apiVersion: string, kind: string, namespace: string = this.namespace): Promise<string> {
    const { root, plural, namespaced } = await this.resourceOf(apiVersion, kind);
    return namespaced ? `${root}/namespaces/${encodeURIComponent(namespace)}/${plural}` : `${root}/${plural}`;
  }

  async #orNull<T>(answer: Promise<T>): Promise<T | null> {
    try {
      return await answer;
    } catch (error) {
      if (isClusterError(error, "not-found")) return null;
      throw error;
    }
  }

  async #send(method: Method, path: string, options: RequestOptions, signal?: AbortSignal): Promise<unknown> {
    const { status, body, warnings, date } = await exchange(this.#link(signal), {
      method,
      path: withQuery(path, options.query),
      body: options.body === undefined ? undefined : JSON.stringify(options.body),
      contentType: options.contentType,
      again: options.again ?? method === "GET",
    });
    if (date !== null) this.#ahead = date - Date.now();
    for (const text of warnings) this.#warn(text);
    if (status < 200 || status > 299) throw refusalOf(status, body, this.#access);
    try {
      return JSON.parse(body);
    } catch {
      throw new ClusterError(
        "refused",
        `${this.server}${path} did not answer with JSON`,
        "Look at whether that is the address of an API server",
      );
    }
  }

  async *#changes(path: string, query: Query, signal: AbortSignal): AsyncGenerator<RawEvent, void, undefined> {
    const response = await open(this.#link(signal), { method: "GET", path: withQuery(path, query), again: true });
    const decoder = new StringDecoder("utf8");
    let text = "";
    try {
      for await (const chunk of response as AsyncIterable<Buffer>) {
        const lines = (text + decoder.write(chunk)).split("\n");
        text = lines.pop() ?? "";
        for (const line of lines) {
          const event = JSON.parse(line) as RawEvent | { readonly type: "ERROR"; readonly object: object };
          if (event.type === "ERROR")
            throw refusalOf(Number((event.object as { code?: number }).code), JSON.stringify(event.object), this.#access);
          yield event;
        }
      }
    } catch (error) {
      if (isClusterError(error) || signal.aborted) throw error;
      throw new ClusterError("unreachable", `the watch of ${path} has broken off`, "It is begun again", { cause: error });
    } finally {
      response.destroy();
    }
  }

  #link(signal: AbortSignal = this.signal) {
    return { access: this.#access, env: this.#env, signal: signal === this.signal ? signal : AbortSignal.any([signal, this.signal]) };
  }
}

type RawEvent = { readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK"; readonly object: KubeObject };
type List = {
  readonly kind: string;
  readonly apiVersion: string;
  readonly metadata: { readonly resourceVersion?: string };
  readonly items: readonly KubeObject[];
};

/** The items of a list do not say what they are; the list does. */
function itemsOf({ kind, apiVersion, items }: List): readonly KubeObject[] {
  return items.map((item) => ({ ...item, apiVersion, kind: kind.replace(/List$/, "") }));
}

function withQuery(path: string, query: Query = {}): string {
  const given = Object.entries(query).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)] as [string, string]]));
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given).toString()}`;
}
