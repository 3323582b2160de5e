import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, delimiter, isAbsolute, join, resolve } from "node:path";
import { isSecret } from "../core/config/credentials.ts";
import { codeOf } from "../host/errors.ts";
import { readText } from "../host/files.ts";
import { ClusterError } from "./errors.ts";
import { parsePlain } from "./plain-yaml.ts";

/** Which cluster: what a driver's config says. `kubeconfig`: an absolute path, or one below `~/`. */
export type Place = {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly namespace?: string | undefined;
};
type Variables = Readonly<Record<string, string | undefined>>;
type Fields = Readonly<Record<string, unknown>>;

/** A cluster and how it is reached, as a kubeconfig says it. What are files or programs there is read when it is needed: credentials change under a process that stays. */
export type Access = {
  readonly context: string;
  readonly namespace: string;
  readonly server: string;
  readonly trust: { readonly ca: Blob | null; readonly servername: string | null; readonly insecure: boolean };
  readonly identity: Identity;
  /** `Impersonate-*` of each request. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
};
/** Text that stands in the kubeconfig, or a file that it names. */
export type Blob = { readonly data: string } | { readonly file: string };
export type Identity = {
  readonly certificate: { readonly cert: Blob; readonly key: Blob } | null;
  readonly token: Blob | null;
  readonly exec: ExecPlugin | null;
};
export type ExecPlugin = {
  readonly apiVersion: string;
  /** As it is run: a path relative to the kubeconfig is absolute here. */
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly installHint: string | null;
  /** What it may be told of the cluster; null: nothing. */
  readonly cluster: Fields | null;
};

/** Where a pod finds the account that it runs as. */
const SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";

/**
 * Finds what `place` names, as kubectl does: its `kubeconfig`, else the files of `KUBECONFIG` merged (the first that says something wins), else `~/.kube/config`;
 * in a pod without any of these, the pod's own service account. `env` is the target's own; `host`, the server's, tells whether this is a pod, and whether a KUBECONFIG is meant that the
 * target does not get: then no other file is taken in its place. Rejects with `ClusterError`.
 */
export async function findAccess(
  place: Place,
  env: Variables,
  host: Variables = process.env,
  serviceAccount: string = SERVICE_ACCOUNT,
): Promise<Access> {
  const home = env["HOME"] ?? homedir();
  const named = place.kubeconfig === undefined ? null : pathOf(place.kubeconfig, home);
  const listed = (env["KUBECONFIG"] ?? "").split(delimiter).filter((path) => path !== "");
  const paths = named !== null ? [named] : listed.length > 0 ? listed.map((path) => resolve(path)) : [join(home, ".kube", "config")];
  if (named === null && listed.length === 0 && host["KUBECONFIG"])
    throw new ClusterError(
      "no-kubeconfig",
      "KUBECONFIG is set for the server, but this environment does not name it",
      "Add KUBECONFIG to the environment's `credentials`, or say `kubeconfig` in the service's `deploy`",
    );
  const value = env["KUBECONFIG"] ?? "";
  // a whole kubeconfig is no path, and no message may hold it
  if (named === null && value !== "" && isSecret("KUBECONFIG", value) && !paths.some((path) => existsSync(path)))
    throw new ClusterError(
      "no-kubeconfig",
      "KUBECONFIG names no file that is there",
      "Set it to the path of a kubeconfig; only in jobs of GitHub's may it hold the text of one",
    );
  const files = (await Promise.all(paths.map(readFile))).filter((file) => file !== null);
  if (files.length > 0) return accessOf(merge(files), place, paths.join(delimiter));
  const inside = named === null && listed.length === 0 ? ownAccount(place, host, serviceAccount) : null;
  if (inside) return inside;
  throw new ClusterError(
    "no-kubeconfig",
    `there is no kubeconfig: ${paths.join(", ")} ${paths.length === 1 ? "does" : "do"} not exist`,
    "Say `kubeconfig` in the service's `deploy`, or set KUBECONFIG and add it to the environment's `credentials`",
  );
}

function pathOf(text: string, home: string): string {
  if (text.startsWith("~/")) return join(home, text.slice(2));
  if (isAbsolute(text)) return text;
  throw new ClusterError(
    "bad-kubeconfig",
    `the kubeconfig ${text} is neither an absolute path nor one below ~/`,
    "Credentials lie outside of the repository: name the file by its whole path",
  );
}

type File = { readonly path: string; readonly config: Fields };

/** null where there is no such file. */
async function readFile(path: string): Promise<File | null> {
  let text: string | null;
  try {
    text = readText(path);
  } catch (error) {
    throw bad(`${path} cannot be read: ${codeOf(error) ?? String(error)}`);
  }
  if (text === null) return null;
  let value: unknown;
  try {
    value = parsePlain(text) ?? (await import("yaml")).parse(text);
  } catch (error) {
    throw bad(`${path} is not valid YAML: ${error instanceof Error ? (error.message.split("\n")[0] ?? "") : ""}`);
  }
  if (!isFields(value)) throw bad(`${path} is empty or no mapping`);
  return { path, config: value };
}

type Entry = { readonly path: string; readonly fields: Fields };
type Merged = { readonly current: string | null; readonly contexts: Entries; readonly clusters: Entries; readonly users: Entries };
type Entries = ReadonlyMap<string, Entry>;

function merge(files: readonly File[]): Merged {
  const current = files.map(({ config }) => textOf(config["current-context"])).find((name) => name !== null) ?? null;
  return { current, contexts: entries(files, "context"), clusters: entries(files, "cluster"), users: entries(files, "user") };
}

function entries(files: readonly File[], what: "context" | "cluster" | "user"): Entries {
  const found = new Map<string, Entry>();
  for (const { path, config } of files)
    for (const item of listOf(config[`${what}s`])) {
      const name = isFields(item) ? textOf(item["name"]) : null;
      const fields = isFields(item) ? item[what] : undefined;
      if (name !== null && !found.has(name)) found.set(name, { path, fields: isFields(fields) ? fields : {} });
    }
  return found;
}

function accessOf(merged: Merged, place: Place, paths: string): Access {
  const name = place.context ?? merged.current;
  const known = [...merged.contexts.keys()].join(", ") || "none";
  if (name === null)
    throw new ClusterError("unknown-context", `${paths} names no current context`, `Say \`context\` in the service's \`deploy\`: ${known}`);
  const context = merged.contexts.get(name);
  if (context === undefined)
    throw new ClusterError("unknown-context", `${paths} has no context ${name}`, `It has ${known}; say one of them as \`context\``);
  const clusterName = textOf(context.fields["cluster"]) ?? "";
  const userName = textOf(context.fields["user"]) ?? "";
  const cluster = merged.clusters.get(clusterName);
  const user = merged.users.get(userName);
  if (cluster === undefined) throw bad(`the context ${name} of ${paths} leads to a cluster ${clusterName} that is not there`);
  if (user === undefined && userName !== "") throw bad(`the context ${name} of ${paths} has a user ${userName} that is not there`);
  const server = textOf(cluster.fields["server"]) ?? "";
  if (!URL.canParse(server) || !/^https?:$/.test(new URL(server).protocol))
    throw bad(`the cluster ${clusterName} of ${paths} has no server that is an http or https address`);
  if (textOf(cluster.fields["proxy-url"]) !== null)
    throw bad(`the cluster ${clusterName} of ${paths} is reached by a proxy-url, which is not supported`);
  return {
    context: name,
    namespace: place.namespace ?? textOf(context.fields["namespace"]) ?? "default",
    server: server.replace(/\/+$/, ""),
    trust: {
      ca: blobOf(cluster, "certificate-authority"),
      servername: textOf(cluster.fields["tls-server-name"]),
      insecure: cluster.fields["insecure-skip-tls-verify"] === true,
    },
    identity: user === undefined ? { certificate: null, token: null, exec: null } : identityOf(user, userName, paths, cluster),
    headers: user === undefined ? {} : impersonation(user.fields),
  };
}

function identityOf(user: Entry, name: string, paths: string, cluster: Entry): Identity {
  const { fields } = user;
  const refuse = (what: string) => bad(`the user ${name} of ${paths} logs in by ${what}, which is not supported`);
  if (fields["auth-provider"] !== undefined) throw refuse("an auth-provider");
  if (fields["username"] !== undefined) throw refuse("name and password");
  const [cert, key] = [blobOf(user, "client-certificate"), blobOf(user, "client-key")];
  if ((cert === null) !== (key === null)) throw bad(`the user ${name} of ${paths} has only one of client-certificate and client-key`);
  const token = textOf(fields["token"]);
  const file = textOf(fields["tokenFile"]);
  return {
    certificate: cert && key ? { cert, key } : null,
    // as client-go has it: the file is newer than what was written beside it
    token: file !== null ? { file: resolve(dirname(user.path), file) } : token !== null ? { data: token } : null,
    exec: isFields(fields["exec"]) ? execOf(fields["exec"], user.path, name, cluster) : null,
  };
}

const EXEC_VERSIONS = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"];

function execOf(exec: Fields, path: string, name: string, cluster: Entry): ExecPlugin {
  const command = textOf(exec["command"]);
  const apiVersion = textOf(exec["apiVersion"]) ?? "";
  if (command === null) throw bad(`the user ${name} of ${path} has an exec without a command`);
  if (!EXEC_VERSIONS.includes(apiVersion))
    throw bad(`the exec of the user ${name} of ${path} speaks ${apiVersion || "no apiVersion"}, not ${EXEC_VERSIONS[0]}`);
  if (exec["interactiveMode"] === "Always") throw bad(`the exec of the user ${name} of ${path} needs a terminal (interactiveMode: Always)`);
  const env = listOf(exec["env"]).flatMap((item) => {
    const [key, value] = isFields(item) ? [textOf(item["name"]), item["value"]] : [null, null];
    return key === null ? [] : [[key, typeof value === "string" ? value : ""] as const];
  });
  const { server, "certificate-authority-data": ca, "tls-server-name": servername, "insecure-skip-tls-verify": insecure } = cluster.fields;
  return {
    apiVersion,
    command: command.includes("/") && !isAbsolute(command) ? resolve(dirname(path), command) : command,
    args: listOf(exec["args"]).map(String),
    env: Object.fromEntries(env),
    installHint: textOf(exec["installHint"]),
    cluster:
      exec["provideClusterInfo"] === true
        ? { server, "certificate-authority-data": ca, "tls-server-name": servername, "insecure-skip-tls-verify": insecure }
        : null,
  };
}

function impersonation(user: Fields): Access["headers"] {
  const [as, uid] = [textOf(user["as"]), textOf(user["as-uid"])];
  const extra = isFields(user["as-user-extra"]) ? Object.entries(user["as-user-extra"]) : [];
  const groups = listOf(user["as-groups"]).map(String);
  return {
    ...(as === null ? {} : { "Impersonate-User": as }),
    ...(uid === null ? {} : { "Impersonate-Uid": uid }),
    ...(groups.length === 0 ? {} : { "Impersonate-Group": groups }),
    ...Object.fromEntries(extra.map(([key, values]) => [`Impersonate-Extra-${encodeURIComponent(key)}`, listOf(values).map(String)])),
  };
}

function ownAccount({ context, namespace }: Place, host: Variables, directory: string): Access | null {
  const [name, port] = [host["KUBERNETES_SERVICE_HOST"], host["KUBERNETES_SERVICE_PORT"]];
  const own = name && port ? readText(join(directory, "namespace")) : null;
  if (!name || !port || own === null) return null;
  if (context !== undefined)
    throw new ClusterError(
      "unknown-context",
      `there is no kubeconfig, so no context ${context}`,
      "A pod's own account has no contexts: leave `context` out",
    );
  return {
    context: "in-cluster",
    namespace: namespace ?? own.trim(),
    server: `https://${name.includes(":") ? `[${name}]` : name}:${port}`,
    trust: { ca: { file: join(directory, "ca.crt") }, servername: null, insecure: false },
    identity: { certificate: null, token: { file: join(directory, "token") }, exec: null },
    headers: {},
  };
}

/** `NAME-data` (base64) wins over the file that `NAME` names, which is relative to the kubeconfig. */
function blobOf({ path, fields }: Entry, name: string): Blob | null {
  const data = textOf(fields[`${name}-data`]);
  if (data !== null) return { data: Buffer.from(data, "base64").toString("utf8") };
  const file = textOf(fields[name]);
  return file === null ? null : { file: resolve(dirname(path), file) };
}

/** The text of a blob. Throws `ClusterError` where its file cannot be read. */
export function readBlob(blob: Blob): string {
  if ("data" in blob) return blob.data;
  const text = readText(blob.file);
  if (text === null) throw bad(`there is no ${blob.file}, which the kubeconfig names`);
  return text;
}

function bad(message: string): ClusterError {
  return new ClusterError("bad-kubeconfig", message, "Repair the kubeconfig; `kubectl config view` shows it");
}

const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const textOf = (value: unknown): string | null => (typeof value === "string" && value !== "" ? value : null);
