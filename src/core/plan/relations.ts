import type { CommitId, ServiceId, TargetId } from "../config/config.ts";
import type { Live, RelationRow, TargetRow } from "../run/rows.ts";

/** Looks up how a release stands to a live commit; null: not known yet. */
export type Relations = (release: CommitId, live: CommitId) => RelationRow | null;

/** The commit of a live entry whose release nobody knows (imported, external). */
export const UNKNOWN_COMMIT = "unknown";

/**
 * Section 4: whether `live` contains what `release` needs of service `needed`.
 * null: not known yet, ask.
 */
export function satisfies(relations: Relations, needed: ServiceId, release: CommitId, live: CommitId): boolean | null {
  if (release === live) return true;
  if (live === UNKNOWN_COMMIT || release === UNKNOWN_COMMIT) return false;
  const relation = relations(release, live);
  if (!relation) return null;
  return relation.unmet !== null && !relation.unmet.includes(needed);
}

/** The pairs of commits that a rollback's plan will ask about. */
export function pairsOf(
  targets: readonly TargetRow[],
  entries: Readonly<Record<TargetId, Live>>,
): readonly (readonly [CommitId, CommitId])[] {
  const pairs = new Map<string, readonly [CommitId, CommitId]>();
  const at = new Map<string, Live[]>();
  for (const row of targets) if (row.live) at.set(row.id, [row.live]);
  for (const [id, live] of Object.entries(entries)) at.set(id, [...(at.get(id) ?? []), live]);
  for (const [id, lives] of at) {
    const environment = id.slice(id.lastIndexOf("@"));
    for (const w of lives)
      for (const service of new Set(lives.flatMap((l) => l.needs)))
        for (const b of at.get(`${service}${environment}`) ?? [])
          if (w.commit !== b.commit) pairs.set(`${w.commit}..${b.commit}`, [w.commit, b.commit]);
  }
  return [...pairs.values()];
}
