import type { CommitId, ServiceId, TargetId } from "../config/config.ts";
import { environmentOf, serviceOf } from "../config/names.ts";
import type { Cause, Live, SnapshotRow, TargetRow } from "../run/rows.ts";
import { NOT_TAKEN_BACK, type RollbackPlanInput } from "./preflight.ts";
import { satisfies } from "./relations.ts";
import { planRollback, type RollbackPlanResult } from "./rollback.ts";

export type RestoreSetInput = Pick<RollbackPlanInput, "targets" | "relations"> & {
  /** What has failed. */
  readonly cause: Cause;
  /** The environment's recorded sets that no rollback has left, newest first. */
  readonly snapshots: readonly SnapshotRow[];
};
export type RestoreInput = RestoreSetInput & Omit<RollbackPlanInput, "snapshot" | "services" | "named">;
/** Why what has failed cannot be brought back, for a person. */
export type NoRestore = { readonly message: string };

/** `onFailure: rollback`: what has failed, and whatever live needs its release, go back to good through the machinery of section 7. */
export function planRestore(input: RestoreInput): (RollbackPlanResult & { readonly snapshot: SnapshotRow }) | NoRestore {
  const found = restoreSet(input);
  if ("message" in found) return found;
  const { cause } = input;
  const failed = found.snapshot.entries[cause.target];
  if (failed && input.definitions.get(failed.definition)?.job)
    return { message: `${cause.target} failed, and ${NOT_TAKEN_BACK}: what it has done so far is still done` };
  const { snapshot } = found;
  const services = (Object.keys(snapshot.entries) as TargetId[]).map(serviceOf);
  // a pin on what has failed was passed by whoever named it for the deploy; pins on others keep these
  const result = planRollback({ ...input, snapshot, services, named: new Set([serviceOf(cause.target)]) });
  if (result.problems.length === 0) return { ...result, snapshot };
  return { message: result.problems.map((p) => (p.target === null ? p.message : `${p.target}: ${p.message}`)).join("; ") };
}

/**
 * The part of a recorded set that is to be brought back: the failed target to what was good there last, from the newest set that holds this, and from the same
 * set whatever live would no longer have what it needs. Without such a set the target alone, where nothing live needs more.
 */
export function restoreSet(input: RestoreSetInput): { readonly snapshot: SnapshotRow } | NoRestore {
  const { cause, snapshots } = input;
  const row = input.targets.find((t) => t.id === cause.target);
  if (row?.live?.entry !== cause.entry) return { message: `something else is live on ${cause.target} by now` };
  const { live, lastGood, environment } = row;
  if (!lastGood) return { message: `nothing was good on ${cause.target} before` };
  if (isSameRelease(live, lastGood))
    return {
      message: `what failed on ${cause.target} is what was good there before; to apply it again: sluice deploy ${row.service} --env ${environment} --commit ${live.commit} --redeploy`,
    };
  const base = snapshots.find((s) => isSameRelease(s.entries[cause.target], lastGood)) ?? null;
  const entries = entriesOf(input, row, lastGood, base);
  if ("message" in entries) return entries;
  // called by what the failed target goes back to, not by the set that it is a part of
  return { snapshot: base ? { ...base, release: lastGood.commit, entries: entries.found } : alone(input, lastGood) };
}

type Found = { readonly found: Readonly<Record<TargetId, Live>> };

/** From one to the next: whoever has what it needs now, and would not have it any more. */
function entriesOf(input: RestoreSetInput, failed: TargetRow, lastGood: Live, base: SnapshotRow | null): Found | NoRestore {
  const lives = new Map(input.targets.flatMap((t) => (t.live ? [[t.id, t.live] as const] : [])));
  const entries = new Map<TargetId, Live>([[failed.id, lastGood]]);
  const has = (service: ServiceId, release: CommitId, there: CommitId) => satisfies(input.relations, service, release, there) === true;
  // a map hands out also what is added on the way
  for (const [b, to] of entries) {
    const service = serviceOf(b);
    const from = lives.get(b);
    for (const [w, live] of lives) {
      if (entries.has(w) || !from || !live.needs.includes(service)) continue;
      if (!has(service, live.commit, from.commit) || has(service, live.commit, to.commit)) continue;
      const back = base?.entries[w];
      if (!back) {
        const why = base ? `was not there in the set ${base.id}, which holds it` : "no recorded set holds both";
        return { message: `${w} needs more of ${b} than what was good there last, and ${why}` };
      }
      entries.set(w, back);
    }
  }
  return { found: Object.fromEntries(entries) };
}

/** No run has ended since it was good, so no set records it. */
function alone({ cause }: RestoreSetInput, lastGood: Live): SnapshotRow {
  const environment = environmentOf(cause.target);
  return {
    id: `${cause.target}-${lastGood.entry}`,
    environment,
    seq: lastGood.entry,
    at: lastGood.since,
    run: lastGood.run ?? cause.run,
    release: lastGood.commit,
    entries: { [cause.target]: lastGood },
  };
}

/** The same release of the same artifact and definition; it may have been applied again since. */
export function isSameRelease(one: Live | undefined, other: Live): boolean {
  return one?.commit === other.commit && one.digest === other.digest && one.fingerprint === other.fingerprint;
}
