import { isIP, isIPv4 } from "node:net";

/** Where the server listens: the host as it was asked for and the port that it got. */
export type Bound = { readonly host: string; readonly port: number };

const bare = (host: string): string => (host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host).toLowerCase();

/** Whether only this machine can reach such an address. */
export function isLoopback(host: string): boolean {
  const name = bare(host);
  return name === "localhost" || name === "::1" || (isIPv4(name) && name.startsWith("127."));
}

const isWildcard = (host: string): boolean => ["0.0.0.0", "::", ""].includes(bare(host));

/** The address to open in a browser. */
export function urlOf(bound: Bound): string {
  const host = isWildcard(bound.host) ? "127.0.0.1" : bare(bound.host);
  return `http://${host.includes(":") ? `[${host}]` : host}:${bound.port}`;
}

/** Whether a `Host` header names this server. A page of another site whose name was rebound to this address (DNS rebinding) comes with its own name, so names other than our own are refused; an address literal cannot be rebound. */
export function isOwnHost(header: string | undefined, bound: Bound, publicUrl: string | null): boolean {
  if (header === undefined) return false;
  if (publicUrl !== null && header.toLowerCase() === new URL(publicUrl).host) return true;
  const match = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/i.exec(header);
  if (match?.[1] === undefined || Number(match[2] ?? 80) !== bound.port) return false;
  const name = bare(match[1]);
  return isLoopback(name) || name === bare(bound.host) || (isWildcard(bound.host) && isIP(name) !== 0);
}

/** Whether a browser says that another site, or another port of this host, makes the request. Programs send neither header. */
export function isForeign(headers: {
  readonly origin: string | undefined;
  readonly fetchSite: string | undefined;
  readonly host: string;
}): boolean {
  if (headers.fetchSite === "cross-site" || headers.fetchSite === "same-site") return true;
  if (headers.origin === undefined) return false;
  try {
    return new URL(headers.origin).host !== headers.host.toLowerCase();
  } catch {
    return true;
  }
}
