import { expect, onTestFinished, test } from "vitest";
import type { RunRow } from "../../../src/core/run/rows.ts";
import { type Store, StoreError } from "../../../src/engine/ports/store.ts";
import { untilCommitted } from "../../rig/noop-engine.ts";
import { fileOf, Story } from "./rollback-rig.ts";

const FILE = fileOf({ environments: "dev: { onFailure: rollback }" });
const all = (text: string) => ({ "api/x": text, "jobs/x": text, "web/x": text });

/** One is live and good; two, which is returned, fails its check of the api. */
async function failing(): Promise<{ readonly story: Story; readonly two: string }> {
  const story = await Story.begin();
  onTestFinished(() => story.end());
  const one = story.commit({ "sluice.yaml": FILE, ...all("1") }, "one");
  await story.deploy(one);
  const two = story.commit(all("2"), "two");
  story.failing.add(`verify api@dev ${two}`);
  return { story, two };
}
async function runsBack({ opened }: Story): Promise<readonly RunRow[]> {
  return (await opened.store.runs({ kind: "rollback" }, { limit: 10, cursor: null })).items;
}
async function brought(story: Story): Promise<RunRow> {
  await untilCommitted(story.opened.engine, async () => (await runsBack(story)).length > 0);
  return await story.ended((await runsBack(story))[0]?.id ?? "");
}
const targetOf = async ({ opened }: Story) => (await opened.store.targets({ service: "api" }, { limit: 1, cursor: null })).items[0];

/** The store with commits that fail, or that forget which effects are done, while `fault` says so. */
function faulty(fault: { failing: boolean; forgetting: boolean }) {
  return (store: Store): Store =>
    new Proxy(store, {
      get(target, key) {
        if (key === "commit")
          return (...[entries, done]: Parameters<Store["commit"]>) => {
            const back = entries.some((e) => e.event.type === "rollback.admitted");
            if (fault.failing && back) return Promise.reject(new StoreError("full", "The disk is full."));
            return target.commit(entries, fault.forgetting ? done.filter((k) => !k.startsWith("restore:")) : done);
          };
        const value: unknown = Reflect.get(target, key);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
}

test("what has failed is brought back, alone, by the one whose run it was, and nothing is held", async () => {
  const { story, two } = await failing();
  const run = await story.deploy(two);
  const back = await brought(story);
  expect(run.status).toBe("failed");
  expect(back).toMatchObject({
    status: "succeeded",
    by: "ana",
    reason: `onFailure: verify:api@dev of run ${run.id} failed`,
    cause: { run: run.id, step: "verify:api@dev", target: "api@dev" },
  });
  expect(await story.live()).toEqual({ api: "one", jobs: "two", web: "one" });
  expect((await story.opened.store.environments())[0]).toMatchObject({ hold: null, rollback: null });
  expect(await targetOf(story)).toMatchObject({ serving: true, good: true, unrestored: null });
  expect(await runsBack(story)).toHaveLength(1);
});

test("what cannot be brought back stays, and its target says why", async () => {
  const { story } = await failing();
  const bad = story.commit({ "api/x": "3" }, "drop a column\n\nIrreversible: api");
  story.failing.add(`verify api@dev ${bad}`);
  await story.deploy(bad);
  await untilCommitted(story.opened.engine, async () => (await targetOf(story))?.unrestored != null);
  expect((await targetOf(story))?.unrestored?.message).toBe(
    `api@dev: commit ${bad.slice(0, 12)} (drop a column) cannot be taken back: it says Irreversible: api`,
  );
  expect(await story.live()).toMatchObject({ api: "drop a column" });
  expect(await runsBack(story)).toEqual([]);
});

test("policy that cannot be read declines too", async () => {
  const { story, two } = await failing();
  const { engine } = story.opened;
  story.executor.begins = (spec) => {
    if (spec.kind === "verify") story.commit({ "sluice.yaml": "version: 1\nproject: big\n: no" }, "a broken file");
  };
  await story.deploy(two);
  await untilCommitted(engine, async () => (await targetOf(story))?.unrestored != null);
  expect((await targetOf(story))?.unrestored?.message).toContain("the policy ref main");
});

test("asked again by the next orchestrator, it admits no second run", async () => {
  const { story, two } = await failing();
  await story.open(story.repo, { between: faulty({ failing: false, forgetting: true }) });
  story.executor.holding = true;
  const { run } = await story.opened.engine.deploy(story.asked(two), { name: "ana" });
  await story.committed(async () => (await runsBack(story)).length > 0);
  await story.ended(run.id, false);
  const asked = async () => (await story.opened.store.load()).outbox.filter((e) => e.type === "rollback.ask").length;
  expect(await asked()).toBe(1);

  // nothing has gone back yet: only that it was admitted before tells that it need not be again
  await story.open();
  await story.committed(async () => {
    await story.opened.engine.hold("dev", "so that there is something to commit", { name: "ana" });
    return (await asked()) === 0;
  });
  expect(await runsBack(story)).toHaveLength(1);
  expect((await targetOf(story))?.unrestored).toBeNull();
});

test("while the store takes nothing it is tried again, and admitted once", async () => {
  const { story, two } = await failing();
  const fault = { failing: true, forgetting: false };
  const refused: string[] = [];
  await story.open(story.repo, { between: faulty(fault), log: (_, message) => void refused.push(message) });
  const { run } = await story.opened.engine.deploy(story.asked(two), { name: "ana" });
  await expect.poll(() => refused, { timeout: 15_000 }).toContain("what has failed could not be brought back yet");
  expect(await runsBack(story)).toEqual([]);
  fault.failing = false;
  story.clock.to(story.clock.at + 5_000);
  expect((await story.ended(run.id)).status).toBe("failed");
  expect((await brought(story)).status).toBe("succeeded");
  expect(await runsBack(story)).toHaveLength(1);
});
