import { ForgeError } from "../forge.ts";

/** Tokens that end and are made anew, as those of an App's installation. */
export type Tokens = {
  /** One that is good for some time yet. */
  readonly current: () => Promise<string>;
  /** It was not taken: the next is another one. */
  readonly refused: (token: string) => void;
};
/** Which App it is: its number, and the name under which it writes. */
export type AppIdentity = { readonly id: number; readonly login: string };

/** Nobody's: what needs none is asked without. */
export const NO_TOKEN: Tokens = { current: () => Promise.resolve(""), refused: () => {} };

/** Where a forge is, and as whom it is asked. The token is in no message and no log. */
export type Access = {
  /** Of the REST API, without a slash at its end. */
  readonly apiUrl: string;
  readonly owner: string;
  readonly repository: string;
  readonly token: string | Tokens;
};

type Environment = Readonly<Record<string, string | undefined>>;

/** What an Actions job has in its environment, and a person's shell with a token: `GITHUB_API_URL` or `GITHUB_SERVER_URL`, `GITHUB_REPOSITORY`, `GITHUB_TOKEN` or `GH_TOKEN`. Throws `ForgeError`. */
export function accessFrom(
  env: Environment,
  given: { readonly repository?: string; readonly serverUrl?: string; readonly token?: string } = {},
): Access {
  const token = given.token ?? env["GITHUB_TOKEN"] ?? env["GH_TOKEN"] ?? "";
  if (token.trim() === "")
    throw new ForgeError(
      "unauthorized",
      "there is no token for GitHub",
      "set GITHUB_TOKEN (in a workflow: env: GITHUB_TOKEN: ${{ github.token }})",
    );
  if (/[\s\p{Cc}]/u.test(token))
    throw new ForgeError("unauthorized", "the token for GitHub has spaces or line ends in it", "set it again, without");
  return { ...placeFrom(env, given), token };
}

/** Where it is, whoever asks. Throws `ForgeError`. */
export function placeFrom(
  env: Environment,
  given: { readonly repository?: string; readonly serverUrl?: string } = {},
): Omit<Access, "token"> {
  const [owner, repository] = repositoryFrom(given.repository ?? env["GITHUB_REPOSITORY"]);
  return { apiUrl: apiUrlFrom(env, given.serverUrl), owner, repository };
}

function repositoryFrom(name: string | undefined): readonly [owner: string, repository: string] {
  const parts = /^([A-Za-z0-9][\w-]*)\/([\w.-]+)$/.exec(name ?? "");
  if (!parts?.[1] || !parts[2] || /^\.+$/.test(parts[2]))
    throw new ForgeError(
      "refused",
      name ? `${name} is no repository` : "no repository is named",
      "write it as owner/name (GITHUB_REPOSITORY)",
    );
  return [parts[1], parts[2]];
}

/** As gh does: github.com, its tenants below ghe.com, and Enterprise hosts with the API below `/api/v3`. A given server comes before the environment's. */
function apiUrlFrom(env: Environment, serverUrl: string | undefined): string {
  const server = serverUrl ?? env["GITHUB_SERVER_URL"] ?? "https://github.com";
  const sameServer = serverUrl === undefined || hostOf(env["GITHUB_SERVER_URL"] ?? "https://github.com") === hostOf(serverUrl);
  const api = sameServer ? env["GITHUB_API_URL"] : undefined;
  return checked(api ?? apiOf(server));
}

function apiOf(server: string): string {
  const host = hostOf(server);
  if (host === "github.com" || host?.endsWith(".ghe.com")) return `https://api.${host}`;
  return `${server.replace(/\/+$/, "")}/api/v3`;
}

const hostOf = (url: string): string | null => (URL.canParse(url) ? new URL(url).host.toLowerCase() : null);

/** A token goes over TLS, or not beyond this machine. */
function checked(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  const here = url !== null && /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(url.hostname);
  if (!url || (url.protocol !== "https:" && !(here && url.protocol === "http:")) || url.username !== "" || url.password !== "")
    throw new ForgeError(
      "refused",
      "the address of GitHub's API is not one of https without a login in it",
      "look at GITHUB_API_URL and GITHUB_SERVER_URL",
    );
  return text.replace(/\/+$/, "");
}
