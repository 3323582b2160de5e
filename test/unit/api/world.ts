import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { TargetId } from "../../../src/core/config/config.ts";
import type { Definition, Plan } from "../../../src/core/plan/plan.ts";
import type { Change } from "../../../src/core/run/changes.ts";
import type { Live, RunRow, StepRow, TargetRow } from "../../../src/core/run/rows.ts";
import type { Store } from "../../../src/engine/ports/store.ts";
import { openSqliteStore } from "../../../src/store/sqlite.ts";

export const COMMIT = "4f9c2d1e8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d";
export const OLD = "1111111111111111111111111111111111111111";
export const DIGEST = `sha256:${"a".repeat(64)}`;
export const FINGERPRINT = `sha256:${"b".repeat(64)}`;
export const AT = Date.UTC(2026, 0, 31, 9, 30);

/** A value that must never leave the server: it is in every config and variable of the plan. */
export const SECRET = "hunter2-never-shown";

const definition: Definition = {
  service: "api",
  environment: "mainnet",
  tier: "backend",
  paths: ["services/api"],
  driver: "process",
  config: { command: ["node", SECRET] },
  verify: null,
  job: false,
  needs: [],
  timeoutMs: 1000,
  variables: { PASSWORD: SECRET },
  credentials: ["TOKEN"],
};

const environment = (id: string, needs: readonly string[]) => ({
  id,
  needs,
  approval: null,
  approvers: [],
  deployers: [],
  emergency: [],
  promotion: "wave" as const,
  order: "forward" as const,
  superseding: "supersede" as const,
  onFailure: "stop" as const,
  needsTimeoutMs: 3_600_000,
});

const planned = (id: string, kind: StepRow["kind"], needs: readonly string[], target: TargetId | null) => ({
  id,
  kind,
  needs,
  after: kind === "gate" ? ["devnet"] : [],
  target,
  environment: target || kind === "gate" ? "mainnet" : null,
  artifact: kind === "build" ? "mega" : null,
});

export const plan: Plan = {
  fingerprint: FINGERPRINT,
  kind: "deploy",
  project: "harbor",
  release: { commit: COMMIT },
  promotion: "wave",
  artifacts: {
    mega: {
      name: "mega",
      environment: null,
      builder: "bundle",
      config: { path: SECRET },
      timeoutMs: 1,
      variables: { P: SECRET },
      credentials: [],
    },
  },
  environments: { devnet: environment("devnet", []), mainnet: environment("mainnet", ["devnet"]) },
  members: {
    "api@mainnet": {
      target: "api@mainnet",
      service: "api",
      environment: "mainnet",
      commit: COMMIT,
      definition,
      definitionDigest: DIGEST,
      artifact: "mega",
      promotesFrom: ["devnet"],
      recorded: null,
    },
  },
  steps: [
    planned("build:mega", "build", [], null),
    planned("gate:mainnet", "gate", [], null),
    planned("deploy:api@mainnet", "deploy", ["build:mega", "gate:mainnet"], "api@mainnet"),
    planned("verify:api@mainnet", "verify", ["deploy:api@mainnet"], "api@mainnet"),
  ],
  manual: [],
  notes: ["worker is manual"],
};

export const run = (id: string, more: Partial<RunRow> = {}): RunRow => ({
  id,
  kind: "deploy",
  status: "waiting",
  commit: COMMIT,
  by: "ana",
  reason: null,
  options: { redeploy: false, acceptDiverged: null, skipNeeds: null, now: false, named: false },
  fingerprint: FINGERPRINT,
  policyCommit: COMMIT,
  nonce: "abcdefgh",
  retryOf: null,
  snapshot: null,
  cause: null,
  stopped: null,
  createdAt: AT,
  startedAt: AT + 1,
  endedAt: null,
  ...more,
});

export const step = (of: string, id: string, kind: StepRow["kind"], more: Partial<StepRow> = {}): StepRow => ({
  run: of,
  id,
  kind,
  status: "pending",
  reason: null,
  awaited: null,
  since: AT,
  reached: false,
  attempt: null,
  lost: 0,
  startedAt: null,
  endedAt: null,
  ...more,
});

export const live: Live = {
  entry: 1,
  commit: OLD,
  digest: DIGEST,
  fingerprint: FINGERPRINT,
  definition: DIGEST,
  needs: [],
  attempt: null,
  run: "1",
  since: AT,
};

export const target = (id: TargetId, more: Partial<TargetRow> = {}): TargetRow => ({
  id,
  service: id.split("@")[0] ?? "",
  environment: id.split("@")[1] ?? "",
  live,
  serving: true,
  good: true,
  lastGood: live,
  observed: true,
  unknown: null,
  busy: null,
  queue: [],
  health: "healthy",
  url: "http://127.0.0.1:4999",
  lock: null,
  pin: null,
  unrestored: null,
  ...more,
});

/** One run that waits at mainnet's gate, and a fleet of two targets. */
export const story: readonly Change[] = [
  { table: "definition", digest: DIGEST, definition },
  { table: "plan", run: "1", plan },
  { table: "run", row: run("1", { stopped: { by: "ben", at: AT, how: "rejected", now: false, reason: "not today" } }) },
  { table: "step", row: step("1", "build:mega", "build", { status: "succeeded", attempt: "at-1", startedAt: AT, endedAt: AT + 5 }) },
  {
    table: "step",
    row: step("1", "gate:mainnet", "gate", { status: "waiting", reason: { code: "approval", commit: COMMIT, environment: "mainnet" } }),
  },
  { table: "step", row: step("1", "deploy:api@mainnet", "deploy", { reason: { code: "step", step: "gate:mainnet" } }) },
  { table: "step", row: step("1", "verify:api@mainnet", "verify", { status: "skipped", reason: { code: "already-live", run: "7" } }) },
  {
    table: "attempt",
    row: {
      id: "at-1",
      run: "1",
      step: "build:mega",
      kind: "build",
      target: null,
      digest: DIGEST,
      fingerprint: null,
      startedAt: AT,
      endedAt: AT + 5,
      outcome: "succeeded",
      message: "built",
      joined: [],
    },
  },
  { table: "build", row: { key: "mega", artifact: "mega", commit: COMMIT, digest: DIGEST, attempt: "at-1", at: AT } },
  { table: "target", row: target("api@mainnet", { busy: { run: "1", step: "deploy:api@mainnet", attempt: "at-2" } }) },
  { table: "target", row: target("web@mainnet", { live: null, lastGood: null, serving: false, good: false, health: "none", url: null }) },
  {
    table: "environment",
    row: {
      id: "mainnet",
      hold: { by: "ana", at: AT, reason: "incident", run: null },
      lock: null,
      freeze: null,
      rollback: null,
      snapshots: [{ id: "snap-1", seq: 1, at: AT, release: OLD, left: true, key: "k" }],
      releases: [],
      snapshotDue: null,
    },
  },
  {
    table: "snapshot",
    row: { id: "snap-1", environment: "mainnet", seq: 1, at: AT, run: "1", release: OLD, entries: { "api@mainnet": live } },
  },
  {
    table: "ledger",
    row: {
      seq: 1,
      target: "api@mainnet",
      commit: OLD,
      digest: DIGEST,
      fingerprint: FINGERPRINT,
      definition: DIGEST,
      attempt: null,
      run: "1",
      source: "imported",
      live: true,
      serving: true,
      good: true,
      at: AT,
    },
  },
  {
    table: "decision",
    row: {
      id: "dec-1",
      commit: COMMIT,
      environment: "mainnet",
      verdict: "approved",
      by: "ben",
      at: AT,
      expiresAt: null,
      comment: null,
      fingerprints: { "api@mainnet": FINGERPRINT },
      emergency: false,
      early: false,
      voided: null,
      voids: {},
    },
  },
];

/** An event with its changes, as the engine would commit it. */
export const commit = (store: Store, changes: readonly Change[], at = AT): Promise<readonly number[]> =>
  store.commit([{ event: { at, type: "tick" }, changes, effects: [] }], []);

/** A real store in a directory of its own; both end with the test. */
export async function openStore(): Promise<Store> {
  const directory = await mkdtemp(join(tmpdir(), "sluice-api-"));
  const store = await openSqliteStore(directory, { version: "0.0.0" });
  onTestFinished(async () => {
    await store.close();
    await rm(directory, { recursive: true });
  });
  return store;
}
