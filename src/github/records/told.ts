import type { TargetId } from "../../core/config/config.ts";
import type { Change } from "../../core/run/changes.ts";
import type { AttemptId, AttemptRow, LedgerRow, TargetRow } from "../../core/run/rows.ts";
import type { EndState, RecordState } from "./record.ts";

/** What a record is to say from now on. */
export type Told = {
  readonly attempt: AttemptId;
  readonly target: TargetId;
  readonly state: EndState;
  readonly message: string | null;
  readonly url: string | null;
};

/** Follows the rows that an engine writes, and tells what becomes of the attempts that have records. */
export class Teller {
  readonly #begun = new Map<AttemptId, TargetId>();
  readonly #attempts = new Map<AttemptId, AttemptRow>();
  readonly #targets = new Map<TargetId, TargetRow>();
  /** Attempts of which more was told than that they began. */
  readonly #resolved = new Set<AttemptId>();
  readonly #told: Map<AttemptId, RecordState>;
  readonly #doubted: ReadonlyMap<AttemptId, TargetId>;

  /** `known`: what the records of earlier jobs say. `doubted`: of these, attempts of which nobody knows yet what they have done. */
  constructor(known: ReadonlyMap<AttemptId, RecordState> = new Map(), doubted: ReadonlyMap<AttemptId, TargetId> = new Map()) {
    this.#told = new Map(known);
    this.#doubted = doubted;
  }

  /** An attempt of this engine is at its target. */
  began(attempt: AttemptId, target: TargetId): void {
    this.#begun.set(attempt, target);
  }

  /** The rows of one commit, in their order. */
  hear(changes: readonly Change[]): readonly Told[] {
    const failed = new Map<TargetId, string | null>();
    for (const change of changes) {
      if (change.table === "target") this.#targets.set(change.row.id, change.row);
      if (change.table !== "attempt") continue;
      const { id, target, outcome, message, kind } = change.row;
      this.#attempts.set(id, change.row);
      const judged = outcome === "failed" || (outcome === "errored" && kind === "verify");
      if (target !== null && judged) failed.set(target, message);
    }
    return changes.flatMap((change) => (change.table === "ledger" ? (this.#entry(change.row, failed) ?? []) : []));
  }

  /** At the end: what is left in doubt, and attempts that were never entered. */
  rest(): readonly Told[] {
    const seen = [...this.#doubted].flatMap(([attempt, target]) => {
      const row = this.#targets.get(target);
      if (!row || this.#resolved.has(attempt) || row.unknown?.attempt === attempt) return [];
      return this.#tell({ attempt, target, state: "unchanged", message: "its job ended before it was applied", url: null }) ?? [];
    });
    return [...seen, ...this.#ours()];
  }

  #ours(): readonly Told[] {
    return [...this.#begun].flatMap(([attempt, target]) => {
      if (this.#resolved.has(attempt)) return [];
      const row = this.#targets.get(target);
      const message = this.#attempts.get(attempt)?.message ?? null;
      if (row === undefined || row.unknown?.attempt === attempt || row.busy?.attempt === attempt)
        return this.#tell({ attempt, target, state: "unknown", message, url: null }) ?? [];
      // applied, and nobody has verified it; or observed, and not applied
      const is = row.live?.attempt === attempt ? "changed" : this.#half(row) ? "unknown" : "unchanged";
      return this.#tell({ attempt, target, state: is, message, url: null }) ?? [];
    });
  }

  /** What was there serves no more, though another attempt was not applied as a whole. */
  #half = (row: TargetRow): boolean => row.live !== null && !row.serving && row.lastGood?.entry === row.live.entry;

  #entry(row: LedgerRow, failed: ReadonlyMap<TargetId, string | null>): Told | null {
    const { attempt, target } = row;
    if (attempt === null || row.source !== "attempt") return null;
    const url = this.#targets.get(target)?.url ?? null;
    if (!row.live) return this.#tell({ attempt, target, state: "unchanged", message: failed.get(target) ?? null, url: null });
    if (row.good) return this.#tell({ attempt, target, state: "good", message: null, url });
    if (row.serving) return this.#tell({ attempt, target, state: "serving", message: null, url });
    if (failed.has(target)) return this.#tell({ attempt, target, state: "changed", message: failed.get(target) ?? null, url });
    // of an earlier job: its driver has said that it was applied, and nobody has verified it
    return this.#begun.has(attempt)
      ? null
      : this.#tell({ attempt, target, state: "changed", message: "its job ended before it was verified", url });
  }

  #tell(told: Told): Told | null {
    if (this.#told.get(told.attempt) === told.state) return null;
    this.#told.set(told.attempt, told.state);
    this.#resolved.add(told.attempt);
    return told;
  }
}
