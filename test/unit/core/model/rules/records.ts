import type { TargetId } from "../../../../../src/core/config/config.ts";
import type { Change } from "../../../../../src/core/run/changes.ts";
import type { LedgerRow, TargetRow } from "../../../../../src/core/run/rows.ts";
import { meets } from "../../history.ts";
import { Violation } from "../violation.ts";
import type { World } from "../world.ts";
import { environmentOf, existsIn, needsOf, type Rule, targetOf } from "./memory.ts";

type Entered = Map<TargetId, Map<number, LedgerRow>>;

/** Invariant 9: the ledger says what was written; rows say what is there; snapshots are good sets. One for each history. */
export function records(): Rule {
  const entered: Entered = new Map();
  return (world, _event, outcome) => {
    const touched = new Set<TargetId>(world.touched);
    world.touched.clear();
    for (const change of outcome.changes) {
      if (change.table === "target") touched.add(change.row.id);
      else if (change.table === "step") touch(touched, targetOf(change.row));
      else if (change.table === "ledger") {
        const rows = entered.get(change.row.target) ?? new Map<number, LedgerRow>();
        entered.set(change.row.target, rows.set(change.row.seq, change.row));
      } else if (change.table === "attempt") failedIsEntered(change.row, outcome.changes);
      else if (change.table === "snapshot") isGoodSet(world, change.row);
    }
    for (const target of touched) {
      standsInQueue(world, target);
      saysWhatIsThere(world, target, entered);
    }
  };
}

function touch(touched: Set<TargetId>, target: TargetId | null): void {
  if (target !== null) touched.add(target);
}

type RowOf<T extends Change["table"]> = Extract<Change, { readonly table: T; readonly row: unknown }>["row"];

function failedIsEntered({ id, kind, outcome }: RowOf<"attempt">, changes: readonly Change[]): void {
  if (kind !== "deploy" || outcome !== "failed" || changes.some((c) => c.table === "ledger" && c.row.attempt === id)) return;
  // told of who joins an attempt that has ended: nothing new
  if (changes.some((c) => c.table === "step" && c.row.attempt === id && c.row.status === "failed"))
    throw new Violation("9", `${id} failed and is not entered`);
}

function isGoodSet(world: World, row: RowOf<"snapshot">): void {
  for (const [target, entry] of Object.entries(row.entries)) {
    if (world.db.ledger.get(entry.entry)?.good !== true) throw new Violation("9", `snapshot ${row.id} holds ${target}, which is not good`);
    for (const need of entry.needs) {
      const other = row.entries[`${need}@${row.environment}`];
      if (!other || !meets(other.commit, need, entry.commit))
        throw new Violation("9", `snapshot ${row.id}: ${target} does not fit ${need}`);
    }
  }
}

/** A step has a place in the queue only when nothing but the target is missing. */
function standsInQueue(world: World, target: TargetId): void {
  for (const q of world.db.targets.get(target)?.queue ?? []) {
    const row = world.step(q.run, q.step);
    if (row?.status !== "waiting" || row.reason?.code !== "queue")
      throw new Violation("Q", `${q.step} of ${q.run} holds a place at ${target} and does not wait for it alone`);
  }
}

function saysWhatIsThere(world: World, target: TargetId, entered: Entered): void {
  const row = world.db.targets.get(target);
  const there = world.actual.get(target);
  if (!row?.observed || row.busy !== null || row.unknown !== null) return;
  if (!there) return nothingIsThere(row);
  const word = world.checked.get(target);
  const says = `${row.live?.commit} by ${row.live?.attempt}, serving ${row.serving}, good ${row.good}`;
  if (row.live?.attempt !== there.attempt || row.serving !== (word === "serving" || word === "good") || row.good !== (word === "good"))
    throw new Violation("9", `${target} is ${there.commit} by ${there.attempt} (${word}), but its row says ${says}`);
  const entries = [...(entered.get(target)?.values() ?? [])].filter((l) => l.live && l.source === "attempt").map((l) => l.attempt);
  if (entries.length === 0) return;
  const written = (world.written.get(target) ?? []).slice(-entries.length);
  if (entries.join() !== written.join()) throw new Violation("9", `${target} was written by ${written.join()}, entered ${entries.join()}`);
}

/** What somebody else has removed is entered as that, and nobody goes on as if it were there. */
function nothingIsThere({ id, live, gone, serving, good }: TargetRow): void {
  if (live || serving || good)
    throw new Violation("9", `nothing is on ${id}, but its row says ${live?.commit}, serving ${serving}, good ${good}`);
  if (gone?.needs.length) throw new Violation("9", `what has gone from ${id} needs something still`);
}

/** Invariant 6: no service comes to stand on a needed one that does not satisfy it. One for each history: what was broken before stays so. */
export function fitting(): Rule {
  const broken = new Set<string>();
  return (world, _event, _outcome, memory) => {
    for (const changed of world.touched) {
      const environment = environmentOf(changed);
      for (const target of [changed, ...SERVICES.map((s) => `${s}@${environment}` as const)])
        for (const need of needsOf(target)) {
          const w = world.actual.get(target);
          const b = world.actual.get(`${need}@${environment}`);
          const pair = `${target} on ${need}`;
          // what it needs was removed from outside: that is drift, and whatever comes there next did not break it
          if (w && !b && existsIn(need, environment)) broken.add(pair);
          else if (!w || !b || !existsIn(need, environment) || meets(b.commit, need, w.commit)) broken.delete(pair);
          else if (!broken.has(pair)) {
            broken.add(pair);
            const loose = world.options.config.policy.environments[environment]?.order === "any" || memory.accepted.has(environment);
            if (!loose) throw new Violation("6", `${target} ${w.commit} runs on ${need} ${b.commit}`);
          }
        }
    }
  };
}
const SERVICES = ["api", "indexer", "web"] as const;
