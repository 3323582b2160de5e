import { spawnSync } from "node:child_process";
import { chmodSync } from "node:fs";
import { copyFile, mkdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openSqliteStore } from "../../../src/store/sqlite.ts";
import { open, startChild, temporary, VERSION } from "./rig.ts";
import * as s from "./samples.ts";

let directory: string;
beforeEach(async () => {
  directory = await temporary();
});
afterEach(async () => {
  chmodSync(directory, 0o700);
  await rm(directory, { recursive: true, force: true });
});

/** Runs what follows with a file system of its own, without being root: mounted over a folder, seen by that process alone, gone with it. */
const mounted = (folder: string, options: string): string[] => [
  "unshare",
  "--user",
  "--map-root-user",
  "--mount",
  "sh",
  "-c",
  `mount -t tmpfs -o "$1" tmpfs "$0" && shift && exec "$@"`,
  folder,
  options,
];
const unshare = "unshare";
const canMount = spawnSync(unshare, [...mounted("/mnt", "size=64k").slice(1), "true"]).status === 0;

async function withRun(): Promise<void> {
  const store = await open(directory);
  await store.commit([s.entry(s.admitted(s.run("1")))], []);
  await store.close();
}

const saysAll = async (child: ReturnType<typeof startChild>): Promise<readonly string[]> => {
  await child.ended;
  return child.lines;
};

describe("a disk that is full", () => {
  it.skipIf(!canMount)(
    "takes nothing of the commit that fails, keeps the others, and takes more once there is room (skipped where no file system can be mounted)",
    async () => {
      await mkdir(join(directory, "disk"));
      const lines = await saysAll(startChild(["fill", join(directory, "disk", "store")], mounted(join(directory, "disk"), "size=5m")));
      expect(lines).toEqual([
        "open",
        expect.stringMatching(/^full No space is left for the store in .*\. Nothing of this was recorded\. Free some space/),
        "failed run is not there, the others are there",
        "committed after",
        "opened anew: all there; committed last",
      ]);
    },
  );

  it.skipIf(!canMount)("cannot take a new store, and says so (skipped where no file system can be mounted)", async () => {
    await mkdir(join(directory, "disk"));
    const lines = await saysAll(
      startChild(["hold", join(directory, "disk", "store")], mounted(join(directory, "disk"), "size=4k,nr_inodes=100")),
    );
    expect(lines).toEqual([expect.stringMatching(/^full No space is left/)]);
  });

  it.skipIf(process.platform === "win32")(
    "or that refuses to write (here: a limit on file size) makes the store ask to be opened anew, with all that was acknowledged",
    async () => {
      const limited = ["sh", "-c", `ulimit -f 2000; exec "$0" "$@"`];
      const lines = await saysAll(startChild(["fill", directory], limited));
      expect(lines.slice(0, 4)).toEqual([
        "open",
        expect.stringMatching(/^failed The disk refused to read or write .* limits on file size/),
        "failed run is not there, the others are there",
        expect.stringMatching(/^failed The store must be opened anew before it takes anything more: start again\./),
      ]);
      const store = await open(directory);
      const ids = (await store.runs({}, { limit: 1_000, cursor: null })).items.map((row) => row.id);
      expect(ids.length).toBeGreaterThan(3);
      expect(ids.toReversed().slice(0, 3)).toEqual(["run-0", "run-1", "run-2"]);
      await store.commit([s.entry([])], []);
      await store.close();
    },
  );
});

/** Runs what follows with one call of fsync, or fdatasync, that fails as on a disk that is broken: the so-manieth. */
const failingSync = (nth: number): string[] => [
  "strace",
  "-f",
  "-qqq",
  "-e",
  "trace=fsync,fdatasync",
  "-e",
  `inject=fsync,fdatasync:error=EIO:when=${nth}`,
  "-o",
  "/dev/null",
];
const canInject = spawnSync("strace", [...failingSync(1).slice(1), "true"]).status === 0;

describe("a disk that fails to sync", () => {
  it.skipIf(!canInject)(
    "takes nothing of that commit, makes the store ask to be opened anew, and has all that was acknowledged then (skipped without strace)",
    async () => {
      const lines = await saysAll(startChild(["fill", directory], failingSync(40)));
      expect(lines).toEqual([
        "open",
        expect.stringMatching(/^failed The disk refused to read or write the store/),
        "failed run is not there, the others are there",
        expect.stringMatching(/^failed The store must be opened anew before it takes anything more: start again\./),
        "opened anew: all there; committed last",
      ]);
      const store = await open(directory);
      const ids = (await store.runs({}, { limit: 1_000, cursor: null })).items.map((row) => row.id);
      expect(ids.length).toBeGreaterThan(3);
      expect(ids[0]).toBe("last");
      await store.close();
    },
  );
});

describe("a directory that cannot be written", () => {
  it.skipIf(!canMount)("is named, on a disk mounted read-only (skipped where no file system can be mounted)", async () => {
    await mkdir(join(directory, "disk"));
    const lines = await saysAll(startChild(["hold", join(directory, "disk", "store")], mounted(join(directory, "disk"), "ro,size=64k")));
    expect(lines).toEqual([
      expect.stringMatching(/^read-only The store in .*store cannot be written\. Check the directory's owner and mode.*EROFS/),
    ]);
  });

  it.skipIf(process.platform === "win32")("is named, and can still be read", async () => {
    await withRun();
    await rm(join(directory, "lock.db"));
    chmodSync(join(directory, "sluice.db"), 0o444);
    chmodSync(directory, 0o555);
    expect(await saysAll(startChild(["hold", directory], asNobody))).toEqual([
      expect.stringMatching(/^read-only The store in .* cannot be written/),
    ]);
    expect(await saysAll(startChild(["read", directory], asNobody))).toEqual(["runs 1 of 1"]);
  });
});

/** Permissions do not bite root, who then becomes nobody. */
const asNobody = process.getuid?.() === 0 ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] : [];

describe("a store that is damaged", () => {
  it("is said to be so, when it is no database at all", async () => {
    await writeFile(join(directory, "sluice.db"), "not a database, but long enough to be read as one".repeat(100));
    await expect(open(directory)).rejects.toMatchObject({
      code: "corrupt",
      message: expect.stringMatching(/damaged or not a store.*backups/),
    });
  });

  it("is said to be so, when a part is missing; and nothing is written to it", async () => {
    await withRun();
    await truncate(join(directory, "sluice.db"), 8_192);
    const before = await readFile(join(directory, "sluice.db"));
    await expect(open(directory)).rejects.toMatchObject({
      code: "corrupt",
    });
    expect((await readFile(join(directory, "sluice.db"))).equals(before)).toBe(true);
  });
});

describe("the version of a store", () => {
  it("that is newer is refused, with what to do, and left as it is", async () => {
    await withRun();
    const database = new DatabaseSync(join(directory, "sluice.db"));
    database.exec("insert into migration (number, name, version, at) values (99, 'later', '9.9.0', 1)");
    database.close();
    await copyFile(join(directory, "sluice.db"), join(directory, "before"));
    for (const readOnly of [false, true]) {
      await expect(openSqliteStore(directory, { version: VERSION, readOnly })).rejects.toMatchObject({
        code: "newer",
        message: expect.stringMatching(
          /written by Sluice 9\.9\.0 \(schema 99\); this is Sluice 1\.2\.3 \(schema \d+\).*Use Sluice 9\.9\.0 or newer, or restore the backup/,
        ),
      });
    }
    expect((await readFile(join(directory, "sluice.db"))).equals(await readFile(join(directory, "before")))).toBe(true);
  });

  it("is checked for a reader, who finds nothing to read in an empty directory", async () => {
    await expect(openSqliteStore(directory, { version: VERSION, readOnly: true })).rejects.toMatchObject({
      code: "failed",
      message: expect.stringMatching(/There is no store/),
    });
  });
});

it("after it is closed refuses what is asked of it", async () => {
  const store = await open(directory);
  await store.run("1");
  await store.close();
  await expect(store.commit([s.entry([])], [])).rejects.toMatchObject({
    name: "StoreError",
    message: expect.stringMatching(/has been closed/),
  });
  await expect(store.run("1")).rejects.toThrow("has been closed");
});

it("in the place of a file is refused", async () => {
  await writeFile(join(directory, "file"), "");
  await expect(open(join(directory, "file"))).rejects.toMatchObject({
    code: "failed",
    message: expect.stringMatching(/a file is in its way/),
  });
  await expect(open(join(directory, "file", "below"))).rejects.toMatchObject({
    code: "failed",
    message: expect.stringMatching(/a file is in its way/),
  });
});
