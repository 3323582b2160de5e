import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Auth } from "../../../src/api/auth.ts";
import { listen } from "../../../src/api/server.ts";
import { deploy, OWNER, send, serve } from "./serve.ts";

async function webRoot(): Promise<string> {
  const parent = await mkdtemp(join(tmpdir(), "sluice-site-"));
  onTestFinished(() => rm(parent, { recursive: true }));
  const root = join(parent, "web");
  await mkdir(join(root, "assets"), { recursive: true });
  await writeFile(join(parent, "secret.txt"), "secret");
  await writeFile(join(parent, "web.txt"), "secret");
  await writeFile(join(root, "index.html"), "<!doctype html><title>page</title>");
  await writeFile(join(root, "assets", "app-1a2b.js"), "export {};");
  await writeFile(join(root, "favicon.svg"), "<svg/>");
  await symlink(join(parent, "secret.txt"), join(root, "link.txt"));
  return root;
}

test("the page comes with a session, on whatever path of its own", async () => {
  const { server, control } = await serve({ webRoot: await webRoot() });
  for (const path of ["/", "/runs/42", "/targets/api@mainnet"]) {
    const reply = await send(server, "GET", path);
    expect(reply.text).toContain("<title>page</title>");
    expect(reply.headers).toMatchObject({ "content-type": "text/html; charset=utf-8", "cache-control": "no-store" });
  }
  const cookie = String((await send(server, "GET", "/")).headers["set-cookie"]);
  expect(cookie).toMatch(new RegExp(`^sluice_${server.port}=[\\w-]{43}; Path=/; HttpOnly; SameSite=Strict$`));
  expect((await deploy(server, { cookie: cookie.split(";")[0] ?? "", origin: server.url, "sec-fetch-site": "same-origin" })).status).toBe(
    201,
  );
  expect(control.acts).toEqual([{ what: "deploy", by: "uma" }]);
});

test("where tokens are configured the page comes without a session", async () => {
  const { server } = await serve({ webRoot: await webRoot(), tokens: [{ name: "ci", secret: "s" }] });
  const reply = await send(server, "GET", "/");
  expect(reply.status).toBe(200);
  expect(reply.headers["set-cookie"]).toBeUndefined();
});

test("the page runs nothing but its own scripts", async () => {
  const { server } = await serve({ webRoot: await webRoot() });
  for (const path of ["/", "/assets/app-1a2b.js", "/nothing.js"]) {
    const { headers } = await send(server, "GET", path);
    const policy = String(headers["content-security-policy"]);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).not.toMatch(/unsafe|\*/);
    expect(headers).toMatchObject({ "x-content-type-options": "nosniff", "x-frame-options": "DENY" });
  }
});

test("assets are kept, other files are asked for again", async () => {
  const { server } = await serve({ webRoot: await webRoot() });
  const asset = await send(server, "GET", "/assets/app-1a2b.js");
  expect(asset.headers).toMatchObject({
    "content-type": "text/javascript; charset=utf-8",
    "cache-control": "public, max-age=31536000, immutable",
  });
  expect((await send(server, "GET", "/favicon.svg")).headers).toMatchObject({
    "content-type": "image/svg+xml",
    "cache-control": "no-cache",
  });
  expect((await send(server, "GET", "/assets/gone.js")).status).toBe(404);
});

test("nothing outside the folder is read", async () => {
  const { server } = await serve({ webRoot: await webRoot() });
  for (const path of [
    "/../secret.txt",
    "/..%2fsecret.txt",
    "/%2e%2e/secret.txt",
    "/assets/..%2f..%2fsecret.txt",
    "/..%2fweb.txt",
    "/link.txt",
    "/%00.txt",
    "/%E0%A4.txt",
  ]) {
    const reply = await send(server, "GET", path);
    expect(reply.text).not.toContain("secret");
    expect(reply.status).toBe(404);
  }
});

test("without a built page a text says what to do, and the API is there", async () => {
  const { server } = await serve();
  const reply = await send(server, "GET", "/");
  expect(reply.status).toBe(503);
  expect(reply.text).toContain("npm run build");
  expect(JSON.parse((await send(server, "GET", "/api/v1/health")).text)).toEqual({
    status: "ok",
    version: "1.2.3",
    project: "harbor",
    url: server.url,
  });
  expect(JSON.parse((await send(server, "GET", "/api/openapi.json")).text)).toMatchObject({ openapi: "3.1.0" });
});

test("a server that cannot listen says why", async () => {
  const auth = new Auth({ ownerToken: OWNER, user: "uma", tokens: [] });
  const open = (host: string, port: number) =>
    listen({ fetch: () => new Response() }, { host, port, auth, closing: new AbortController() });
  await expect(open("0.0.0.0", 0)).rejects.toMatchObject({ name: "RequestError", code: "not-allowed" });

  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  onTestFinished(() => void taken.close());
  const { port } = taken.address() as { readonly port: number };
  await expect(open("127.0.0.1", port)).rejects.toMatchObject({
    name: "RequestError",
    code: "conflict",
    message: `Port ${port} on 127.0.0.1 is in use`,
  });
});
