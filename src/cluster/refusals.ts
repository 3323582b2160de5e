import { parseObject } from "../host/answers.ts";
import { codeOf } from "../host/errors.ts";
import { ClusterError, type ClusterErrorCode, type Status } from "./errors.ts";
import type { Access } from "./kubeconfig.ts";

/** Of a message; a webhook may say whatever it likes. */
const LONGEST = 4000;

/** An answer of the API server that is no success, as an error that says what to do. */
export function refusalOf(code: number, body: string, access: Access): ClusterError {
  const parsed = parseObject(body);
  const status: Status = parsed?.["kind"] === "Status" ? parsed : { code, message: body.trim().slice(0, 500) || `HTTP ${code}` };
  const message = (status.message ?? `HTTP ${code}`).slice(0, LONGEST);
  const [name, hint] = meaningOf(code, status, message, access);
  return new ClusterError(
    name,
    name === "unauthorized" ? `the cluster of the context ${access.context} does not accept the credentials (${message})` : message,
    hint,
    { status },
  );
}

function meaningOf(code: number, status: Status, message: string, access: Access): readonly [ClusterErrorCode, string] {
  if (code === 413 || /request is too large|entity too large/i.test(message))
    return ["too-large", "A cluster stores no object larger than about 1.5 MB: split it, or keep the data elsewhere"];
  // Server-side apply answers 500 to a field that its kind does not have.
  if (/field not declared in schema|failed to create typed patch object/.test(message)) return ["invalid", "Correct the manifest"];
  switch (code) {
    case 401:
      return ["unauthorized", loginHint(access)];
    case 403:
      return forbidden(status, message);
    case 404:
      return ["not-found", "Look at the name, the namespace and the apiVersion"];
    case 409:
      return ["conflict", "Somebody else has changed it: look at what is there now"];
    case 410:
      return ["expired", "Ask again"];
    case 422:
      return ["invalid", "Correct the manifest"];
    case 408:
    case 429:
    case 502:
    case 503:
    case 504:
      return ["unavailable", "The API server is overloaded or starting: try again"];
    default:
      return code >= 500 && !/admission webhook|failed calling webhook/.test(message)
        ? ["unavailable", "The API server has failed: try again, and look at its log"]
        : ["refused", "Correct what the message names"];
  }
}

/** RBAC's no, or that of an admission (policy, webhook, quota), which is about what was asked and not about who asks. */
function forbidden(status: Status, message: string): readonly [ClusterErrorCode, string] {
  if (status.details?.causes?.some(({ reason }) => reason === "NamespaceTerminating"))
    return ["refused", "The namespace is being deleted: wait until it is gone, then deploy again"];
  const [, verb, resource, group] = /cannot (\w+) resource "([^"]+)" in API group "([^"]*)"/.exec(message) ?? [];
  if (verb === undefined)
    return [
      "refused",
      /exceeded quota/.test(message)
        ? "Raise the quota, or ask for less"
        : "A policy of the cluster refuses it: change what it names, or the policy",
    ];
  return [
    "forbidden",
    `Grant \`${verb}\` on \`${resource}${group === "" ? "" : `.${group}`}\` there (Role and RoleBinding); \`sluice doctor\` lists every right that is missing`,
  ];
}

function loginHint({ identity }: Access): string {
  if (identity.exec) return `Log in again for ${identity.exec.command}, which makes the credentials`;
  if (identity.token) return "Its token has expired or was withdrawn: write a new one into the kubeconfig";
  return "Its client certificate has expired or is of another cluster: write a new one into the kubeconfig";
}

/** Of node's TLS: what answers is not who the kubeconfig trusts. */
const UNTRUSTED = /CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS_|ERR_SSL_(?!WRONG_VERSION)/;

/** Why there was no answer at all. */
export function silence(error: unknown, { server, context }: Access, waitedMs: number): ClusterError {
  const code = codeOf(error) ?? "";
  const late = error instanceof Error && error.name === "TimeoutError";
  const said = late ? `no answer within ${waitedMs / 1000} s` : code !== "" ? code : error instanceof Error ? error.message : String(error);
  if (UNTRUSTED.test(code))
    return new ClusterError(
      "untrusted",
      `${server} of the context ${context} shows a certificate that is not trusted: ${said}`,
      "Look at `certificate-authority` and `tls-server-name` of the kubeconfig; another server may have taken its address",
      { cause: error },
    );
  return new ClusterError(
    "unreachable",
    `${server} of the context ${context} cannot be reached: ${said}`,
    "Look at whether the API server runs, and at the network (VPN, firewall) between it and this host",
    { cause: error },
  );
}
