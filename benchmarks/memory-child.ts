// Prints the resident memory (MB) of an orchestrator that holds 1,000 services in 3 environments: while their run waits at its gate, and at its highest.
import { openNoopEngine, untilCommitted } from "../test/rig/noop-engine.ts";
import { DEPLOY_ALL, bigProject, oneCommit } from "../test/rig/noop.ts";

const commit = "c".repeat(40);
const { engine, close } = await openNoopEngine(oneCommit(commit, bigProject(1000)));
await engine.deploy({ ...DEPLOY_ALL, commit }, { name: "bench" });
await untilCommitted(engine, async () => (await engine.approvals()).length > 0);
globalThis.gc?.();
process.stdout.write(`${JSON.stringify({ held: process.memoryUsage().rss / 2 ** 20, peak: process.resourceUsage().maxRSS / 2 ** 10 })}\n`);
await close();
