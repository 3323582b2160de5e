import { expect, onTestFinished, test } from "vitest";
import type { Digest } from "../../../src/core/config/config.ts";
import type { Reason } from "../../../src/core/run/reason.ts";
import { runEnded } from "../../../src/core/run/status.ts";
import { DEPLOY_ALL, oneCommit } from "../../rig/noop.ts";
import { type NoopEngine, type NoopOptions, openNoopEngine } from "../../rig/noop-engine.ts";
import { SetClock } from "../../rig/set-clock.ts";
import { until } from "../../rig/wait.ts";

const COMMIT = "c".repeat(40);
const PROJECT = `version: 1
project: one
environments: { dev: {} }
artifacts: { mega: { noop: { await: true } } }
services: { api: { tier: backend, artifact: mega, deploy: { noop: {} } } }
`;
const DIGEST = `sha256:${"7".repeat(64)}`;
const ME = { name: "me" };

/** A registry that says what it is told to say, and when it was asked. */
function registry(clock: SetClock) {
  const asked: number[] = [];
  let answer: Digest | null | Error = null;
  return {
    asked,
    says: (next: typeof answer) => (answer = next),
    find: () => {
      asked.push(clock.at);
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
  };
}

const open = (options: NoopOptions): Promise<NoopEngine> => openNoopEngine(oneCommit(COMMIT, PROJECT), options);

/** Lets the clock go on, second by second, until it holds. */
async function passing(clock: SetClock, look: () => Promise<boolean>, what: string): Promise<void> {
  for (const end = clock.at + 3_000_000; !(await look()); clock.to(clock.at + 1000)) {
    if (clock.at > end) throw new Error(`${what}: not by then`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function reasonOf({ store }: NoopEngine, run: string): Promise<Reason | null> {
  return (await store.steps(run)).find((step) => step.id === "build:mega")?.reason ?? null;
}
const ended = async ({ store }: NoopEngine, run: string) => runEnded((await store.run(run))?.status ?? "queued");

test("what is to be pushed is asked for in growing pauses, through errors that are shown, until it is there", async () => {
  const clock = new SetClock(1_000_000);
  const at = registry(clock);
  const opened = await open({ clock, find: at.find });
  onTestFinished(opened.close);
  const { run } = await opened.engine.deploy(DEPLOY_ALL, ME);
  await passing(clock, async () => at.asked.length >= 9, "nine looks");
  const pauses = at.asked.slice(1).map((time, i) => time - (at.asked[i] ?? 0));
  expect(pauses).toEqual([2000, 3000, 5000, 7000, 11_000, 16_000, 23_000, 30_000]);
  expect(opened.engine.idle()).toBe(false);

  at.says(new Error("the registry is down"));
  await passing(clock, async () => JSON.stringify(await reasonOf(opened, run.id)).includes("is down"), "the problem is shown");
  const [step] = await opened.engine.waiting();
  expect(step).toMatchObject({ step: { id: "build:mega", status: "waiting" }, who: [] });
  at.says(DIGEST);
  await passing(clock, () => ended(opened, run.id), "the run ends");
  expect((await opened.store.run(run.id))?.status).toBe("succeeded");
  expect(await opened.store.builds(COMMIT)).toMatchObject([{ digest: DIGEST, attempt: null }]);
  const looks = at.asked.length;
  clock.to(clock.at + 3_600_000);
  expect(at.asked).toHaveLength(looks);
});

test("the next orchestrator goes on asking; a cancel ends it", async () => {
  const clock = new SetClock(1_000_000);
  const at = registry(clock);
  const first = await open({ clock, find: at.find });
  const { run } = await first.engine.deploy(DEPLOY_ALL, ME);
  await until(() => (at.asked.length > 0 ? true : null), "it is asked for");
  const { home } = first;
  await first.engine.close();
  await first.store.close();

  const second = await open({ clock, find: at.find, home });
  onTestFinished(first.close);
  const before = at.asked.length;
  await passing(clock, async () => at.asked.length > before + 1, "it is asked for again");
  expect(await second.engine.cancel(run.id, { now: false, reason: null }, ME)).toMatchObject({ ok: true });
  await until(() => (second.engine.idle() ? true : null), "nothing is under way");
  expect((await second.store.run(run.id))?.status).toBe("cancelled");
  const after = at.asked.length;
  clock.to(clock.at + 3_600_000);
  expect(at.asked).toHaveLength(after);
  // nothing is left to be carried out again, once something has been committed
  await second.engine.hold("dev", "to see that it is asked for anew", ME);
  expect((await second.store.load()).outbox).toEqual([]);
  await second.engine.close();
  await second.store.close();
});
