import type { Plan } from "../plan/plan.ts";
import type * as rows from "./rows.ts";

/** All rows that the core works on, as a store hands them over: those of unfinished runs, and the state of every target and environment. */
export type Snapshot = {
  readonly meta: rows.MetaRow;
  readonly runs: readonly { readonly row: rows.RunRow; readonly plan: Plan; readonly steps: readonly rows.StepRow[]; readonly renders: readonly rows.RenderRow[] }[];
  /** Attempts that have not ended. */
  readonly attempts: readonly rows.AttemptRow[];
  readonly targets: readonly rows.TargetRow[];
  readonly environments: readonly rows.EnvironmentRow[];
  /** Of commits of unfinished runs. */
  readonly decisions: readonly rows.DecisionRow[];
  readonly builds: readonly rows.BuildRow[];
  readonly good: readonly rows.GoodRow[];
  /** Between commits of unfinished runs and live commits. */
  readonly relations: readonly rows.RelationRow[];
};
