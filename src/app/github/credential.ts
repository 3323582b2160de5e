import type { Credential } from "../../source/upstream.ts";

/** How a token for GitHub reaches a remote at the same host; null: the remote is elsewhere, or not asked over TLS, and git has its own. */
export function gitCredential(server: string, token: string, address: string): Credential | null {
  const prefix = `${server.replace(/\/+$/, "")}/`;
  if (!address.startsWith(prefix) || !isPrivate(server)) return null;
  return { prefix, header: `Authorization: Basic ${Buffer.from(`x-access-token:${token}`).toString("base64")}` };
}

/** A token goes over TLS, or not beyond this machine. */
const isPrivate = (server: string): boolean => {
  const { protocol, hostname } = new URL(server);
  return protocol === "https:" || /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname);
};
