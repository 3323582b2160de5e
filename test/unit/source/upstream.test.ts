import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Upstream } from "../../../src/source/upstream.ts";

const TOKEN = "Authorization: Basic c2VjcmV0OnNlY3JldA==";
let directory: string;
let status: number | null;
const server = createServer((_, response) => {
  if (status !== null) response.writeHead(status, { "www-authenticate": "Basic" }).end("no");
});

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "sluice-upstream-"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const git = (...args: readonly string[]) => execFileSync("git", args, { cwd: directory });
  git("init", "--quiet");
  git("remote", "add", "origin", `${address()}/acme/harbor.git`);
});
afterEach(async () => {
  rmSync(directory, { recursive: true, force: true });
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
const address = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const fetched = (): Promise<unknown> =>
  new Upstream(directory, 1).fetch({ prefix: `${address()}/`, header: TOKEN }).then(
    () => null,
    (error: unknown) => error,
  );

describe("a fetch", () => {
  it.each([401, 403, 404])("that the remote denies with %i is told as that, with what is missing and no credential", async (code) => {
    status = code;
    const error = await fetched();
    expect(error).toMatchObject({ name: "SourceError", code: "remote-denied", hint: expect.stringContaining("contents (read)") });
    expect(JSON.stringify([error, (error as Error).message])).not.toContain("c2VjcmV0");
  });

  it.each([500, 503])("that fails with %i is no denial", async (code) => {
    status = code;
    expect(await fetched()).toMatchObject({ name: "SourceError", code: "git-failed" });
  });

  it("of which nothing comes any more ends", async () => {
    status = null;
    expect(await fetched()).toMatchObject({ code: "git-failed", message: expect.stringMatching(/too slow|timed? ?out/i) });
  });
});
