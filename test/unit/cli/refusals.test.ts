import { execFileSync } from "node:child_process";
import { createServer } from "node:http";
import { once } from "node:events";
import { devNull } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, describe, expect, test } from "vitest";
import { type Ended, jsonOf, Place, Shop } from "./rig.ts";

const place = new Place();
afterAll(() => place.remove());

/** A message, what to do about it, and nothing that only the authors can read. */
function expectRefusal(ended: Ended, exit: number, message: RegExp, hint: RegExp = /./): void {
  expect(ended).toMatchObject({ exit, out: "" });
  expect(ended.err).toMatch(message);
  expect(/^hint: (.*)$/m.exec(ended.err)?.[1] ?? "").toMatch(hint);
  expect(ended.err).not.toMatch(/\n\s+at /);
}

describe("where nobody answers", () => {
  test("no project and no server: exit 5, and what to do", async () => {
    const cwd = place.directory("nothing");
    for (const args of [["status"], ["deploy", "--all"], ["approve", "abcd", "--env", "x"]])
      expectRefusal(await place.sluice(args, { cwd }), 5, /no sluice\.yaml/, /SLUICE_URL.*sluice demo/);
  });

  test("an address at which nobody listens", async () => {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    server.close();
    await once(server, "close");
    expectRefusal(
      await place.sluice(["status", "--url", `http://127.0.0.1:${port}`]),
      5,
      /No server answers: .*ECONNREFUSED/,
      /sluice serve/,
    );
    expectRefusal(await place.sluice(["runs"], { env: { SLUICE_URL: `http://127.0.0.1:${port}` } }), 5, /No server answers/);
  });

  test.each([
    ["a page", "text/html", "<html>hello</html>", 200],
    ["an error page", "text/html", "<html>no</html>", 502],
  ])("an address at which something else listens: %s", async (_name, type, body, status) => {
    const server = createServer((_request, response) => response.writeHead(status, { "content-type": type }).end(body));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    try {
      expectRefusal(
        await place.sluice(["status", "--url", `http://127.0.0.1:${(server.address() as { port: number }).port}`]),
        5,
        /Sluice/,
        /SLUICE_URL/,
      );
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  test("--no-wait without a server that stays", async () => {
    const shop = new Shop(place, "no-wait");
    expectRefusal(await shop.sluice(["deploy", "--all", "--no-wait"]), 5, /--no-wait/, /sluice serve/);
  });
});

test("who is not named may not approve: exit 4, and the gate stays as it is", async () => {
  const shop = new Shop(place, "not-allowed");
  shop.write("sluice.yaml", shop.config().replace("self: true", "self: true, approvers: [somebody-else]"));
  const commit = shop.commit("only somebody else approves");
  expect((await shop.sluice(["deploy", "--all"])).exit).toBe(3);
  const ended = await shop.sluice(["approve", commit, "--env", "mainnet"]);
  expect(ended.exit).toBe(4);
  expect(ended.err).toMatch(/^error: .*\n/);
  expect(jsonOf<unknown[]>(await shop.sluice(["approvals", "--json"]))).toHaveLength(1);
});

describe("what cannot be deployed from", () => {
  test("a directory that is not a repository", async () => {
    const cwd = place.directory("not-a-repository");
    await place.sluice(["init"], { cwd });
    expectRefusal(await place.sluice(["deploy", "--all"], { cwd }), 2, /is not in a git repository/, /git init/);
  });

  test("no git on the PATH", async () => {
    const shop = new Shop(place, "no-git");
    const path = process.env["PATH"];
    process.env["PATH"] = place.directory("empty-path");
    try {
      expectRefusal(await shop.sluice(["plan", "--all"]), 2, /git/i);
    } finally {
      process.env["PATH"] = path;
    }
  });

  test("a repository without a commit", async () => {
    const cwd = place.directory("unborn");
    execFileSync("git", ["init", "--quiet", "--initial-branch=main", cwd], { env: { ...process.env, GIT_CONFIG_GLOBAL: devNull } });
    await place.sluice(["init"], { cwd });
    expectRefusal(await place.sluice(["plan", "--all"], { cwd }), 2, /./);
  });

  test("a sluice.yaml that is there and not committed; one that is not valid, with every problem", async () => {
    const shop = new Shop(place, "invalid");
    shop.write("sluice.yaml", shop.config().replaceAll("tier: backend", "tier: backnd").replace("order: any", "oder: any"));
    const broken = shop.commit("broken");
    const ended = await shop.sluice(["plan", "--all"]);
    expectRefusal(ended, 2, /is not valid/);
    expect(ended.err).toMatch(/sluice\.yaml:\d+:\d+: error: .*\n[^]*sluice\.yaml:\d+:\d+: error: /);
    expect(broken).toHaveLength(40);
  });

  test("unknown names: commit, service, environment, run", async () => {
    const shop = new Shop(place, "unknown");
    expectRefusal(await shop.sluice(["plan", "--all", "--commit", "nowhere"]), 2, /nowhere/);
    expectRefusal(await shop.sluice(["plan", "--all", "--commit=--upload-pack=x"]), 2, /upload-pack/);
    expectRefusal(await shop.sluice(["plan", "nosuch"]), 2, /nosuch/);
    expectRefusal(await shop.sluice(["plan", "--all", "--env", "nowhere"]), 2, /nowhere/);
    expectRefusal(await shop.sluice(["hold", "nowhere", "--reason", "x"]), 2, /nowhere/);
    expect((await shop.sluice(["run", "show", "99"])).exit).toBe(2);
    expectRefusal(await shop.sluice(["run", "settle", "api@nowhere", "--applied", "--reason", "x"]), 2, /nowhere/);
    expect((await shop.sluice(["run", "watch", "99"])).exit).toBe(2);
    expect((await shop.sluice(["rollback", "--all", "--env", "mainnet", "--reason", "x"])).exit).toBeGreaterThan(0);
  });

  test("a store of a newer version: said so, and left as it is", async () => {
    const shop = new Shop(place, "newer");
    await shop.sluice(["hold", "devnet", "--reason", "so that there is a store"]);
    const database = new DatabaseSync(join(shop.root, ".sluice", "sluice.db"));
    database.prepare("insert into migration (number, name, version, at) values (99, 'later', '9.9.9', 0)").run();
    database.close();
    for (const args of [["status"], ["deploy", "--all"]]) {
      const ended = await shop.sluice(args);
      expect(ended).toMatchObject({ exit: 1, out: "" });
      expect(ended.err).toMatch(/^error: .*9\.9\.9.*Nothing was changed/);
    }
    expect((await shop.sluice(["doctor"])).exit).toBe(1);
  });
});
