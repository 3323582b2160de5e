import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { Harbor, inWords, short, stepsOf } from "./rig.ts";

/** Story 5: an environment goes back as a set, says before what that means, and stays held. */
const POLICY = `
environments:
  devnet: {}
  canary: {}
  mainnet: {}
`;
const SERVICES = ["auth", "api", "web"];
const ALL = { services: SERVICES, environments: ["mainnet"] };
const servedAt = (commit: string) => ({ auth: commit, api: commit, web: commit });

let harbor: Harbor;
let first: string;
let second: string;
let third: string;
let firstAt: string;
beforeAll(async () => {
  harbor = await Harbor.open(POLICY, (file) =>
    file
      .replace(/(  web:\n    tier: frontend\n)/, "$1    needs: [api]\n")
      .replace(/(  auth:\n    tier: backend\n)/, "$1    migration: { irreversible: [services/auth/migrations] }\n"),
  );
  first = harbor.change(...SERVICES);
  firstAt = (await harbor.succeeded(await harbor.deploy("ana", first, ALL))).endedAt ?? "";
  second = harbor.change(...SERVICES);
  await harbor.succeeded(await harbor.deploy("ana", second, ALL));
  third = harbor.change(...SERVICES);
  await harbor.succeeded(await harbor.deploy("ana", third, ALL));
});
afterEach(async () => {
  harbor.calm();
  await harbor.sluice("ana", "unhold", "mainnet", "--yes");
});
afterAll(async () => {
  await harbor[Symbol.asyncDispose]();
});

type Preview = {
  readonly snapshot: { readonly id: string; readonly release: string };
  readonly targets: readonly { readonly target: string; readonly from: string; readonly to: string; readonly skip: string | null }[];
};
const preview = async (...more: readonly string[]): Promise<Preview> => {
  const { out } = await harbor.sluice("ana", "rollback", "--env", "mainnet", "--dry-run", "--json", ...more);
  return JSON.parse(out) as Preview;
};
/** Starts a rollback; resolves to its run. */
async function back(to: string | null, ...more: readonly string[]): Promise<string> {
  const where = to === null ? [] : ["--to", to];
  const scope = more.includes("--only") ? [] : ["--all"];
  const args = ["rollback", ...scope, "--env", "mainnet", ...where, ...more, "--reason", "checkout fails", "--yes", "--no-wait", "--json"];
  const { exit, out, err } = await harbor.sluice("ben", ...args);
  expect({ exit, err }).toEqual({ exit: 0, err });
  return (JSON.parse(out) as { id: string }).id;
}
const endOf = async (run: string, step: string): Promise<number> => Date.parse((await harbor.step(run, step)).endedAt ?? "");
const startOf = async (run: string, step: string): Promise<number> => Date.parse((await harbor.step(run, step)).startedAt ?? "");

test("a dry run says for each target from where, to where and by which means, for a snapshot, a commit or a time, and touches nothing", async () => {
  const shown = await harbor.says("ana", "rollback", "--all", "--env", "mainnet", "--dry-run");
  for (const service of SERVICES)
    expect(shown).toMatch(new RegExp(`${service}@mainnet +${short(third)} +${short(second)} +process: apply the recorded`));
  expect((await preview("--all")).snapshot.release).toBe(second);

  const byCommit = await preview("--all", "--to", first);
  expect(byCommit.targets.map(({ target, from, to }) => [target, from, to])).toEqual(
    ["api", "auth", "web"].map((service) => [`${service}@mainnet`, third, first]),
  );
  for (const to of [byCommit.snapshot.id, firstAt]) expect((await preview("--all", "--to", to)).snapshot).toEqual(byCommit.snapshot);
  expect((await preview("--only", "web", "--to", first)).targets.map(({ target }) => target)).toEqual(["web@mainnet"]);
  expect((await harbor.environment("mainnet")).hold).toBeNull();
  expect(await harbor.serves("mainnet")).toEqual(servedAt(third));
});

test("killed half-way it goes on where it was, frontends first; then the environment is held, with the reason, until somebody lifts it", async () => {
  harbor.hang("api@mainnet");
  const run = await back(null);
  await harbor.reached(run, "deploy:api@mainnet", "running");
  expect(await harbor.serves("mainnet")).toEqual({ auth: third, api: third, web: second });
  await harbor.kill();
  await harbor.start();
  harbor.release("api@mainnet");
  await harbor.succeeded(run);
  expect(await harbor.serves("mainnet")).toEqual(servedAt(second));
  expect(await endOf(run, "verify:web@mainnet")).toBeLessThanOrEqual(await startOf(run, "deploy:api@mainnet"));
  expect(await endOf(run, "verify:api@mainnet")).toBeLessThanOrEqual(await startOf(run, "deploy:auth@mainnet"));
  expect(harbor.starts(second)).toEqual({ build: 1, "auth@mainnet": 2, "api@mainnet": 2, "web@mainnet": 2 });

  expect(await harbor.says("ana", "status")).toMatch(/mainnet is held by ben: checkout fails .*sluice unhold mainnet/);
  const fix = harbor.change("auth");
  const held = await harbor.deploy("ana", fix, { services: ["auth"], environments: ["mainnet"] });
  expect(await harbor.waits(held, "deploy:auth@mainnet", "hold")).toMatchObject({ command: "sluice unhold mainnet" });
  await harbor.says("ana", "unhold", "mainnet", "--yes");
  await harbor.succeeded(held);
  expect(await harbor.serves("mainnet")).toEqual({ ...servedAt(second), auth: fix });
});

test("a rollback that somebody ends half-way is rolled back", async () => {
  harbor.hang("web@mainnet");
  const half = await back(third);
  await harbor.reached(half, "deploy:web@mainnet", "running");
  await harbor.says("ana", "run", "cancel", half, "--now", "--yes");
  expect((await harbor.ended(half)).status).toBe("cancelled");
  harbor.release("web@mainnet");
  expect(await harbor.serves("mainnet")).toMatchObject({ api: third, web: second });
  await harbor.succeeded(await back(second));
  expect(await harbor.serves("mainnet")).toEqual(servedAt(second));
});

test("a rollback is rolled back: frontends come last when it goes forward; and one service may go alone", async () => {
  const run = await back(third);
  await harbor.succeeded(run);
  expect(await harbor.serves("mainnet")).toEqual(servedAt(third));
  expect(await endOf(run, "verify:api@mainnet")).toBeLessThanOrEqual(await startOf(run, "deploy:web@mainnet"));
  const alone = await back(second, "--only", "web");
  const ended = await harbor.succeeded(alone);
  expect(stepsOf(ended, "succeeded")).toEqual(["deploy:web@mainnet", "verify:web@mainnet"]);
  expect(await harbor.serves("mainnet")).toEqual({ ...servedAt(third), web: second });
});

test("what is in flight is awaited, or cut short where that is asked for", async () => {
  const auth = { services: ["auth"], environments: ["mainnet"] };
  const awaited = harbor.change("auth");
  harbor.hang("auth@mainnet");
  const inFlight = await harbor.deploy("ana", awaited, auth);
  await harbor.reached(inFlight, "deploy:auth@mainnet", "running");
  const waits = await back(second);
  await harbor.waits(waits, "deploy:auth@mainnet", "queue");
  harbor.release("auth@mainnet");
  await harbor.succeeded(waits);
  expect((await harbor.step(inFlight, "deploy:auth@mainnet")).status).toBe("succeeded");
  expect(await harbor.serves("mainnet")).toEqual(servedAt(second));
  await harbor.says("ana", "unhold", "mainnet", "--yes");

  const cut = harbor.change("auth");
  harbor.hang("auth@mainnet");
  const hopeless = await harbor.deploy("ana", cut, auth);
  await harbor.reached(hopeless, "deploy:auth@mainnet", "running");
  const now = await back(first, "--now");
  const ended = await harbor.ended(hopeless);
  expect(ended.steps.find(({ id }) => id === "deploy:auth@mainnet")?.attempts.map(({ outcome }) => outcome)).toEqual(["cut"]);
  harbor.release("auth@mainnet");
  await harbor.succeeded(now);
  expect(await harbor.serves("mainnet")).toEqual(servedAt(first));
});

test("every problem is told at once, before anything is touched; what cannot be taken back stays, and the command for the rest works", async () => {
  harbor.commit("auth: names in two columns", { "services/auth/migrations/001.sql": "alter table people add given text;\n" });
  for (const service of SERVICES)
    harbor.commit(`${service}: more`, { [`${service === "web" ? "apps" : "services"}/${service}/MORE`]: "more\n" });
  const release = harbor.commit("api: moves all ships\n\nIrreversible: api", { "services/api/MOVED": "yes\n" });
  await harbor.succeeded(await harbor.deploy("ana", release, ALL));
  await harbor.says("cy", "lock", "web@mainnet", "--reason", "demo at noon", "--yes");

  const refused = await harbor.sluice("ben", "rollback", "--all", "--env", "mainnet", "--to", first, "--reason", "checkout fails", "--yes");
  expect(refused.exit).toBe(1);
  for (const problem of [
    /auth@mainnet: commit .*names in two columns.* cannot be taken back: it changes services\/auth\/migrations/,
    /api@mainnet: commit .*moves all ships.* cannot be taken back: it says Irreversible: api/,
    /web@mainnet: it is locked by cy: demo at noon/,
    /3 problems in mainnet; nothing has been touched/,
  ])
    expect(refused.out + refused.err).toMatch(problem);
  expect((await harbor.environment("mainnet")).hold).toBeNull();

  await harbor.says("cy", "unlock", "web@mainnet", "--yes");
  const split = await harbor.sluice("ben", "rollback", "--all", "--env", "mainnet", "--to", first, "--reason", "checkout fails", "--yes");
  expect(split.exit).toBe(1);
  const rest = /what could still go: sluice (rollback .* --only web) --reason/.exec(split.out)?.[1] ?? expect.fail(split.out);
  await harbor.says("ben", ...rest.split(" "), "--reason", "checkout fails", "--yes");
  expect(await harbor.serves("mainnet")).toEqual({ auth: release, api: release, web: first });
  const hold = (await harbor.environment("mainnet")).hold;
  expect(hold).toMatchObject({ by: "ben", reason: "checkout fails" });
  expect((await harbor.run(hold?.run ?? "")).steps.map(inWords)).toEqual([
    "deploy:web@mainnet succeeded: ",
    "verify:web@mainnet succeeded: ",
  ]);
});
