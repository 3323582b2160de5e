import { rmSync } from "node:fs";
import { expect, test } from "vitest";
import { DEPLOY_ALL, oneCommit } from "../../rig/noop.ts";
import { openNoopEngine } from "../../rig/noop-engine.ts";

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
