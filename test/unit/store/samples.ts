import type { CommitId, TargetId } from "../../../src/core/config/config.ts";
import type { Definition, Member, Plan } from "../../../src/core/plan/plan.ts";
import type { Change } from "../../../src/core/run/changes.ts";
import type { Effect } from "../../../src/core/run/effects.ts";
import type { Event } from "../../../src/core/run/events.ts";
import type * as rows from "../../../src/core/run/rows.ts";
import type { Entry } from "../../../src/engine/ports/store.ts";

/** Rows as the core writes them, one field said and the others plausible. */

export const commit = (letter: string): CommitId => letter.repeat(40);
export const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;
export const target = (service: string, environment = "devnet"): TargetId => `${service}@${environment}`;

export function definition(service = "api", environment = "devnet"): Definition {
  return {
    service,
    environment,
    tier: "backend",
    paths: [`services/${service}`],
    driver: "process",
    config: { command: ["node", "server.js"] },
    verify: null,
    job: false,
    needs: [],
    timeoutMs: 600_000,
    variables: {},
    credentials: [],
  };
}

export function member(service: string, at: CommitId): Member {
  return {
    target: target(service),
    service,
    environment: "devnet",
    commit: at,
    definition: definition(service),
    definitionDigest: digest("d"),
    artifact: null,
    promotesFrom: [],
    recorded: null,
  };
}

export function plan(release: CommitId, members: readonly Member[] = []): Plan {
  return {
    fingerprint: digest("f"),
    kind: "deploy",
    project: "harbor",
    release: { commit: release },
    promotion: "wave",
    artifacts: {},
    environments: {},
    members: Object.fromEntries(members.map((each) => [each.target, each])),
    steps: [],
    manual: [],
    notes: [],
  };
}

export function run(id: string, over: Partial<rows.RunRow> = {}): rows.RunRow {
  return {
    id,
    kind: "deploy",
    status: "running",
    commit: commit("a"),
    by: "ana",
    reason: null,
    options: { redeploy: false, acceptDiverged: null, skipNeeds: null, now: false, named: false },
    fingerprint: digest("f"),
    policyCommit: null,
    nonce: "abcdefgh",
    retryOf: null,
    snapshot: null,
    cause: null,
    stopped: null,
    createdAt: 1_000,
    startedAt: 1_000,
    endedAt: null,
    ...over,
  };
}

export function step(of: string, id: string, over: Partial<rows.StepRow> = {}): rows.StepRow {
  return {
    run: of,
    id,
    kind: "deploy",
    status: "pending",
    awaited: null,
    reason: null,
    since: 1_000,
    reached: false,
    attempt: null,
    lost: 0,
    startedAt: null,
    endedAt: null,
    ...over,
  };
}

export function attempt(id: string, of: string, over: Partial<rows.AttemptRow> = {}): rows.AttemptRow {
  return {
    id,
    run: of,
    step: "deploy:api@devnet",
    kind: "deploy",
    target: target("api"),
    digest: null,
    fingerprint: null,
    startedAt: 1_000,
    endedAt: null,
    outcome: null,
    message: null,
    joined: [],
    ...over,
  };
}

export function live(at: CommitId, entry = 1): rows.Live {
  return {
    entry,
    commit: at,
    digest: null,
    fingerprint: digest("f"),
    definition: digest("d"),
    needs: [],
    attempt: null,
    run: null,
    since: 1_000,
  };
}

export function targetRow(service: string, environment = "devnet", over: Partial<rows.TargetRow> = {}): rows.TargetRow {
  return {
    id: target(service, environment),
    service,
    environment,
    live: null,
    serving: false,
    good: false,
    lastGood: null,
    observed: true,
    unknown: null,
    busy: null,
    queue: [],
    health: "none",
    url: null,
    lock: null,
    pin: null,
    unrestored: null,
    ...over,
  };
}

export const environment = (id: string, over: Partial<rows.EnvironmentRow> = {}): rows.EnvironmentRow => ({
  id,
  hold: null,
  lock: null,
  freeze: null,
  rollback: null,
  snapshots: [],
  releases: [],
  snapshotDue: null,
  ...over,
});

export function ledger(seq: number, of: TargetId, at: CommitId): rows.LedgerRow {
  return {
    seq,
    target: of,
    commit: at,
    digest: null,
    fingerprint: digest("f"),
    definition: digest("d"),
    attempt: null,
    run: null,
    source: "attempt",
    live: true,
    serving: true,
    good: false,
    at: 1_000,
  };
}

export const snapshot = (id: string, seq: number, environmentId = "devnet"): rows.SnapshotRow => ({
  id,
  environment: environmentId,
  seq,
  at: 1_000,
  run: "1",
  release: commit("a"),
  entries: { [target("api")]: live(commit("a")) },
});

export const decision = (id: string, at: CommitId, environmentId = "mainnet"): rows.DecisionRow => ({
  id,
  commit: at,
  environment: environmentId,
  verdict: "approved",
  by: "ben",
  at: 1_000,
  expiresAt: null,
  comment: null,
  fingerprints: {},
  emergency: false,
  early: false,
  voided: null,
  voids: {},
});

export const stop = (key: string): Effect => ({ type: "attempt.stop", key, attempt: "x" });
export const tick = (at = 1_000): Event => ({ type: "tick", at });
export const entry = (changes: readonly Change[], effects: readonly Effect[] = [], event: Event = tick()): Entry => ({
  event,
  changes,
  effects,
});
/** What admits a run: its row and its plan, as one. */
export const admitted = (row: rows.RunRow, members: readonly Member[] = []): readonly Change[] => [
  { table: "run", row },
  { table: "plan", run: row.id, plan: plan(row.commit, members) },
];
