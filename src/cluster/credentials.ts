import { createHash } from "node:crypto";
import { parseObject } from "../host/answers.ts";
import { hostVariables } from "../host/environment.ts";
import { runProgram } from "../host/programs.ts";
import { ClusterError } from "./errors.ts";
import { type Access, type ExecPlugin, readBlob } from "./kubeconfig.ts";

/** What a request shows of who asks. */
export type Shown = { readonly token: string | null; readonly certificate: { readonly cert: string; readonly key: string } | null };
type Variables = Readonly<Record<string, string>>;
type Held = { readonly shown: Shown; /** By `Date.now`; null: until it is refused. */ readonly until: number | null };

/** Interactive logins never work here, and a program that asks a cloud answers within seconds. */
const EXEC_MS = 30_000;
/** Taken anew so long before its end, that a request does not arrive after it. */
const MARGIN_MS = 30_000;
const LARGEST_ANSWER = 1024 * 1024;

/** What programs have made, by what they were run as, for all targets of this process. */
const held = new Map<string, Promise<Held>>();

/** The credentials for the next request. `refused`: what was shown last and taken no more. */
export async function credentials(access: Access, env: Variables, signal: AbortSignal, refused: Shown | null = null): Promise<Shown> {
  const { certificate, token, exec } = access.identity;
  const own: Shown = {
    token: token ? readBlob(token).trim() : null,
    certificate: certificate ? { cert: readBlob(certificate.cert), key: readBlob(certificate.key) } : null,
  };
  if (exec === null || own.token !== null) return own;
  const key = createHash("sha256")
    .update(JSON.stringify([exec, env]))
    .digest("hex");
  const latest = held.get(key);
  const known = await latest?.catch(() => null);
  const usable = known && (known.until === null || known.until - MARGIN_MS > Date.now()) && !isSame(known.shown, refused);
  const made = usable ? known : await unlessAborted(renew(key, exec, env, latest), signal);
  return { token: made.shown.token, certificate: made.shown.certificate ?? own.certificate };
}

const isSame = (a: Shown, b: Shown | null): boolean => b !== null && a.token === b.token && a.certificate?.cert === b.certificate?.cert;

/** Run once for all that ask at the same time, whoever of them gives up. `stale`: what does not do any more. */
function renew(key: string, exec: ExecPlugin, env: Variables, stale: Promise<Held> | undefined): Promise<Held> {
  const now = held.get(key);
  if (now !== undefined && now !== stale) return now;
  const made = run(exec, env);
  held.set(key, made);
  made.catch(() => held.get(key) === made && held.delete(key)); // a failure is not kept
  return made;
}

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let abort: () => void = () => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason instanceof Error ? signal.reason : new Error("aborted"));
    signal.addEventListener("abort", abort, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

async function run(exec: ExecPlugin, env: Variables): Promise<Held> {
  const spec = { interactive: false, ...(exec.cluster === null ? {} : { cluster: exec.cluster }) };
  const info = { apiVersion: exec.apiVersion, kind: "ExecCredential", spec };
  const { code, exit, stdout, stderr } = await runProgram([exec.command, ...exec.args], {
    cwd: "/",
    env: { ...hostVariables(), ...env, ...exec.env, KUBERNETES_EXEC_INFO: JSON.stringify(info) },
    signal: new AbortController().signal,
    timeoutMs: EXEC_MS,
    limit: LARGEST_ANSWER,
  });
  const failed = (what: string) =>
    new ClusterError(
      "exec-failed",
      `${exec.command}, which makes the credentials of this cluster, ${what}`,
      exec.installHint ??
        "Run it by hand, as the user that the server runs as; it gets the environment's `variables` and `credentials` and no other variables",
    );
  if (code !== 0) throw failed(`ended with ${exit}${stderr.trim() === "" ? "" : `: ${stderr.trim().split("\n").slice(-5).join("\n")}`}`);
  const answer = parseObject(stdout);
  const status = answer?.["status"];
  if (answer?.["kind"] !== "ExecCredential" || typeof status !== "object" || status === null)
    throw failed("printed something else than an ExecCredential");
  const { token, clientCertificateData: cert, clientKeyData: key, expirationTimestamp: until } = status as Record<string, unknown>;
  const certificate = typeof cert === "string" && typeof key === "string" ? { cert, key } : null;
  if (typeof token !== "string" && certificate === null) throw failed("printed neither a token nor a certificate");
  const end = typeof until === "string" ? Date.parse(until) : Number.NaN;
  return { shown: { token: typeof token === "string" ? token : null, certificate }, until: Number.isNaN(end) ? null : end };
}
