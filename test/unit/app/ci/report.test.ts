import { expect, test } from "vitest";
import { wavesOf } from "../../../../src/app/ci/plan.ts";
import type { Plan, PlannedStep } from "../../../../src/core/plan/plan.ts";
import { ends, Workflow } from "./rig.ts";

test("what a workflow run has changed is said in one table, and a job that failed fails it", async () => {
  const flow = await Workflow.begin();
  flow.commit({ "sluice.yaml": flow.file({ environments: "dev: {}" }) });
  let legs = 0;
  const run = flow.shop.run({
    commit: flow.repo.git("rev-parse", "HEAD"),
    jobs: [{ name: "leg", work: () => new Promise(() => (legs += 1)) }],
  });
  const env = { SLUICE_CHUNK: JSON.stringify({ name: "api", services: ["api"] }) };
  expect(ends(await flow.job({ step: "deploy", environment: "dev" }, { run, env }))).toEqual({ exit: 0, said: "" });
  // of another workflow run
  expect((await flow.deploy("dev", ["web"])).exit).toBe(0);
  const needs = (result: string) => ({
    SLUICE_NEEDS: JSON.stringify({ "wave-1": { result, outputs: {} }, "wave-2": { result: "skipped", outputs: {} } }),
  });
  const good = await flow.job({ step: "report" }, { run, env: needs("success") });
  expect(ends(good)).toEqual({ exit: 0, said: "" });
  expect(good.summary).toContain("| dev | api |");
  expect(good.summary).not.toContain("| dev | web |");
  expect(good.summary).toContain("| wave-2 | skipped |");
  const bad = await flow.job({ step: "report" }, { run, env: needs("failure") });
  expect(ends(bad)).toEqual({ exit: 1, said: "::error::These jobs did not succeed: wave-1" });
  expect(ends(await flow.job({ step: "report" }, { run, env: { SLUICE_NEEDS: "{}x" } }))).toMatchObject({ exit: 2 });
  expect(legs).toBe(1);
});

test("a job that is cancelled while it waits says so", async () => {
  const flow = await Workflow.begin();
  flow.commit({ "sluice.yaml": flow.file({ environments: "dev: {}" }) });
  const cancel = new AbortController();
  const wait = (_ms: number, signal: AbortSignal): Promise<void> => {
    cancel.abort();
    return Promise.reject(signal.reason as Error);
  };
  const end = await flow.job({ step: "wait", environment: "dev", service: "web" }, { interrupted: cancel.signal, wait });
  expect(ends(end)).toMatchObject({ exit: 130, said: expect.stringContaining("The job was cancelled") });
});

/** Deploys and verifies of services in `dev`, each with whom it needs. */
function planOf(needs: Readonly<Record<string, readonly string[]>>): Plan {
  const step = (kind: "deploy" | "verify", service: string, of: readonly string[]): PlannedStep => ({
    id: `${kind}:${service}@dev`,
    kind,
    needs: of,
    after: [],
    target: `${service}@dev`,
    environment: "dev",
    artifact: null,
  });
  const steps = Object.entries(needs).flatMap(([service, of]) => [
    step(
      "deploy",
      service,
      of.map((need) => `verify:${need}@dev`),
    ),
    step("verify", service, [`deploy:${service}@dev`]),
  ]);
  return { steps } as unknown as Plan;
}
const named = (name: string) => ({ name, services: [name] });

test("waves are levels of needs; what is deeper than there are waves goes into the last one together", () => {
  const chain = planOf({ a: [], b: ["a"], c: ["b"], d: ["c", "a"], e: [] });
  expect(wavesOf(chain, "dev", 4)).toEqual({
    n: [2, 1, 1, 1],
    waves: [[named("a"), named("e")], [named("b")], [named("c")], [named("d")]],
  });
  expect(wavesOf(chain, "dev", 2)).toEqual({
    n: [2, 1],
    waves: [[named("a"), named("e")], [{ name: "b and 2 more", services: ["b", "c", "d"] }]],
  });
  expect(wavesOf(planOf({ a: [] }), "dev", 3)).toEqual({ n: [1, 0, 0], waves: [[named("a")], [], []] });
  // of a rollback, what is there already takes no wave
  expect(wavesOf(chain, "dev", 3, (service) => service !== "b")).toEqual({
    n: [2, 1, 1],
    waves: [[named("a"), named("e")], [named("c")], [named("d")]],
  });
});

test("a wave has 256 jobs at most, and every service is in one of them", () => {
  const many = Object.fromEntries(Array.from({ length: 600 }, (_, i) => [`s${i}`, []]));
  const { n, waves } = wavesOf(planOf(many), "dev", 1);
  expect(n).toEqual([200]);
  expect(waves.flat().flatMap(({ services }) => services)).toEqual(Object.keys(many));
});
