import { ForgeError } from "../forge.ts";

/** What was asked, as a message names it, and the permission without which it is refused. */
export type Question = { readonly what: string; readonly permission: string };

type Headers = Readonly<Record<string, string | number | undefined>>;
type Failed = { readonly status: number; readonly message: string; readonly headers: Headers | null };

/** A secondary limit that does not say when it ends: GitHub asks for a minute. */
const FALLBACK_MS = 60_000;

/** What Octokit throws, as a `ForgeError`. `now`: milliseconds since 1970. */
export function forgeError(error: unknown, { what, permission }: Question, token: string, now: number): ForgeError {
  if (error instanceof ForgeError) return error;
  const { status, message, headers } = failed(error, token);
  const said = `GitHub did not answer ${what}: ${message}`;
  if (headers !== null && (status === 403 || status === 429) && isLimit(headers, message)) {
    const retryAt = endOf(headers, now);
    return new ForgeError(
      "limited",
      `GitHub limits requests (${what})`,
      `it goes on at ${new Date(retryAt).toISOString()}; fewer runs at a time need fewer requests`,
      retryAt,
    );
  }
  if (status === 401)
    return new ForgeError(
      "unauthorized",
      `GitHub does not take the token (${what}): ${message}`,
      "it has expired or was revoked: a job's ends with the job, a person's is renewed with gh auth login or in the settings",
    );
  if (status === 403)
    return new ForgeError(
      "forbidden",
      `GitHub does not let the token do that (${what}): ${message}`,
      `it needs the permission ${permission}; in a workflow it is given under permissions:`,
    );
  if (status === 404)
    return new ForgeError("not-found", `GitHub does not find ${what}`, `it is not there, or the token may not see it (${permission})`);
  if (status === 409 || status === 422)
    return new ForgeError("refused", `GitHub refuses ${what}: ${message}`, "what it names has to be changed first");
  if (status >= 300 && status < 400)
    return new ForgeError(
      "refused",
      `${what} has moved`,
      "the repository or the host has another name now: use that one (git remote set-url, GITHUB_REPOSITORY)",
    );
  if (status >= 400 && status < 500)
    return new ForgeError("refused", said, "GitHub does not know this request; an Enterprise host may be too old for it");
  return new ForgeError("unavailable", said, "try again; githubstatus.com says what is known");
}

/** What cannot be read is no answer: nothing may be concluded from it. */
export const unreadable = (what: string, why: string): ForgeError =>
  new ForgeError(
    "unreadable",
    `GitHub's answer cannot be read (${what}): ${why}`,
    "try again; if it stays so, report it with the version of the Enterprise host",
  );

function failed(error: unknown, token: string): Failed {
  const { status, message, response, cause } = error as {
    status?: number;
    message?: string;
    response?: { headers?: Headers };
    cause?: unknown;
  };
  const deeper = cause instanceof Error && cause.message !== message ? ` (${cause.message})` : "";
  const text = `${message ?? "unknown"}${deeper}`.replace(/ - https:\S+$/, "");
  const safe = token === "" ? text : text.replaceAll(token, "***");
  return { status: response ? (status ?? 500) : 500, message: oneLine(safe), headers: response?.headers ?? null };
}

/** Pages of proxies come as answers too. */
const oneLine = (text: string): string => text.replace(/\s+/g, " ").trim().slice(0, 300);

const isLimit = (headers: Headers, message: string): boolean =>
  headers["retry-after"] !== undefined || String(headers["x-ratelimit-remaining"]) === "0" || /rate limit|abuse/i.test(message);

function endOf(headers: Headers, now: number): number {
  const after = Number(headers["retry-after"]);
  if (headers["retry-after"] !== undefined && Number.isFinite(after)) return now + after * 1000;
  const reset = Number(headers["x-ratelimit-reset"]);
  const spent = String(headers["x-ratelimit-remaining"]) === "0";
  return spent && Number.isFinite(reset) ? reset * 1000 : now + FALLBACK_MS;
}
