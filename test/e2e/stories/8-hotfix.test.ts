import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { Harbor, inWords, short } from "./rig.ts";

/** Story 8: at 3 am, and what is left to be tidied up in the morning. */
const POLICY = `
teams: { release: [ben, cy] }
environments:
  devnet: { order: any }
  canary: {}
  mainnet:
    needs: [devnet]
    from: [main, "hotfix/*"]
    approval: { approvers: ["team:release"], count: 2 }
    emergency: [zoe]
`;
/** Tells people by a program of its own, of which nobody can say afterwards what it has done. */
const PAGER = `
  pager:
    tier: frontend
    environments: [devnet]
    needs: []
    manual: true
    artifact: mega
    deploy: { command: { apply: [node, ./tools/probe.js] } }
`;

let harbor: Harbor;
beforeAll(async () => {
  harbor = await Harbor.open(POLICY, (file) => `${file}${PAGER}`);
});
afterEach(() => harbor.calm());
afterAll(async () => {
  await harbor[Symbol.asyncDispose]();
});

const released = (...services: readonly string[]) => ({ services: [...services], environments: ["devnet", "mainnet"] });
async function approveBoth(commit: string): Promise<void> {
  for (const person of ["ben", "cy"] as const) await harbor.approve(person, commit, "mainnet");
}

describe("a hotfix past main", () => {
  let base: string;
  let next: string;
  let hotfix: string;
  beforeAll(async () => {
    base = harbor.change("auth");
    const run = await harbor.deploy("ana", base, released("auth"));
    await harbor.atGate(run, "mainnet");
    await approveBoth(base);
    await harbor.succeeded(run);
    next = harbor.change("auth");
  });

  test("comes only from where policy says, and without what main has not released yet", async () => {
    harbor.git("checkout", "--quiet", "-b", "feature/login", base);
    const feature = harbor.change("auth");
    const refused = await harbor.sluice("ana", "deploy", "auth", "--env", "mainnet", "--commit", feature, "--yes");
    expect(refused).toMatchObject({ exit: 4 });
    expect(refused.err).toMatch(/mainnet takes only commits from main, hotfix\/\*/);

    harbor.git("checkout", "--quiet", "-b", "hotfix/login", base);
    hotfix = harbor.commit("auth: lets people in again", { "services/auth/FIX": "yes\n" });
    harbor.git("checkout", "--quiet", "main");
    const why = ["--skip-needs", "--reason", "nobody can log in"];
    const started = await harbor.sluice("ana", "deploy", "auth", "--env", "mainnet", "--commit", "hotfix/login", ...why, "--yes");
    expect(started.exit).toBe(3); // at the gate
    expect(await harbor.says("zoe", "approvals")).toContain("skips the environments before: nobody can log in");
  });

  test("passes by the word of the one person who is named for emergencies, with a reason", async () => {
    const emergency = ["approve", hotfix, "--env", "mainnet", "--emergency", "--yes"];
    expect((await harbor.sluice("zoe", ...emergency)).exit).toBe(2); // no reason
    const other = await harbor.sluice("ben", ...emergency, "--reason", "nobody can log in");
    expect(other.exit).toBe(4);
    expect(other.err).toMatch(/ben is not named for emergencies in mainnet[^]*zoe/);
    const plain = await harbor.sluice("zoe", "approve", hotfix, "--env", "mainnet", "--yes");
    expect(plain.exit).toBe(4);
    const [waiting] = await harbor.approvals();
    await harbor.says("zoe", ...emergency, "--reason", "nobody can log in");
    await harbor.succeeded(waiting?.run ?? "");
    expect(await harbor.serves("mainnet")).toEqual({ auth: hotfix });
  });

  test("main's next release names what it would lose, and goes over it only where that was said before and approved", async () => {
    const told = await harbor.sluice("ana", "deploy", "auth", "--env", "devnet,mainnet", "--commit", next, "--yes");
    expect(told.exit).toBe(1);
    expect(told.out + told.err).toMatch(
      new RegExp(
        `diverged: ${short(hotfix)} is live and ${short(next)} does not contain it[^]*git log --oneline ${short(next)}..${short(hotfix)}`,
      ),
    );
    const lost = await harbor.says("ana", "diff", "auth", "--env", "mainnet", "--commit", next);
    expect(lost).toMatch(/auth@mainnet: 1 commit that would be lost\n {2}\S+ auth: lets people in again/);
    expect(await harbor.serves("mainnet")).toEqual({ auth: hotfix });

    const over = ["--accept-diverged", "--reason", "main has its own fix"];
    const started = await harbor.sluice("ana", "deploy", "auth", "--env", "mainnet", "--commit", next, ...over, "--yes");
    expect(started.exit).toBe(3);
    expect(await harbor.says("ben", "approvals")).toContain("goes over what has diverged: main has its own fix");
    const [waiting] = await harbor.approvals();
    await approveBoth(next);
    await harbor.succeeded(waiting?.run ?? "");
    expect(await harbor.serves("mainnet")).toEqual({ auth: next });
  });
});

test("only what has changed is deployed; what is pinned is left, and said so, until it is named", async () => {
  const before = harbor.change("auth", "api");
  await harbor.succeeded(await harbor.deploy("ana", before, { services: ["auth", "api"], environments: ["devnet"] }));
  const commit = harbor.change("api");
  const changed = await harbor.says("ana", "deploy", "auth", "api", "--changed", "--env", "devnet", "--yes");
  expect(changed).toContain("auth is left out: nothing has changed at its paths since what is live");
  expect(await harbor.serves("devnet")).toEqual({ auth: before, api: commit });
  expect(await harbor.says("ana", "deploy", "auth", "api", "--changed", "--env", "devnet", "--yes")).toContain("nothing is started");

  await harbor.says("cy", "pin", "auth@devnet", short(before), "--reason", "debugging until noon", "--yes");
  const all = await harbor.says("ana", "deploy", "--all", "--env", "devnet", "--yes");
  expect(all).toMatch(new RegExp(`auth@devnet is pinned at ${short(before)} \\(debugging until noon\\).*sluice unpin auth@devnet`));
  expect(await harbor.serves("devnet")).toEqual({ auth: before, api: commit, orders: commit, indexer: commit, web: commit });
  await harbor.says("ana", "deploy", "auth", "--env", "devnet", "--yes");
  expect(await harbor.serves("devnet")).toMatchObject({ auth: commit });
  await harbor.says("cy", "unpin", "auth@devnet", "--yes");
});

test("what was cut off where no driver can look is said by a person, and goes on from there", async () => {
  const commit = harbor.change("auth");
  const pager = { services: ["pager"], environments: ["devnet"] };
  harbor.hang("pager@devnet");
  const run = await harbor.deploy("ana", commit, pager);
  await harbor.reached(run, "deploy:pager@devnet", "running");
  await harbor.says("ana", "run", "cancel", run, "--now", "--yes");
  const errored = (await harbor.ended(run)).steps.find(({ id }) => id === "deploy:pager@devnet");
  expect(errored && inWords(errored)).toMatch(/errored: the attempt was lost and no driver can say what is on pager@devnet/);
  harbor.release("pager@devnet");

  const again = await harbor.deploy("ana", commit, pager);
  await harbor.waits(again, "deploy:pager@devnet", "observing");
  expect((await harbor.target("pager@devnet")).unknown).toMatchObject({ commit });
  await harbor.says("ben", "run", "settle", "pager@devnet", "--not-applied", "--reason", "nobody was paged", "--yes");
  await harbor.succeeded(again);
  expect(await harbor.target("pager@devnet")).toMatchObject({ commit, unknown: null, good: true });
});
