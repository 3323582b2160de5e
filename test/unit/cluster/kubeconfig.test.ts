import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { stringify } from "yaml";
import { credentials } from "../../../src/cluster/credentials.ts";
import { variablesOf } from "../../../src/cluster/connect.ts";
import { findAccess } from "../../../src/cluster/kubeconfig.ts";
import { definitionOf } from "../drivers/rig.ts";

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "sluice-kubeconfig-"));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

function write(directory: string, name: string, content: object | string): string {
  const path = join(directory, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, typeof content === "string" ? content : stringify(content));
  return path;
}

const base64 = (text: string): string => Buffer.from(text).toString("base64");
/** A kubeconfig of one context `here`, with more of a cluster and a user. */
const config = (user: object = { token: "t0ken" }, cluster: object = {}, name = "here") => ({
  apiVersion: "v1",
  kind: "Config",
  "current-context": name,
  contexts: [{ name, context: { cluster: `${name}-cluster`, user: `${name}-user`, namespace: "shop" } }],
  clusters: [{ name: `${name}-cluster`, cluster: { server: "https://10.0.0.1:6443/", ...cluster } }],
  users: [{ name: `${name}-user`, user }],
});
const POD = { KUBERNETES_SERVICE_HOST: "10.96.0.1", KUBERNETES_SERVICE_PORT: "443" };
const signal = new AbortController().signal;

test("an explicit file wins over KUBECONFIG, and that over ~/.kube/config", async () => {
  const home = folder();
  const named = write(home, "named", config({}, { server: "https://named" }));
  const listed = write(home, "listed", config({}, { server: "https://listed" }));
  write(home, ".kube/config", config({}, { server: "https://default" }));
  expect((await findAccess({ kubeconfig: named }, { HOME: home, KUBECONFIG: listed })).server).toBe("https://named");
  expect((await findAccess({ kubeconfig: "~/named" }, { HOME: home, KUBECONFIG: listed })).server).toBe("https://named");
  expect((await findAccess({}, { HOME: home, KUBECONFIG: listed })).server).toBe("https://listed");
  expect((await findAccess({}, { HOME: home })).server).toBe("https://default");
});

test("several files are merged: of each name the first, of current contexts the first, missing files skipped", async () => {
  const home = folder();
  const one = write(home, "one", { ...config({ token: "one" }, {}, "here"), "current-context": "" });
  const two = write(home, "two", {
    ...config({ token: "two" }, { server: "https://elsewhere" }, "there"),
    users: [
      { name: "there-user", user: { token: "two" } },
      { name: "here-user", user: { token: "not this" } },
    ],
  });
  const env = { HOME: home, KUBECONFIG: [join(home, "gone"), one, two].join(":") };
  expect(await findAccess({}, env)).toMatchObject({ context: "there", server: "https://elsewhere", identity: { token: { data: "two" } } });
  expect(await findAccess({ context: "here" }, env)).toMatchObject({
    namespace: "shop",
    server: "https://10.0.0.1:6443",
    identity: { token: { data: "one" } },
  });
  expect((await findAccess({ context: "here", namespace: "other" }, env)).namespace).toBe("other");
  await expect(findAccess({ context: "nowhere" }, env)).rejects.toThrow(
    expect.objectContaining({ code: "unknown-context", hint: expect.stringContaining("here, there") as string }),
  );
});

test("certificates and tokens are texts or files beside the kubeconfig; a token file wins, and is read each time", async () => {
  const home = folder();
  write(home, "pki/ca.crt", "CA");
  const token = write(home, "pki/token", "first\n");
  const path = write(
    home,
    "config",
    config(
      { "client-certificate": "pki/own.crt", "client-key-data": base64("KEY"), token: "stale", tokenFile: "pki/token" },
      { "certificate-authority": "pki/ca.crt", "tls-server-name": "kubernetes" },
    ),
  );
  write(home, "pki/own.crt", "CERT");
  const access = await findAccess({ kubeconfig: path }, {});
  expect(access.trust).toEqual({ ca: { file: join(home, "pki/ca.crt") }, servername: "kubernetes", insecure: false });
  expect(await credentials(access, {}, signal)).toEqual({ token: "first", certificate: { cert: "CERT", key: "KEY" } });
  writeFileSync(token, "second");
  expect((await credentials(access, {}, signal)).token).toBe("second");
  rmSync(join(home, "pki/own.crt"));
  await expect(credentials(access, {}, signal)).rejects.toMatchObject({
    code: "bad-kubeconfig",
    message: expect.stringContaining("own.crt") as string,
  });
});

test("impersonation goes along with each request", async () => {
  const path = write(
    folder(),
    "config",
    config({ token: "t", as: "ana", "as-uid": "7", "as-groups": ["release"], "as-user-extra": { "a/b": ["c"] } }),
  );
  expect((await findAccess({ kubeconfig: path }, {})).headers).toEqual({
    "Impersonate-User": "ana",
    "Impersonate-Uid": "7",
    "Impersonate-Group": ["release"],
    "Impersonate-Extra-a%2Fb": ["c"],
  });
});

test.each([
  ["no file", undefined, "no-kubeconfig", /does not exist/],
  ["an empty file", "", "bad-kubeconfig", /empty or no mapping/],
  ["broken YAML", "a: [", "bad-kubeconfig", /not valid YAML/],
  ["a proxy", config({}, { "proxy-url": "http://proxy" }), "bad-kubeconfig", /proxy-url, which is not supported/],
  ["an auth provider", config({ "auth-provider": { name: "gcp" } }), "bad-kubeconfig", /auth-provider, which is not supported/],
  ["a password", config({ username: "ana", password: "hunter2" }), "bad-kubeconfig", /name and password/],
  ["no server", config({}, { server: "ftp://x" }), "bad-kubeconfig", /no server/],
  ["half a certificate", config({ "client-certificate-data": base64("C") }), "bad-kubeconfig", /only one of/],
  ["no such user", { ...config(), users: [] }, "bad-kubeconfig", /a user here-user that is not there/],
  ["no such cluster", { ...config(), clusters: [] }, "bad-kubeconfig", /a cluster here-cluster that is not there/],
  ["no current context", { ...config(), "current-context": "" }, "unknown-context", /names no current context/],
  ["an old exec", config({ exec: { apiVersion: "client.authentication.k8s.io/v1alpha1", command: "x" } }), "bad-kubeconfig", /v1alpha1/],
  [
    "an exec that asks a person",
    config({ exec: { apiVersion: "client.authentication.k8s.io/v1", command: "x", interactiveMode: "Always" } }),
    "bad-kubeconfig",
    /needs a terminal/,
  ],
])("%s is refused with what to do, and no secret", async (_, content, code, message) => {
  const home = folder();
  const path = content === undefined ? join(home, "gone") : write(home, "config", content);
  const refusal = expect.objectContaining({
    code,
    message: expect.stringMatching(message) as string,
    hint: expect.stringMatching(/\w/) as string,
  });
  await expect(findAccess({ kubeconfig: path }, { HOME: home })).rejects.toThrow(refusal);
  await expect(findAccess({ kubeconfig: path }, { HOME: home })).rejects.not.toThrow(/hunter2/);
});

test("a path that is relative is refused: nobody knows relative to what", async () => {
  await expect(findAccess({ kubeconfig: "config" }, {})).rejects.toThrow(/neither an absolute path nor one below/);
});

test("a KUBECONFIG that only the server has is not used, and no other file in its place", async () => {
  const home = folder();
  await expect(findAccess({}, { HOME: home }, { KUBECONFIG: "/somewhere" })).rejects.toThrow(/this environment does not name it/);
  await expect(findAccess({}, { HOME: home }, { KUBECONFIG: "/somewhere", ...POD })).rejects.toThrow(/this environment does not name it/);
  write(home, ".kube/config", config());
  await expect(findAccess({}, { HOME: home }, { KUBECONFIG: "/somewhere" })).rejects.toThrow(/this environment does not name it/);
});

test("a pod without a kubeconfig is its own account", async () => {
  const home = folder();
  for (const [name, text] of [
    ["namespace", "shop\n"],
    ["token", "of the pod\n"],
    ["ca.crt", "CA"],
  ] as const)
    write(home, `account/${name}`, text);
  const access = await findAccess({}, { HOME: home }, POD, join(home, "account"));
  expect(access).toMatchObject({
    server: "https://10.96.0.1:443",
    namespace: "shop",
    trust: { ca: { file: join(home, "account/ca.crt") } },
  });
  expect((await findAccess({}, { HOME: home }, { ...POD, KUBERNETES_SERVICE_HOST: "fd00::1" }, join(home, "account"))).server).toBe(
    "https://[fd00::1]:443",
  );
  expect((await credentials(access, {}, signal)).token).toBe("of the pod");
  await expect(findAccess({ context: "here" }, { HOME: home }, POD, join(home, "account"))).rejects.toThrow(/no context here/);
  await expect(findAccess({}, { HOME: home }, {}, join(home, "account"))).rejects.toThrow(/does not exist/);
});

/** A program that answers as `answer` says, counts its runs in `runs`, and keeps what it was told in `info`. */
function plugin(directory: string, answer: string): object {
  const path = write(
    directory,
    "bin/login",
    `#!/bin/sh\necho run >> ${directory}/runs\nprintf %s "$KUBERNETES_EXEC_INFO" > ${directory}/info\n${answer}\n`,
  );
  chmodSync(path, 0o755);
  return {
    exec: {
      apiVersion: "client.authentication.k8s.io/v1",
      command: "./bin/login",
      args: ["token"],
      env: [{ name: "WHO", value: "ana" }],
      provideClusterInfo: true,
    },
  };
}
const credential = (status: object) =>
  `printf %s '${JSON.stringify({ kind: "ExecCredential", apiVersion: "client.authentication.k8s.io/v1", status })}'`;
const runsOf = (directory: string) => readFileSync(join(directory, "runs"), "utf8").trim().split("\n").length;
const PATH = process.env["PATH"] ?? "";

test("an exec plugin is run once for all that ask, told the cluster, found beside the kubeconfig, and asked again when it is refused", async () => {
  const home = folder();
  const access = await findAccess({ kubeconfig: write(home, "config", config(plugin(home, credential({ token: "made" })))) }, {});
  const shown = await Promise.all([1, 2, 3].map(() => credentials(access, { PATH }, signal)));
  expect(shown.map(({ token }) => token)).toEqual(["made", "made", "made"]);
  expect(runsOf(home)).toBe(1);
  expect(JSON.parse(readFileSync(join(home, "info"), "utf8"))).toMatchObject({
    kind: "ExecCredential",
    spec: { interactive: false, cluster: { server: "https://10.0.0.1:6443/" } },
  });
  await Promise.all([1, 2].map(() => credentials(access, { PATH }, signal, shown[0])));
  expect(runsOf(home)).toBe(2);
});

test("what it made is used until shortly before it ends", async () => {
  const home = folder();
  const at = (ms: number) => new Date(Date.now() + ms).toISOString();
  const soon = write(home, "config", config(plugin(home, credential({ token: "short", expirationTimestamp: at(10_000) }))));
  for (let time = 1; time <= 2; time++)
    expect((await credentials(await findAccess({ kubeconfig: soon }, {}), { PATH }, signal)).token).toBe("short");
  expect(runsOf(home)).toBe(2);
  const later = folder();
  const long = write(later, "config", config(plugin(later, credential({ token: "long", expirationTimestamp: at(600_000) }))));
  for (let time = 1; time <= 2; time++) await credentials(await findAccess({ kubeconfig: long }, {}), { PATH }, signal);
  expect(runsOf(later)).toBe(1);
});

test.each([
  ["fails", "echo 'no session for ana' >&2; exit 3", /exit code 3: no session for ana/],
  ["prints nonsense", "echo hello", /something else than an ExecCredential/],
  ["prints nothing of use", credential({}), /neither a token nor a certificate/],
])("an exec plugin that %s is named with what it said, and run again the next time", async (_, answer, message) => {
  const home = folder();
  const access = await findAccess({ kubeconfig: write(home, "config", config(plugin(home, answer))) }, {});
  await expect(credentials(access, { PATH }, signal)).rejects.toMatchObject({
    code: "exec-failed",
    message: expect.stringMatching(message) as string,
  });
  await expect(credentials(access, { PATH }, signal)).rejects.toMatchObject({ code: "exec-failed" });
  expect(runsOf(home)).toBe(2);
});

test("an exec plugin that is not there says how to install it", async () => {
  const exec = { apiVersion: "client.authentication.k8s.io/v1beta1", command: "/nowhere/login", installHint: "Install the login tool" };
  const access = await findAccess({ kubeconfig: write(folder(), "config", config({ exec })) }, {});
  await expect(credentials(access, {}, signal)).rejects.toMatchObject({ code: "exec-failed", hint: "Install the login tool" });
});

test("who gives up does not end it for the others", async () => {
  const home = folder();
  const access = await findAccess(
    { kubeconfig: write(home, "config", config(plugin(home, `while [ ! -e ${home}/go ]; do :; done\n${credential({ token: "made" })}`))) },
    {},
  );
  const impatient = new AbortController();
  const first = credentials(access, { PATH }, impatient.signal);
  const second = credentials(access, { PATH }, signal);
  impatient.abort(new Error("enough"));
  await expect(first).rejects.toThrow("enough");
  write(home, "go", "");
  expect((await second).token).toBe("made");
});

test("a look from outside of an attempt gets what the attempt would get, and no other variable of the server", async () => {
  process.env["HARBOR_TOKEN"] = "of the server";
  process.env["HARBOR_OTHER"] = "not asked for";
  onTestFinished(() => {
    delete process.env["HARBOR_TOKEN"];
    delete process.env["HARBOR_OTHER"];
  });
  const variables = variablesOf(definitionOf("kubernetes", {}, { variables: { A: "1" }, credentials: ["HARBOR_TOKEN", "HARBOR_UNSET"] }));
  expect(variables).toMatchObject({ A: "1", HARBOR_TOKEN: "of the server", PATH });
  expect(Object.keys(variables)).not.toEqual(expect.arrayContaining(["HARBOR_OTHER"]));
  expect(Object.hasOwn(variables, "HARBOR_UNSET")).toBe(false);
});

test.each([
  ["apiVersion: v1\nusers: [{ user: { token: t0ken } }]\n"],
  [`{"users":[{"user":{"token":"t0ken"}}]}`],
  [base64("apiVersion: v1, token: t0ken ".repeat(200))],
])("a KUBECONFIG that holds a text where a path is meant is refused, and is in no message", async (text) => {
  const found = findAccess({}, { HOME: folder(), KUBECONFIG: text });
  await expect(found).rejects.toThrow(/KUBECONFIG names no file that is there/);
  await expect(found).rejects.not.toThrow(/t0ken|YXBp/);
});
