/** Where images lie: `registry.example/harbor`. */
export type Repository = {
  /** As people and tools write it: `registry.example/harbor`, `docker.io/library/node`. */
  readonly name: string;
  /** With its port: `127.0.0.1:5000`. */
  readonly host: string;
  /** Below the host. */
  readonly path: string;
};

/** How it is asked. */
export type Access = {
  /** By HTTP instead of HTTPS. */
  readonly plain: boolean;
  /** The server's own environment: it says where logins are. */
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
};

const HOST = /^(?:\[[0-9a-fA-F:]+\]|[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?)(?::\d{1,5})?$/;
/** Of the distribution specification. */
const PATH = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^\w[\w.-]{0,127}$/;
export const DOCKER_HUB = "docker.io";

/** Why a text names no repository or no tag; null: it does. A text with `${…}` in it is for later, when these are filled in. */
export function repositoryProblem(text: string): string | null {
  if (text.includes("${")) return null;
  if (text.includes("://")) return "must be written without a scheme, such as registry.example/harbor";
  const { host, path } = split(text);
  if (/[:@][^/]*$/.test(path)) return "must be written without a tag or digest: `tag` is a key of its own";
  if (!HOST.test(host)) return `names no host: ${JSON.stringify(host)}`;
  if (!PATH.test(path) || path.length > 255)
    return "must be small letters, digits and . _ - between slashes, such as registry.example/team/harbor";
  return null;
}

export function tagProblem(text: string): string | null {
  return text.includes("${") || TAG.test(text) ? null : "must be up to 128 letters, digits and . _ - and not begin with . or -";
}

/** Throws for a text that names none. */
export function parseRepository(text: string): Repository {
  const problem = repositoryProblem(text) ?? (text.includes("${") ? "has a variable without a value" : null);
  if (problem !== null) throw new Error(`\`repository\` (${text}) ${problem}`);
  const { host, path } = split(text);
  return { name: `${host}/${path}`, host, path };
}

/** As every tool has it: without something in front that looks like a host, it is Docker Hub's. */
function split(text: string): { readonly host: string; readonly path: string } {
  const slash = text.indexOf("/");
  const first = slash === -1 ? "" : text.slice(0, slash);
  if (/[.:[]/.test(first) || first === "localhost") return { host: first, path: text.slice(slash + 1) };
  return { host: DOCKER_HUB, path: slash === -1 ? `library/${text}` : text };
}

/** Whether a host is this one: there, registries are asked by plain HTTP unless the config says otherwise. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/:\d+$/, "").replace(/^\[|\]$/g, "");
  return name === "localhost" || name.endsWith(".localhost") || name === "::1" || /^127(?:\.\d{1,3}){3}$/.test(name);
}
