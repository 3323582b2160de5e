import type { Digest } from "../core/config/config.ts";
import type { Definition } from "../core/plan/plan.ts";
import { pairsOf } from "../core/plan/relations.ts";
import { planRollback, type RollbackPlanResult } from "../core/plan/rollback.ts";
import type { RelationRow, RunRow, SnapshotRow, TargetRow } from "../core/run/rows.ts";
import { offeredSnapshot } from "../core/run/snapshots.ts";
import { relationKey } from "../core/run/state.ts";
import { admit, admittedBefore } from "./acts.ts";
import { type Actor, type RollbackPreview, type RollbackRequest, RequestError } from "./control.ts";
import type { DeployParts } from "./deploys.ts";
import type { Store } from "./ports/store.ts";

type Prepared = RollbackPlanResult & { readonly snapshot: SnapshotRow };

/** Section 7: every problem of the whole set, before anything is touched. */
export async function previewRollback(parts: DeployParts, request: RollbackRequest): Promise<RollbackPreview> {
  const { plan, targets, problems, snapshot } = await prepare(parts, request);
  return {
    environment: request.environment,
    snapshot: { id: snapshot.id, at: snapshot.at, release: snapshot.release },
    targets: targets.map((t) => ({
      target: t.target,
      from: t.from?.commit ?? null,
      to: t.to.commit,
      digest: t.to.digest,
      means: t.means,
      skip: t.skip,
    })),
    problems,
    plan,
  };
}

export async function rollback(parts: DeployParts, request: RollbackRequest, actor: Actor): Promise<{ readonly run: RunRow }> {
  const before = await admittedBefore(parts.store, actor);
  if (before) return { run: before };
  if (request.reason.trim() === "") throw new RequestError("invalid", "a rollback needs a reason", "say why with --reason");
  const { plan, problems, snapshot } = await prepare(parts, request);
  if (problems.length > 0)
    throw new RequestError(
      "conflict",
      `nothing has been touched: ${problems.map((p) => `${p.target === null ? "" : `${p.target}: `}${p.message}`).join("; ")}`,
      [...new Set(problems.map((p) => p.hint))].join("; "),
    );
  const event = {
    type: "rollback.admitted" as const,
    plan,
    reason: request.reason,
    snapshot,
    decided: (await parts.store.decisions({ environment: request.environment })).filter((x) => x.voided === null),
    now: request.now,
    cause: null,
  };
  return { run: await admit(parts, event, actor) };
}

async function prepare(parts: DeployParts, request: RollbackRequest): Promise<Prepared> {
  const { policy, commit } = await parts.configs.policy(parts.policyRef);
  if (!policy.environments[request.environment])
    throw new RequestError(
      "invalid",
      `no environment ${request.environment} in the policy`,
      `known: ${Object.keys(policy.environments).join(", ")}`,
    );
  await parts.loop.flush();
  const snapshot = await snapshotOf(parts, request);
  const targets = await allTargets(parts.store, request.environment);
  const definitions = new Map<Digest, Definition>();
  const gone = new Map<Digest, string>();
  for (const entry of Object.values(snapshot.entries)) {
    const definition = definitions.get(entry.definition) ?? (await parts.store.definition(entry.definition));
    if (definition) definitions.set(entry.definition, definition);
  }
  const release = await parts.configs.at(snapshot.release).catch(() => null);
  for (const digest of new Set(Object.values(snapshot.entries).flatMap((e) => e.digest ?? [])))
    if (!(await isThere(parts, digest, release))) gone.set(digest, `its artifact ${digest} is gone`);
  const relations = await relationsOf(parts, targets, snapshot);
  const planned = planRollback({
    project: parts.project,
    policy,
    snapshot,
    services: request.services,
    targets,
    definitions,
    gone,
    relations,
    named: new Set(request.services),
    environment: (await parts.store.environments()).find((e) => e.id === request.environment) ?? null,
    at: parts.loop.state.meta.at,
    declared: new Set(Object.keys((await parts.configs.at(commit)).services)),
    barriers: new Map(),
  });
  return { ...planned, snapshot };
}

/** Asked of the builders that the release names; where its file cannot be read, of all that is known nothing is said to be gone. */
async function isThere(
  parts: DeployParts,
  digest: Digest,
  release: {
    readonly artifacts: Readonly<
      Record<string, { readonly builder: string; readonly config: Parameters<Awaited<ReturnType<DeployParts["builder"]>>["has"]>[1] }>
    >;
  } | null,
): Promise<boolean> {
  if (!release) return true;
  for (const artifact of Object.values(release.artifacts))
    if (await (await parts.builder(artifact.builder)).has(digest, artifact.config, parts.home)) return true;
  return false;
}

async function relationsOf(
  parts: DeployParts,
  targets: readonly TargetRow[],
  snapshot: SnapshotRow,
): Promise<(release: string, live: string) => RelationRow | null> {
  const known = new Map<string, RelationRow>();
  for (const [release, live] of pairsOf(targets, snapshot.entries)) {
    const row =
      (await parts.store.relation(release, live)) ?? (await parts.source.relate(release, live, await parts.configs.paths(release)));
    known.set(relationKey(release, live), row);
  }
  return (release, live) => known.get(relationKey(release, live)) ?? null;
}

async function allTargets(store: Store, environment: string): Promise<readonly TargetRow[]> {
  const found: TargetRow[] = [];
  for (let cursor: string | null = null; ;) {
    const page = await store.targets({ environment }, { limit: 500, cursor });
    found.push(...page.items);
    cursor = page.next;
    if (cursor === null) return found;
  }
}

async function snapshotOf(parts: DeployParts, request: RollbackRequest): Promise<SnapshotRow> {
  const environment = (await parts.store.environments()).find((e) => e.id === request.environment);
  const none = (why: string) =>
    new RequestError(
      "conflict",
      `nothing to roll ${request.environment} back to: ${why}`,
      `what there is: sluice status --env ${request.environment}; deploy forward instead: sluice deploy`,
    );
  if (request.to === null) {
    const offered = environment && offeredSnapshot(environment);
    const row = offered ? await parts.store.snapshot(offered.id) : null;
    if (!row) throw none("what is live now is the oldest set there, or none is recorded from before it");
    return row;
  }
  const byId = await parts.store.snapshot(request.to);
  if (byId?.environment === request.environment) return byId;
  const time = /^\d{4}-\d{2}-\d{2}T/.test(request.to) ? Date.parse(request.to) : Number.NaN;
  const commit = Number.isNaN(time) ? await parts.source.resolve(request.to) : null;
  const found = await findSnapshot(
    parts.store,
    request.environment,
    (s) => (commit === null ? s.at <= time : Object.values(s.entries).some((e) => e.commit === commit)),
    commit,
  );
  if (!found)
    throw none(
      commit === null
        ? `no snapshot is recorded from before ${request.to}`
        : `${commit.slice(0, 12)} was never live and good there in a recorded set`,
    );
  return found;
}

/** By time the newest before it; by commit the one that holds most of it, the newest among equals: a later run of one service does not stand for the set. */
async function findSnapshot(
  store: Store,
  environment: string,
  fits: (s: SnapshotRow) => boolean,
  release: string | null,
): Promise<SnapshotRow | null> {
  let best: { readonly row: SnapshotRow; readonly holds: number } | null = null;
  for (let cursor: string | null = null; ;) {
    const page = await store.snapshots(environment, { limit: 100, cursor });
    for (const row of page.items) {
      if (!fits(row)) continue;
      if (release === null) return row;
      const holds = Object.values(row.entries).filter((e) => e.commit === release).length;
      if (!best || holds > best.holds) best = { row, holds };
    }
    cursor = page.next;
    if (cursor === null) return best?.row ?? null;
  }
}
