import { expect, onTestFinished, test, vi } from "vitest";
import type { Driver } from "../../../src/engine/ports/driver.ts";
import { bigProject, noopDriver, oneCommit } from "../../rig/noop.ts";
import { openNoopEngine } from "../../rig/noop-engine.ts";

const COMMIT = "c".repeat(40);

async function diffWith(driver: Partial<Driver>, services: number, project = bigProject(services)) {
  const { engine, close } = await openNoopEngine(oneCommit(COMMIT, project), { driver: { ...noopDriver, ...driver } });
  onTestFinished(close);
  return engine.diff({ commit: "HEAD", environment: "devnet", services: null });
}

test("texts are bounded, each and all together, and say so", async () => {
  const { targets } = await diffWith({ render: () => Promise.resolve("x".repeat(1_000_000)) }, 300);
  expect(targets).toHaveLength(300);
  expect(targets.every(({ cut }) => cut)).toBe(true);
  expect(targets[0]?.after).toHaveLength(65_536);
  expect(targets.reduce((sum, { after }) => sum + after.length, 0)).toBeLessThanOrEqual(8 * 1024 * 1024);
  const small = await diffWith({ render: () => Promise.resolve("x".repeat(65_536)) }, 2);
  expect(small.targets.map(({ cut }) => cut)).toEqual([false, false]);
});

test("what cannot be rendered is shown as its definition, with why; a credential's value is in neither", async () => {
  vi.stubEnv("TOKEN", 'quo"ted-secret');
  onTestFinished(() => void vi.unstubAllEnvs());
  const project = bigProject(1).replace("devnet: {}", 'devnet: { credentials: [TOKEN], variables: { PLAIN: "quo\\"ted-secret" } }');
  const { targets } = await diffWith({ render: () => Promise.reject(new Error('no chart at quo"ted-secret')) }, 1, project);
  expect(targets[0]).toMatchObject({ from: null, before: null, problem: "no chart at ***" });
  expect(JSON.parse(targets[0]?.after ?? "")).toMatchObject({ environment: "devnet", credentials: ["TOKEN"], variables: { PLAIN: "***" } });
});
