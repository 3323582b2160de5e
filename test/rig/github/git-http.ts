import { execFileSync, spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createGunzip } from "node:zlib";
import { Refusal, type Token } from "./model.ts";
import type { PushedRef, Repository } from "./repository.ts";

const PATH = /^\/([\w.-]+\/[\w.-]+?)(?:\.git)?\/(info\/refs|git-upload-pack|git-receive-pack)(?:\?(.*))?$/;
const ENV = { PATH: process.env["PATH"] ?? "", GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_SYSTEM: "/dev/null" };
const NOTHING = "0".repeat(40);
/** Between the two that are compared only one push may move anything. */
const pushes = new Map<string, Promise<void>>();

export type GitRequest = { readonly repository: string; readonly act: string; readonly query: string; readonly writes: boolean };

/** What git's smart protocol asks for; null: it is not git that asks. */
export function gitRequestOf(url: string): GitRequest | null {
  const [, repository = "", act = "", query = ""] = PATH.exec(url) ?? [];
  if (repository === "") return null;
  return { repository: repository.toLowerCase(), act, query, writes: act === "git-receive-pack" || query === "service=git-receive-pack" };
}

/** As git sends it: the token is the password, whatever the name is. */
export function tokenOf(header: string | undefined): string {
  const basic = /^basic (.+)$/i.exec(header ?? "")?.[1];
  return basic === undefined
    ? ""
    : Buffer.from(basic, "base64")
        .toString("utf8")
        .replace(/^[^:]*:/, "");
}

/** Whether somebody may do that. `whose` null: nobody is named; undefined: the token is nobody's. */
export function mayUse(repository: Repository, whose: Token | null | undefined, writes: boolean): void {
  if (whose === null && !writes && !repository.isPrivate) return;
  if (!whose || whose.kind === "app") throw new Refusal(401, "Invalid username or token.");
  if (whose.kind === "person") return;
  const contents = whose.permissions["contents"];
  if (contents === undefined) throw new Refusal(404, "Repository not found.");
  if (writes && contents !== "write") throw new Refusal(403, "Write access to repository not granted.");
}

/** A bare repository, made where there is none. */
export function bareRepository(directory: string): void {
  if (existsSync(directory)) return;
  mkdirSync(directory, { recursive: true });
  git(directory, "init", "--quiet", "--bare", "--initial-branch=main");
}

export function git(directory: string, ...args: readonly string[]): string {
  return execFileSync("git", args, { cwd: directory, encoding: "utf8", env: ENV, stdio: ["ignore", "pipe", "pipe"] }).trim();
}

export const refsIn = (directory: string): ReadonlyMap<string, string> =>
  new Map(
    git(directory, "for-each-ref", "--format=%(refname) %(objectname)")
      .split("\n")
      .flatMap((line) => {
        const [ref, commit] = line.split(" ");
        return ref && commit ? [[ref, commit] as const] : [];
      }),
  );

/** Real git over HTTP: `git http-backend` as a web server calls it. Resolves to the refs that were moved, once the answer is sent. */
export async function serveGit(
  { act, query, writes }: GitRequest,
  directory: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<readonly PushedRef[]> {
  const backend = (): Promise<void> => {
    const child = spawn("git", ["http-backend"], { env: { ...ENV, ...cgi(request, directory, act, query) } });
    return answered(child, request, response);
  };
  if (!writes || act === "info/refs") {
    await backend();
    return [];
  }
  const before = pushes.get(directory) ?? Promise.resolve();
  const mine = before.then(async () => {
    const there = refsIn(directory);
    await backend();
    return moved(directory, there, refsIn(directory));
  });
  pushes.set(
    directory,
    mine.then(
      () => {},
      () => {},
    ),
  );
  return await mine;
}

function cgi({ method, headers }: IncomingMessage, directory: string, act: string, query: string): Record<string, string> {
  return {
    GIT_PROJECT_ROOT: directory,
    GIT_HTTP_EXPORT_ALL: "1",
    PATH_INFO: `/${act}`,
    QUERY_STRING: query,
    REQUEST_METHOD: method ?? "GET",
    CONTENT_TYPE: headers["content-type"] ?? "",
    GIT_PROTOCOL: String(headers["git-protocol"] ?? ""),
    // Who may push was looked at before.
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: "http.receivepack",
    GIT_CONFIG_VALUE_0: "true",
  };
}

/** Headers, an empty line, and the body, as CGI has it. */
async function answered(child: ChildProcessWithoutNullStreams, request: IncomingMessage, response: ServerResponse): Promise<void> {
  child.stdin.on("error", () => {}); // it may end before it has read everything
  (request.headers["content-encoding"] === "gzip" ? request.pipe(createGunzip()) : request).pipe(child.stdin);
  response.once("close", () => child.kill());
  let head: Buffer | null = Buffer.alloc(0);
  child.stdout.on("data", (chunk: Buffer) => {
    if (head === null) return void response.write(chunk);
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf("\r\n\r\n");
    if (end < 0) return;
    const lines = head
      .subarray(0, end)
      .toString()
      .split("\r\n")
      .map((line) => line.split(/:\s*/) as [string, string]);
    const status = lines.find(([name]) => name.toLowerCase() === "status")?.[1] ?? "200";
    response.writeHead(Number.parseInt(status, 10), Object.fromEntries(lines.filter(([name]) => name.toLowerCase() !== "status")));
    response.write(head.subarray(end + 4));
    head = null;
  });
  await once(child, "close");
  response.end();
}

function moved(directory: string, before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): readonly PushedRef[] {
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((ref) => {
    const [from, to] = [before.get(ref) ?? NOTHING, after.get(ref) ?? NOTHING];
    if (from === to) return [];
    const isNew = from === NOTHING || to === NOTHING;
    return [{ ref, before: from, after: to, forced: !isNew && git(directory, "merge-base", from, to) !== from }];
  });
}
