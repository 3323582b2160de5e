import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { Harbor, inWords, short } from "./rig.ts";

/** Story 3: who decides on what, once for all runs, and for how long that holds. */
const POLICY = (greeting: string): string => `
teams: { release: [ben, cy, zoe] }
environments:
  devnet: {}
  canary: { needs: [devnet], approval: { approvers: [zoe], early: true }, variables: { GREETING: ${greeting} } }
  mainnet: { approval: { approvers: ["team:release"], count: 2, expires: 1h } }
`;
const HOUR = 3_600_000;
const mainnet = (...services: readonly string[]) => ({ services: [...services], environments: ["mainnet"] });
const upToCanary = (...services: readonly string[]) => ({ services: [...services], environments: ["devnet", "canary"] });

let harbor: Harbor;
beforeAll(async () => {
  harbor = await Harbor.open(POLICY("hello"));
});
afterEach(() => harbor.calm());
afterAll(async () => {
  await harbor[Symbol.asyncDispose]();
});

const approve = (...args: readonly string[]): readonly string[] => ["approve", ...args, "--env", "mainnet", "--yes"];

test("one decision, seen before it is made, opens the gates of all runs; two of three persons, and nobody for what they have started", async () => {
  const commit = harbor.change("auth", "api");
  const [both, one] = [await harbor.deploy("ana", commit, mainnet("auth", "api")), await harbor.deploy("ben", commit, mainnet("auth"))];
  for (const run of [both, one]) await harbor.atGate(run, "mainnet");
  const list = await harbor.says("cy", "approvals");
  expect(list).toMatch(new RegExp(`^${short(commit)} +mainnet +${both}, ${one} .* 0 of 2 .*auth, api`, "m"));

  const stranger = await harbor.sluice("ana", ...approve(commit));
  expect(stranger.exit).toBe(4);
  expect(stranger.err).toMatch(/ana may not decide for mainnet[^]*ben, cy, zoe/);
  const other = await harbor.sluice("cy", ...approve(commit), "--expect", `sha256:${"0".repeat(64)}`);
  expect(other.exit).toBe(1);
  expect(other.err).toContain("what waits has the fingerprint");

  // ben has started a run that holds auth: his word counts for the rest
  expect(await harbor.says("ben", ...approve(commit))).toContain("approved in mainnet: 1 member (api@mainnet)");
  const set = (await harbor.approvals())[0]?.set ?? "";
  const seen = await harbor.says("cy", ...approve(short(commit)), "--expect", set);
  for (const part of ["auth@mainnet", "api@mainnet", "auth and api: changed", `+commit: ${commit}`]) expect(seen).toContain(part);
  expect((await harbor.approvals()).map(({ approved }) => approved.map(({ by }) => by))).toEqual([["cy"], ["cy"]]);
  expect(harbor.starts(commit)["auth@mainnet"]).toBeUndefined();
  await harbor.says("zoe", ...approve(commit));
  for (const run of [both, one]) await harbor.succeeded(run);
  expect(await harbor.serves("mainnet")).toEqual({ auth: commit, api: commit });
  expect(harbor.starts(commit)).toEqual({ build: 1, "auth@mainnet": 1, "api@mainnet": 1 });

  // once more is harmless
  expect(await harbor.says("zoe", ...approve(commit))).toContain("was approved already");
});

test("some of it first, then more, and the rest rejected with a reason", async () => {
  const commit = harbor.change("auth", "orders", "indexer");
  const run = await harbor.deploy("ben", commit, mainnet("auth", "orders", "indexer"));
  await harbor.atGate(run, "mainnet");
  const own = await harbor.sluice("ben", ...approve(commit));
  expect(own.exit).toBe(4);
  expect(own.err).toMatch(new RegExp(`ben started run ${run} and may not approve it[^]*cy, zoe`));

  for (const person of ["cy", "zoe"] as const) await harbor.says(person, ...approve(commit), "--only", "auth");
  await harbor.reached(run, "verify:auth@mainnet", "succeeded");
  expect((await harbor.approvals()).flatMap(({ members }) => members)).toEqual(["orders@mainnet", "indexer@mainnet"]);
  for (const person of ["cy", "zoe"] as const) await harbor.says(person, ...approve(commit), "--except", "indexer");
  await harbor.reached(run, "verify:orders@mainnet", "succeeded");

  await harbor.says("zoe", "reject", commit, "--env", "mainnet", "--reason", "reindexes for a day", "--yes");
  const ended = await harbor.ended(run);
  expect(ended.status).toBe("cancelled");
  const indexer = ended.steps.find(({ id }) => id === "deploy:indexer@mainnet");
  expect(indexer && inWords(indexer)).toBe("deploy:indexer@mainnet cancelled: rejected by zoe: reindexes for a day");
  expect(await harbor.serves("mainnet")).toMatchObject({ auth: commit, orders: commit });
});

test("a decision that nothing has used in time is asked for again", async () => {
  const commit = harbor.change("auth");
  const run = await harbor.deploy("ana", commit, mainnet("auth"));
  await harbor.atGate(run, "mainnet");
  await harbor.approve("cy", commit, "mainnet");
  expect((await harbor.approvals())[0]?.approved).toMatchObject([{ by: "cy" }]);
  await harbor.later(2 * HOUR);
  await harbor.approve("zoe", commit, "mainnet");
  expect((await harbor.approvals())[0]?.approved.map(({ by }) => by)).toEqual(["zoe"]);
  expect((await harbor.step(run, "deploy:auth@mainnet")).status).toBe("waiting");
  await harbor.says("cy", ...approve(commit));
  await harbor.succeeded(run);
  expect(await harbor.serves("mainnet")).toMatchObject({ auth: commit });
});

test("where policy allows it, it is decided while the environment before is still under way; what fails there is asked for again", async () => {
  const good = harbor.change("auth");
  harbor.hang("auth@devnet");
  const run = await harbor.deploy("ana", good, upToCanary("auth"));
  await harbor.reached(run, "deploy:auth@devnet", "running");
  const early = await harbor.says("zoe", "approve", good, "--env", "canary", "--yes");
  expect(early).toContain(`run ${run} is early: not all of it has arrived in canary`);
  harbor.release("auth@devnet");
  await harbor.succeeded(run);
  expect(await harbor.serves("canary")).toEqual({ auth: good });

  const bad = harbor.change("auth");
  harbor.hang("auth@devnet");
  harbor.fail("auth@devnet");
  const fails = await harbor.deploy("ana", bad, upToCanary("auth"));
  await harbor.reached(fails, "deploy:auth@devnet", "running");
  await harbor.approve("zoe", bad, "canary");
  harbor.release("auth@devnet");
  expect((await harbor.ended(fails)).status).toBe("failed");
  harbor.mend("auth@devnet");
  const again = await harbor.deploy("ana", bad, upToCanary("auth"));
  await harbor.atGate(again, "canary");
  await harbor.approve("zoe", bad, "canary");
  await harbor.succeeded(again);
});

test("what changed after the decision asks again, for that target only", async () => {
  const commit = harbor.change("auth", "api");
  await harbor.succeeded(await harbor.deploy("ana", commit, { services: ["auth", "api"], environments: ["devnet"] }));
  for (const service of ["auth", "api"]) await harbor.says("cy", "lock", `${service}@canary`, "--reason", "not yet", "--yes");
  const decided = await harbor.deploy("ana", commit, { services: ["auth", "api"], environments: ["canary"] });
  await harbor.atGate(decided, "canary");
  await harbor.approve("zoe", commit, "canary");
  await harbor.waits(decided, "deploy:auth@canary", "lock");

  harbor.policy(POLICY("good morning"));
  const changed = await harbor.deploy("ben", commit, { services: ["auth"], environments: ["canary"] });
  await harbor.atGate(changed, "canary");
  expect((await harbor.approvals()).map(({ run, members }) => [run, members])).toEqual([[changed, ["auth@canary"]]]);
  for (const service of ["auth", "api"]) await harbor.says("cy", "unlock", `${service}@canary`, "--yes");
  await harbor.succeeded(decided);
  await harbor.atGate(changed, "canary");
  const shown = await harbor.says("zoe", "approve", commit, "--env", "canary", "--yes");
  expect(shown).toMatch(/-variable GREETING: "hello"\n\+variable GREETING: "good morning"/);
  await harbor.succeeded(changed);
  expect(harbor.starts(commit)).toMatchObject({ "auth@canary": 2, "api@canary": 1 });
});
