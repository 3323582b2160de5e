import { expect, onTestFinished, test, vi } from "vitest";
import type { Driver, WayBack } from "../../../src/engine/ports/driver.ts";
import { untilCommitted } from "../../rig/noop-engine.ts";
import { noopDriver } from "../../rig/noop.ts";
import { fileOf, Story } from "./rollback-rig.ts";

const all = (text: string) => ({ "api/x": text, "jobs/x": text, "web/x": text });
type Asked = Parameters<NonNullable<Driver["wayBack"]>>[0];

/** One and two have been live in dev; a driver that answers so is asked from then on. */
async function twoLive(wayBack: (input: Asked, signal: AbortSignal) => Promise<WayBack>, environments = "dev: {}"): Promise<Story> {
  const story = await Story.begin();
  onTestFinished(() => story.end());
  await story.deploy(story.commit({ "sluice.yaml": fileOf({ environments }), ...all("1") }, "one"));
  await story.deploy(story.commit(all("2"), "two"));
  await story.open(story.repo, { driver: { ...noopDriver, wayBack: (input, { signal }) => wayBack(input, signal) } });
  return story;
}
const fine = (input: Asked): WayBack => ({ ok: true, means: `revision 4 of ${input.target}` });

test("each target that moves says by which means; each that cannot is a problem, with what to do", async () => {
  const asked: Asked[] = [];
  const story = await twoLive(async (input) => {
    asked.push(input);
    if (input.target !== "jobs@dev") return fine(input);
    return { ok: false, message: "revision 3 is gone, and so is its chart", hint: "fetch the chart" };
  });
  const { said, hints, targets, snapshot } = await story.preview();
  expect(targets.map((t) => [t.target, t.means])).toEqual([
    ["api@dev", "revision 4 of api@dev"],
    ["jobs@dev", "noop: apply the recorded definition and artifact"],
    ["web@dev", "revision 4 of web@dev"],
  ]);
  expect(said).toEqual(["jobs@dev: revision 3 is gone, and so is its chart"]);
  expect(hints[0]).toMatch(/^fetch the chart; or choose another snapshot with --to; what could still go: .*--only api/);
  const recorded = snapshot.release;
  expect(asked.map((input) => [input.target, input.commit])).toEqual([
    ["api@dev", recorded],
    ["jobs@dev", recorded],
    ["web@dev", recorded],
  ]);
  expect(asked.every(({ fingerprint }) => fingerprint.startsWith("sha256:"))).toBe(true);
  await expect(story.opened.engine.rollback(story.request({ acceptUnknown: true }), { name: "ana" })).rejects.toThrow(
    "nothing has been touched: jobs@dev: revision 3 is gone",
  );
});

test("only those that are asked for, and that are not there already", async () => {
  const asked: string[] = [];
  const story = await twoLive(async (input) => {
    asked.push(input.target);
    return fine(input);
  });
  await story.preview({ services: ["api"] });
  expect(asked).toEqual(["api@dev"]);
  const [newest = ""] = await story.snapshots();
  expect((await story.preview({ to: newest })).targets.map(({ skip }) => skip)).toEqual(Array(3).fill("already there"));
  expect(asked).toHaveLength(1);
});

test("one that throws and one that hangs are not known: a problem, with what to do", async () => {
  const begun = Promise.withResolvers<void>();
  const story = await twoLive((input) => {
    if (input.target === "api@dev") return Promise.reject(new Error("connect ECONNREFUSED"));
    if (input.target === "web@dev") return Promise.resolve(fine(input));
    begun.resolve();
    return new Promise(() => {});
  });
  const late = async <T>(act: () => Promise<T>): Promise<T> => {
    const answer = act();
    await begun.promise;
    story.clock.to(story.clock.at + 30_000);
    return await answer;
  };
  const { said, hints } = await late(() => story.preview());
  expect(said).toEqual([
    "api@dev: whether it can go back cannot be told: connect ECONNREFUSED",
    "jobs@dev: whether it can go back cannot be told: there was no answer within 30 s",
  ]);
  for (const hint of hints) expect(hint).toContain("try again; or go back all the same with --accept-unknown");
});

test("what is let pass without being known is said in the verdict and in the run's reason", async () => {
  const story = await twoLive((input) =>
    input.target === "api@dev" ? Promise.reject(new Error("no answer")) : Promise.resolve(fine(input)),
  );
  const accepted = await story.preview({ acceptUnknown: true });
  expect(accepted.said).toEqual([]);
  expect(accepted.notes).toEqual(["api@dev goes back all the same: whether it can go back cannot be told: no answer"]);
  const { run } = await story.opened.engine.rollback(story.request({ acceptUnknown: true }), { name: "ana" });
  expect(run.reason).toBe("it is bad (accepted: whether it can be taken back cannot be known of api@dev)");
  expect(await story.ended(run.id)).toMatchObject({ status: "succeeded" });
});

test("the time for all is bounded: who comes after it is not asked", async () => {
  const asked: string[] = [];
  const story = await twoLive(async (input) => {
    asked.push(input.target);
    // as if it had taken so long
    story.clock.at += 91_000;
    return fine(input);
  });
  const { said } = await story.preview();
  expect(asked).toEqual(["api@dev"]);
  expect(said).toHaveLength(2);
  expect(said[0]).toContain("there was no time left");
});

test("a credential's value is in none of it", async () => {
  vi.stubEnv("TOKEN", "hunter2-hunter2");
  onTestFinished(() => void vi.unstubAllEnvs());
  const story = await twoLive(
    async ({ target }) =>
      target === "api@dev"
        ? { ok: true, means: "with hunter2-hunter2" }
        : { ok: false, message: "hunter2-hunter2 is refused", hint: "renew hunter2-hunter2" },
    "dev: { credentials: [TOKEN] }",
  );
  const preview = await story.preview();
  expect(preview.targets[0]?.means).toBe("with ***");
  expect(preview.said[0]).toBe("jobs@dev: *** is refused");
  expect(JSON.stringify(preview)).not.toContain("hunter2");
});

test("onFailure asks for the same: what has no way back is left, and its target says why", async () => {
  const story = await Story.begin({
    driver: { ...noopDriver, wayBack: async () => ({ ok: false, message: "revision 3 is gone", hint: "deploy forward" }) },
  });
  onTestFinished(() => story.end());
  await story.deploy(story.commit({ "sluice.yaml": fileOf({ environments: "dev: { onFailure: rollback }" }), ...all("1") }, "one"));
  const two = story.commit(all("2"), "two");
  story.failing.add(`verify api@dev ${two}`);
  await story.deploy(two);
  const target = async () => (await story.opened.store.targets({ service: "api" }, { limit: 1, cursor: null })).items[0];
  await untilCommitted(story.opened.engine, async () => (await target())?.unrestored != null);
  expect((await target())?.unrestored?.message).toBe("api@dev: revision 3 is gone");
  expect((await story.opened.store.runs({ kind: "rollback" }, { limit: 10, cursor: null })).items).toEqual([]);
});
