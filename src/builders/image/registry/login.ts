import { homedir } from "node:os";
import { join } from "node:path";
import { parseObject } from "../../../host/answers.ts";
import { codeOf } from "../../../host/errors.ts";
import { readText } from "../../../host/files.ts";
import { RegistryError } from "./errors.ts";
import { askHelper } from "./helper.ts";
import { DOCKER_HUB, type Repository } from "./reference.ts";

/** `from`: where it was found, for messages; the rest is secret. `ready`: in a file that every tool of this host finds by itself. */
export type Login = { readonly from: string; readonly ready: boolean } & (
  | { readonly kind: "password"; readonly username: string; readonly password: string }
  /** Exchanged for tokens. */
  | { readonly kind: "identity"; readonly token: string }
);
type Place = { readonly name: string; readonly read: () => string | null };

/** Holds logins itself. */
export const IN_TEXT = "DOCKER_AUTH_CONFIG";
/** Variables that say where logins are. */
export const LOGIN_VARIABLES = ["REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "DOCKER_CONFIG"];

/**
 * The login for a repository: the first that is found in `DOCKER_AUTH_CONFIG` (the text itself), `REGISTRY_AUTH_FILE`, the auth.json of the containers tools and Docker's config.json, in each by its helper for the host, its store, and what it holds itself.
 * null: there is none, which will do where anyone may read. Rejects with a `RegistryError` for files and helpers that cannot be read.
 */
export async function loginFor(repository: Repository, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<Login | null> {
  for (const { name, read } of places(env)) {
    const text = read();
    if (text === null || text.trim() === "") continue;
    const config = parseObject(text);
    if (config === null) throw new RegistryError("login", `${name} is no JSON object: logins to registries are read from there`);
    const found = (await fromHelpers(config, name, repository, env, signal)) ?? held(config, name, repository);
    if (found) return found;
  }
  return null;
}

function places(env: NodeJS.ProcessEnv): readonly Place[] {
  const home = env["HOME"] ?? homedir();
  const file = (path: string): Place => ({ name: path, read: () => readPlace(path) });
  const said = env["REGISTRY_AUTH_FILE"];
  const own = env["XDG_RUNTIME_DIR"];
  const runtime = own === undefined ? `/run/containers/${process.getuid?.() ?? 0}` : join(own, "containers");
  return [
    { name: IN_TEXT, read: () => env[IN_TEXT] ?? null },
    ...(said === undefined ? [] : [file(said)]),
    file(join(runtime, "auth.json")),
    file(join(env["XDG_CONFIG_HOME"] ?? join(home, ".config"), "containers", "auth.json")),
    file(join(env["DOCKER_CONFIG"] ?? join(home, ".docker"), "config.json")),
  ];
}

function readPlace(path: string): string | null {
  try {
    return readText(path);
  } catch (error) {
    if (codeOf(error) === "ENOTDIR") return null;
    throw new RegistryError("login", `${path} cannot be read (${codeOf(error) ?? "?"}): logins to registries are read from there`, {
      cause: error,
    });
  }
}

/** As Docker writes the server of its hub. */
const HUB_SERVER = "https://index.docker.io/v1/";

async function fromHelpers(
  config: Record<string, unknown>,
  name: string,
  { host }: Repository,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<Login | null> {
  const own = Object.entries(objectIn(config, "credHelpers")).find(([key]) => nameOf(key) === host)?.[1];
  for (const helper of [own, config["credsStore"]]) {
    if (typeof helper !== "string" || helper === "") continue;
    const found = await askHelper(helper, host === DOCKER_HUB ? HUB_SERVER : host, env, signal);
    if (!found) continue;
    const { username, secret } = found;
    const told = { from: `docker-credential-${helper} (${name})`, ready: false };
    // how helpers say that it is a token
    return username === "<token>"
      ? { ...told, kind: "identity", token: secret }
      : { ...told, kind: "password", username, password: secret };
  }
  return null;
}

/** The entry that names the longest part of the repository: the containers tools keep logins by `host/path` too. */
function held(config: Record<string, unknown>, from: string, repository: Repository): Login | null {
  const auths = Object.entries(objectIn(config, "auths"));
  for (let name = repository.name; name !== ""; name = name.includes("/") ? name.slice(0, name.lastIndexOf("/")) : "")
    for (const [key, entry] of auths) {
      const login = nameOf(key) === name && typeof entry === "object" && entry !== null ? loginIn({ ...entry }, from, key) : null;
      if (login) return login;
    }
  return null;
}

function loginIn(entry: Record<string, unknown>, from: string, key: string): Login | null {
  const { auth, username, password, identitytoken } = entry;
  const told = { from, ready: from !== IN_TEXT };
  if (typeof identitytoken === "string" && identitytoken !== "") return { ...told, kind: "identity", token: identitytoken };
  if (typeof username === "string" && typeof password === "string") return { ...told, kind: "password", username, password };
  if (typeof auth !== "string" || auth === "") return null;
  const text = Buffer.from(auth, "base64").toString("utf8");
  const colon = text.indexOf(":");
  if (colon === -1)
    throw new RegistryError("login", `${from}: the \`auth\` of ${key} is not a user and a password: docker login writes it`);
  return { ...told, kind: "password", username: text.slice(0, colon), password: text.slice(colon + 1).replace(/\0+$/, "") };
}

/** Files of different ages write a host as `host`, `https://host` or `https://host/v1/`, and Docker's hub by more than one name. */
const nameOf = (key: string): string =>
  key
    .replace(/^https?:\/\//, "")
    .replace(/\/(?:v[12]\/?)?$/, "")
    .replace(/^(?:index\.|registry-1\.)?docker\.io(?=\/|$)/, DOCKER_HUB);

function objectIn(config: Record<string, unknown>, key: string): Record<string, unknown> {
  const value = config[key];
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
