import { createHash } from "node:crypto";
import type { Digest } from "../../../core/config/config.ts";
import { parseObject } from "../../../host/answers.ts";
import { authorize } from "./authorize.ts";
import { RegistryError } from "./errors.ts";
import { type Answer, ask } from "./http.ts";
import { type Access, DOCKER_HUB, type Repository } from "./reference.ts";

const MANIFESTS = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");
const DIGEST = /^sha256:[0-9a-f]{64}$/;
const REDIRECTS = 3;

/**
 * The digest of the manifest that a tag or a digest names; null: the registry says that it has none. What a tag leads to is read and hashed, so that the digest is that of a manifest which is there.
 * Rejects with a `RegistryError` where it cannot be told; an answer 404 of what is no registry does not tell.
 */
export async function digestOf(repository: Repository, reference: string, access: Access): Promise<Digest | null> {
  const session = new Session(repository, access);
  // asked first, since registries count what is read
  const head = await session.manifest("HEAD", reference);
  if (head.status === 404 && isRegistry(head)) return null;
  const said = head.status === 200 ? head.headers["docker-content-digest"] : undefined;
  if (said === reference && DIGEST.test(reference)) return reference;
  // by what HEAD has said, since a tag may be moved meanwhile
  const exact = typeof said === "string" && DIGEST.test(said) && !DIGEST.test(reference) ? said : reference;
  const got = await session.manifest("GET", exact);
  if (got.status !== 404) return hashed(repository, exact, got);
  if (isRegistry(got)) return null;
  throw new RegistryError("odd", `${repository.host} answered 404 and is no registry: look at \`repository\``);
}

function isRegistry({ headers, text }: Answer): boolean {
  return headers["docker-distribution-api-version"] === "registry/2.0" || Array.isArray(parseObject(text)?.["errors"]);
}

function hashed({ host }: Repository, reference: string, { status, text }: Answer): Digest {
  if (status !== 200) throw new RegistryError("odd", `${host} answered ${status} for ${reference}`);
  const digest = `sha256:${createHash("sha256").update(text).digest("hex")}`;
  if (parseObject(text)?.["schemaVersion"] !== 2 || (DIGEST.test(reference) && digest !== reference))
    throw new RegistryError("odd", `${host} answered with something else than the manifest ${reference}`);
  return digest;
}

/** Questions about one repository, with the login that it takes. */
export class Session {
  readonly #repository: Repository;
  readonly #access: Access;
  #login: Awaited<ReturnType<typeof authorize>> | null = null;

  constructor(repository: Repository, access: Access) {
    this.#repository = repository;
    this.#access = access;
  }

  /** Rejects with a `RegistryError` where the registry did not let itself be asked, or could not answer. */
  async manifest(method: "GET" | "HEAD", reference: string): Promise<Answer> {
    return await this.#asked(method, "manifests", reference);
  }

  /** As `manifest`. */
  async get(what: "manifests" | "blobs", reference: string): Promise<Answer> {
    return await this.#asked("GET", what, reference);
  }

  async #asked(method: "GET" | "HEAD", what: "manifests" | "blobs", reference: string): Promise<Answer> {
    const { host, path } = this.#repository;
    const at = host === DOCKER_HUB ? "registry-1.docker.io" : host;
    const url = new URL(`${this.#access.plain ? "http" : "https"}://${at}/v2/${path}/${what}/${reference}`);
    const first = await this.#ask(method, url);
    if (first.status !== 401 || this.#login !== null) return this.#told(first);
    this.#login = await authorize(this.#repository, first, this.#access);
    return this.#told(await this.#ask(method, url));
  }

  /** Where the registry sends us on, no login goes along. */
  async #ask(method: "GET" | "HEAD", from: URL): Promise<Answer> {
    const { plain } = this.#access;
    const login = this.#login === null ? {} : { authorization: this.#login.header };
    let url = from;
    for (let redirects = 0; ; redirects++) {
      const answer = await ask(url, { method, headers: { accept: MANIFESTS, ...(redirects === 0 ? login : {}) }, access: this.#access });
      const { location } = answer.headers;
      if (answer.status < 300 || answer.status > 399 || location === undefined) return answer;
      const next = URL.parse(location, url.href);
      if (next === null || redirects === REDIRECTS || (next.protocol !== "https:" && !(plain && next.protocol === "http:"))) {
        const where = next === null ? "nowhere" : `${next.protocol}//${next.host}`;
        throw new RegistryError("odd", `${this.#repository.host} sends us on to ${where}, where it is not followed`);
      }
      url = next;
    }
  }

  #told(answer: Answer): Answer {
    const { status } = answer;
    const { host, path } = this.#repository;
    const login = this.#login?.from == null ? "anybody" : `the login from ${this.#login.from}`;
    const says = wordsOf(answer);
    if (status === 401) throw new RegistryError("login", `${host} does not take ${login} (401${says})`);
    if (status === 403)
      throw new RegistryError("login", `${host} does not let ${login} read ${path}, or has no such repository (403${says})`);
    if (status === 429) throw new RegistryError("unreachable", `${host} wants to be asked less often (429${says})`);
    if (status >= 500) throw new RegistryError("unreachable", `${host} answered ${status}${says}`);
    return answer;
  }
}

/** The registry's own first words about it, as one short line. */
function wordsOf({ text }: Answer): string {
  const errors = parseObject(text)?.["errors"];
  const first: unknown = Array.isArray(errors) ? errors[0] : null;
  const message: unknown = typeof first === "object" && first !== null && "message" in first ? first.message : null;
  return typeof message === "string" ? `: ${message.replaceAll(/\p{C}+/gu, " ").slice(0, 200)}` : "";
}
