import type { CommitId, Digest, EnvironmentId, ServiceId } from "../../core/config/config.ts";
import { satisfies } from "../../core/plan/relations.ts";
import type { Change } from "../../core/run/changes.ts";
import type { RelationRow, SnapshotRow } from "../../core/run/rows.ts";
import { relationKey } from "../../core/run/state.ts";
import { relationOf } from "../../engine/relations.ts";
import { SourceError } from "../../engine/ports/source.ts";
import type { Forge } from "../../github/forge.ts";
import { recordsOf } from "../../github/records/read.ts";
import { isTarget, type Record, recordTask, STOP_TASK, type TargetRecord } from "../../github/records/record.ts";
import { rowsOf, type Together } from "../../github/records/rows.ts";
import type { Believed } from "./believed.ts";
import type { Place } from "./place.ts";

/** Records of an environment that are read for a deploy before single targets are asked for. */
const NEWEST = 500;

/** Which records count. */
type Counting = Pick<Believed, "of">;
/** All of them: for who only waits. Whoever executes anything judges again, by what is believed. */
export const AS_THEY_ARE: Counting = { of: (records) => Promise.resolve(records) };

/** All records of an environment: for what goes back, there is no edge. */
export async function wholeHistory(forge: Forge, environment: EnvironmentId, believed: Counting): Promise<readonly Record[]> {
  return await believed.of(recordsOf(await forge.deployments({ environment })));
}

/** What an environment is like now: its newest records, all stops, and everything of services whose last good state lies further back. */
export async function newestHistory(
  forge: Forge,
  environment: EnvironmentId,
  services: () => Promise<readonly ServiceId[]>,
  believed: Counting,
): Promise<readonly Record[]> {
  const newest = await forge.deployments({ environment, most: NEWEST });
  const first = await believed.of(recordsOf(newest));
  if (newest.length < NEWEST) return first;
  const found = new Map(newest.map((d) => [d.id, d]));
  for (const d of await forge.deployments({ environment, task: STOP_TASK })) found.set(d.id, d);
  const known = new Set(first.flatMap((r) => (isTarget(r) && r.wasGood ? [r.service] : [])));
  for (const service of await services())
    if (!known.has(service)) for (const d of await forge.deployments({ environment, task: recordTask(service) })) found.set(d.id, d);
  return await believed.of(recordsOf([...found.values()]));
}

/** On which targets of these environments a commit was good, by the records that count. */
export async function goodOf(
  forge: Forge,
  environments: readonly EnvironmentId[],
  commit: CommitId,
  believed: Counting,
  counts: (record: TargetRecord) => boolean,
): Promise<readonly Change[]> {
  const found = await Promise.all(environments.map((environment) => forge.deployments({ environment, sha: commit })));
  const records = await believed.of(found.flatMap(recordsOf));
  return records.flatMap((r) =>
    isTarget(r) && r.wasGood && counts(r) ? [{ table: "good" as const, row: { target: r.target, commit: r.commit } }] : [],
  );
}

/** Digests that the job before has handed over: builds that are done, where they are still there. */
export const buildsOf = (artifacts: { readonly [key: string]: Digest }, commit: CommitId, at: number): readonly Change[] =>
  Object.entries(artifacts).map(([artifact, digest]) => ({
    table: "build" as const,
    row: { key: `${artifact} ${commit}`, artifact, commit, digest, attempt: null, at },
  }));

/** Rows with the recorded sets, whose entries have been judged by the source. */
export async function rowsWithSets(place: Place, records: readonly Record[], at: number): Promise<readonly Change[]> {
  const sets: SnapshotRow[] = [];
  rowsOf(records, (set) => sets.push(set) > 0, at);
  const relations = await relationsIn(place, sets);
  const together: Together = ({ environment, entries }) =>
    Object.values(entries).every((w) =>
      w.needs.every((need) => {
        const there = entries[`${need}@${environment}`];
        return (
          there !== undefined &&
          satisfies((release, live) => relations.get(relationKey(release, live)) ?? null, need, w.commit, there.commit) === true
        );
      }),
    );
  return rowsOf(records, together, at);
}

/** How the commits stand to each other that need each other in one of the sets. What cannot be compared meets no need. */
async function relationsIn(place: Place, sets: readonly SnapshotRow[]): Promise<ReadonlyMap<string, RelationRow>> {
  const found = new Map<string, RelationRow>();
  for (const { environment, entries } of sets)
    for (const w of Object.values(entries))
      for (const need of w.needs) {
        const live = entries[`${need}@${environment}`]?.commit;
        if (live === undefined || live === w.commit || found.has(relationKey(w.commit, live))) continue;
        found.set(relationKey(w.commit, live), await relationBetween(place, w.commit, live));
      }
  return found;
}

export async function relationBetween(
  { source, configs }: Pick<Place, "source" | "configs">,
  release: CommitId,
  live: CommitId,
): Promise<RelationRow> {
  try {
    return await relationOf({ source, configs, store: { relation: () => Promise.resolve(null) } }, release, live);
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    return { release, live, order: "unknown", unmet: null };
  }
}

/** Relations that are kept: between two commits they never change. */
const KEPT = 5_000;

/** The same, asked once for each two. `missed`: brings what was pushed since; what is unknown before and after it is asked again. */
export function relationsBetween(
  place: Pick<Place, "source" | "configs">,
): (release: CommitId, live: CommitId, missed?: () => Promise<void>) => Promise<RelationRow> {
  const known = new Map<string, RelationRow>();
  return async (release, live, missed) => {
    const key = relationKey(release, live);
    let found = known.get(key) ?? (await relationBetween(place, release, live));
    if (found.order === "unknown" && missed) {
      await missed();
      found = await relationBetween(place, release, live);
    }
    if (found.order !== "unknown" && known.size < KEPT) known.set(key, found);
    return found;
  };
}
