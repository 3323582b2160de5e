import type { EnvironmentId, TargetId } from "../config/config.ts";
import { fingerprint } from "../plan/fingerprint.ts";
import type { Draft } from "./draft.ts";
import type { Live, RunId, SnapshotRef } from "./rows.ts";

/** Snapshots that are kept at hand; older ones are only in the store. */
export const MAX_SNAPSHOTS = 200;

/** A run has ended in an environment: the last good entry of every target there is a snapshot, where these satisfy each other's needs. */
export function takeSnapshot(d: Draft, environment: EnvironmentId, run: RunId, release: string): void {
  const entries: Record<TargetId, Live> = {};
  for (const target of d.targetsIn(environment)) if (target.lastGood) entries[target.id] = target.lastGood;
  if (Object.keys(entries).length === 0) return;
  const key = fingerprint(Object.entries(entries).map(([id, e]) => [id, e.commit, e.digest, e.fingerprint]));
  const row = d.environment(environment);
  const fits = together(d, environment, entries);
  if (fits === null) {
    if (row.snapshotDue?.run !== run) d.setEnvironment({ ...row, snapshotDue: { run, at: d.at } });
    return;
  }
  if (row.snapshotDue) d.setEnvironment({ ...row, snapshotDue: null });
  const last = row.snapshots.findLast((s) => !s.left);
  if (!fits || last?.key === key) return;
  const seq = d.seq();
  const ref: SnapshotRef = { id: `${environment}-${seq}`, seq, at: d.at, release, left: false, key };
  d.addSnapshot({ id: ref.id, environment, seq, at: d.at, run, release, entries });
  d.setEnvironment({ ...d.environment(environment), snapshots: [...row.snapshots, ref].slice(-MAX_SNAPSHOTS) });
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
export function offeredSnapshot(row: { readonly snapshots: readonly SnapshotRef[]; readonly releases: readonly { readonly first: number; readonly left: boolean }[] }): SnapshotRef | null {
  const newest = row.releases.findLast((r) => !r.left);
  if (!newest) return null;
  return row.snapshots.findLast((s) => !s.left && s.seq < newest.first) ?? null;
}
