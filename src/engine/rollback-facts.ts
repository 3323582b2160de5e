import type { CommitId, Digest, EnvironmentId, Policy, ServiceId, TargetId } from "../core/config/config.ts";
import { type Barrier, barrierOf } from "../core/plan/irreversible.ts";
import type { Definition } from "../core/plan/plan.ts";
import { type RollbackPlanInput, unknownsOf, whyStays } from "../core/plan/preflight.ts";
import { pairsOf, type Relations, UNKNOWN_COMMIT } from "../core/plan/relations.ts";
import type { Live, RelationRow, SnapshotRow, TargetRow } from "../core/run/rows.ts";
import { relationKey } from "../core/run/state.ts";
import type { DeployParts } from "./deploys.ts";
import { goneOf } from "./gone.ts";
import { type Source, SourceError } from "./ports/source.ts";
import type { Store } from "./ports/store.ts";
import { relationOf } from "./relations.ts";
import { type Move, waysBack } from "./ways-back.ts";

export type PolicyAt = { readonly policy: Policy; readonly ref: string; readonly commit: CommitId };
type RollbackFacts = Omit<RollbackPlanInput, "services" | "named">;

type Known = Partial<Pick<RollbackFacts, "targets" | "relations">> & {
  /** Whose artifacts and ways back are asked for; absent or null: all of the set. */
  readonly services?: readonly ServiceId[] | null;
};

/** All that a rollback to this set is planned from, looked up but for what is `known`. */
export async function factsOf(
  parts: DeployParts,
  { policy, commit }: PolicyAt,
  snapshot: SnapshotRow,
  known: Known = {},
): Promise<RollbackFacts> {
  const targets = known.targets ?? (await allTargets(parts.store, snapshot.environment));
  const definitions = await definitionsOf(parts.store, targets, snapshot);
  const declared = new Set(Object.keys((await parts.configs.at(commit)).services));
  const environment = await environmentOf(parts.store, snapshot.environment);
  const moves = movesOf(targets, snapshot, definitions, known.services ?? null);
  const gone = await goneOf(parts, commit, snapshot, moves);
  const barriers = await barriersOf(parts, targets, snapshot, definitions, declared);
  const ways = await waysBack(parts, moves);
  return {
    project: parts.project,
    policy,
    snapshot,
    targets,
    environment,
    underWay: environment?.rollback ? await parts.store.run(environment.rollback) : null,
    at: Math.max(parts.clock.now(), parts.loop.state.meta.at),
    declared,
    definitions,
    gone,
    barriers,
    ways,
    lost: await lostOf(parts.source, snapshot, { gone, barriers, ways }),
    relations: known.relations ?? (await relationsOf(parts, targets, snapshot.entries)),
  };
}

export async function environmentOf(store: Store, environment: EnvironmentId) {
  return (await store.environments()).find((e) => e.id === environment) ?? null;
}

export async function allTargets(store: Store, environment: EnvironmentId): Promise<readonly TargetRow[]> {
  const found: TargetRow[] = [];
  for (let cursor: string | null = null; ;) {
    const page = await store.targets({ environment }, { limit: 500, cursor });
    found.push(...page.items);
    cursor = page.next;
    if (cursor === null) return found;
  }
}

export async function relationsOf(
  parts: Pick<DeployParts, "store" | "source" | "configs">,
  targets: readonly TargetRow[],
  entries: Readonly<Record<TargetId, Live>>,
): Promise<Relations> {
  const known = new Map<string, RelationRow>();
  for (const [release, live] of pairsOf(targets, entries))
    known.set(relationKey(release, live), (await parts.store.relation(release, live)) ?? (await relate(parts, release, live)));
  return (release, live) => known.get(relationKey(release, live)) ?? null;
}

/** What cannot be compared, such as a commit that is gone, meets no need. */
async function relate(parts: Pick<DeployParts, "source" | "configs" | "store">, release: CommitId, live: CommitId): Promise<RelationRow> {
  try {
    return await relationOf(parts, release, live);
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    return { release, live, order: "unknown", unmet: null };
  }
}

/** Of what is recorded and of what is live. */
async function definitionsOf(store: Store, targets: readonly TargetRow[], snapshot: SnapshotRow): Promise<ReadonlyMap<Digest, Definition>> {
  const found = new Map<Digest, Definition>();
  const wanted = [
    ...Object.values(snapshot.entries),
    ...targets.flatMap((t) => (snapshot.entries[t.id] ? [t.live, t.gone].flatMap((live) => live ?? []) : [])),
  ];
  for (const digest of new Set(wanted.map((entry) => entry.definition))) {
    const definition = await store.definition(digest);
    if (definition) found.set(digest, definition);
  }
  return found;
}

/** Of the recorded commits that a hint would name, those that the source no longer has. */
async function lostOf(
  source: Source,
  { entries }: SnapshotRow,
  facts: Pick<RollbackPlanInput, "gone" | "barriers" | "ways">,
): Promise<ReadonlySet<CommitId>> {
  const named = (Object.entries(entries) as [TargetId, Live][]).flatMap(([target, { commit }]) =>
    unknownsOf(facts, target).length > 0 || facts.gone.has(target) ? [commit] : [],
  );
  const lost = new Set<CommitId>();
  for (const commit of new Set(named))
    if (commit !== UNKNOWN_COMMIT && !(await source.resolve(commit).then(Boolean, () => false))) lost.add(commit);
  return lost;
}

/** What of the set is not where it is to be; a pin may keep it all the same. */
function movesOf(
  targets: readonly TargetRow[],
  { entries }: SnapshotRow,
  definitions: ReadonlyMap<Digest, Definition>,
  services: readonly ServiceId[] | null,
): readonly Move[] {
  const rows = new Map(targets.map((row) => [row.id, row]));
  return (Object.entries(entries) as [TargetId, Live][]).flatMap(([target, to]) => {
    const definition = definitions.get(to.definition);
    const asked = definition && (services?.includes(definition.service) ?? true);
    return asked && whyStays(rows.get(target), to, true) === null ? [{ target, to, definition }] : [];
  });
}

type Way = { readonly target: TargetRow; readonly paths: readonly string[] };

/** What cannot go back to what is recorded: by the paths that either definition calls irreversible, and by what the commits in between say. */
async function barriersOf(
  parts: Pick<DeployParts, "source">,
  targets: readonly TargetRow[],
  { entries }: SnapshotRow,
  definitions: ReadonlyMap<Digest, Definition>,
  declared: ReadonlySet<ServiceId>,
): Promise<ReadonlyMap<TargetId, Barrier>> {
  // one question for all that go the same way
  const ways = new Map<string, { readonly from: CommitId; readonly to: CommitId; readonly of: Way[] }>();
  for (const target of targets) {
    // what it did to its data has not gone with it
    const live = target.live ?? target.gone;
    const entry = entries[target.id];
    if (!live || !entry || live.commit === entry.commit) continue;
    const paths = [live, entry].flatMap((e) => definitions.get(e.definition)?.irreversible ?? []);
    const key = relationKey(live.commit, entry.commit);
    const way = ways.get(key) ?? { from: live.commit, to: entry.commit, of: [] };
    ways.set(key, way);
    way.of.push({ target, paths });
  }
  const known = new Set([...declared, ...targets.map((t) => t.service)]);
  const barriers = new Map<TargetId, Barrier>();
  for (const { from, to, of } of ways.values()) {
    const barrier = await barrierOn(parts, from, to, of, known);
    for (const { target, paths } of of) {
      const found = barrier(target.service, paths);
      if (found) barriers.set(target.id, found);
    }
  }
  return barriers;
}

/** Where it cannot be known, everything that goes this way is barred. */
async function barrierOn(
  { source }: Pick<DeployParts, "source">,
  from: CommitId,
  to: CommitId,
  of: readonly Way[],
  known: ReadonlySet<ServiceId>,
): Promise<(service: ServiceId, paths: readonly string[]) => Barrier | null> {
  if (from === UNKNOWN_COMMIT || to === UNKNOWN_COMMIT)
    return () => ({ commit: null, why: "whether it can be taken back cannot be known: nobody knows which commit is live there" });
  try {
    const commits = await source.irreversible(from, to, [...new Set(of.flatMap((w) => w.paths))]);
    return (service, paths) => barrierOf(service, paths, commits, known);
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    return () => ({ commit: null, why: `whether it can be taken back cannot be known: ${error.message} ${error.hint}` });
  }
}
