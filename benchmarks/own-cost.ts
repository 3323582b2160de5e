import { openNoopEngine, untilCommitted } from "../test/rig/noop-engine.ts";
import { DEPLOY_ALL, bigProject, oneCommit } from "../test/rig/noop.ts";
import { runEnded } from "../src/core/run/status.ts";
import { type Measure, median, rounded } from "./measure.ts";

const COMMIT = "c".repeat(40);
/** deploy and verify in three environments */
const STEPS_A_SERVICE = 6;

/** Deploys everything, approves at the gate; ms a step from the request to the run's end, admission and planning included. */
export async function ownCostOf(services: number): Promise<{ readonly perStep: number; readonly steps: number }> {
  const { engine, store, close } = await openNoopEngine(oneCommit(COMMIT, bigProject(services)));
  const started = performance.now();
  const { run } = await engine.deploy(DEPLOY_ALL, { name: "bench" });
  await untilCommitted(engine, async () => (await engine.approvals()).length > 0);
  await engine.decide(
    {
      verdict: "approved",
      commit: COMMIT,
      environment: "mainnet",
      comment: null,
      expect: null,
      only: null,
      except: null,
      emergency: false,
    },
    { name: "bench" },
  );
  await untilCommitted(engine, async () => runEnded((await store.run(run.id))?.status ?? "queued"));
  const took = performance.now() - started;
  const steps = await store.steps(run.id);
  const bad = steps.find((s) => s.status !== "succeeded");
  if (bad) throw new Error(`step ${bad.id} ended ${bad.status}`);
  await close();
  return { perStep: took / steps.length, steps: steps.length };
}

export async function ownCost(): Promise<readonly Measure[]> {
  await ownCostOf(50); // warm
  const measures: Measure[] = [];
  for (const [steps, times] of [
    [100, 7],
    [1000, 5],
    [6000, 3],
  ] as const) {
    const runs: number[] = [];
    for (let i = 0; i < times; i++) runs.push((await ownCostOf(Math.round(steps / STEPS_A_SERVICE))).perStep);
    measures.push({
      name: `own-cost-${steps}`,
      value: rounded(median(runs)),
      unit: "ms",
      goal: 1,
      note: `a step, median of ${times} runs`,
    });
  }
  return measures;
}
