import { afterAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { jsonOf, Place } from "./rig.ts";
import { Team } from "./team.ts";

const place = new Place();
afterAll(() => place.remove());

const TWO_OF_THREE = "approval: { approvers: [ana, ben, cai], count: 2, self: false, expires: 24h }, emergency: [dee]";

/** Two runs of one commit, each of one service, that wait at the gate of mainnet. */
async function twoRuns(team: Team): Promise<{ readonly commit: string; readonly api: string; readonly web: string }> {
  return { commit: team.shop.head, api: await team.deploy("uma", "api"), web: await team.deploy("uma", "web") };
}

test("one line and one set for a commit, whatever number of runs wait for it; who has approved of how many", async () => {
  const team = await Team.open(place, "set", TWO_OF_THREE);
  const { commit, api, web } = await twoRuns(team);
  const items = await team.approvals();
  expect(items.map(({ run, members }) => [run, members])).toEqual([
    [api, ["api@mainnet"]],
    [web, ["web@mainnet"]],
  ]);
  const [set, ...others] = new Set(items.map((item) => item.set));
  expect(others).toEqual([]);
  const listed = await team.as("uma", ["approvals"]);
  expect(listed.out.match(new RegExp(`^${commit.slice(0, 9)} `, "gm"))).toHaveLength(1);
  expect(listed.out).toMatch(new RegExp(`mainnet +${api}, ${web} .* 0 of 2 +api, web +a team\nsluice approve`));

  // a run's own fingerprint is not what waits
  const mismatch = await team.as("ana", ["approve", commit, "--env", "mainnet", "--yes", "--expect", items[0]?.fingerprint ?? ""]);
  expect(mismatch).toMatchObject({ exit: 1 });
  expect(mismatch.err).toContain(set);
  expect(await team.as("ana", ["approve", commit, "--env", "mainnet", "--yes", "--expect", set ?? ""])).toMatchObject({ exit: 0 });
  expect((await team.as("uma", ["approvals"])).out).toContain("1 of 2 (ana)");
});

test("approve shows the set, its commits and what they change, asks once, and opens every gate", async () => {
  const team = await Team.open(place, "shown", TWO_OF_THREE);
  const { commit, api, web } = await twoRuns(team);
  const first = await team.as("ana", ["approve", commit.slice(0, 7), "--env", "mainnet"], { answers: [true] });
  expect(first).toMatchObject({ exit: 0, asked: ["Approve this?"] });
  expect(first.out).toContain(`"a team" in mainnet, runs ${api}, ${web}`);
  expect(first.out).toMatch(new RegExp(`api@mainnet +- +${commit.slice(0, 9)} +${api}$`, "m"));
  expect(first.out).toContain(`api@mainnet nothing -> ${commit.slice(0, 9)}`);
  expect(first.out).toContain(`+commit: ${commit}`);
  expect(first.out).toContain("approved by 1 of 2 (ana)");

  const again = await team.as("ana", ["approve", commit, "--env", "mainnet", "--yes"]);
  expect(again.out).toContain("was approved already");
  expect((await team.as("ben", ["approve", "main", "--env", "mainnet"], { answers: [true] })).asked).toEqual(["Approve this?"]);
  expect([await team.ended(api), await team.ended(web)]).toEqual(["succeeded", "succeeded"]);
});

test("what came after the list was shown is not approved by the answer to it", async () => {
  const team = await Team.open(place, "meanwhile", TWO_OF_THREE);
  const commit = team.shop.head;
  await team.deploy("uma", "api");
  const confirm = async (): Promise<boolean> => {
    await team.deploy("uma", "web");
    return true;
  };
  const ended = await team.as("ana", ["approve", commit, "--env", "mainnet"], { answers: [true], context: { confirm } });
  expect(ended).toMatchObject({ exit: 1 });
  expect(ended.err).toMatch(/what waits has the fingerprint[^]*look again: sluice approvals/);
});

test("--only and --except decide on a part; a service that does not wait is refused by name", async () => {
  const team = await Team.open(place, "part", "approval: { count: 1, self: true }");
  const { commit, api, web } = await twoRuns(team);
  const strange = await team.as("ana", ["approve", commit, "--env", "mainnet", "--yes", "--only", "api,nosuch"]);
  expect(strange).toMatchObject({ exit: 2 });
  expect(strange.err).toMatch(/nosuch@mainnet does not wait[^]*api@mainnet, web@mainnet/);
  expect(await team.as("ana", ["approve", commit, "--env", "mainnet", "--yes", "--except", "api", "web"])).toMatchObject({ exit: 2 });

  const part = await team.as("ana", ["approve", commit, "--env", "mainnet", "--only", "api"], { answers: [true] });
  expect(part).toMatchObject({ exit: 0 });
  expect(part.out).toContain("not decided on now: web@mainnet");
  expect(part.out).toMatch(/approved in mainnet: 1 member \(api@mainnet\)/);
  expect(await team.ended(api)).toBe("succeeded");
  expect(await team.statusOf(web, "deploy:web@mainnet")).toBe("waiting");
});

describe("who may, and who is told who may", () => {
  test("not by who is not named, nor by the author; by who is named for emergencies, alone and with a reason", async () => {
    const team = await Team.open(place, "who", TWO_OF_THREE);
    const commit = team.shop.head;
    const run = await team.deploy("ana", "api");
    const approve = (person: "ana" | "uma" | "dee", ...more: string[]) =>
      team.as(person, ["approve", commit, "--env", "mainnet", "--yes", ...more]);
    const stranger = await approve("uma");
    expect(stranger).toMatchObject({ exit: 4 });
    expect(stranger.err).toMatch(/uma may not decide[^]*ana, ben, cai/);
    const author = await approve("ana");
    expect(author).toMatchObject({ exit: 4 });
    expect(author.err).toMatch(/ana started run \d+ and may not approve it[^]*ben, cai/);
    const noEmergency = await approve("ana", "--emergency", "--reason", "now");
    expect(noEmergency).toMatchObject({ exit: 4 });
    expect(noEmergency.err).toMatch(/not named for emergencies[^]*dee/);
    const emergency = await approve("dee", "--emergency", "--reason", "checkout is down");
    expect(emergency).toMatchObject({ exit: 0 });
    expect(await team.ended(run)).toBe("succeeded");
  });
});

describe("a commit that nobody waits for any more", () => {
  test("rejected a moment ago: by whom, and why; its run has ended", async () => {
    const team = await Team.open(place, "rejected", "approval: { count: 1, self: true }");
    const commit = team.shop.head;
    const run = await team.deploy("uma", "--all");
    expect(await team.as("ben", ["reject", commit, "--env", "mainnet", "--yes", "--reason", "wait for the audit"])).toMatchObject({
      exit: 0,
    });
    expect(await team.ended(run)).toBe("cancelled");
    const late = await team.as("ana", ["approve", commit, "--env", "mainnet", "--yes"]);
    expect(late).toMatchObject({ exit: 1 });
    expect(late.err).toMatch(new RegExp(`nothing waits[^]*run ${run} was rejected by ben: wait for the audit`));
  });

  test("superseded a moment ago: by which run and commit", async () => {
    const team = await Team.open(place, "superseded", "approval: { count: 1, self: true }");
    const old = team.shop.head;
    const before = await team.deploy("uma", "--all");
    team.shop.write("api.txt", "two\n");
    const newer = team.shop.commit("second");
    const after = await team.deploy("uma", "--all");
    expect(await team.ended(before)).toBe("superseded");
    const late = await team.as("ana", ["approve", old, "--env", "mainnet", "--yes"]);
    expect(late).toMatchObject({ exit: 1 });
    expect(late.err).toContain(`superseded there by ${newer.slice(0, 12)}, run ${after}`);
  });

  test("never asked for there, and no such commit", async () => {
    const team = await Team.open(place, "nobody", "approval: { count: 1, self: true }");
    const none = await team.as("ana", ["approve", team.shop.head, "--env", "mainnet", "--yes"]);
    expect(none).toMatchObject({ exit: 1 });
    expect(none.err).toMatch(/nothing waits[^]*no open run[^]*sluice approvals/);
    expect(await team.as("ana", ["approve", "deadbeef", "--env", "mainnet", "--yes"])).toMatchObject({ exit: 2 });
  });
});

test("locks: what would start waits, says for whom and how to end it, and goes on when unlocked", async () => {
  const team = await Team.open(place, "locks", "approval: { count: 1, self: true }");
  expect(await team.as("ana", ["lock", "api@devnet", "--reason", "migration runs"])).toMatchObject({ exit: 0 });
  expect(await team.as("ana", ["lock", "mainnet", "--reason", "audit", "--until", "2h"])).toMatchObject({ exit: 0 });
  const stopped = await team.as("uma", ["deploy", "api", "--env", "devnet", "--json"]);
  expect(stopped.exit).toBe(3);
  const { id } = jsonOf<{ id: string }>(stopped);
  const [waits, ...others] = jsonOf<{ run: string; step: string; waitingFor: object; who: string[] }[]>(
    await team.as("uma", ["status", "--waiting", "--json"]),
  ).filter((step) => step.step.startsWith("deploy:"));
  expect(others).toEqual([]);
  expect(waits).toMatchObject({
    run: id,
    step: "deploy:api@devnet",
    waitingFor: { code: "lock", command: "sluice unlock api@devnet", since: expect.stringMatching(/Z$/) },
    who: ["ana"],
  });
  expect((await team.as("uma", ["status", "--waiting"])).out).toMatch(
    new RegExp(
      `^${id} +deploy:api@devnet +.* +ana, or anyone who may +the lock on api@devnet by ana \\(migration runs\\) +sluice unlock api@devnet$`,
      "m",
    ),
  );
  const status = await team.as("uma", ["status"]);
  expect(status.out).toMatch(/^mainnet is locked by ana until \S+Z: audit \(sluice unlock mainnet\)$/m);
  expect(status.out).toContain("api@devnet is locked by ana: migration runs (sluice unlock api@devnet)");
  expect(jsonOf<object[]>(await team.as("uma", ["status", "--json", "--service", "api"]))).toContainEqual(
    expect.objectContaining({ lock: expect.objectContaining({ reason: "migration runs", until: null }) }),
  );

  expect(await team.as("ben", ["unlock", "api@devnet"])).toMatchObject({ exit: 0 });
  expect(await team.ended(id)).toBe("succeeded");
  expect(await team.as("ben", ["unlock", "api@devnet"])).toMatchObject({ exit: 1 });
  expect(await team.as("ben", ["unlock", "mainnet"])).toMatchObject({ exit: 0 });
  expect(await team.as("ben", ["lock", "nosuch@devnet", "--reason", "x"])).toMatchObject({ exit: 2 });
  expect(await team.as("ben", ["lock", "nowhere", "--reason", "x"])).toMatchObject({ exit: 2 });
});

test("pins: deploy all skips the target and says so, until it is unpinned", async () => {
  const team = await Team.open(place, "pins", "approval: { count: 1, self: true }");
  const commit = team.shop.head;
  await team.deploy("uma", "--all", "--env", "devnet");
  const pinned = await team.as("ana", ["pin", "api@devnet", commit.slice(0, 8), "--reason", "reindexes"]);
  expect(pinned).toMatchObject({ exit: 0, err: "" });
  expect((await team.as("uma", ["status"])).out).toContain(
    `api@devnet is pinned at ${commit.slice(0, 9)} by ana: reindexes (sluice unpin api@devnet)`,
  );
  team.shop.write("api.txt", "two\n");
  team.shop.commit("second");
  const run = await team.deploy("uma", "--all", "--env", "devnet");
  expect(await team.statusOf(run, "deploy:api@devnet")).toBe("skipped");
  expect((await team.as("uma", ["run", "show", run])).out).toContain("api@devnet is pinned at");
  expect(await team.as("ana", ["unpin", "api@devnet"])).toMatchObject({ exit: 0 });
  const ended = await team.as("ana", ["unpin", "api@devnet"]);
  expect(ended).toMatchObject({ exit: 1 });
  expect(ended.err).toContain("api@devnet is not pinned");
  expect(await team.as("ana", ["pin", "api@devnet", "deadbeef", "--reason", "x"])).toMatchObject({ exit: 2 });
});

test("the retry of a deploy-all is one: it skips what is pinned", async () => {
  const team = await Team.open(place, "retry", "approval: { count: 1, self: true }");
  const commit = team.shop.head;
  const run = await team.deploy("uma", "--all");
  expect(await team.as("uma", ["run", "cancel", run])).toMatchObject({ exit: 0 });
  team.shop.write("api.txt", "two\n");
  team.shop.commit("second");
  expect(await team.as("ana", ["pin", "api@mainnet", "HEAD", "--reason", "stays"])).toMatchObject({ exit: 0 });
  const again = jsonOf<{ id: string }>(await team.as("uma", ["run", "retry", run, "--json"])).id;
  expect(again).not.toBe(run);
  await team.as("ana", ["approve", commit, "--env", "mainnet", "--yes"]);
  expect(await team.ended(again)).toBe("succeeded");
  expect(await team.statusOf(again, "deploy:api@mainnet")).toBe("skipped");
  expect(await team.statusOf(again, "deploy:web@mainnet")).toBe("succeeded");
});

describe("deploy", () => {
  test("--changed takes what has changed since what is live, names the others, and starts nothing where nothing has", async () => {
    const team = await Team.open(place, "changed", "approval: { count: 1, self: true }");
    const all = await team.as("uma", ["deploy", "--changed", "--env", "devnet", "--json"]);
    expect(jsonOf<{ steps: { id: string }[] }>(all).steps.map(({ id }) => id)).toContain("deploy:web@devnet");
    const runs = jsonOf<object[]>(await team.as("uma", ["runs", "--json"]));

    const none = await team.as("uma", ["deploy", "--changed", "--env", "devnet"]);
    expect(none).toMatchObject({ exit: 0 });
    expect(none.out).toContain("Nothing has changed since what is live: nothing is started");
    expect(await team.as("uma", ["deploy", "--changed", "--env", "devnet", "--json"])).toMatchObject({ exit: 0, out: "null\n" });
    expect(jsonOf<object[]>(await team.as("uma", ["runs", "--json"]))).toEqual(runs);

    team.shop.write("api.txt", "two\n");
    team.shop.commit("api changes");
    const plan = await team.as("uma", ["plan", "--changed", "--env", "devnet"]);
    expect(plan.out).toContain("note: web is left out: nothing has changed at its paths since what is live");
    const some = jsonOf<{ steps: { id: string }[] }>(await team.as("uma", ["deploy", "--changed", "--env", "devnet", "--json"]));
    expect(some.steps.map(({ id }) => id)).toEqual(["deploy:api@devnet", "verify:api@devnet"]);
    // not live in mainnet, which is in the scope
    expect((await team.as("uma", ["plan", "web", "--changed"])).out).toContain("deploy:web@mainnet");
  });

  test("--skip-needs goes through a gate, which shows it, and is refused where there is none", async () => {
    const team = await Team.open(place, "skip", "approval: { count: 1, self: true }");
    const run = await team.as("uma", ["deploy", "api", "--env", "mainnet", "--skip-needs", "--reason", "hotfix 7"]);
    expect(run).toMatchObject({ exit: 3 });
    expect((await team.as("ana", ["approvals"])).out).toMatch(/run \d+ skips the environments before: hotfix 7/);
    const approve = await team.as("ana", ["approve", team.shop.head, "--env", "mainnet"], { answers: [true] });
    expect(approve.out).toContain("skips the environments before: hotfix 7");

    const open = await Team.open(place, "no-gate", "order: forward");
    const refused = await open.as("uma", ["deploy", "api", "--env", "mainnet", "--skip-needs", "--reason", "hotfix"]);
    expect(refused).toMatchObject({ exit: 2 });
    expect(refused.err).toMatch(/only through a gate, and mainnet has none[^]*hint: .*--env/);
  });
});

describe("diff", () => {
  test("old against new, with the commits that come with it; a credential's value is nowhere", async () => {
    vi.stubEnv("CREDENTIAL", "hunter2-hunter2");
    onTestFinished(() => void vi.unstubAllEnvs());
    const team = await Team.open(place, "diff", "credentials: [CREDENTIAL]");
    const first = team.shop.head;
    await team.deploy("uma", "--all");
    const config = team.shop.git("show", "HEAD:sluice.yaml");
    // nobody should write it there; who does must not see it spread
    team.shop.write("sluice.yaml", config.replaceAll("apply]", 'apply, "--token=hunter2-hunter2", "--fast"]'));
    team.shop.commit("goes faster");
    team.shop.write("api.txt", "two\n");
    const second = team.shop.commit("api changes");
    const shown = await team.as("uma", ["diff", "api", "--env", "mainnet"]);
    expect(shown).toMatchObject({ exit: 0, err: "" });
    expect(shown.out).toContain(`api@mainnet: 2 commits since ${first.slice(0, 9)}\n  ${second.slice(0, 9)} api changes\n`);
    expect(shown.out).toContain(`-commit: ${first}\n+commit: ${second}`);
    expect(shown.out).toContain('+  - "--fast"');
    expect(shown.out).toContain('+  - "--token=***"');
    expect(shown.out).not.toContain("web@mainnet");
    const json = await team.as("uma", ["diff", "--env", "mainnet", "--json"]);
    expect(json.out).not.toContain("hunter2");
    expect(jsonOf<{ targets: { target: string; from: string }[] }>(json).targets.map(({ target, from }) => [target, from])).toEqual([
      ["api@mainnet", first],
      ["web@mainnet", first],
    ]);
    expect((await team.as("uma", ["diff", "--env", "mainnet", "--commit", first])).out).toContain("no difference");
    expect(await team.as("uma", ["diff", "nosuch", "--env", "mainnet"])).toMatchObject({ exit: 2 });
    expect(await team.as("uma", ["diff", "--env", "nowhere"])).toMatchObject({ exit: 2 });
  });
});
