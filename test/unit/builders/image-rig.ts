import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { once } from "node:events";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { temporaryDirectory } from "./rig.ts";

export type Asked = { readonly method: string; readonly url: string; readonly authorization: string | null; readonly body: string };
export type Answer = { readonly status?: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string };

/** A server that answers as it is told: what a real registry would only answer when something is wrong with it. `null`: it does not answer at all. */
export async function serve(
  answer: (asked: Asked, host: string) => Answer | null,
): Promise<{ readonly host: string; readonly asked: Asked[] }> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => void respond(request, response));
  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = "", url = "", headers } = request;
    const one = { method, url, authorization: headers.authorization ?? null, body: Buffer.concat(chunks).toString() };
    asked.push(one);
    const told = answer(one, headers.host ?? "");
    if (told === null) return;
    response.writeHead(told.status ?? 200, told.headers);
    response.end(method === "HEAD" ? undefined : told.body);
  }
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return { host: `127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`, asked };
}

export const MANIFEST = JSON.stringify({ schemaVersion: 2, config: {}, layers: [] });
export const sha256 = (text: string): string => `sha256:${createHash("sha256").update(text).digest("hex")}`;
export const DIGEST = sha256(MANIFEST);
export const REGISTRY = { "docker-distribution-api-version": "registry/2.0" };
export const found = (body = MANIFEST): Answer => ({ headers: { ...REGISTRY, "docker-content-digest": sha256(body) }, body });
export const missing: Answer = {
  status: 404,
  headers: REGISTRY,
  body: `{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}`,
};

/** An executable of this name on a PATH of its own, run by node; with the PATH. */
export function program(name: string, source: string): string {
  const folder = temporaryDirectory();
  const path = join(folder, name);
  writeFileSync(path, `#!${process.execPath}\n${source}\n`);
  chmodSync(path, 0o755);
  return folder;
}

/** A HOME with these files, JSON unless it is text. */
export function homeWith(files: Readonly<Record<string, unknown>>): string {
  const home = temporaryDirectory();
  for (const [name, content] of Object.entries(files)) {
    const path = join(home, name);
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  }
  return home;
}

export const basic = (user: string, password: string): string => Buffer.from(`${user}:${password}`).toString("base64");
