import { existsSync, readdirSync, readFileSync } from "node:fs";
import { request as overHttp, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { request as overHttps } from "node:https";
import { homedir } from "node:os";
import { join } from "node:path";
import { getCACertificates } from "node:tls";
import { readBounded } from "../../../host/answers.ts";
import { codeOf } from "../../../host/errors.ts";
import { RegistryError } from "./errors.ts";
import type { Access } from "./reference.ts";

export type Answer = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly text: string };
export type Ask = {
  readonly method: "GET" | "HEAD" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly access: Pick<Access, "env" | "signal">;
};

/** What the specification lets a manifest have. */
const LIMIT = 4 * 1024 * 1024;
/** For one answer, in ms. */
export const ANSWER_MS = 15_000;
/** Where Docker and the containers tools look for the certificates of a host's own authority. */
const AUTHORITIES = ["/etc/containers/certs.d", "/etc/docker/certs.d"];
const OWN_AUTHORITIES = ".config/containers/certs.d";

/** One answer, redirects not followed. Rejects with a `RegistryError` ("unreachable"). */
export async function ask(url: URL, { method, headers, body, access: { env, signal } }: Ask): Promise<Answer> {
  const limit = AbortSignal.timeout(ANSWER_MS);
  try {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const options = { method, headers: { "user-agent": "sluice", ...headers }, signal: AbortSignal.any([signal, limit]) };
      const sent =
        url.protocol === "http:" ? overHttp(url, options, resolve) : overHttps(url, { ...options, ...trust(url.host, env) }, resolve);
      sent.once("error", reject);
      sent.end(body);
    });
    const text = await readBounded(answer, LIMIT, `the answer of ${url.host}`);
    return { status: answer.statusCode ?? 0, headers: answer.headers, text };
  } catch (error) {
    signal.throwIfAborted();
    throw new RegistryError(
      "unreachable",
      limit.aborted ? `${url.host} did not answer within ${ANSWER_MS / 1000} s` : why(url.host, error),
      { cause: error },
    );
  }
}

/** Nothing where no authority of the host's own is there: Node's own are meant then, and NODE_EXTRA_CA_CERTS adds to these. */
function trust(host: string, env: NodeJS.ProcessEnv): { readonly ca?: string[] } {
  const folders = [join(env["HOME"] ?? homedir(), OWN_AUTHORITIES), ...AUTHORITIES];
  const own = folders.flatMap((folder) => certificatesIn(join(folder, host)));
  return own.length === 0 ? {} : { ca: [...getCACertificates("default"), ...own] };
}

function certificatesIn(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((name) => (name.endsWith(".crt") ? [readFileSync(join(folder, name), "utf8")] : []));
}

const UNTRUSTED = /CERT|SIGNATURE|ALTNAME/;

function why(host: string, error: unknown): string {
  const code = codeOf(error) ?? (error instanceof AggregateError ? codeOf(error.errors[0]) : null);
  if (code === "EPROTO" || code?.startsWith("ERR_SSL_") === true)
    return `${host} does not speak HTTPS; \`insecure: true\` asks it by plain HTTP`;
  if (code !== null && UNTRUSTED.test(code))
    return `the certificate of ${host} is not trusted (${code}): put its authority's into ${AUTHORITIES[0]}/${host}/ca.crt`;
  return `${host} cannot be reached: ${code ?? (error instanceof Error ? error.message : String(error))}`;
}
