import type { CommitId, ServiceId } from "../../../src/core/config/config.ts";
import type { RelationRow } from "../../../src/core/run/rows.ts";

type Commit = { readonly parents: readonly CommitId[]; readonly touches: readonly ServiceId[] };
const SERVICES = ["api", "indexer", "web"] as const;

/** c0 to c4 on the main line; s1 leaves it at c1, and nothing merges it; f4 is c4 after somebody has rewritten it. */
export const COMMITS: Readonly<Record<CommitId, Commit>> = {
  c0: { parents: [], touches: SERVICES },
  c1: { parents: ["c0"], touches: ["api", "web"] },
  c2: { parents: ["c1"], touches: ["indexer"] },
  c3: { parents: ["c2"], touches: ["api", "web"] },
  c4: { parents: ["c3"], touches: ["web"] },
  s1: { parents: ["c1"], touches: ["api", "web"] },
  f4: { parents: ["c3"], touches: ["web"] },
};

/** `l1`, `l2`, …: as many commits in a row as a test asks for, each of which touches everything. */
function commitOf(id: CommitId): Commit {
  const known = COMMITS[id];
  if (known) return known;
  const place = Number(id.slice(1));
  if (!id.startsWith("l") || !Number.isInteger(place)) throw new Error(`there is no commit ${id}`);
  return { parents: [place === 1 ? "c4" : `l${place - 1}`], touches: SERVICES };
}

const ancestors = new Map<CommitId, ReadonlySet<CommitId>>();

/** A commit and all that it descends from. */
function historyOf(commit: CommitId): ReadonlySet<CommitId> {
  const known = ancestors.get(commit);
  if (known) return known;
  const found = new Set([commit, ...commitOf(commit).parents.flatMap((p) => [...historyOf(p)])]);
  ancestors.set(commit, found);
  return found;
}

export const contains = (commit: CommitId, other: CommitId): boolean => historyOf(commit).has(other);

const met = new Map<string, boolean>();

/** Whether a live commit has every last change of the needed service up to the release (semantics, section 4). */
export function meets(live: CommitId, needed: ServiceId, release: CommitId): boolean {
  const key = `${live} ${needed} ${release}`;
  const known = met.get(key);
  if (known !== undefined) return known;
  const touching = [...historyOf(release)].filter((c) => commitOf(c).touches.includes(needed));
  const last = touching.filter((c) => !touching.some((other) => other !== c && contains(other, c)));
  const meet = last.every((c) => contains(live, c));
  met.set(key, meet);
  return meet;
}

/** What git would answer; of a commit that is gone it can say nothing. */
export function relate(release: CommitId, live: CommitId, gone: ReadonlySet<CommitId> = NOTHING): RelationRow {
  if (gone.has(release) || gone.has(live)) return { release, live, order: "unknown", unmet: null };
  const newer = contains(live, release);
  const older = contains(release, live);
  const order = newer && older ? "same" : newer ? "contains" : older ? "behind" : "diverged";
  return { release, live, order, unmet: SERVICES.filter((s) => !meets(live, s, release)) };
}
const NOTHING: ReadonlySet<CommitId> = new Set();
