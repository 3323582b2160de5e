import type { EnvironmentId } from "../config/config.ts";
import type { StepId } from "../plan/plan.ts";
import type { RunId, StepRow, StepStatus } from "./rows.ts";
import { stepEnded } from "./status.ts";

/** Step rows by run and step: no key has to be made to look one up. */
export class StepTable {
  readonly #runs = new Map<RunId, Map<StepId, StepRow>>();

  get(run: RunId, id: StepId): StepRow | undefined {
    return this.#runs.get(run)?.get(id);
  }
  put(row: StepRow): void {
    const steps = this.#runs.get(row.run);
    if (steps) steps.set(row.id, row);
    else this.#runs.set(row.run, new Map([[row.id, row]]));
  }
  forget(run: RunId): void {
    this.#runs.delete(run);
  }
  *values(): Generator<StepRow> {
    for (const steps of this.#runs.values()) yield* steps.values();
  }
}

/** How many steps of a run are in which state: what a run's own status is made of. */
export type Counts = { readonly open: number; readonly running: number; readonly waiting: number };
export const NO_COUNTS: Counts = { open: 0, running: 0, waiting: 0 };

export function recount(counts: Counts, before: StepRow | null, after: StepRow): Counts {
  const delta = (test: (s: StepStatus) => boolean) => Number(test(after.status)) - (before === null ? 0 : Number(test(before.status)));
  return {
    open: counts.open + delta((s) => !stepEnded(s)),
    running: counts.running + delta((s) => s === "running"),
    waiting: counts.waiting + delta((s) => s === "waiting"),
  };
}

/** A run's members in one environment, counted: what waves, snapshots and the gate go by. */
export type Lane = {
  /** Unended steps, the gate left out. */
  readonly open: number;
  /** Deploys that have neither started nor ended, those among them that have not reached the environment, that wait for something, and that wait for a decision. */
  readonly unstarted: number;
  readonly unreached: number;
  readonly waiting: number;
  readonly asking: number;
  /** Deploys with an attempt. */
  readonly begun: number;
};
export const NO_LANE: Lane = { open: 0, unstarted: 0, unreached: 0, waiting: 0, asking: 0, begun: 0 };
export const laneKey = (run: RunId, environment: EnvironmentId): string => `${run}/${environment}`;

/** `after` is a step of a target in that lane. */
export function relane(lane: Lane, before: StepRow | null, after: StepRow): Lane {
  const delta = (test: (row: StepRow) => boolean) => Number(test(after)) - (before !== null && test(before) ? 1 : 0);
  const open = lane.open + delta((row) => !stepEnded(row.status));
  if (after.kind !== "deploy") return open === lane.open ? lane : { ...lane, open };
  return {
    open,
    unstarted: lane.unstarted + delta(unstarted),
    unreached: lane.unreached + delta((row) => unstarted(row) && !row.reached),
    waiting: lane.waiting + delta((row) => row.status === "waiting"),
    asking: lane.asking + delta((row) => row.status === "waiting" && row.reason?.code === "approval"),
    begun: lane.begun + delta((row) => row.attempt !== null),
  };
}

const unstarted = (row: StepRow): boolean => row.status !== "running" && !stepEnded(row.status);
/** Whether a gate stands as it did: why its members wait otherwise is nothing to it. */
export const sameGate = (a: Lane, b: Lane): boolean =>
  a.unstarted === b.unstarted && a.unreached === b.unreached && a.asking === b.asking && a.begun === b.begun;
