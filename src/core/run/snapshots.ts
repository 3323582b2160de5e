import type { CommitId, EnvironmentId, ServiceId, TargetId } from "../config/config.ts";
import { serviceOf } from "../config/names.ts";
import { fingerprint } from "../plan/fingerprint.ts";
import { satisfies } from "../plan/relations.ts";
import type { Draft } from "./draft.ts";
import type { EnvironmentRow, Live, RelationRow, RunId, RunRow, SnapshotRef, SnapshotRow } from "./rows.ts";

/** Snapshots and releases that are kept at hand; older ones are only in the store. */
export const MAX_SNAPSHOTS = 200;

/** A run has ended in an environment: the last good entry of every target there is a snapshot, where these satisfy each other's needs. */
export function takeSnapshot(d: Draft, environment: EnvironmentId, run: RunRow): void {
  const entries: Record<TargetId, Live> = {};
  // by name: how they came into memory must not show
  const targets = d.targetsIn(environment).toSorted((a, b) => (a.id < b.id ? -1 : 1));
  for (const target of targets) if (target.lastGood) entries[target.id] = target.lastGood;
  if (Object.keys(entries).length === 0) return;
  const seq = d.seq();
  const release = releaseOf(entries, run.commit);
  const row: SnapshotRow = { id: `${environment}-${seq}`, environment, seq, at: d.at, run: run.id, release, entries };
  recordSnapshots(d, environment, [...(d.environment(environment).snapshotDue ?? []), row]);
}

/** What a set is called by: the run's own release where something of it is there, else the one that most of it is of. */
export function releaseOf(entries: Readonly<Record<TargetId, Live>>, own: CommitId): CommitId {
  const counts = new Map<CommitId, number>();
  for (const { commit } of Object.values(entries)) counts.set(commit, (counts.get(commit) ?? 0) + 1);
  if (counts.has(own)) return own;
  return [...counts].reduce((most, next) => (next[1] > most[1] ? next : most), [own, 0] as readonly [CommitId, number])[0];
}

/** Records what was good at the ends of runs, in their order, as far as the commits have been compared; the rest stays due. */
export function recordSnapshots(d: Draft, environment: EnvironmentId, due: readonly SnapshotRow[]): void {
  let left = due;
  // of the first that was due already, it has been asked how its commits stand to each other
  const asked = d.environment(environment).snapshotDue?.[0]?.id;
  for (const row of due) {
    const fits = together(d, row, row.id !== asked);
    if (fits === null) break;
    left = left.slice(1);
    if (fits) record(d, row);
  }
  const before = d.environment(environment);
  if ((before.snapshotDue ?? []).length !== left.length) d.setEnvironment({ ...before, snapshotDue: left.length > 0 ? left : null });
}

/** How two commits that are due stand to each other is known now: what waits for that is looked at again. */
export function compared(d: Draft, { release, live }: RelationRow): void {
  for (const { id, snapshotDue } of d.environments()) {
    const commits = new Set(Object.values(snapshotDue?.[0]?.entries ?? {}).map((entry) => entry.commit));
    if (snapshotDue && commits.has(release) && commits.has(live)) recordSnapshots(d, id, snapshotDue);
  }
}

/** Two sets of the same are one. */
export const setKey = (entries: SnapshotRow["entries"]): string =>
  fingerprint(Object.entries(entries).map(([id, e]) => [id, e.commit, e.digest, e.fingerprint]));

function record(d: Draft, row: SnapshotRow): void {
  const there = d.environment(row.environment);
  const key = setKey(row.entries);
  if (there.snapshots.findLast((s) => !s.left)?.key === key) return;
  const ref: SnapshotRef = { id: row.id, seq: row.seq, at: row.at, release: row.release, left: false, key };
  d.addSnapshot(row);
  d.setEnvironment({ ...there, snapshots: [...there.snapshots, ref].slice(-MAX_SNAPSHOTS) });
}

/** Whether a set's entries satisfy each other. null: some commits have yet to be compared, which is asked for unless others do not fit anyhow. */
function together(d: Draft, row: SnapshotRow, ask: boolean): boolean | null {
  const unsure: Pair[] = [];
  for (const pair of pairsToJudge(row, d.snapshot(row.environment))) {
    const enough = pair.live === null ? false : satisfies(d.relations, pair.need, pair.release, pair.live);
    if (enough === false) return false;
    if (enough === null) unsure.push(pair);
  }
  if (ask) for (const { release, live } of unsure) if (live !== null) d.ask(release, live);
  return unsure.length > 0 ? null : true;
}

type Pair = { readonly need: ServiceId; readonly release: CommitId; readonly live: CommitId | null };

/** Who needs whom in a set: but for those that stood together in the last one, of whom nobody has changed since. */
function* pairsToJudge({ environment, entries }: SnapshotRow, last: SnapshotRow | null): Generator<Pair> {
  const changed = new Set<ServiceId>();
  for (const [target, entry] of Object.entries(entries) as [TargetId, Live][]) {
    const before = last?.entries[target];
    if (before?.commit !== entry.commit || !sameNeeds(before.needs, entry.needs)) changed.add(serviceOf(target));
  }
  for (const [target, w] of Object.entries(entries) as [TargetId, Live][]) {
    const all = changed.has(serviceOf(target));
    for (const need of w.needs)
      if (all || changed.has(need)) yield { need, release: w.commit, live: entries[`${need}@${environment}`]?.commit ?? null };
  }
}

const sameNeeds = (a: readonly ServiceId[], b: readonly ServiceId[]): boolean =>
  a === b || (a.length === b.length && a.every((need, i) => need === b[i]));

/** Section 7: the last snapshot from before the newest release's first attempt there; what a rollback left is not offered again. */
export function offeredSnapshot(row: Pick<EnvironmentRow, "snapshots" | "releases">): SnapshotRef | null {
  const newest = row.releases.findLast((r) => !r.left);
  if (!newest) return null;
  return row.snapshots.findLast((s) => !s.left && s.seq < newest.first) ?? null;
}

/** The first attempt of a release in an environment: a rollback offers what was there before it. */
export function noteRelease(d: Draft, environment: EnvironmentId, commit: CommitId, run: RunId): void {
  const row = d.environment(environment);
  if (row.releases.some((r) => r.commit === commit && !r.left)) return;
  const releases = [...row.releases, { commit, run, first: d.seq(), left: false }];
  d.setEnvironment({ ...row, releases: releases.slice(-MAX_SNAPSHOTS) });
}

/**
 * What a rollback to `snapshot` goes back behind is not offered again; what it brings back counts again.
 * One that leaves a part of the set where it is has left nothing.
 */
export function leaveBehind(
  row: EnvironmentRow,
  snapshot: SnapshotRow,
  members: readonly TargetId[],
): Pick<EnvironmentRow, "snapshots" | "releases" | "snapshotDue"> {
  const { seq } = snapshot;
  const whole = Object.keys(snapshot.entries).every((t) => members.includes(t as TargetId));
  const back = new Set(Object.values(snapshot.entries).map((e) => e.commit));
  const due = row.snapshotDue?.filter((s) => !whole || s.seq <= seq) ?? [];
  return {
    snapshots: row.snapshots.map((s) => (whole && s.seq > seq ? { ...s, left: true } : s.id === snapshot.id ? { ...s, left: false } : s)),
    releases: row.releases.map((r) => (whole && r.first > seq ? { ...r, left: true } : back.has(r.commit) ? { ...r, left: false } : r)),
    snapshotDue: due.length > 0 ? due : null,
  };
}

/** A rollback has ended, perhaps halfway: what it did not leave is there still, what it did not bring back is not. */
export function noteWhatStayed(d: Draft, run: RunRow, environment: EnvironmentId): void {
  const members = Object.values(d.plan(run.id).plan.members);
  for (const member of members) {
    const { live } = d.target(member.target);
    if (live && live.commit !== member.commit) noteRelease(d, environment, live.commit, live.run ?? run.id);
  }
  const live = new Set(d.targetsIn(environment).flatMap((t) => t.live?.commit ?? []));
  const missed = new Set(members.map((m) => m.commit).filter((c) => !live.has(c)));
  const row = d.environment(environment);
  if (row.releases.some((r) => !r.left && missed.has(r.commit)))
    d.setEnvironment({ ...row, releases: row.releases.map((r) => (missed.has(r.commit) ? { ...r, left: true } : r)) });
}
