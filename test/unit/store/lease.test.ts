import { readFileSync, utimesSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { HeldLease, type Lease, LeaseWatch, LOOK_MS, readLease } from "../../../src/store/lease.ts";
import { readOwner } from "../../../src/store/owner.ts";
import { openSqliteStore } from "../../../src/store/sqlite.ts";
import { open, startChild, temporary, VERSION } from "./rig.ts";
import * as s from "./samples.ts";

const FENCE_MS = 1_000;

let directory: string;
beforeEach(async () => {
  directory = await temporary();
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe("one that stands by", () => {
  let now = 0;
  let watch: LeaseWatch;
  let lease: HeldLease;
  const file = () => join(directory, "lease.json");
  const lookFor = (ms: number): Lease | null => {
    let found: Lease | null = null;
    for (const end = now + ms; now < end && found === null; now += LOOK_MS) found = watch.lapsed();
    return found;
  };
  beforeEach(() => {
    now = 0;
    watch = new LeaseWatch(directory, () => now);
    lease = new HeldLease(directory, FENCE_MS);
  });
  afterEach(() => lease.stop({ left: false }));

  it("sees a lease lapse when it was not touched for the fence, and not before", () => {
    lease.write({ epoch: 7, locked: true });
    expect(lookFor(FENCE_MS)).toBeNull();
    expect(lookFor(LOOK_MS)).toMatchObject({ epoch: 7, pid: process.pid });
  });

  it("takes any change for a touch, also back to an earlier time: no clock is believed", () => {
    lease.write({ epoch: 7, locked: true });
    for (const time of [5_000_000_000, 0, 1_000, 1]) {
      expect(lookFor(FENCE_MS)).toBeNull();
      utimesSync(file(), time, time);
    }
    expect(lookFor(FENCE_MS)).toBeNull();
    expect(lookFor(LOOK_MS)).not.toBeNull();
  });

  it("counts time in which it did not look itself as one look: after a sleep the owner touches first", () => {
    lease.write({ epoch: 7, locked: true });
    expect(watch.lapsed()).toBeNull();
    now += 8 * 3_600_000;
    expect(watch.lapsed()).toBeNull();
    expect(lookFor(FENCE_MS / 2)).toBeNull();
    expect(lookFor(FENCE_MS)).not.toBeNull();
  });

  it("takes nothing from one that opens the store, however long its upgrade takes, nor where nobody has said anything", () => {
    expect(lookFor(10 * FENCE_MS)).toBeNull();
    lease.write({ epoch: null, locked: true });
    expect(lookFor(10 * FENCE_MS)).toBeNull();
  });
});

/** The owner's lease, once it has lapsed. */
async function lapsed(): Promise<Lease> {
  const watch = new LeaseWatch(directory);
  const found: (Lease | null)[] = [];
  await expect.poll(() => (found[0] = watch.lapsed()), { timeout: 10_000, interval: LOOK_MS }).not.toBeNull();
  return found[0] as Lease;
}

const takeOver = (lease: Lease, deposed?: () => void) =>
  openSqliteStore(directory, { version: VERSION, fenceMs: FENCE_MS, takeOver: lease, ...(deposed ? { deposed } : {}) });

async function stopped() {
  const child = startChild(["hold", directory, String(FENCE_MS)]);
  expect(await child.next()).toBe("open");
  child.send("before");
  expect(await child.next()).toBe("committed before");
  child.kill("SIGSTOP");
  return child;
}

describe("an owner that has been stopped", () => {
  it("is taken over from after the fence, writes nothing more when it goes on, and is told though it writes nothing", async () => {
    const child = await stopped();
    await expect(open(directory)).rejects.toMatchObject({ code: "owned" });
    const store = await takeOver(await lapsed());
    await store.commit([s.entry(s.admitted(s.run("mine")))], []);
    expect(readLease(directory)).toMatchObject({ pid: process.pid, locked: false });

    child.kill("SIGCONT");
    expect(await child.next()).toMatch(/^told deposed Another process has taken this store over/);
    child.send("late");
    expect(await child.next()).toMatch(/^deposed /);
    expect([await store.run("before"), await store.run("late")]).toEqual([expect.objectContaining({ id: "before" }), null]);
    // What it gives back was its own; the new owner's word stays.
    child.send("close");
    expect(await child.next()).toBe("closed");
    await child.ended;
    expect((await readOwner(directory))?.pid).toBe(process.pid);
    await expect.poll(() => readLease(directory)?.locked, { timeout: 5_000 }).toBe(true);
    await store.commit([s.entry([])], []);
    await store.close();
    await (await open(directory)).close();
  });

  it("is taken over from by one of two that come at once", async () => {
    const child = await stopped();
    const lease = await lapsed();
    const other = startChild(["take", directory, String(FENCE_MS), String(lease.epoch)]);
    const mine = await takeOver(lease).then(
      (store) => store,
      (error: unknown) => error,
    );
    const said = await other.next();
    expect([mine instanceof Error, said?.startsWith("open")]).toSatisfy(([lost, won]) => lost === won);
    if (mine instanceof Error) expect(mine).toMatchObject({ code: "owned" });
    else {
      expect(said).toMatch(/^owned /);
      await (mine as Awaited<ReturnType<typeof takeOver>>).close();
    }
    for (const process of [child, other]) process.kill();
    await Promise.all([child.ended, other.ended]);
  });

  it("and whoever took over has ended: the next one need not wait, though the first still has the lock", async () => {
    const child = await stopped();
    const lease = await lapsed();
    const second = startChild(["take", directory, "60000", String(lease.epoch)]);
    expect(await second.next()).toBe("open");
    await expect(open(directory)).rejects.toMatchObject({ code: "owned" });
    second.kill();
    await second.ended;
    const store = await takeOver(await lapsed());
    await store.commit([s.entry([])], []);
    child.kill();
    await child.ended;
    await store.close();
  });

  it("that goes on before the fence is over stays the owner", async () => {
    const child = await stopped();
    const watch = new LeaseWatch(directory);
    expect(watch.lapsed()).toBeNull();
    child.kill("SIGCONT");
    const touched = () => readFileSync(join(directory, "lease.json"), "utf8");
    const before = touched();
    child.send("after");
    expect(await child.next()).toBe("committed after");
    await expect(open(directory)).rejects.toMatchObject({ code: "owned" });
    expect([touched(), watch.lapsed()]).toEqual([before, null]);
    child.kill();
    await child.ended;
  });
});
