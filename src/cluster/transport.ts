import { createHash } from "node:crypto";
import type { EventEmitter } from "node:events";
import type { Agent as PlainAgent, IncomingMessage } from "node:http";
import { Agent, type AgentOptions, request, type RequestOptions } from "node:https";
import { isIP } from "node:net";
import { checkServerIdentity } from "node:tls";
import { wait } from "../host/wait.ts";
import { readBounded } from "../host/answers.ts";
import { type Shown, credentials } from "./credentials.ts";
import type { Access } from "./kubeconfig.ts";
import { readBlob } from "./kubeconfig.ts";
import { refusalOf, silence } from "./refusals.ts";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
export type Sent = {
  readonly method: Method;
  /** With its query. */
  readonly path: string;
  readonly body?: string | undefined;
  readonly contentType?: string | undefined;
  readonly accept?: string | undefined;
  /** May be sent again where it is not known whether it arrived. */
  readonly again: boolean;
};
export type Received = {
  readonly status: number;
  readonly body: string;
  readonly warnings: readonly string[];
  /** When the server answered, by its own clock, in ms. */
  readonly date: number | null;
};
type Link = { readonly access: Access; readonly env: Readonly<Record<string, string>>; readonly signal: AbortSignal };

/** For one answer. */
const ANSWER_MS = 10_000;
const LARGEST_ANSWER = 128 * 1024 * 1024;
const TRIES = 4;
/** Longest pause that an API server may ask for. */
const LONGEST_PAUSE_MS = 5_000;

/** Connections are kept for all that ask the same server as the same user; idle ones keep no process alive. */
type Client = { readonly agent: PlainAgent; readonly request: typeof request };
const clients = new Map<string, Client>();
const CLIENTS_KEPT = 100;

/**
 * Sends a request and reads the whole answer, whatever its status. What is not known to have arrived is sent again only where that changes nothing (`again`);
 * what the server has put off (429) always, after the pause that it asks for. Rejects with `ClusterError` where there is no answer, within about half a minute.
 */
export async function exchange(link: Link, sent: Sent): Promise<Received> {
  let refused: Shown | null = null;
  for (let tries = 1; ; tries++) {
    const last = tries >= TRIES;
    const shown = await credentials(link.access, link.env, link.signal, refused);
    try {
      const { response, body } = await answered(link, sent, shown);
      const status = response.statusCode ?? 0;
      const pause = pauseAfter(status, response.headers["retry-after"], sent, tries);
      if (status === 401 && refused === null && link.access.identity.exec) refused = shown;
      else if (pause === null || last)
        return { status, body, warnings: warningsOf(response), date: Date.parse(response.headers.date ?? "") || null };
      else await wait(Math.min(pause, LONGEST_PAUSE_MS), link.signal);
    } catch (error) {
      link.signal.throwIfAborted();
      const silent = silence(error, link.access, ANSWER_MS);
      if (!sent.again || last || silent.code === "untrusted" || isLate(error)) throw silent;
      await wait(100 * 2 ** tries, link.signal);
    }
  }
}

/** How long to wait before it is sent again, in ms; null: it is not. */
function pauseAfter(status: number, asked: string | undefined, { method, again }: Sent, tries: number): number | null {
  if (status === 429) return Number(asked) > 0 ? Number(asked) * 1000 : 1000;
  // A write that is answered 500 was looked at, and mostly is what the server cannot take: it would be so again.
  const passing = [502, 503, 504].includes(status) || (status === 500 && method === "GET");
  return again && passing ? 100 * 2 ** tries : null;
}

/** As `exchange`, but the answer is read by the caller, as it comes: for a watch. It may be silent for ever, so nothing times it. */
export async function open(link: Link, sent: Sent): Promise<IncomingMessage> {
  const shown = await credentials(link.access, link.env, link.signal);
  let response: IncomingMessage;
  try {
    response = await begin(link, sent, shown, link.signal);
  } catch (error) {
    link.signal.throwIfAborted();
    throw silence(error, link.access, ANSWER_MS);
  }
  if (response.statusCode === 200) return response;
  throw refusalOf(response.statusCode ?? 0, await readBounded(response, LARGEST_ANSWER, "the answer"), link.access);
}

async function answered(link: Link, sent: Sent, shown: Shown) {
  const limit = AbortSignal.any([link.signal, AbortSignal.timeout(ANSWER_MS)]);
  try {
    const response = await begin(link, sent, shown, limit);
    return { response, body: await readBounded(response, LARGEST_ANSWER, "the answer") };
  } catch (error) {
    throw limit.aborted && !link.signal.aborted ? limit.reason : error;
  }
}

async function begin({ access }: Link, sent: Sent, shown: Shown, signal: AbortSignal): Promise<IncomingMessage> {
  const url = new URL(access.server + sent.path);
  const { agent, request: send } = await clientOf(access, shown, url.protocol === "https:");
  return await new Promise((resolve, reject) => {
    const request = send(url, {
      method: sent.method,
      agent,
      signal,
      headers: {
        ...access.headers,
        accept: sent.accept ?? "application/json",
        "user-agent": "sluice",
        ...(shown.token === null ? {} : { authorization: `Bearer ${shown.token}` }),
        ...(sent.body === undefined
          ? {}
          : { "content-type": sent.contentType ?? "application/json", "content-length": String(Buffer.byteLength(sent.body)) }),
      },
    } as RequestOptions);
    request.once("response", (response) => {
      response.on("error", noListener);
      resolve(response);
    });
    request.once("socket", heard);
    request.on("error", reject);
    request.end(sent.body);
  });
}

/** Whoever reads is told by the reading; where nobody does at that moment, an error without a listener would end the process. */
const noListener = (): void => {};

/** The same of a connection, which is between two requests when the signal of the last one is aborted. */
function heard(socket: EventEmitter): void {
  if (!socket.listeners("error").includes(noListener)) socket.on("error", noListener);
}

async function clientOf({ server, trust }: Access, { certificate }: Shown, secure: boolean): Promise<Client> {
  const ca = trust.ca === null ? undefined : readBlob(trust.ca);
  const key = createHash("sha256")
    .update(JSON.stringify([server, ca, trust, certificate]))
    .digest("base64");
  const known = clients.get(key);
  if (known) return known;
  const { cert, key: secret } = certificate ?? {};
  const identity = { ca, cert, key: secret, rejectUnauthorized: !trust.insecure, ...named(trust.servername) };
  const made = secure ? { agent: new Agent({ keepAlive: true, ...identity }), request } : await plain();
  clients.set(key, made);
  // certificates that programs make come and go
  const [oldest] = clients.size > CLIENTS_KEPT ? clients : [];
  if (oldest) {
    oldest[1].agent.destroy();
    clients.delete(oldest[0]);
  }
  return made;
}

/** Loaded by those alone who ask a server without TLS: importing `node:http` loads half of Node, in every attempt. */
async function plain(): Promise<Client> {
  const http = await import("node:http");
  return { agent: new http.Agent({ keepAlive: true }), request: http.request };
}

/** Whose certificate is expected; an address is no name that TLS sends along. */
function named(servername: string | null): AgentOptions {
  if (servername === null) return {};
  return isIP(servername) === 0
    ? { servername }
    : { checkServerIdentity: (_, certificate) => checkServerIdentity(servername, certificate) };
}

const isLate = (error: unknown): boolean => error instanceof Error && error.name === "TimeoutError";

/** `299 - "text"`, one a header. */
function warningsOf({ headers }: IncomingMessage): string[] {
  return [...(headers["warning"] ?? "").matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)].map(([, text = ""]) => text.replaceAll(/\\(.)/g, "$1"));
}
