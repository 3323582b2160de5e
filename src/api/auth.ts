import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { getCookie, setCookie } from "hono/cookie";
import type { Context, MiddlewareHandler } from "hono";
import { RequestError, type Actor } from "../engine/control.ts";
import { isForeign, isLoopback, isOwnHost, urlOf, type Bound } from "./hosts.ts";
import { ProblemError } from "./problem.ts";

export type NamedToken = { readonly name: string; readonly secret: string };

export type AuthOptions = {
  /** Random for each process; a CLI of the same OS user finds it in a file that only that user can read. */
  readonly ownerToken: string;
  /** The OS user who runs the server: who acts where nobody else is named. */
  readonly user: string;
  /** With any, every request needs one (or the owner's); without, reads are open. */
  readonly tokens: readonly NamedToken[];
  /** Where people reach the server, if not at the address that it listens on (behind a proxy). */
  readonly publicUrl?: string;
};

/** `SLUICE_TOKEN`: `secret` or `name:secret`, several separated by commas. Throws a `RequestError` where one is empty or a name is used twice. */
export function parseTokens(text: string | undefined): readonly NamedToken[] {
  const tokens = (text ?? "")
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .map((part) => {
      const colon = part.indexOf(":");
      return colon === -1 ? { name: "token", secret: part } : { name: part.slice(0, colon).trim(), secret: part.slice(colon + 1).trim() };
    });
  const twice = tokens.find((token, index) => tokens.findIndex((other) => other.name === token.name) !== index);
  if (twice)
    throw new RequestError("invalid", `SLUICE_TOKEN has two tokens named ${twice.name}`, "Give each token a name of its own: name:secret");
  if (tokens.some((token) => token.name === "" || token.secret === "")) {
    throw new RequestError("invalid", "SLUICE_TOKEN has an empty name or secret", "Write it as secret or name:secret, separated by commas");
  }
  return tokens;
}

/** Throws where others than this machine could reach a server that lets anyone read. */
export function checkListen(host: string, tokenRequired: boolean): void {
  if (isLoopback(host) || tokenRequired) return;
  throw new RequestError(
    "not-allowed",
    `Refused to listen on ${host} without a token: anyone who reaches it could read and deploy`,
    "Set SLUICE_TOKEN to name:secret, or listen on 127.0.0.1",
  );
}

export type Identity = { readonly actor: Actor; readonly owner: boolean };
/** What requests carry behind the guard; null where a read needs no name. */
export type ApiEnv = { Variables: { identity: Identity | null } };

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
/** Takes the same time whatever the two are, also of different length. */
export const same = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b));

/** Who may do what over HTTP. One for each process: its sessions end with it. */
export class Auth {
  readonly tokenRequired: boolean;
  readonly #options: AuthOptions;
  readonly #tokens: readonly { readonly secret: string; readonly session: string; readonly name: string | null }[];
  #bound: Bound | null = null;

  constructor(options: AuthOptions) {
    this.#options = options;
    this.tokenRequired = options.tokens.length > 0;
    const session = (): string => randomBytes(32).toString("base64url");
    this.#tokens = [
      { secret: options.ownerToken, session: session(), name: null },
      ...options.tokens.map((token) => ({ ...token, session: session() })),
    ];
  }

  /** To be called when the server listens; before, only this process itself can send requests. */
  bind(bound: Bound): void {
    this.#bound = bound;
  }

  /** Where people reach the server; empty while it does not listen. */
  get url(): string {
    return this.#options.publicUrl ?? (this.#bound ? urlOf(this.#bound) : "");
  }

  /** Refuses whatever comes under a name that is not the server's. */
  readonly hostGuard: MiddlewareHandler = async (c, next) => {
    if (this.#bound && !isOwnHost(c.req.header("host"), this.#bound, this.#options.publicUrl ?? null)) {
      throw new ProblemError("not-allowed", "The Host header does not name this server", `Use ${this.url}`);
    }
    await next();
  };

  /** Refuses what another site's page sends, and whoever needs a token and has none. `open` lets requests without identity through: only for login. */
  guard(open: (c: Context) => boolean): MiddlewareHandler<ApiEnv> {
    return async (c, next) => {
      const reads = c.req.method === "GET" || c.req.method === "HEAD";
      if (!reads) this.#refuseForeign(c);
      const identity = this.#identify(c);
      if (!identity && !open(c) && (this.tokenRequired || !reads)) {
        throw new ProblemError(
          "unauthenticated",
          reads ? "This server wants a token" : "A change needs a token",
          "Send it as Authorization: Bearer …; the CLI takes it from SLUICE_TOKEN, or from the owner file where it runs as the server's user",
        );
      }
      c.set("identity", identity);
      await next();
    };
  }

  /** Gives the page a session of the server's user, where no tokens are configured. */
  welcome(c: Context): void {
    const owner = this.#tokens[0];
    if (!this.tokenRequired && owner) this.#setCookie(c, owner.session);
  }

  /** Exchanges a token for the session's cookie; null where the token is wrong. */
  login(c: Context, token: string): Identity | null {
    const found = this.#find((known) => same(known.secret, token));
    if (!found) return null;
    this.#setCookie(c, found.session);
    return this.#identity(found.name, undefined);
  }

  #refuseForeign(c: Context): void {
    const host = c.req.header("host") ?? new URL(c.req.url).host;
    if (isForeign({ origin: c.req.header("origin"), fetchSite: c.req.header("sec-fetch-site"), host })) {
      throw new ProblemError("not-allowed", "Pages of other sites cannot change anything here");
    }
  }

  /** A wrong token is refused even where none is needed, so that a typing error is not taken for a person without one. */
  #identify(c: Context): Identity | null {
    const header = c.req.header("authorization");
    if (header !== undefined) {
      const token = /^Bearer +(\S+)$/i.exec(header)?.[1];
      const found = token === undefined ? undefined : this.#find((known) => same(known.secret, token));
      if (!found) throw new ProblemError("unauthenticated", "The token is not one of this server's");
      return this.#identity(found.name, c.req.header("sluice-actor"));
    }
    const cookie = getCookie(c, this.#cookieName());
    const found = cookie === undefined ? undefined : this.#find((known) => same(known.session, cookie));
    return found ? this.#identity(found.name, undefined) : null;
  }

  /** Looks at all, so that time does not tell which one it was. */
  #find(matches: (known: { readonly secret: string; readonly session: string; readonly name: string | null }) => boolean) {
    return this.#tokens.filter(matches)[0];
  }

  #identity(name: string | null, claim: string | undefined): Identity {
    if (name !== null) return { actor: { name }, owner: false };
    return { actor: { name: claim === undefined ? this.#options.user : actorName(claim) }, owner: true };
  }

  /** Cookies do not know ports: two servers on one machine need two names. */
  #cookieName(): string {
    return this.#bound ? `sluice_${this.#bound.port}` : "sluice";
  }

  #setCookie(c: Context, value: string): void {
    const secure = this.#options.publicUrl?.startsWith("https:") ?? false;
    setCookie(c, this.#cookieName(), value, { httpOnly: true, sameSite: "Strict", path: "/", secure });
  }
}

/** The percent-encoded name of an OS user. */
function actorName(claim: string): string {
  try {
    const name = decodeURIComponent(claim).trim();
    if (name !== "" && name.length <= 100 && !/\p{Cc}/u.test(name)) return name;
  } catch {
    // not percent-encoded: refused below like any other name that cannot be shown
  }
  throw new ProblemError("invalid", "Sluice-Actor is not a name", "Send the user's name percent-encoded, at most 100 characters");
}
