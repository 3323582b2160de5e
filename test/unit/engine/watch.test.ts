import { expect, test, vi } from "vitest";
import type { Observed } from "../../../src/core/run/events.ts";
import { DEPLOY_ALL, noopDriver, oneCommit } from "../../rig/noop.ts";
import { openNoopEngine, untilCommitted } from "../../rig/noop-engine.ts";
import { SetClock } from "../../rig/set-clock.ts";

const COMMIT = "c".repeat(40);
const PROJECT = `version: 1
project: one
environments: { dev: {} }
services: { api: { tier: backend, deploy: { noop: {} } } }
`;

test("between runs health is that of now, and what somebody else has put there is recorded as external", async () => {
  const clock = new SetClock(1_000_000);
  let there: Observed = { kind: "absent" };
  const { engine, store, close } = await openNoopEngine(oneCommit(COMMIT, PROJECT), {
    clock,
    driver: { ...noopDriver, observe: () => Promise.resolve(there) },
  });
  const { run } = await engine.deploy(DEPLOY_ALL, { name: "me" });
  await untilCommitted(engine, async () => (await store.run(run.id))?.status === "succeeded");
  const target = async () => (await store.targets({}, { limit: 1, cursor: null })).items[0];
  const live = (await target())?.live;
  const before = await store.lastSeq();

  there = { kind: "live", commit: COMMIT, digest: null, attempt: live?.attempt ?? null, health: "healthy", url: null };
  clock.to(clock.at + 11_000);
  there = { ...there, health: "degraded" };
  await vi.waitFor(async () => {
    clock.to(clock.at + 11_000);
    expect(await target()).toMatchObject({ health: "degraded", serving: true, good: true, live });
  });
  expect(await store.lastSeq()).toBe(before + 1); // one change, one event: what is as it was is not written

  there = { kind: "absent" };
  await vi.waitFor(async () => {
    clock.to(clock.at + 11_000);
    expect(await target()).toMatchObject({ health: "none", live: null, serving: false, good: false, gone: { commit: COMMIT, needs: [] } });
  });
  expect((await store.ledger("api@dev", { limit: 10, cursor: null })).items.map((e) => [e.commit, e.source, e.live])).toEqual([
    [COMMIT, "external", false],
    [COMMIT, "attempt", true],
  ]);

  there = { kind: "live", commit: "d".repeat(40), digest: null, attempt: null, health: "healthy", url: null };
  await vi.waitFor(async () => {
    clock.to(clock.at + 11_000);
    expect(await target()).toMatchObject({ serving: false, good: false, live: { commit: "d".repeat(40), run: null } });
  });
  expect((await store.ledger("api@dev", { limit: 10, cursor: null })).items.map((e) => e.source)).toContain("external");
  await close();
});
