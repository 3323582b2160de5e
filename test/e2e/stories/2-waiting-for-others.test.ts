import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { answer, Harbor, short } from "./rig.ts";

/** Story 2: services started on their own wait for those that another run brings, and for nothing else. */
const POLICY = (needsTimeout: string): string => `
environments:
  devnet: { order: any, needsTimeout: ${needsTimeout} }
  canary: {}
  mainnet: { approval: { approvers: [zoe] } }
`;
const BACKENDS = ["auth", "api", "orders", "indexer"];
const devnet = (...services: readonly string[]) => ({ services: [...services], environments: ["devnet"] });

let harbor: Harbor;
beforeAll(async () => {
  harbor = await Harbor.open(POLICY("1h"));
});
afterEach(() => harbor.calm());
afterAll(async () => {
  await harbor[Symbol.asyncDispose]();
});

test("a frontend waits for the backends that another run brings; everything that waits says for what, since when, and who ends it", async () => {
  const commit = harbor.change(...BACKENDS, "web");
  harbor.hang("api@devnet");
  const backends = await harbor.deploy("ana", commit, devnet(...BACKENDS));
  await harbor.reached(backends, "deploy:api@devnet", "running");
  const web = await harbor.deploy("ben", commit, devnet("web"));
  await harbor.waits(web, "deploy:web@devnet", "need");
  const gated = await harbor.deploy("cy", commit, { services: ["auth"], environments: ["mainnet"] });
  await harbor.atGate(gated, "mainnet");

  const { items } = await answer(harbor.api("cy").GET("/api/v1/waiting", { params: { query: {} } }));
  const since = expect.stringMatching(/^\d{4}-.*Z$/);
  expect(items.find(({ step, run }) => step === "deploy:web@devnet" && run === web)).toMatchObject({
    waitingFor: { code: "need", message: `waits for api@devnet, run ${backends}`, since },
    who: [],
  });
  const command = `sluice approve ${short(commit)} --env mainnet`;
  expect(items.find(({ step, run }) => step === "gate:mainnet" && run === gated)).toMatchObject({
    waitingFor: { code: "approval", command, since },
    who: ["zoe"],
  });
  const status = await harbor.says("cy", "status", "--waiting");
  expect(lineWith(status, "deploy:web@devnet")).toMatch(new RegExp(`api@devnet, run ${backends}`));
  expect(lineWith(status, "gate:mainnet")).toMatch(/zoe/);
  expect(status).toContain(command);

  harbor.release("api@devnet");
  await harbor.succeeded(web);
  await harbor.succeeded(backends);
  expect(await harbor.serves("devnet")).toEqual(Object.fromEntries([...BACKENDS, "web"].map((service) => [service, commit])));
  expect(harbor.starts(commit)).toMatchObject({ "api@devnet": 1, "web@devnet": 1 });
});

test("a backend that fails blocks the frontend that waits for it at once, with the reason; what was live goes on serving", async () => {
  const before = await harbor.serves("devnet");
  const commit = harbor.change("api", "web");
  harbor.hang("api@devnet");
  harbor.fail("api@devnet");
  const api = await harbor.deploy("ana", commit, devnet("api"));
  await harbor.reached(api, "deploy:api@devnet", "running");
  const web = await harbor.deploy("ben", commit, devnet("web"));
  await harbor.waits(web, "deploy:web@devnet", "need");
  harbor.release("api@devnet");

  const blocked = await harbor.reached(web, "deploy:web@devnet", "blocked");
  expect(blocked.reason?.message).toBe(`needs api@devnet, which failed in run ${api}`);
  const failed = await harbor.step(api, "deploy:api@devnet");
  expect(failed).toMatchObject({ status: "failed", reason: { message: expect.stringContaining("api@devnet was told to fail") } });
  // at the same moment, by the same event
  expect(blocked.endedAt).toBe(failed.endedAt);
  expect((await harbor.ended(web)).status).toBe("failed");
  expect(await harbor.serves("devnet")).toEqual(before);
  expect(harbor.starts(commit)["web@devnet"]).toBeUndefined();
  harbor.mend("api@devnet");
});

test("a backend that nobody brings is waited for until its time is over; the command that is named then helps", async () => {
  harbor.policy(POLICY("4s"));
  const commit = harbor.change("api", "web");
  const web = await harbor.deploy("ben", commit, devnet("web"));
  const waitingFor = await harbor.waits(web, "deploy:web@devnet", "need");
  expect(waitingFor.message).toContain("waits for api@devnet, which nothing brings there");
  expect(Date.parse(waitingFor.until ?? "") - Date.parse(waitingFor.since ?? "")).toBe(4000);

  const { reason } = await harbor.reached(web, "deploy:web@devnet", "blocked");
  expect(reason).toMatchObject({ code: "needs-timeout", command: `sluice deploy api --env devnet --commit ${commit}` });
  expect((await harbor.ended(web)).status).toBe("failed");
  const [, ...helps] = (reason?.command ?? "").split(" ");
  await harbor.says("ana", ...helps, "--yes");
  await harbor.says("ben", "run", "retry", web, "--yes");
  expect(await harbor.serves("devnet")).toMatchObject({ api: commit, web: commit });
});

test("who waits for a release that is superseded waits for the one that came instead", async () => {
  const mainnet = (...services: readonly string[]) => ({ services: [...services], environments: ["mainnet"] });
  const gated = async (commit: string, ...services: readonly string[]): Promise<string> => {
    const run = await harbor.deploy("ana", commit, mainnet(...services));
    await harbor.atGate(run, "mainnet");
    return run;
  };
  const first = harbor.change("auth", "api");
  const run = await gated(first, "auth", "api");
  await harbor.approve("zoe", first, "mainnet");
  await harbor.succeeded(run);

  const second = harbor.change("api", "orders");
  const [api, orders] = [await gated(second, "api"), await gated(second, "orders")];
  await harbor.approve("zoe", second, "mainnet", { only: ["orders"] });
  expect((await harbor.waits(orders, "deploy:orders@mainnet", "need")).message).toBe(`waits for api@mainnet, run ${api}`);
  const third = harbor.change("api");
  const newer = await gated(third, "api");
  await harbor.reached(api, "deploy:api@mainnet", "superseded");
  expect((await harbor.waits(orders, "deploy:orders@mainnet", "need")).message).toBe(`waits for api@mainnet, run ${newer}`);
  await harbor.approve("zoe", third, "mainnet");
  await harbor.succeeded(orders);
  expect(await harbor.serves("mainnet")).toEqual({ auth: first, api: third, orders: second });
});

test("two releases of which each waits for the other are told so, and end", async () => {
  harbor.policy(POLICY("1h"));
  const first = harbor.change("auth", "api");
  const second = harbor.edit("auth needs api now, and api nothing", (file) =>
    file
      .replace("    needs: [auth]\n", "    needs: []\n")
      .replace("  auth:\n    tier: backend\n", "  auth:\n    tier: backend\n    needs: [api]\n"),
  );
  const api = await harbor.deploy("ana", first, devnet("api"));
  await harbor.waits(api, "deploy:api@devnet", "need");
  const auth = await harbor.deploy("ben", second, devnet("auth"));
  const ends = await Promise.all([harbor.ended(api), harbor.ended(auth)]);

  const reasons = ends.map((run) => run.steps.find(({ kind }) => kind === "deploy")?.reason?.code);
  expect(new Set(reasons)).toEqual(new Set(["need-ended", "no-safe-order"]));
  const told = ends.flatMap((run) => run.steps).find(({ reason }) => reason?.code === "no-safe-order");
  expect(told?.reason?.message).toMatch(/no safe order: it and (auth|api)@devnet each wait for the other/);
  expect(harbor.starts(first)["api@devnet"]).toBeUndefined();
});

const lineWith = (text: string, part: string): string =>
  text.split("\n").find((line) => line.includes(part)) ?? expect.fail(`no ${part} in\n${text}`);
