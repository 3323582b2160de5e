/**
 * A story that is told in a process of its own, over everything real: two releases deployed through an approved gate, and a rollback. Told again after a kill it goes on
 * where it was, and says at its end what came of it. Arguments: the repository's directory, the file of points, two commits, and the points at which to be killed.
 */
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../src/app/clock.ts";
import { ATTEMPT_RUNNER } from "../../src/app/package-files.ts";
import { adapterSchemas, builder, driver } from "../../src/app/registry.ts";
import { Engine } from "../../src/engine/engine.ts";
import type { Clock } from "../../src/engine/ports/clock.ts";
import { LocalExecutor } from "../../src/executor/local/index.ts";
import { GitSource } from "../../src/source/git.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { attemptRegistry } from "../../src/app/attempt-registry.ts";
import { treesOf } from "../../src/source/trees.ts";
import { aroundDriver, aroundExecutor, aroundSource, aroundStore, FaultPoints } from "./fault-points.ts";
import { DEPLOY_ALL } from "./noop.ts";
import { untilCommitted } from "./noop-engine.ts";

const LOOKS_EVERY_MS = 10_000;
const [, , root = "", file = "", first = "", second = "", ...kills] = process.argv;
const home = join(root, ".sluice");
const points = new FaultPoints(file, kills);
const store = aroundStore(await openSqliteStore(home, { version: "0.0.0" }), points);
/** Looks between runs, which come by the clock, are no part of the story. */
const clock: Clock = { now: () => systemClock.now(), after: (ms, act) => (ms < LOOKS_EVERY_MS ? systemClock.after(ms, act) : () => {}) };
const executor = new LocalExecutor({
  home,
  runner: ATTEMPT_RUNNER,
  source: root,
  concurrency: 4,
  graceMs: 2_000,
  registry: attemptRegistry,
});
const engine = await Engine.open({
  store,
  executor: aroundExecutor(executor, points),
  source: aroundSource(new GitSource({ directory: root }), points),
  driver: async (name) => aroundDriver(await driver(name), points),
  trees: treesOf(new GitSource({ directory: root }), home),
  builder,
  adapters: await adapterSchemas(),
  clock,
  home,
  project: "kill",
  policyRef: null,
  log: (level, message, details) => {
    if (level !== "info") appendFileSync(`${file}.log`, `${level} ${message} ${JSON.stringify(details)}\n`);
  },
  deposed: (error) => {
    throw error;
  },
});

const by = (request: string) => ({ name: "ana", request });
const ended = async (run: string): Promise<boolean> => (await store.run(run))?.endedAt !== null;

async function deploy(commit: string): Promise<void> {
  const { run } = await engine.deploy({ ...DEPLOY_ALL, commit }, by(`deploy ${commit}`));
  const atGate = async () => (await engine.approvals()).some((gate) => gate.run === run.id);
  await untilCommitted(engine, async () => (await ended(run.id)) || (await atGate()));
  if (!(await ended(run.id)) && (await atGate()))
    await engine.decide(
      { verdict: "approved", commit, environment: "prod", comment: null, expect: null, only: null, except: null, emergency: false },
      by(`approve ${commit}`),
    );
  await untilCommitted(engine, () => ended(run.id));
}

await deploy(first);
await deploy(second);
const { run } = await engine.rollback(
  { environment: "prod", services: null, to: null, reason: "a fault", now: false, acceptUnknown: false },
  by("back"),
);
await untilCommitted(engine, () => ended(run.id));

const page = { limit: 100, cursor: null };
const { items: runs } = await store.runs({}, page);
const { items: targets } = await store.targets({}, page);
const short = (commit: string): string => (commit === first ? "first" : commit === second ? "second" : commit);
const told = {
  runs: await Promise.all(
    runs.map(async ({ id, kind, status }) => [id, kind, status, (await store.steps(id)).map((step) => `${step.id} ${step.status}`)]),
  ),
  targets: await Promise.all(
    targets.map(async ({ id, live, serving, good, busy, unknown, queue }) => ({
      id,
      live: live && short(live.commit),
      state: { serving, good, busy, unknown, queue },
      ledger: (await store.ledger(id, page)).items.map((entry) => `${short(entry.commit)} ${entry.source} ${entry.live} ${entry.good}`),
    })),
  ),
  outbox: (await store.load()).outbox.map(({ type }) => type),
};
await engine.close();
await store.close();
process.stdout.write(`${JSON.stringify(told)}\n`);
process.exit(0);
