import { randomInt } from "node:crypto";
import { chmod, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openSqliteStore } from "../../../src/store/sqlite.ts";
import { ownerHere, processStart, readOwner, writeOwner } from "../../../src/store/owner.ts";
import { findServer, registerServer, type Server, unregisterServer } from "../../../src/store/registry.ts";
import { open, startChild, temporary, VERSION } from "./rig.ts";
import * as s from "./samples.ts";

let directory: string;
beforeEach(async () => {
  directory = await temporary();
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe("one process owns a store", () => {
  it("and a second is told who", async () => {
    const child = startChild(["hold", directory]);
    try {
      expect(await child.next()).toBe("open");
      await writeOwner(directory, {
        ...ownerHere(null),
        pid: child.pid,
        url: "http://127.0.0.1:4000",
        startedAt: processStart(child.pid) ?? "",
      });
      await expect(open(directory)).rejects.toMatchObject({
        code: "owned",
        message: expect.stringMatching(new RegExp(`in use by process ${child.pid} at http://127\\.0\\.0\\.1:4000\\. Set SLUICE_URL=`)),
      });
      child.send("1");
      expect(await child.next()).toBe("committed 1");
    } finally {
      child.kill();
      await child.ended;
    }
    await (await open(directory)).close();
  });

  it("also where both are the same process, whatever path they name", async () => {
    const store = await open(directory);
    await symlink(directory, `${directory}-link`);
    try {
      await expect(open(`${directory}-link`)).rejects.toMatchObject({
        code: "owned",
        message: expect.stringMatching(`process ${process.pid}`),
      });
      // The failed attempt has not let go of the lock: another process is still refused.
      const child = startChild(["hold", directory]);
      expect(await child.next()).toMatch(/^owned /);
      await child.ended;
    } finally {
      await store.close();
      await rm(`${directory}-link`);
    }
  });

  it("and says so as long as it has it", async () => {
    const store = await open(directory);
    expect(await readOwner(directory)).toEqual(ownerHere(null));
    expect((await stat(join(directory, "owner.json"))).mode & 0o777).toBe(0o600);
    await store.close();
    expect(await readOwner(directory)).toBeNull();
  });

  it("while others read", async () => {
    const store = await open(directory);
    await store.commit([s.entry(s.admitted(s.run("1")))], []);
    const reader = await openSqliteStore(directory, { version: VERSION, readOnly: true });
    await store.commit([s.entry(s.admitted(s.run("2")))], []);
    expect((await reader.runs({}, { limit: 10, cursor: null })).items.map((row) => row.id)).toEqual(["2", "1"]);
    expect((await reader.load()).state.runs).toHaveLength(2);
    await expect(reader.commit([], [])).rejects.toMatchObject({ code: "read-only" });
    await expect(reader.rememberAnswer("k", { request: "", status: 200, body: "" }, 1)).rejects.toMatchObject({ code: "read-only" });
    await reader.close();
    await store.commit([s.entry([])], []);
    await store.close();
  });

  it("and one that was deposed (its lock taken away by hand) writes nothing more", async () => {
    const child = startChild(["hold", directory]);
    expect(await child.next()).toBe("open");
    await rm(join(directory, "lock.db"));
    const store = await open(directory);
    child.send("late");
    expect(await child.next()).toMatch(/^deposed Another process has taken this store over/);
    child.kill();
    await child.ended;
    expect(await store.run("late")).toBeNull();
    await store.commit([s.entry(s.admitted(s.run("mine")))], []);
    await store.close();
  });
});

describe("an owner's word is not believed", () => {
  it.each([
    ["its process is gone", { pid: 2 ** 22 + 1 }],
    ["its process id is another's by now", { startedAt: "earlier" }],
  ])("where %s", async (_why, change) => {
    await writeOwner(directory, { ...ownerHere(null), ...change });
    expect(await readOwner(directory)).toBeNull();
  });

  it.each(["", "{", "{}", `{"pid":-1}`])("where it says %j", async (text) => {
    await writeFile(join(directory, "owner.json"), text, { mode: 0o600 });
    expect(await readOwner(directory)).toBeNull();
  });

  it.skipIf(process.platform === "win32")("where others could have written or read it", async () => {
    await writeOwner(directory, ownerHere(null));
    await chmod(join(directory, "owner.json"), 0o644);
    expect(await readOwner(directory)).toBeNull();
  });
});

describe("the servers of a user", () => {
  const server = (url: string): Server => ({ url, token: "secret", pid: process.pid, startedAt: processStart(process.pid) ?? "" });
  const env = () => ({ XDG_STATE_HOME: join(directory, "state") });

  it("are found by address, by this user alone", async () => {
    await registerServer(server("http://127.0.0.1:4000"), env());
    await registerServer(server("http://[::1]:4001"), env());
    expect(await findServer("http://127.0.0.1:4000/", env())).toEqual(server("http://127.0.0.1:4000"));
    expect((await findServer("http://localhost:4000", env()))?.url).toBe("http://127.0.0.1:4000");
    expect((await findServer("http://localhost:4001", env()))?.url).toBe("http://[::1]:4001");
    expect(await findServer("http://127.0.0.1:4002", env())).toBeNull();
    const folder = join(directory, "state", "sluice", "servers");
    expect([(await stat(folder)).mode & 0o777, (await stat(join(folder, "127.0.0.1-4000.json"))).mode & 0o777]).toEqual([0o700, 0o600]);
    await unregisterServer("http://127.0.0.1:4000", env());
    expect(await findServer("http://127.0.0.1:4000", env())).toBeNull();
  });

  it("are not believed once they are gone", async () => {
    await registerServer({ ...server("http://127.0.0.1:4000"), startedAt: "earlier" }, env());
    expect(await findServer("http://127.0.0.1:4000", env())).toBeNull();
  });

  it.skipIf(process.platform === "win32")(
    "are kept below the temporary directory where home cannot be written, unless others can reach it",
    async () => {
      await writeFile(join(directory, "file"), "");
      const before = process.env["TMPDIR"];
      process.env["TMPDIR"] = directory;
      const noHome = { XDG_STATE_HOME: join(directory, "file", "state") };
      try {
        const url = `http://127.0.0.1:${randomInt(1_024, 65_536)}`;
        await registerServer(server(url), noHome);
        expect(await findServer(url, noHome)).toEqual(server(url));
        await chmod(join(directory, `sluice-${process.getuid?.()}`), 0o755);
        expect(await findServer(url, noHome)).toBeNull();
        await expect(registerServer(server(url), noHome)).rejects.toThrow(/can be reached by other users/);
      } finally {
        if (before === undefined) delete process.env["TMPDIR"];
        else process.env["TMPDIR"] = before;
      }
    },
  );
});
