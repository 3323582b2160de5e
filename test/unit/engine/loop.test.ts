import { rmSync } from "node:fs";
import { expect, test, vi } from "vitest";
import { Loop } from "../../../src/engine/loop.ts";
import { type Store, StoreError } from "../../../src/engine/ports/store.ts";
import { runEnded } from "../../../src/core/run/status.ts";
import { DEPLOY_ALL, NoopExecutor, oneCommit } from "../../rig/noop.ts";
import { SetClock } from "../../rig/set-clock.ts";
import { openNoopEngine, untilCommitted } from "../../rig/noop-engine.ts";

const COMMIT = "c".repeat(40);
const PROJECT = `version: 1
project: one
environments: { dev: {}, prod: { needs: [dev], approval: { self: true, expires: 1h } } }
services: { api: { tier: backend, deploy: { noop: {} } } }
`;
const ME = { name: "me" };

/** The store with commits that fail while `failing` says how. */
function faulty(fault: { failing: StoreError | null }) {
  return (store: Store): Store =>
    new Proxy(store, {
      get(target, key) {
        if (key === "commit" && fault.failing) return () => Promise.reject(fault.failing);
        const value: unknown = Reflect.get(target, key);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
}

test("a full disk refuses the command, and nothing that happened outside is lost", async () => {
  const clock = new SetClock(1_000_000);
  const fault = { failing: new StoreError("full", "The disk is full.") as StoreError | null };
  let ends: (() => void)[] = [];
  class Held extends NoopExecutor {
    override onEnd(listener: Parameters<NoopExecutor["onEnd"]>[0]): void {
      super.onEnd((attempt, end) => {
        ends.push(() => listener(attempt, end));
      });
    }
  }
  const { engine, store, close } = await openNoopEngine(oneCommit(COMMIT, PROJECT), {
    clock,
    between: faulty(fault),
    executor: new Held(),
  });
  await expect(engine.deploy(DEPLOY_ALL, ME)).rejects.toThrow("The disk is full.");
  expect((await store.runs({}, { limit: 10, cursor: null })).items).toEqual([]);

  fault.failing = null;
  const { run } = await engine.deploy(DEPLOY_ALL, ME);
  await vi.waitFor(() => expect(ends).toHaveLength(1));
  fault.failing = new StoreError("full", "The disk is full.");
  for (const end of ends.splice(0)) end();
  await vi.waitFor(async () => expect((await engine.approvals()).length).toBe(0));
  expect((await store.steps(run.id)).find((s) => s.id === "deploy:api@dev")?.status).toBe("running");

  fault.failing = null;
  // told again after a while, without anybody asking
  await vi.waitFor(async () => {
    clock.to(clock.at + 2000);
    for (const end of ends.splice(0)) end();
    expect((await engine.approvals()).length).toBe(1);
  });
  expect((await store.attempts(run.id)).map((a) => a.outcome)).toEqual(["succeeded", "succeeded"]);
  ends = [];
  await close();
});

test("a deposed orchestrator does nothing any more", async () => {
  const fault: { failing: StoreError | null } = { failing: null };
  const deposed = vi.fn<(error: StoreError) => void>();
  const { engine, close } = await openNoopEngine(oneCommit(COMMIT, PROJECT), { between: faulty(fault), deposed });
  fault.failing = new StoreError("deposed", "Another process has the store.");
  await expect(engine.deploy(DEPLOY_ALL, ME)).rejects.toThrow("Another process has the store.");
  expect(deposed).toHaveBeenCalledOnce();
  fault.failing = null;
  await expect(engine.hold("prod", "why", ME)).rejects.toThrow("stopping");
  await close();
});

test("a clock that jumps starts nothing and repeats nothing; a decision that has expired meanwhile is asked for again", async () => {
  const clock = new SetClock(10_000_000);
  const started: string[] = [];
  const { engine, store, close } = await openNoopEngine(oneCommit(COMMIT, PROJECT), {
    clock,
    onStart: (spec) => started.push(`${spec.kind} ${"target" in spec ? spec.target : ""}`),
  });
  const { run } = await engine.deploy(DEPLOY_ALL, ME);
  await untilCommitted(engine, async () => (await engine.approvals()).length > 0);
  const before = [...started];
  clock.to(clock.at - 5_000_000);
  clock.to(clock.at + 50_000_000);
  await engine.hold("prod", "to see that it is asked again", ME);
  await engine.decide(
    { verdict: "approved", commit: COMMIT, environment: "prod", comment: null, expect: null, only: null, except: null, emergency: false },
    ME,
  );
  expect(started).toEqual(before);
  clock.to(clock.at + 2 * 3_600_000);
  await engine.unhold("prod", ME);
  await untilCommitted(engine, async () => (await engine.approvals()).length > 0);
  expect(started).toEqual(before);
  await engine.decide(
    { verdict: "approved", commit: COMMIT, environment: "prod", comment: null, expect: null, only: null, except: null, emergency: false },
    ME,
  );
  await untilCommitted(engine, async () => runEnded((await store.run(run.id))?.status ?? "queued"));
  expect(started).toEqual([...before, "deploy api@prod", "verify api@prod"]);
  expect((await store.run(run.id))?.status).toBe("succeeded");
  await close();
});

test("what was not known to be done is carried out again by the next orchestrator, once", async () => {
  const started: string[] = [];
  class Never extends NoopExecutor {
    override start(spec: Parameters<NoopExecutor["start"]>[0]): Promise<void> {
      started.push(spec.id);
      return Promise.resolve();
    }
  }
  const first = await openNoopEngine(oneCommit(COMMIT, PROJECT), { executor: new Never() });
  const { run } = await first.engine.deploy(DEPLOY_ALL, ME);
  await vi.waitFor(() => expect(started).toHaveLength(1));
  await first.engine.close();
  await first.store.close();

  const again: string[] = [];
  const second = await openNoopEngine(oneCommit(COMMIT, PROJECT), { home: first.home, onStart: (spec) => again.push(spec.id) });
  await untilCommitted(second.engine, async () => (await second.engine.approvals()).length > 0);
  expect(again[0]).toBe(started[0]);
  expect((await second.store.attempts(run.id)).map((a) => a.step)).toEqual(["deploy:api@dev", "verify:api@dev"]);
  await second.close();
  rmSync(first.home, { recursive: true, force: true });
});

test("what is told in the moment in which the queue has been found empty is carried out too", async () => {
  const { store, close } = await openNoopEngine(oneCommit(COMMIT, PROJECT), {});
  const loop = new Loop({ store, clock: new SetClock(1_000_000), dispatch: () => {}, log: () => {}, deposed: () => {} });
  await loop.open();
  for (let turns = 0; turns < 30; turns++) {
    const later = Promise.withResolvers<unknown>();
    const off = loop.onCommit(() => {
      off();
      // so many turns after the commit, and nothing else comes to wake the loop
      let told = Promise.resolve();
      for (let turn = 0; turn < turns; turn++) told = told.then(() => {});
      void told.then(() => later.resolve(loop.command({ type: "environment.unheld", environment: "dev", by: "me" })));
    });
    await loop.command({ type: "environment.held", environment: "dev", by: "me", reason: "to try it" });
    expect(await later.promise).toMatchObject({ ok: true });
  }
  await loop.close();
  await close();
});
