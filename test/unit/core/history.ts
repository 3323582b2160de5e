import type { CommitId, ServiceId } from "../../../src/core/config/config.ts";
import type { RelationRow } from "../../../src/core/run/rows.ts";

type Commit = { readonly parents: readonly CommitId[]; readonly touches: readonly ServiceId[] };

/** c0 to c4 on the main line; s1 leaves it at c1, and nothing merges it. */
export const COMMITS: Readonly<Record<CommitId, Commit>> = {
  c0: { parents: [], touches: ["api", "indexer", "web"] },
  c1: { parents: ["c0"], touches: ["api", "web"] },
  c2: { parents: ["c1"], touches: ["indexer"] },
  c3: { parents: ["c2"], touches: ["api", "web"] },
  c4: { parents: ["c3"], touches: ["web"] },
  s1: { parents: ["c1"], touches: ["api", "web"] },
};

const ancestors = new Map<CommitId, ReadonlySet<CommitId>>();

/** A commit and all that it descends from. */
function historyOf(commit: CommitId): ReadonlySet<CommitId> {
  const known = ancestors.get(commit);
  if (known) return known;
  const found = new Set([commit, ...(COMMITS[commit]?.parents ?? []).flatMap((p) => [...historyOf(p)])]);
  ancestors.set(commit, found);
  return found;
}

export const contains = (commit: CommitId, other: CommitId): boolean => historyOf(commit).has(other);

/** Whether a live commit has every last change of the needed service up to the release (semantics, section 4). */
export function meets(live: CommitId, needed: ServiceId, release: CommitId): boolean {
  const touching = [...historyOf(release)].filter((c) => COMMITS[c]?.touches.includes(needed));
  const last = touching.filter((c) => !touching.some((other) => other !== c && contains(other, c)));
  return last.every((c) => contains(live, c));
}

/** What git would answer. */
export function relate(release: CommitId, live: CommitId): RelationRow {
  const newer = contains(live, release);
  const older = contains(release, live);
  const order = newer && older ? "same" : newer ? "contains" : older ? "behind" : "diverged";
  return { release, live, order, unmet: ["api", "indexer", "web"].filter((s) => !meets(live, s, release)) };
}
