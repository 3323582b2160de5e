import type { CommitId, EnvironmentId } from "../core/config/config.ts";
import { rollingBack } from "../core/plan/preflight.ts";
import type { SnapshotRow } from "../core/run/rows.ts";
import { offeredSnapshot } from "../core/run/snapshots.ts";
import { RequestError, type RollbackRequest } from "./control.ts";
import type { DeployParts } from "./deploys.ts";
import { SourceError } from "./ports/source.ts";
import type { Store } from "./ports/store.ts";
import { environmentOf, type PolicyAt } from "./rollback-facts.ts";

/** Recorded sets that are named where another one was asked for. */
const NAMED = 3;
const TIME = /^\d{4}-\d{2}-\d{2}T/;

/** The set that a request means: a snapshot's id, a commit, a time, or the one that is offered. Rejects with `RequestError`, which says what there is instead. */
export async function setOf(parts: DeployParts, at: PolicyAt, request: RollbackRequest): Promise<SnapshotRow> {
  const { environment, to } = request;
  await mustBeThere(parts.store, at, environment);
  if (to === null) {
    await mustNotRollBack(parts.store, environment);
    return await offered(parts.store, environment);
  }
  const byId = await parts.store.snapshot(to);
  if (byId?.environment === environment) return byId;
  if (byId)
    throw new RequestError(
      "invalid",
      `${to} is a set of ${byId.environment}, not of ${environment}`,
      `${await recorded(parts.store, environment)}; or roll that one back: sluice rollback --all --env ${byId.environment} --to ${to}`,
    );
  return TIME.test(to) ? await byTime(parts.store, environment, to) : await byCommit(parts, environment, to);
}

async function mustBeThere(store: Store, { policy, ref }: PolicyAt, environment: EnvironmentId): Promise<void> {
  if (policy.environments[environment]) return;
  const known = `known: ${Object.keys(policy.environments).join(", ")}`;
  if (!(await environmentOf(store, environment)))
    throw new RequestError("invalid", `no environment ${environment} in the policy of ${ref}`, known);
  throw new RequestError(
    "invalid",
    `the policy of ${ref} no longer has an environment ${environment}, so nobody may change what is live there`,
    `put it back into the sluice.yaml of ${ref} first; ${known}`,
  );
}

/** The set that is offered is told by what has been rolled back to, which nobody knows before that has ended. */
async function mustNotRollBack(store: Store, environment: EnvironmentId): Promise<void> {
  const run = (await environmentOf(store, environment))?.rollback ?? null;
  const row = run === null ? null : await store.run(run);
  if (!row) return;
  const { message, hint } = rollingBack(environment, row);
  throw new RequestError("conflict", message, hint);
}

async function offered(store: Store, environment: EnvironmentId): Promise<SnapshotRow> {
  const row = await environmentOf(store, environment);
  const ref = row && offeredSnapshot(row);
  const found = ref && (await store.snapshot(ref.id));
  if (found) return found;
  throw new RequestError(
    "conflict",
    `nothing to roll ${environment} back to: what is live now is the oldest set there, or none is recorded from before it`,
    `${await recorded(store, environment)}; deploy forward instead: sluice deploy`,
  );
}

/** The newest set at or before a time. */
async function byTime(store: Store, environment: EnvironmentId, to: string): Promise<SnapshotRow> {
  const time = Date.parse(to);
  if (Number.isNaN(time))
    throw new RequestError("invalid", `${to} is no time`, "write it as in 2026-01-31T09:30Z, or give a snapshot's id or a commit");
  let first: SnapshotRow | null = null;
  for await (const row of snapshots(store, environment)) {
    if (row.at <= time) return row;
    first = row;
  }
  throw new RequestError(
    "conflict",
    `nothing is recorded of ${environment} from before ${to}`,
    first ? `the first set there is ${said(first)}` : "deploy forward instead: sluice deploy",
  );
}

/** The set that holds most of a commit, the newest among equals: a later run of one service does not stand for the set. */
async function byCommit(parts: DeployParts, environment: EnvironmentId, to: string): Promise<SnapshotRow> {
  const commit = await commitOf(parts, environment, to);
  let best: { readonly row: SnapshotRow; readonly holds: number } | null = null;
  for await (const row of snapshots(parts.store, environment)) {
    const holds = Object.values(row.entries).filter((e) => e.commit === commit).length;
    if (holds > (best?.holds ?? 0)) best = { row, holds };
  }
  if (best) return best.row;
  throw new RequestError(
    "conflict",
    `${commit.slice(0, 12)} was never live and good in a recorded set of ${environment}`,
    `${await recorded(parts.store, environment)}; or deploy it: sluice deploy --all --env ${environment} --commit ${commit.slice(0, 12)}`,
  );
}

/** What the source calls so; where it no longer has the commit, what the recorded sets do. */
async function commitOf(parts: DeployParts, environment: EnvironmentId, to: string): Promise<CommitId> {
  try {
    return await parts.source.resolve(to);
  } catch (error) {
    if (!(error instanceof SourceError) || error.code !== "unknown-commit") throw error;
  }
  const commits = new Set<CommitId>();
  if (/^[0-9a-f]{4,}$/i.test(to))
    for await (const row of snapshots(parts.store, environment))
      for (const { commit } of Object.values(row.entries)) if (commit.startsWith(to.toLowerCase())) commits.add(commit);
  const [commit, ...others] = commits;
  if (commit === undefined)
    throw new RequestError(
      "not-found",
      `${to} is no snapshot of ${environment}, no commit and no time`,
      await recorded(parts.store, environment),
    );
  if (others.length > 0)
    throw new RequestError(
      "invalid",
      `${to} is short for several commits: ${[...commits].join(", ")}`,
      "give more characters of the one you mean",
    );
  return commit;
}

async function recorded(store: Store, environment: EnvironmentId): Promise<string> {
  const { items } = await store.snapshots(environment, { limit: NAMED, cursor: null });
  if (items.length === 0) return `nothing is recorded of ${environment} yet`;
  return `the newest recorded sets of ${environment}: ${items.map(said).join(", ")}`;
}

const said = (row: SnapshotRow): string => `${row.id} (${row.release.slice(0, 12)}, ${new Date(row.at).toISOString()})`;

/** Newest first. */
async function* snapshots(store: Store, environment: EnvironmentId): AsyncGenerator<SnapshotRow> {
  for (let cursor: string | null = null; ;) {
    const page = await store.snapshots(environment, { limit: 100, cursor });
    yield* page.items;
    cursor = page.next;
    if (cursor === null) return;
  }
}
