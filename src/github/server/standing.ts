import type { TargetId } from "../../core/config/config.ts";
import type { Change } from "../../core/run/changes.ts";
import type { AttemptId, AttemptRow, LedgerRow, TargetRow } from "../../core/run/rows.ts";
import type { Store } from "../../engine/ports/store.ts";
import type { RecordState } from "../records/record.ts";

/** What the record of an attempt is to say. */
export type Said = { readonly state: RecordState; readonly message: string | null; readonly url: string | null };

/** Entries of a target that are looked at for that of an attempt. */
const LOOKED_AT = 100;

/** Attempts of which these changes may say something, in the order in which they are named. `doubted`: of which nobody knows what they have done. */
export function touchedBy(changes: readonly Change[], doubted: ReadonlyMap<AttemptId, TargetId>): readonly AttemptId[] {
  const touched = new Set<AttemptId>();
  for (const change of changes) {
    if (change.table === "attempt" && change.row.kind === "deploy") touched.add(change.row.id);
    if (change.table !== "target") continue;
    const { id, live, unknown } = change.row;
    for (const its of [live?.attempt, unknown?.attempt]) if (its) touched.add(its);
    for (const [attempt, target] of doubted) if (target === id) touched.add(attempt);
  }
  return [...touched];
}

/** How a deploy attempt stands now, by what is stored: the same whenever it is asked. null: it cannot be said any more. */
export async function standingOf(store: Pick<Store, "ledger" | "targets" | "attempts">, row: AttemptRow): Promise<Said | null> {
  const { target } = row;
  const [service = "", environment = ""] = (target ?? "").split("@");
  const there = (await store.targets({ environment, service }, { limit: 1, cursor: null })).items[0];
  if (target === null || !there) return null;
  const { items } = await store.ledger(target, { limit: LOOKED_AT, cursor: null });
  const entry = items.find(({ attempt, source }) => attempt === row.id && source === "attempt");
  const state = entry ? entered(entry, there) : notEntered(row, there);
  const failed = state === "changed" || state === "unchanged" || state === "unknown";
  return { state, message: failed ? await why(store, row) : null, url: there.live?.attempt === row.id ? there.url : null };
}

function entered({ live, serving, good, attempt }: LedgerRow, there: TargetRow): Said["state"] {
  if (!live) return "unchanged";
  if (good) return "good";
  if (serving) return "serving";
  const isVerified = there.live?.attempt === attempt && there.busy !== null;
  return isVerified ? "under-way" : "changed";
}

function notEntered({ id, endedAt }: AttemptRow, { unknown, busy }: TargetRow): Said["state"] {
  if (unknown?.attempt === id) return "unknown";
  // Ended, and not in doubt: the driver has looked, and it is not there.
  return endedAt === null || busy?.attempt === id ? "under-way" : "unchanged";
}

/** What the last of its run's attempts there that failed has said. */
async function why(store: Pick<Store, "attempts">, { run, target }: AttemptRow): Promise<string | null> {
  const failed = (await store.attempts(run)).filter(
    (each) => each.target === target && each.outcome !== null && each.outcome !== "succeeded",
  );
  return failed.at(-1)?.message ?? null;
}
