import { expect, onTestFinished, test } from "vitest";
import { fileOf, Story } from "./rollback-rig.ts";

const ANA = { name: "ana" };
const EVE = { name: "eve" };

async function owned(): Promise<{ readonly story: Story; readonly one: string }> {
  const story = await Story.begin();
  onTestFinished(() => story.end());
  const file = fileOf({ environments: "dev: { deployers: [ana], emergency: [cy] }, prod: { needs: [dev] }" });
  const one = story.commit({ "sluice.yaml": file, "api/x": "1", "jobs/x": "1", "web/x": "1" }, "one");
  await story.deploy(one);
  return { story, one };
}

test("only who has a say in an environment puts stops there or takes them away", async () => {
  const { story, one } = await owned();
  const { engine } = story.opened;
  const asked = { reason: "no", until: null };
  for (const act of [
    () => engine.hold("dev", "no", EVE),
    () => engine.unhold("dev", EVE),
    () => engine.lock("dev", asked, EVE),
    () => engine.lock("api@dev", asked, EVE),
    () => engine.unlock("api@dev", EVE),
    () => engine.pin("api@dev", { commit: one, reason: "no" }, EVE),
    () => engine.unpin("api@dev", EVE),
    () => engine.settle("api@dev", { applied: true, reason: "no" }, EVE),
  ])
    await expect(act()).rejects.toMatchObject({ code: "not-allowed", message: "eve has no say in dev", hint: "who has: ana, cy" });
  expect(await engine.lock("api@dev", asked, { name: "cy" })).toEqual({ ok: true });
  expect(await engine.unlock("api@dev", ANA)).toEqual({ ok: true });
  expect(await engine.hold("prod", "nobody is named there", EVE)).toEqual({ ok: true });
});

test("what is not there is said, with what is", async () => {
  const { story, one } = await owned();
  const { engine } = story.opened;
  await expect(engine.pin("ghost@dev", { commit: one, reason: "no" }, ANA)).rejects.toMatchObject({ message: "no service ghost" });
  await expect(engine.lock("nowhere", { reason: "no", until: null }, ANA)).rejects.toMatchObject({ message: "no environment nowhere" });
  await expect(engine.unpin("api", ANA)).rejects.toMatchObject({ message: "api is no target" });
});

test("who asks for a deploy does not choose where policy is read from", async () => {
  const { story, one } = await owned();
  const { engine } = story.opened;
  const asked = { ...story.asked(one), policyRef: one };
  await expect(engine.deploy(asked, EVE)).rejects.toMatchObject({
    code: "not-allowed",
    message: expect.stringContaining("policy is read from"),
  });
  expect((await engine.plan(asked)).policy.commit).toBe(one);
});
