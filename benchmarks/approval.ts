import { randomBytes } from "node:crypto";
import { openNoopEngine, untilCommitted } from "../test/rig/noop-engine.ts";
import { DEPLOY_ALL, oneCommit } from "../test/rig/noop.ts";
import { runEnded } from "../src/core/run/status.ts";
import { type Measure, quantile, rounded } from "./measure.ts";

const TIMES = 300;
const PROJECT = `version: 1
project: one
environments: { mainnet: { approval: { self: true } } }
services: { api: { tier: backend, deploy: { noop: {} } } }
`;

/** From the decision's request to the start of the attempt that it opens, over a store on disk. */
export async function approvalToStart(): Promise<readonly Measure[]> {
  let startedAt = 0;
  const source = {
    ...oneCommit("", PROJECT),
    resolve: (ref: string) => Promise.resolve(ref),
    policyRef: () => Promise.resolve({ ref: "main", commit: "0".repeat(40) }),
    relate: (release: string, live: string) => Promise.resolve({ release, live, order: "behind" as const, unmet: [] }),
  };
  const { engine, store, close } = await openNoopEngine(source, {
    onStart: (spec) => {
      if (spec.kind === "deploy") startedAt = performance.now();
    },
  });
  const took: number[] = [];
  for (let i = 0; i < TIMES; i++) {
    const commit = randomBytes(20).toString("hex");
    const { run } = await engine.deploy({ ...DEPLOY_ALL, commit }, { name: "bench" });
    await untilCommitted(engine, async () => (await engine.approvals()).length > 0);
    const asked = performance.now();
    await engine.decide(
      { verdict: "approved", commit, environment: "mainnet", comment: null, expect: null, only: null, except: null, emergency: false },
      { name: "bench" },
    );
    await untilCommitted(engine, async () => runEnded((await store.run(run.id))?.status ?? "queued"));
    if (startedAt < asked) throw new Error("the attempt did not start");
    took.push(startedAt - asked);
  }
  await close();
  return [
    { name: "approval-to-start-p50", value: rounded(quantile(took, 0.5)), unit: "ms" },
    { name: "approval-to-start-p99", value: rounded(quantile(took, 0.99)), unit: "ms", goal: 50, note: `of ${TIMES}` },
  ];
}
