import { afterEach, describe, expect, test } from "vitest";
import { createApi } from "../../src/api/api.ts";
import { Auth } from "../../src/api/auth.ts";
import { listen } from "../../src/api/server.ts";
import { createClient } from "../../src/contract/client.ts";
import { DEPLOY_ALL, oneCommit } from "../rig/noop.ts";
import { openNoopEngine, untilCommitted } from "../rig/noop-engine.ts";
import { seeded } from "../rig/random.ts";

/** Acts of many people on one gate at once: one of them decides, and everybody is told who. */
const CALLS = 200;
const SEED = Number(process.env["SLUICE_SEED"] ?? Date.now() % 1_000_000);
const COMMIT = "c".repeat(40);
const PROJECT = `version: 1
project: big
environments:
  prod: { approval: { self: true } }
artifacts:
  mega: { noop: {} }
services:
  api: { tier: backend, artifact: mega, deploy: { noop: {} } }
  web: { tier: frontend, artifact: mega, deploy: { noop: {} } }
`;
type Act = "approved" | "rejected" | "cancelled";
const ACTS: readonly Act[] = ["approved", "rejected", "cancelled"];
type Told = { readonly act: Act; readonly by: string; readonly status: number; readonly data: unknown; readonly detail: string };

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

/** A run that waits at its gate, behind a real server. */
async function atGate() {
  const { engine, store, close } = await openNoopEngine(oneCommit(COMMIT, PROJECT));
  closers.push(close);
  const { run } = await engine.deploy(DEPLOY_ALL, { name: "ana" });
  await untilCommitted(engine, async () => (await engine.approvals()).length === 1);
  const auth = new Auth({ ownerToken: "owner", user: "ana", tokens: [] });
  const closing = new AbortController();
  const api = createApi(engine, { version: "0.0.0", auth, closing: closing.signal, onError: () => {} });
  const server = await listen(api, { host: "127.0.0.1", port: 0, auth, closing });
  closers.push(() => server.close(100));
  return { engine, store, run: run.id, url: server.url };
}

async function send(url: string, run: string, act: Act, n: number): Promise<Told> {
  const by = `person-${n}`;
  const client = createClient({ baseUrl: url, token: "owner", actor: by });
  const header = { "idempotency-key": `decision-number-${n}` };
  const { data, error, response } =
    act === "cancelled"
      ? await client.POST("/api/v1/runs/{id}/cancel", { params: { path: { id: run }, header }, body: {} })
      : await client.POST("/api/v1/decisions", { params: { header }, body: { verdict: act, commit: COMMIT, environment: "prod" } });
  return { act, by, status: response.status, data, detail: error?.detail ?? "" };
}

/** What was first is what each kind of act is told about. */
function expectTold(told: readonly Told[], first: { readonly act: Act; readonly by: string }): void {
  const wanted: Readonly<Record<Act, Readonly<Record<Act, RegExp | null>>>> = {
    approved: { approved: null, rejected: new RegExp(`${first.by} approved it`), cancelled: /has ended: / },
    rejected: {
      approved: new RegExp(`rejected by ${first.by}|${first.by} rejected it`),
      rejected: null,
      cancelled: new RegExp(`has ended: cancelled, rejected by ${first.by}`),
    },
    cancelled: {
      approved: new RegExp(`cancelled by ${first.by}`),
      rejected: new RegExp(`cancelled by ${first.by}`),
      cancelled: new RegExp(`has ended: cancelled, cancelled by ${first.by}`),
    },
  };
  for (const { act, by, status, detail } of told) {
    if (status === 200) continue;
    const pattern = wanted[first.act][act];
    expect({ act, by, status, detail }).toEqual({ act, by, status: 409, detail: expect.stringMatching(pattern ?? /^never refused$/) });
  }
}

describe(`${CALLS} people who approve, reject and cancel at once (seed ${SEED})`, () => {
  test.each(ACTS)("%s goes out first: one of them decides, and each is told", async (early) => {
    const { store, engine, run, url } = await atGate();
    const random = seeded(SEED);
    const acts = Array.from({ length: CALLS }, (_, n): Act => (n === 0 ? early : (ACTS[Math.floor(random() * ACTS.length)] ?? early)));
    const told = await Promise.all(acts.map((act, n) => send(url, run, act, n)));

    expect(new Set(told.map(({ status }) => status))).toEqual(new Set([200, 409]));
    await untilCommitted(engine, async () => (await store.run(run))?.endedAt !== null);
    const row = await store.run(run);
    const decisions = await store.decisions({ commit: COMMIT });
    expect(decisions.length).toBeLessThanOrEqual(1);
    const [decision] = decisions;
    const first = decision ? { act: decision.verdict, by: decision.by } : { act: "cancelled" as const, by: row?.stopped?.by ?? "" };
    expectTold(told, first);

    // Those that were told that they had done it: one, and whoever had said the same is told which decision that was.
    const decided = told.flatMap(({ act, data, status }) =>
      act !== "cancelled" && status === 200 ? [data as { id: string; already: boolean }] : [],
    );
    expect(new Set(decided.map(({ id }) => id)).size).toBe(decisions.length);
    expect(decided.filter(({ already }) => !already)).toHaveLength(decisions.length);
    for (const { act, status } of told) if (status === 200 && act !== "cancelled") expect(act).toBe(first.act);
    if (first.act === "approved") expect(["succeeded", "cancelled"]).toContain(row?.status);
    else {
      expect(row).toMatchObject({ status: "cancelled", stopped: { how: first.act, by: first.by } });
      const deploys = (await store.steps(run)).filter(({ kind }) => kind === "deploy");
      expect(deploys.map(({ attempt }) => attempt)).toEqual([null, null]);
    }
    console.log(
      `${first.act} by ${first.by}; ${told.filter(({ status }) => status === 200).length} of ${CALLS} answered 200, seed ${SEED}`,
    );
  });
});
