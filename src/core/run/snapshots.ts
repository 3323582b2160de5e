import type { CommitId, EnvironmentId, TargetId } from "../config/config.ts";
import { fingerprint } from "../plan/fingerprint.ts";
import type { Draft } from "./draft.ts";
import type { EnvironmentRow, Live, RunId, RunRow, SnapshotRef, SnapshotRow } from "./rows.ts";

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
  const row: SnapshotRow = { id: `${environment}-${seq}`, environment, seq, at: d.at, run: run.id, release: run.commit, entries };
  recordSnapshots(d, environment, [...(d.environment(environment).snapshotDue ?? []), row]);
}

/** Records what was good at the ends of runs, in their order, as far as the commits have been compared; the rest stays due. */
export function recordSnapshots(d: Draft, environment: EnvironmentId, due: readonly SnapshotRow[]): void {
  let left = due;
  for (const row of due) {
    const fits = together(d, environment, row.entries);
    if (fits === null) break;
    left = left.slice(1);
    if (fits) record(d, row);
  }
  const before = d.environment(environment);
  if ((before.snapshotDue ?? []).length !== left.length) d.setEnvironment({ ...before, snapshotDue: left.length > 0 ? left : null });
}

function record(d: Draft, row: SnapshotRow): void {
  const there = d.environment(row.environment);
  const key = fingerprint(Object.entries(row.entries).map(([id, e]) => [id, e.commit, e.digest, e.fingerprint]));
  if (there.snapshots.findLast((s) => !s.left)?.key === key) return;
  const ref: SnapshotRef = { id: row.id, seq: row.seq, at: row.at, release: row.release, left: false, key };
  d.addSnapshot(row);
  d.setEnvironment({ ...there, snapshots: [...there.snapshots, ref].slice(-MAX_SNAPSHOTS) });
}

/** null: some commits have yet to be compared; that has been asked for. */
function together(d: Draft, environment: EnvironmentId, entries: Readonly<Record<TargetId, Live>>): boolean | null {
  let unsure = false;
  for (const w of Object.values(entries))
    for (const need of w.needs) {
      const b = entries[`${need}@${environment}`];
      const enough = b ? d.satisfied(need, w.commit, b.commit) : false;
      if (enough === false) return false;
      if (enough === null) unsure = true;
    }
  return unsure ? null : true;
}

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
