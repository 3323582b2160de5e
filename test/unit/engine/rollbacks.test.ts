import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { Observed } from "../../../src/core/run/events.ts";
import { noopDriver } from "../../rig/noop.ts";
import { Repo } from "../source/repo.ts";
import { fileOf, Story } from "./rollback-rig.ts";

const all = (text: string) => ({ "api/x": text, "jobs/x": text, "web/x": text });

/** A story of its own for one test. */
async function begun(): Promise<Story> {
  const story = await Story.begin();
  onTestFinished(() => story.end());
  return story;
}

/** One, two and three have been live in dev; one in prod too. */
async function three(story: Story) {
  const one = story.commit({ "sluice.yaml": fileOf(), ...all("1") }, "one");
  await story.deploy(one);
  await story.deploy(one, "prod");
  const two = story.commit(all("2"), "two");
  await story.deploy(two);
  const three = story.commit(all("3"), "three");
  await story.deploy(three);
  return { story, one, two, three };
}

test("what is to stay is looked at, and what has gone goes with the rest", async () => {
  const gone = new Set<string>();
  const driver = {
    ...noopDriver,
    observe: ({ target }: { readonly target: string }) =>
      Promise.resolve<Observed>(gone.has(target) ? { kind: "absent" } : { kind: "unobservable" }),
  };
  const story = await Story.begin({ driver });
  onTestFinished(() => story.end());
  const { two } = await three(story);
  const request = story.request({ to: two });
  const { run } = await story.opened.engine.rollback(request, { name: "ana" });
  await story.ended(run.id);
  gone.add("web@dev");
  const { targets } = await story.preview({ to: two });
  expect(Object.fromEntries(targets.map((t) => [t.target, t.skip]))).toEqual({
    "api@dev": "already there",
    "jobs@dev": "already there",
    "web@dev": null,
  });
  expect(await story.live()).toEqual({ api: "two", jobs: "two", web: "-" });
});

describe("which set is meant", () => {
  let story: Story;
  let one = "";
  let two = "";
  beforeAll(async () => {
    story = await Story.begin();
    ({ one, two } = await three(story));
  });
  afterAll(() => story.end());

  test("none, a snapshot, a commit, a short hash or a time", async () => {
    const to = async (where: string | null) => (await story.preview({ to: where })).snapshot.release;
    const [, second = ""] = await story.snapshots();
    expect(await to(null)).toBe(two);
    expect(await to(second)).toBe(two);
    expect(await to(one)).toBe(one);
    expect(await to(one.slice(0, 10))).toBe(one);
    expect(await to("HEAD~1")).toBe(two);
    expect(await to("2026-01-31T09:00:30Z")).toBe(one);
  });

  test("what is none of them says what there is", async () => {
    const [newest = ""] = await story.snapshots();
    const [prod = ""] = await story.snapshots("prod");
    const never = story.commit({ "web/x": "never" }, "never live");
    const refusal = async (to: string | null, environment = "dev") =>
      await story.preview({ to, environment }).then(
        () => null,
        (error: unknown) => error,
      );
    const rejected = async (to: string | null, message: string, hint: string, environment?: string) =>
      expect(await refusal(to, environment)).toMatchObject({
        message: expect.stringContaining(message) as string,
        hint: expect.stringContaining(hint) as string,
      });
    await rejected(prod, `${prod} is a set of prod, not of dev`, `--env prod --to ${prod}`);
    await rejected("dev-99999", "dev-99999 is no snapshot of dev, no commit and no time", newest);
    await rejected(
      never,
      "was never live and good in a recorded set of dev",
      `sluice deploy --all --env dev --commit ${never.slice(0, 12)}`,
    );
    await rejected("2025-01-31T09:30Z", "nothing is recorded of dev from before", "the first set there is dev-");
    await rejected("2026-13-31T09:30Z", "is no time", "2026-01-31T09:30Z");
    await rejected(null, "nothing to roll prod back to", "the newest recorded sets of prod: prod-", "prod");
    await rejected(null, "no environment dve in the policy of main", "known: dev, prod", "dve");
  });

  test("a hash that is short for several is told with all of them", async () => {
    // a first digit that two commits share is found among so many soon
    const tree = story.repo.git("rev-parse", "HEAD^{tree}");
    const ids = Array.from(
      { length: 700 },
      (_, i) => `commit refs/heads/many${i}\ncommitter A <a@b> ${i} +0000\ndata 1\nx\nM 040000 ${tree} \n\n`,
    );
    story.repo.feed(`${ids.join("")}done\n`, "fast-import", "--quiet", "--done", "--force");
    const seen = new Map<string, string>();
    let short = "";
    for (const id of story.repo.git("for-each-ref", "--format=%(objectname)", "refs/heads/many*").split("\n")) {
      if (seen.has(id.slice(0, 4))) short = id.slice(0, 4);
      seen.set(id.slice(0, 4), id);
    }
    await expect(story.preview({ to: short })).rejects.toThrow(`\`${short}\` is short for`);
  });

  test("a commit that the source no longer has is known by what is recorded", async () => {
    const other = new Repo();
    onTestFinished(() => other.remove());
    other.commit({ "sluice.yaml": fileOf() }, "another history");
    await story.open(other);
    expect((await story.preview({ to: one.slice(0, 12) })).snapshot.release).toBe(one);
    await expect(story.preview({ to: "main" })).rejects.toThrow("was never live and good");
    await story.open();
  });
});

describe("the verdict", () => {
  test("names what cannot be taken back by a trailer, and what could still go", async () => {
    const story = await begun();
    const one = story.commit({ "sluice.yaml": fileOf(), ...all("1") }, "one");
    await story.deploy(one);
    const two = story.commit(all("2"), "drop a column\n\nIrreversible: jobs");
    const three = story.commit({ "api/x": "3" }, "three");
    await story.deploy(three);
    const { said, hints, snapshot } = await story.preview();
    expect(said).toEqual([`jobs@dev: commit ${two.slice(0, 12)} (drop a column) cannot be taken back: it says Irreversible: jobs`]);
    expect(hints[0]).toContain(`sluice rollback --env dev --to ${snapshot.id} --only api web --reason`);
    expect((await story.preview({ services: ["api", "web"], to: snapshot.id })).said).toEqual([]);
    await expect(story.opened.engine.rollback(story.request(), { name: "ana" })).rejects.toThrow("nothing has been touched: jobs@dev");
    expect(await story.live()).toEqual({ api: "three", jobs: "three", web: "three" });
  });

  test("and by the paths that what is live calls irreversible", async () => {
    const story = await begun();
    const one = story.commit({ "sluice.yaml": fileOf(), ...all("1"), "db/one": "1" }, "one");
    await story.deploy(one);
    const two = story.commit({ "sluice.yaml": fileOf({ migration: "db" }), "db/two": "1" }, "a migration");
    await story.deploy(two);
    expect((await story.preview()).said).toEqual([`api@dev: commit ${two.slice(0, 12)} (a migration) cannot be taken back: it changes db`]);
  });

  test("a commit that is gone bars what would cross it", async () => {
    const { story, one, three: newest } = await three(await begun());
    story.repo.git("branch", "rewritten", one);
    // a clone of a remote whose history was rewritten
    const clone = new Repo();
    onTestFinished(() => clone.remove());
    clone.git("fetch", "-q", `file://${story.repo.directory}`, "rewritten");
    clone.git("reset", "-q", "--hard", "FETCH_HEAD");
    await story.open(clone);
    const { said, hints } = await story.preview();
    const why = `whether it can be taken back cannot be known: There is no commit \`${newest}\``;
    for (const service of ["api", "jobs", "web"]) expect(said).toContainEqual(expect.stringContaining(`${service}@dev: ${why}`));
    expect(hints[0]).toContain("fetch that commit");
    expect(hints[0]).toContain("nothing else of the set could go without it");
  });

  test("and with --accept-unknown it goes back all the same, said in the verdict and in the run's reason", async () => {
    const { story, two, three: newest } = await three(await begun());
    story.repo.git("branch", "rewritten", two);
    const clone = new Repo();
    onTestFinished(() => clone.remove());
    clone.git("fetch", "-q", `file://${story.repo.directory}`, "rewritten");
    clone.git("reset", "-q", "--hard", "FETCH_HEAD");
    await story.open(clone);
    const { said, hints } = await story.preview();
    expect(said).toHaveLength(3);
    for (const hint of hints) expect(hint).toMatch(/--accept-unknown.*sluice deploy \w+ --env dev --commit/);
    for (const hint of hints) expect(hint).not.toContain(newest);

    const accepted = await story.preview({ acceptUnknown: true });
    expect(accepted.said).toEqual([]);
    expect(accepted.notes).toContainEqual(
      expect.stringMatching(/^web@dev goes back all the same: whether it can be taken back cannot be known/),
    );
    const { run } = await story.opened.engine.rollback(story.request({ acceptUnknown: true }), { name: "ana" });
    expect(run.reason).toBe("it is bad (accepted: whether it can be taken back cannot be known of api@dev, jobs@dev, web@dev)");
    expect(await story.ended(run.id)).toMatchObject({ status: "succeeded" });
    expect(await story.live()).toEqual({ api: "two", jobs: "two", web: "two" });
  });

  test("--accept-unknown lets nothing pass that is known to be irreversible", async () => {
    const story = await begun();
    await story.deploy(story.commit({ "sluice.yaml": fileOf(), ...all("1") }, "one"));
    await story.deploy(story.commit(all("2"), "drop a column\n\nIrreversible: jobs"));
    expect((await story.preview({ acceptUnknown: true })).said).toEqual([expect.stringContaining("jobs@dev: commit")]);
    await expect(story.opened.engine.rollback(story.request({ acceptUnknown: true }), { name: "ana" })).rejects.toThrow("jobs@dev");
  });

  test("a hint names no commit that the source does not have", async () => {
    const { story, one, two } = await three(await begun());
    story.repo.git("branch", "rewritten", one);
    const clone = new Repo();
    onTestFinished(() => clone.remove());
    clone.git("fetch", "-q", `file://${story.repo.directory}`, "rewritten");
    clone.git("reset", "-q", "--hard", "FETCH_HEAD");
    await story.open(clone);
    const { hints, snapshot } = await story.preview();
    expect(snapshot.release).toBe(two);
    expect(hints.join()).not.toContain("sluice deploy");
  });

  test("of what did not exist then: it is listed, and where it needs what goes back, who could still go", async () => {
    const story = await begun();
    const file = (services: readonly string[]) => fileOf({ services });
    await story.deploy(story.commit({ "sluice.yaml": file(["api", "jobs"]), ...all("1") }, "one"));
    const added = story.commit(
      {
        "sluice.yaml": `${file(["api", "jobs"])}  extra: { tier: backend, needs: [api], paths: [extra], deploy: { noop: {} } }\n`,
        "api/x": "2",
        "jobs/x": "2",
      },
      "adds extra",
    );
    await story.deploy(added);
    const { said, hints, targets, notes, snapshot } = await story.preview();
    expect(said).toEqual(["api@dev: no safe order with extra@dev, which needs it"]);
    expect(hints[0]).toMatch(/extra@dev cannot be taken along: it did not exist in that set/);
    expect(hints[0]).toContain(`what could still go: sluice rollback --env dev --to ${snapshot.id} --only jobs --reason`);
    expect(targets.find((t) => t.target === "extra@dev")).toMatchObject({ from: added, to: added, skip: "it did not exist then" });
    expect(notes).toContain("extra@dev is left as it is: it did not exist then");
    expect((await story.preview({ services: ["jobs"], to: snapshot.id })).said).toEqual([]);
  });

  test("while another rollback runs: which, whose and why, before anything about sets", async () => {
    const { story } = await three(await begun());
    const { engine } = story.opened;
    story.executor.holding = true;
    const { run } = await engine.rollback(story.request({ reason: "checkout fails" }), { name: "ben" });
    const told = {
      message: `run ${run.id} is rolling dev back (ben: checkout fails)`,
      hint: expect.stringContaining(`sluice run watch ${run.id}`) as string,
    };
    await expect(story.preview()).rejects.toMatchObject(told);
    await expect(engine.rollback(story.request(), { name: "cy" })).rejects.toMatchObject(told);
    const [oldest = ""] = (await story.snapshots()).toReversed();
    expect((await story.preview({ to: oldest })).problems[0]).toMatchObject(told);
  });

  test("an artifact that is gone, or of which nobody can tell, blocks", async () => {
    const story = await begun();
    const file = `${fileOf({ services: ["api"] }).replace("paths:", "artifact: mega, paths:")}artifacts: { mega: { noop: {} } }\n`;
    await story.deploy(story.commit({ "sluice.yaml": file, "api/x": "1" }, "one"));
    await story.deploy(story.commit({ "api/x": "2" }, "two"));
    await story.open(story.repo, { has: () => Promise.resolve(false) });
    expect((await story.preview()).said).toEqual([expect.stringMatching(/^api@dev: its artifact sha256:0+ is gone$/)]);
    expect((await story.preview()).hints[0]).toContain("build it again: sluice deploy api --env dev --commit");
    await story.open(story.repo, { has: () => Promise.reject(new Error("the registry does not answer")) });
    expect((await story.preview()).said).toEqual([expect.stringContaining("still there cannot be told: the registry does not answer")]);
    await story.open();
    expect((await story.preview()).said).toEqual([]);
  });

  test("each artifact is asked of the builder that made it, as its own commit's file has it", async () => {
    const story = await begun();
    const file = (at: string) =>
      `${fileOf({ services: ["api", "jobs"], environments: "dev: { variables: { REGION: eu } }" })
        .replace("paths: [api]", "artifact: mega, paths: [api]")
        .replace("paths: [jobs]", "artifact: other, paths: [jobs]")}artifacts:
  mega: { perEnvironment: true, noop: { at: "${at}/${"$"}{environment}/${"$"}{variables.REGION}" } }
  other: { noop: { at: other } }\n`;
    const asked: unknown[] = [];
    await story.deploy(story.commit({ "sluice.yaml": file("first"), "api/x": "1", "jobs/x": "1" }, "one"));
    await story.deploy(story.commit({ "sluice.yaml": file("second"), "api/x": "2" }, "two"));
    // who always says yes says nothing for others
    await story.open(story.repo, { has: (_, config) => Promise.resolve(asked.push(config["at"]) > 0 && config["at"] === "other") });
    expect((await story.preview()).said).toEqual([expect.stringMatching(/^api@dev: its artifact sha256:0+ is gone$/)]);
    expect(new Set(asked)).toEqual(new Set(["first/dev/eu", "other"]));
  });

  test("a commit whose artifact may be gone is not deployed again before that is known", async () => {
    const story = await begun();
    const file = `${fileOf({ services: ["api"] }).replace("paths:", "artifact: mega, paths:")}artifacts: { mega: { noop: {} } }\n`;
    const commit = story.commit({ "sluice.yaml": file, "api/x": "1" }, "one");
    await story.deploy(commit);
    await story.open(story.repo, { has: () => Promise.reject(new Error("the registry does not answer")) });
    await expect(story.opened.engine.deploy(story.asked(commit, "prod"), { name: "ana" })).rejects.toMatchObject({
      code: "conflict",
      message: expect.stringMatching(
        /^whether mega of this commit is still there \(sha256:0+\) cannot be told: the registry does not answer$/,
      ) as string,
    });
  });

  test("tells of locks, pins and removed services together", async () => {
    const { story, three: newest } = await three(await begun());
    const { engine } = story.opened;
    story.commit({ "sluice.yaml": fileOf({ services: ["api", "web"] }) }, "without jobs");
    await engine.lock("api@dev", { reason: "an incident", until: null }, { name: "ben" });
    await engine.pin("web@dev", { commit: newest, reason: "a test" }, { name: "cy" });
    const { said, targets, plan } = await story.preview();
    expect(said).toEqual([
      "api@dev: it is locked by ben: an incident",
      "api@dev: no safe order with web@dev, which needs it",
      "jobs@dev: no safe order with web@dev, which needs it",
    ]);
    expect(targets.find((t) => t.target === "web@dev")?.skip).toBe(`pinned at ${newest.slice(0, 12)} by cy: a test`);
    expect(plan.notes).toContain(
      "jobs@dev is rolled back from its recorded definition: the policy ref's file no longer has a service jobs",
    );
  });

  test("a lock that has ended stops nothing, though nobody has told the core the time", async () => {
    const { story } = await three(await begun());
    await story.opened.engine.lock("api@dev", { reason: "for an hour", until: story.clock.at + 3_600_000 }, { name: "ben" });
    expect((await story.preview()).said).toHaveLength(1);
    story.clock.at += 3_600_001;
    expect((await story.preview()).said).toEqual([]);
  });

  test("an environment that policy no longer has", async () => {
    const { story } = await three(await begun());
    story.commit({ "sluice.yaml": fileOf({ environments: "dev: {}" }) }, "without prod");
    await expect(story.preview({ environment: "prod" })).rejects.toMatchObject({
      message: "the policy of main no longer has an environment prod, so nobody may change what is live there",
      hint: expect.stringContaining("put it back into the sluice.yaml of main") as string,
    });
  });
});
