import { readFileSync } from "node:fs";
import { isLoopback } from "../../api/hosts.ts";
import { CliError, EXIT } from "../../cli/exit.ts";
import type { Remote } from "../../github/gates/remote.ts";
import type { StoredApp } from "./app-file.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** As whom the API is asked; null: it is not asked at all. */
export type Credentials =
  | { readonly kind: "token"; readonly token: string }
  | { readonly kind: "app"; readonly id: string; readonly privateKey: string };
export type GithubSettings = {
  /** null: no webhook is taken. */
  readonly secret: string | null;
  readonly credentials: Credentials | null;
  /** `owner/name`, or `host/owner/name`; null: that of the remote `origin`. */
  readonly repository: string | null;
  /** What the App was made for: it is of that host, and says nothing to another. null: whoever is set decides. */
  readonly madeFor: Remote | null;
  /** Where people reach the server, for links; null: where it listens. */
  readonly publicUrl: string | null;
  /** What whoever starts the server is to know of where this comes from. */
  readonly says: readonly string[];
};

/** GitHub is spoken to where one of these is set, or an App is kept; null: it is not. What is set comes before what is kept. Throws a `CliError`. */
export function githubSettings(env: Environment, stored: StoredApp | null): GithubSettings | null {
  const secret = secretOf(env, "SLUICE_GITHUB_WEBHOOK_SECRET");
  const token = secretOf(env, "SLUICE_GITHUB_TOKEN");
  const id = textOf(env, "SLUICE_GITHUB_APP_ID");
  const privateKey = secretOf(env, "SLUICE_GITHUB_PRIVATE_KEY");
  if ((id === null) !== (privateKey === null))
    throw new CliError(
      EXIT.usage,
      "An App needs its id and its private key",
      "Set SLUICE_GITHUB_APP_ID and SLUICE_GITHUB_PRIVATE_KEY_FILE, or neither",
    );
  if (token !== null && id !== null)
    throw new CliError(EXIT.usage, "Both a token and an App are set: which is it?", "Unset SLUICE_GITHUB_TOKEN, or SLUICE_GITHUB_APP_ID");
  const app = id !== null && privateKey !== null ? { kind: "app" as const, id, privateKey } : null;
  const credentials = app ?? (token === null ? null : { kind: "token" as const, token });
  const publicUrl = publicUrlFrom(env["SLUICE_PUBLIC_URL"], "SLUICE_PUBLIC_URL");
  const repository = textOf(env, "SLUICE_GITHUB_REPOSITORY");
  if (credentials === null && stored !== null)
    return {
      secret: secret ?? stored.webhookSecret,
      credentials: { kind: "app", id: stored.id, privateKey: stored.privateKey },
      repository,
      madeFor: { server: stored.server, repository: stored.repository },
      publicUrl: publicUrl ?? stored.publicUrl,
      says: usedWords(stored, secret !== null),
    };
  if (secret === null && credentials === null) return null;
  return { secret, credentials, repository, madeFor: null, publicUrl, says: stored === null ? [] : [unusedWords(stored, app !== null)] };
}

function usedWords({ slug, publicUrl }: StoredApp, ownSecret: boolean): readonly string[] {
  const words = [`GitHub: as the App ${slug}, which sluice github connect has made`];
  if (ownSecret)
    words.push(`warning: SLUICE_GITHUB_WEBHOOK_SECRET is set, so what ${slug} delivers is refused unless it has the same secret`);
  else if (publicUrl === null)
    words.push(`warning: the App ${slug} has no webhook, so GitHub tells this server nothing: sluice github connect --url https://…`);
  return words;
}

/** The variables mean another, whole: its webhook's secret is not taken either. */
const unusedWords = ({ slug }: StoredApp, isApp: boolean): string =>
  `warning: ${isApp ? "SLUICE_GITHUB_APP_ID" : "SLUICE_GITHUB_TOKEN"} is set, so the App ${slug}, which sluice github connect has made, is not used`;

const textOf = (env: Environment, name: string): string | null => env[name]?.trim() || null;

/** Of the variable, or of the file that `NAME_FILE` names. */
function secretOf(env: Environment, name: string): string | null {
  const given = textOf(env, name);
  const file = textOf(env, `${name}_FILE`);
  if (file === null) return given;
  if (given !== null) throw new CliError(EXIT.usage, `Both ${name} and ${name}_FILE are set: which is it?`, "Unset one of them");
  try {
    const text = readFileSync(file, "utf8").trim();
    if (text !== "") return text;
  } catch (error) {
    throw new CliError(EXIT.usage, `${name}_FILE cannot be read: ${(error as Error).message}`, "Check the path and its rights", {
      cause: error,
    });
  }
  throw new CliError(EXIT.usage, `${name}_FILE is empty: ${file}`, "Write the secret into it, or unset it");
}

/** Where others reach the server, as the environment says; null: that is not known, or what it says is for links on this machine alone. Throws a `CliError`. */
export function reachableUrl(env: Environment): string | null {
  const url = publicUrlFrom(env["SLUICE_PUBLIC_URL"], "SLUICE_PUBLIC_URL");
  return url === null || isLoopback(new URL(url).hostname) ? null : url;
}

/** Where people reach a server. `name`: what it was given by. Throws a `CliError`. */
export function publicUrlFrom(text: string | null | undefined, name: string): string | null {
  const url = text?.trim() ?? "";
  if (url === "") return null;
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return url.replace(/\/+$/, "");
  throw new CliError(EXIT.usage, `${name} is no address of a page`, "Such as https://sluice.example");
}
