import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { until } from "../../rig/wait.ts";
import { answer, Harbor, inWords } from "./rig.ts";

/** Story 6: what a person stops waits; what fails is brought back by itself. */
const POLICY = (devnet: string): string => `
environments:
  devnet: ${devnet}
  canary: {}
  mainnet: { onFailure: rollback }
`;
const HOUR = 3_600_000;
const mainnet = (...services: readonly string[]) => ({ services: [...services], environments: ["mainnet"] });

let harbor: Harbor;
let live: string;
beforeAll(async () => {
  // api needs nothing here, orders needs api; a check that fails says so soon
  harbor = await Harbor.open(POLICY("{}"), (file) =>
    file
      .replace("    needs: [auth]\n", "    needs: []\n")
      .replaceAll('expect: { commit: "${commit}" } }', 'expect: { commit: "${commit}" }, timeout: 2s }'),
  );
  live = harbor.change("auth", "api", "orders");
  await harbor.succeeded(await harbor.deploy("ana", live, mainnet("auth", "api", "orders")));
});
afterEach(() => harbor.calm());
afterAll(async () => {
  await harbor[Symbol.asyncDispose]();
});

test("a locked target waits while the others go, until somebody unlocks it or its time is over; so does a whole environment", async () => {
  const commit = harbor.change("auth", "api");
  await harbor.says("cy", "lock", "api@mainnet", "--reason", "migration runs", "--until", "2h", "--yes");
  const run = await harbor.deploy("ana", commit, mainnet("auth", "api"));
  await harbor.reached(run, "verify:auth@mainnet", "succeeded");
  const waiting = await harbor.waits(run, "deploy:api@mainnet", "lock");
  expect(waiting).toMatchObject({
    message: expect.stringMatching(/^waits for the lock on api@mainnet by cy until .* \(migration runs\)/),
    command: "sluice unlock api@mainnet",
  });
  expect(Date.parse(waiting.until ?? "")).toBeGreaterThan(Date.now() + HOUR);
  expect(await harbor.says("ana", "status")).toMatch(/api@mainnet is locked by cy until .*: migration runs \(sluice unlock api@mainnet\)/);
  expect(await harbor.serves("mainnet")).toEqual({ auth: commit, api: live, orders: live });

  await harbor.later(3 * HOUR);
  await harbor.succeeded(run);
  expect(await harbor.serves("mainnet")).toEqual({ auth: commit, api: commit, orders: live });
  expect((await harbor.target("api@mainnet")).lock).toBeNull();

  await harbor.says("cy", "lock", "mainnet", "--reason", "audit", "--yes");
  const next = harbor.change("auth");
  const stopped = await harbor.deploy("ana", next, mainnet("auth"));
  expect((await harbor.waits(stopped, "deploy:auth@mainnet", "lock")).message).toContain("waits for the lock on mainnet by cy (audit)");
  const past = await harbor.sluice("cy", "lock", "auth@mainnet", "--reason", "too late", "--until", "2020-01-01T00:00Z", "--yes");
  expect(past.exit).not.toBe(0);
  await harbor.says("cy", "unlock", "mainnet", "--yes");
  await harbor.succeeded(stopped);
  expect(await harbor.serves("mainnet")).toMatchObject({ auth: next });
  live = commit;
});

test("what fails goes back to what was good, by itself and alone: the rest goes on, and nothing is held afterwards", async () => {
  const commit = harbor.change("auth", "api", "orders");
  harbor.wrong("api@mainnet", commit);
  const run = await harbor.ended(await harbor.deploy("ana", commit, mainnet("auth", "api", "orders")));
  expect(run.status).toBe("failed");
  const ended = Object.fromEntries(run.steps.map((step) => [step.id, step.status]));
  expect(ended).toMatchObject({ "verify:auth@mainnet": "succeeded", "verify:api@mainnet": "failed", "deploy:orders@mainnet": "blocked" });

  const found = await until(async () => {
    const { items } = await answer(harbor.api("ana").GET("/api/v1/runs", { params: { query: { kind: "rollback" } } }));
    return items[0] ?? null;
  }, "a rollback of what failed");
  expect(found.cause).toEqual({ run: run.id, step: "verify:api@mainnet", target: "api@mainnet" });
  const back = await harbor.succeeded(found.id);
  expect(back.steps.map(inWords)).toEqual(["deploy:api@mainnet succeeded: ", "verify:api@mainnet succeeded: "]);
  const [served, before] = [await harbor.serves("mainnet"), live];
  expect(served["api"]).toBe(before);
  expect(served["auth"]).toBe(commit);
  expect(served["orders"]).not.toBe(commit);
  expect(await harbor.target("api@mainnet")).toMatchObject({ serving: true, good: true, unrestored: null });
  expect((await harbor.environment("mainnet")).hold).toBeNull();

  const fixed = harbor.change("api", "orders");
  await harbor.succeeded(await harbor.deploy("ana", fixed, mainnet("api", "orders")));
  expect(await harbor.serves("mainnet")).toEqual({ auth: commit, api: fixed, orders: fixed });
});

test("what policy freezes waits from the moment that it is merged until the window's end; a rollback goes on", async () => {
  const devnet = { services: ["auth"], environments: ["devnet"] };
  const [first, second] = [harbor.change("auth"), harbor.change("auth")];
  for (const commit of [first, second]) await harbor.succeeded(await harbor.deploy("ana", commit, devnet));
  const { since } = await harbor.target("auth@devnet");
  const [from, until] = [0, 2 * HOUR].map((ms) => new Date(Date.parse(since ?? "") + ms).toISOString());
  harbor.policy(POLICY(`{ freeze: [{ from: ${from}, until: ${until}, reason: year end }] }`));
  const commit = harbor.change("auth");
  const run = await harbor.deploy("ana", commit, devnet);
  expect(await harbor.waits(run, "deploy:auth@devnet", "freeze")).toMatchObject({
    message: `waits for the end of the freeze of devnet, ${until}: year end`,
    until,
  });

  await harbor.says("ana", "rollback", "auth", "--env", "devnet", "--to", first, "--reason", "nobody can log in", "--yes");
  expect(await harbor.serves("devnet")).toEqual({ auth: first });
  expect(inWords(await harbor.step(run, "deploy:auth@devnet"))).toContain("superseded by the rollback");
  await harbor.says("ana", "unhold", "devnet", "--yes");

  const again = await harbor.deploy("ana", commit, devnet);
  await harbor.waits(again, "deploy:auth@devnet", "freeze");
  await harbor.later(3 * HOUR);
  await harbor.succeeded(again);
  expect(await harbor.serves("devnet")).toEqual({ auth: commit });
});
