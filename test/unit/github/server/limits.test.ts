import { afterEach, expect, it } from "vitest";
import { accessFrom } from "../../../../src/github/api/access.ts";
import { Client } from "../../../../src/github/api/client.ts";
import { forgeOn } from "../../../../src/github/api/forge.ts";
import { type Forge, ForgeError } from "../../../../src/github/forge.ts";
import { recordsOf } from "../../../../src/github/records/read.ts";
import { isTarget } from "../../../../src/github/records/record.ts";
import { Records } from "../../../../src/github/server/records.ts";
import { Github, type Repository } from "../../../rig/github/github.ts";
import { bigProject, DEPLOY_ALL, oneCommit } from "../../../rig/noop.ts";
import { type NoopEngine, openNoopEngine, untilCommitted } from "../../../rig/noop-engine.ts";

const COMMIT = "1".repeat(40);
const ACTS = 60 * 3;
const SECOND = 1000;
const MINUTE = 60 * SECOND;
let big: NoopEngine;
let github: Github;
let now: number;

afterEach(async () => {
  await big.close();
  await github.close();
});

/** A server's clock and GitHub's are one; each write takes the second that is kept between two. */
async function begun(): Promise<Repository> {
  now = Date.parse("2026-11-01T00:00:00Z");
  github = await Github.start({ now: () => now, secondary: true });
  big = await openNoopEngine(oneCommit(COMMIT, bigProject(60)));
  await records().write(); // notes where it begins
  return github.repository("acme/big");
}

function records(): Records {
  const access = accessFrom(github.env(github.person("robot"), "acme/big"));
  const forge = forgeOn(new Client(access, { secondMs: 1, writeEveryMs: 0, patienceMs: 0, now: () => now }), access);
  const paced =
    <A extends readonly unknown[], R>(write: (...args: A) => Promise<R>) =>
    (...args: A): Promise<R> => {
      now += SECOND;
      return write(...args);
    };
  const slow: Pick<Forge, "deployments" | "createDeployment" | "setStatus"> = {
    deployments: (filter) => forge.deployments(filter),
    createDeployment: paced((deployment) => forge.createDeployment(deployment)),
    setStatus: paced((id, status) => forge.setStatus(id, status)),
  };
  return new Records({ forge: slow, store: big.store, link: () => null, log: () => {} });
}

async function deployAll(redeploy: boolean): Promise<void> {
  const { run } = await big.engine.deploy({ ...DEPLOY_ALL, commit: COMMIT, redeploy }, { name: "ana" });
  const status = async () => (await big.store.run(run.id))?.status;
  await untilCommitted(big.engine, async () => (await status()) === "waiting" || (await status()) === "succeeded");
  const all = { comment: null, expect: null, only: null, except: null, emergency: false };
  await big.engine.decide({ verdict: "approved", commit: COMMIT, environment: "mainnet", ...all }, { name: "ana" });
  await untilCommitted(big.engine, async () => (await status()) === "succeeded");
}

/** Until everything is told; how long GitHub has asked to pause, each time. */
async function toldWithPauses(): Promise<readonly number[]> {
  const pauses: number[] = [];
  for (;;) {
    try {
      await records().write();
      return pauses;
    } catch (error) {
      if (!(error instanceof ForgeError) || error.code !== "limited" || error.retryAt === null) throw error;
      pauses.push(error.retryAt - now);
      now = error.retryAt;
    }
  }
}
const asked = (method: string): number => github.log.filter((each) => each.method === method).length;
const writes = (): number => asked("POST");
const recorded = (repository: Repository) =>
  recordsOf(
    repository.deployments.map(({ id, sha, environment, task, payload, creator, at, statuses }) => ({
      id,
      sha,
      environment,
      task,
      payload: payload as never,
      creator,
      createdAt: at,
      statuses: statuses.map(({ state, description, at: when }) => ({ state: state as "success", description, url: null, at: when })),
    })),
  ).flatMap((record) => (isTarget(record) ? [`${record.target} ${record.state}`] : []));

it(
  "a deploy of 60 services in 3 environments is told in six minutes, two writes an act, and nothing has to pause",
  { timeout: 120_000 },
  async () => {
    const repository = await begun();
    await deployAll(false);
    const from = now;
    expect(await toldWithPauses()).toEqual([]);
    expect([repository.deployments.length, writes(), asked("GET")]).toEqual([ACTS, 2 * ACTS, 0]);
    expect(now - from).toBe(6 * MINUTE);
    expect(new Set(recorded(repository)).size).toBe(ACTS);
  },
);

it(
  "two of them in an hour are over what GitHub lets anybody write in an hour: told later, each act once and right",
  { timeout: 120_000 },
  async () => {
    const repository = await begun();
    await deployAll(false);
    await deployAll(true);
    const from = now;
    const pauses = await toldWithPauses();
    expect(pauses.length).toBeGreaterThan(0);
    expect(Math.max(...pauses)).toBeGreaterThan(30 * MINUTE);
    expect(now - from).toBeLessThan(75 * MINUTE);
    expect(repository.deployments).toHaveLength(2 * ACTS);
    const attempts = repository.deployments.map(({ payload }) => (payload as { attempt: string }).attempt);
    expect(new Set(attempts).size).toBe(2 * ACTS);
    expect(repository.deployments.every(({ statuses }) => statuses[0]?.state === "success")).toBe(true);
  },
);

it("whoever writes faster is refused after 80 in a minute, and 900 points are all there is", async () => {
  await begun();
  const token = github.person("eve");
  const ask = async (method: string, path: string, body?: object) => {
    const answer = await fetch(`${github.url}${path}`, {
      method,
      headers: { authorization: `token ${token}`, "content-type": "application/json" },
      ...(body && { body: JSON.stringify(body) }),
    });
    await answer.arrayBuffer();
    return [answer.status, answer.headers.get("retry-after")];
  };
  const status = { state: "pending", context: "x" };
  github.repository("acme/big");
  const made = [];
  for (let count = 0; count < 81; count += 1) made.push((await ask("POST", `/repos/acme/big/statuses/${COMMIT}`, status))[0]);
  expect([made.filter((code) => code === 201).length, made.at(-1)]).toEqual([80, 403]);
  expect(await ask("POST", `/repos/acme/big/statuses/${COMMIT}`, status)).toEqual([403, "60"]);
  for (let left = 900 - 80 * 5; left > 0; left -= 1) expect((await ask("GET", "/repos/acme/big"))[0]).toBe(200);
  expect(await ask("GET", "/repos/acme/big")).toEqual([403, "60"]);
  now += MINUTE;
  expect((await ask("POST", `/repos/acme/big/statuses/${COMMIT}`, status))[0]).toBe(201);
});
