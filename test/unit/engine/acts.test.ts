import { rmSync } from "node:fs";
import { expect, test } from "vitest";
import { DEPLOY_ALL, oneCommit } from "../../rig/noop.ts";
import { openNoopEngine, untilCommitted } from "../../rig/noop-engine.ts";

const PROJECT = `version: 1
project: one
environments: { dev: {} }
services: { api: { tier: backend, deploy: { noop: {} } } }
`;

test("an act that was done before a crash took its answer is not done again; another act is", async () => {
  const source = oneCommit("c".repeat(40), PROJECT);
  const first = await openNoopEngine(source);
  const { run } = await first.engine.deploy(DEPLOY_ALL, { name: "ana", request: "key-1" });
  await first.engine.close();
  await first.store.close();

  const second = await openNoopEngine(source, { home: first.home });
  expect((await second.engine.deploy(DEPLOY_ALL, { name: "ana", request: "key-1" })).run.id).toBe(run.id);
  expect((await second.engine.deploy(DEPLOY_ALL, { name: "ben", request: "key-1" })).run.id).not.toBe(run.id);
  expect((await second.engine.deploy(DEPLOY_ALL, { name: "ana", request: "key-2" })).run.id).not.toBe(run.id);
  expect((await second.store.runs({}, { limit: 10, cursor: null })).items).toHaveLength(3);
  await second.close();
  rmSync(first.home, { recursive: true, force: true });
});

test("approving twice is harmless, also when the run has ended; an environment that is not there is said to be none", async () => {
  const commit = "c".repeat(40);
  const gated = PROJECT.replace("dev: {}", "dev: { approval: { self: true } }");
  const { engine, store, close } = await openNoopEngine(oneCommit(commit, gated));
  const decide = (environment: string) =>
    engine.decide(
      { verdict: "approved", commit, environment, comment: null, expect: null, only: null, except: null, emergency: false },
      { name: "ana" },
    );
  const { run } = await engine.deploy(DEPLOY_ALL, { name: "ana" });
  await untilCommitted(engine, async () => (await engine.approvals()).length > 0);
  expect(await decide("dev")).toMatchObject({ ok: true, decision: { already: false, targets: ["api@dev"] } });
  await untilCommitted(engine, async () => (await store.run(run.id))?.status === "succeeded");
  expect(await decide("dev")).toMatchObject({ ok: true, decision: { already: true, targets: ["api@dev"] } });
  await expect(decide("dve")).rejects.toThrow("no environment dve");
  await close();
});
