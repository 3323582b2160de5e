import { randomInt } from "node:crypto";
import { rm } from "node:fs/promises";
import fc from "fast-check";
import { expect, it } from "vitest";
import { open, startChild, temporary } from "./rig.ts";

const KILLS = 25;

it(`whatever was acknowledged is there after kill -9 (${KILLS} kills)`, async () => {
  const seed = Number(process.env["SLUICE_SEED"] ?? randomInt(2 ** 31));
  process.stdout.write(`store kills: SLUICE_SEED=${seed}\n`);
  const directory = await temporary();
  const acknowledged = new Set<string>();
  for (const after of fc.sample(fc.integer({ min: 0, max: 60 }), { numRuns: KILLS, seed })) {
    const child = startChild(["endless", directory]);
    expect(await child.next()).toBe("open");
    for (let heard = 0; heard < after; heard++) await child.next();
    child.kill();
    expect(await child.ended).toMatchObject({ signal: "SIGKILL" });
    for (const line of child.lines) if (line.startsWith("committed ")) acknowledged.add(line.slice("committed ".length));
    const store = await open(directory);
    const { state, outbox, lastSeq } = await store.load();
    const there = new Set(state.runs.map(({ row }) => row.id));
    expect([...acknowledged].filter((id) => !there.has(id))).toEqual([]);
    // One commit is a row, a plan, two entries and an effect: all or none of it.
    expect([lastSeq, outbox.length]).toEqual([2 * there.size, there.size]);
    await store.close();
  }
  expect(acknowledged.size).toBeGreaterThan(KILLS);
  await rm(directory, { recursive: true, force: true });
}, 60_000);
