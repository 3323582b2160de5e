import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "../../rig/wait.ts";
import { Harbor, type Person, type Run } from "./rig.ts";

/** Story 1: a merge is deployed by everybody at once. */
const POLICY = `
environments:
  devnet: { order: any }
  canary: { needs: [devnet] }
  mainnet: { needs: [devnet, canary], approval: { approvers: [zoe] } }
`;
/** Who starts what: first all of it, then eight times a single service, some of them twice. */
const STARTED: readonly (readonly [Person, string | null])[] = [
  ["ana", null],
  ["ben", "auth"],
  ["ben", "api"],
  ["cy", "orders"],
  ["cy", "indexer"],
  ["ana", "web"],
  ["ben", "admin"],
  ["cy", "api"],
  ["ben", "web"],
];
const DEVNET = ["api", "auth", "indexer", "orders", "web"];
const CANARY = ["admin", "api", "auth", "orders", "web"];
const MAINNET = ["admin", "api", "auth", "indexer", "orders", "web"];
const TARGETS = [DEVNET.map((s) => `${s}@devnet`), CANARY.map((s) => `${s}@canary`), MAINNET.map((s) => `${s}@mainnet`)].flat();

let harbor: Harbor;
beforeAll(async () => {
  harbor = await Harbor.open(POLICY);
});
afterAll(async () => {
  await harbor[Symbol.asyncDispose]();
});

test("one deploy of everything and eight of single services, started within a second, build once and start every target once", async () => {
  const commit = harbor.change(...MAINNET);
  // sent in the same instant; nothing gets ahead until all are there
  harbor.hang("build");
  const runs = await Promise.all(
    STARTED.map(([person, service]) => harbor.deploy(person, commit, service === null ? {} : { services: [service] })),
  );
  const admitted = await Promise.all(runs.map((run) => harbor.run(run)));
  expect(admitted.map(({ by }) => by)).toEqual(STARTED.map(([person]) => person));

  // the one build belongs to all nine, and each can follow it
  const builds = await Promise.all(runs.map((run) => harbor.reached(run, "build:mega", "running")));
  expect(new Set(builds.map((step) => step.attempts.at(-1)?.id)).size).toBe(1);
  expect(builds.filter((step) => step.joined === null)).toHaveLength(1);
  harbor.hang("api@devnet");
  harbor.release("build");

  // a log that is being written, read by each run that has the step
  const withApi = runs.filter((_, index) => [null, "api"].includes(STARTED[index]?.[1] ?? null));
  const steps = await Promise.all(withApi.map((run) => harbor.reached(run, "deploy:api@devnet", "running")));
  const attempts = new Set(steps.map((step) => step.attempts.at(-1)?.id));
  expect([withApi.length, attempts.size]).toEqual([3, 1]);
  for (const run of withApi) {
    const log = harbor.program("cy", ["run", "logs", run, "deploy:api@devnet", "--follow"]);
    await log.printed(/starting `node .*services\/api\/server.js` for api@devnet/);
    expect(log.child.exitCode).toBe(null);
    await log.signal("SIGTERM");
  }
  harbor.release("api@devnet");

  // everybody waits for the same decision: nothing of the nine runs is a process meanwhile
  await Promise.all(runs.map((run) => harbor.atGate(run, "mainnet")));
  await until(() => (harbor.attempts().length === 0 ? true : null), "the end of the last attempt's process");
  const shown = await harbor.sluice("cy", "approvals", "--json");
  const listed = JSON.parse(shown.out) as { run: string; commit: string; environment: string }[];
  expect(listed.map(({ run }) => run).toSorted()).toEqual(runs.toSorted());
  expect(new Set(listed.map((gate) => `${gate.commit} ${gate.environment}`))).toEqual(new Set([`${commit} mainnet`]));

  const approved = await harbor.sluice("zoe", "approve", commit, "--env", "mainnet", "--yes", "--json");
  expect(approved).toMatchObject({ exit: 0 });
  expect((JSON.parse(approved.out) as { runs: string[] }).runs.toSorted()).toEqual(runs.toSorted());
  const ended = await Promise.all(runs.map((run) => harbor.succeeded(run)));

  expect(harbor.starts(commit)).toEqual(Object.fromEntries(["build", ...TARGETS].map((what) => [what, 1])));
  for (const [environment, services] of [["devnet", DEVNET] as const, ["canary", CANARY] as const, ["mainnet", MAINNET] as const])
    expect(await harbor.serves(environment)).toEqual(Object.fromEntries(services.map((service) => [service, commit])));
  for (const target of TARGETS) expect(new Set(appliedBy(ended, target)).size).toBe(1);
});

/** The attempts that the runs show for a target's deploy. */
const appliedBy = (runs: readonly Run[], target: string): readonly string[] =>
  runs.flatMap((run) => run.steps.filter(({ id }) => id === `deploy:${target}`).flatMap((step) => step.attempts.map(({ id }) => id)));
