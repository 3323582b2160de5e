import { createVerify, generateKeyPairSync, randomBytes, type KeyObject } from "node:crypto";
import { Refusal } from "./model.ts";
import type { Repository } from "./repository.ts";

export type Level = "read" | "write";
export type Permissions = Readonly<Record<string, Level>>;
export type AppRow = {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  /** Login of the account that has it. */
  readonly owner: string;
  publicKey: KeyObject;
  permissions: Permissions;
  events: readonly string[];
  hook: { url: string; active: boolean; secret: string } | null;
  readonly public: boolean;
};
/** Of an App in a repository: what its owner has agreed to, which is not what the App asks for by now. */
export type Installation = { readonly id: number; permissions: Permissions; events: readonly string[]; suspended: boolean };

/** As GitHub's page reads it; other fields are left alone. */
export type Manifest = {
  readonly name?: string;
  readonly url?: string;
  readonly redirect_url?: string;
  readonly public?: boolean;
  readonly hook_attributes?: { readonly url?: string; readonly active?: boolean };
  readonly default_permissions?: Permissions;
  readonly default_events?: readonly string[];
};
/** What is answered once, for a code. */
export type Credentials = { readonly app: AppRow; readonly pem: string };

/** What the App of this server may, where a test says nothing else. */
const USUAL: Permissions = {
  actions: "write",
  checks: "write",
  contents: "read",
  deployments: "write",
  metadata: "read",
  pull_requests: "write",
  statuses: "write",
};
const HOUR_MS = 3_600_000;
/** Without the permission, GitHub refuses the event. */
const EVENTS: Readonly<Record<string, string>> = {
  push: "contents",
  deployment_protection_rule: "deployments",
  deployment_status: "deployments",
  workflow_run: "actions",
  pull_request: "pull_requests",
};

/** Apps, how they come to be, and where they are installed. */
export class Apps {
  readonly rows = new Map<string, AppRow>();
  /** Who may make Apps in an organization; an account that is not in it is a person's. */
  readonly organizations = new Map<string, readonly string[]>();
  readonly #codes = new Map<string, Credentials & { readonly endsAt: number }>();
  readonly #now: () => number;
  #lastId = 1000;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** One that was made by hand, and is installed; returns the private key that its server has. */
  installed(slug: string, id: string, repository: Repository): string {
    const { publicKey, pem } = keys();
    const owner = repository.fullName.split("/")[0] ?? "";
    const row = { id, slug, name: slug, owner, publicKey, permissions: USUAL, events: [], hook: null, public: false };
    this.rows.set(id, row);
    this.install(row, repository);
    return pem;
  }

  install({ slug, permissions, events }: AppRow, repository: Repository): void {
    repository.installed.set(slug, { id: repository.id * 10 + repository.installed.size, permissions, events, suspended: false });
  }

  /** The sentence with which GitHub's page refuses it; null: it is one. `html`: its own address, which is public wherever the double is. */
  fault(manifest: Manifest, html: string): string | null {
    const { name = "", url, hook_attributes: hook, default_permissions: permissions = {}, default_events: events = [] } = manifest;
    // The field is named without its parent: what is missing is the hook's.
    if (url === undefined || (hook && hook.url === undefined)) return `Error: "url" wasn't supplied.`;
    const to = new URL(hook?.url ?? url);
    if (to.origin !== html && /^(?:localhost|127\.|\[::1\])/.test(to.hostname))
      return "Hook url is not supported because it isn't reachable over the public Internet";
    const unsupported = events.filter((event) => permissions[EVENTS[event] ?? ""] === undefined);
    if (unsupported.length > 0) return `Default events are not supported by permissions: ${unsupported.join(", ")}`;
    return name.length > 34 ? "Name is too long (maximum is 34 characters)" : null;
  }

  isTaken = (name: string): boolean => [...this.rows.values()].some((row) => row.slug === slugOf(name));

  /** Makes it, and answers the code for which its credentials are given out. */
  register(manifest: Manifest, name: string, owner: string): string {
    const { publicKey, pem } = keys();
    const { hook_attributes: hook, default_permissions: permissions = {}, default_events: events = [] } = manifest;
    const id = String((this.#lastId += 1));
    const made = hook?.url === undefined ? null : { url: hook.url, active: hook.active ?? true, secret: randomBytes(20).toString("hex") };
    const row = { id, slug: slugOf(name), name, owner, publicKey, permissions, events, hook: made, public: manifest.public ?? false };
    this.rows.set(id, row);
    const code = randomBytes(20).toString("hex");
    this.#codes.set(code, { app: row, pem, endsAt: this.#now() + HOUR_MS });
    return code;
  }

  /** Once, and for an hour. */
  convert(code: string): Credentials {
    const found = this.#codes.get(code);
    this.#codes.delete(code);
    if (!found || found.endsAt <= this.#now()) throw new Refusal(404, "Not Found");
    return found;
  }

  find = (slug: string): AppRow | undefined => [...this.rows.values()].find((row) => row.slug === slug);

  remove(slug: string, repositories: Iterable<Repository>): void {
    const found = this.find(slug);
    if (found) this.rows.delete(found.id);
    for (const { installed } of repositories) installed.delete(slug);
  }

  /** Why a JWT is not taken: of an App that is not there (any more) GitHub says another thing than of a wrong signature. */
  refusalOf(jwt: string): Refusal {
    let known = true;
    try {
      const { iss } = JSON.parse(Buffer.from(jwt.split(".")[1] ?? "", "base64url").toString()) as { iss: unknown };
      known = this.rows.has(String(iss));
    } catch {
      // what cannot be read is no App's
    }
    return known ? new Refusal(401, "A JSON web token could not be decoded") : new Refusal(404, "Integration not found");
  }

  /** Which App has signed this JWT, by RS256 and for now; null: none, or not for now. */
  signedBy(jwt: string): AppRow | null {
    const [header = "", claims = "", signature = ""] = jwt.split(".");
    try {
      const { alg } = JSON.parse(Buffer.from(header, "base64url").toString()) as { alg: string };
      const { iss, iat, exp } = JSON.parse(Buffer.from(claims, "base64url").toString()) as { iss: unknown; iat: number; exp: number };
      const app = this.rows.get(String(iss));
      const now = this.#now();
      const inTime = iat * 1000 <= now && exp * 1000 > now && exp - iat <= 660;
      if (!app || alg !== "RS256" || !inTime) return null;
      return createVerify("RSA-SHA256").update(`${header}.${claims}`).verify(app.publicKey, Buffer.from(signature, "base64url"))
        ? app
        : null;
    } catch {
      return null;
    }
  }
}

/** The token of a header: a JWT is taken by the scheme `bearer` alone, as GitHub's page about authenticating says. */
export function sentToken(header: string): string {
  const [, scheme = "", token = ""] = /^(token|bearer) (.+)$/i.exec(header) ?? [];
  return token.split(".").length === 3 && scheme.toLowerCase() !== "bearer" ? "a JWT by another scheme" : token;
}

const slugOf = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "");

function keys(): { readonly publicKey: KeyObject; readonly pem: string } {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { publicKey, pem: privateKey.export({ type: "pkcs1", format: "pem" }).toString() };
}
