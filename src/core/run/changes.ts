import type { Digest } from "../config/config.ts";
import type { Definition, Plan } from "../plan/plan.ts";
import type * as rows from "./rows.ts";

/** A row as it is from now on. Keys: run.id, step.(run,id), attempt.id, target.id, environment.id, ledger.seq, snapshot.id, decision.id, relation.(release,live), build.key, render.(run,target), good.(target,commit). */
export type Change =
  | { readonly table: "run"; readonly row: rows.RunRow }
  | { readonly table: "plan"; readonly run: rows.RunId; readonly plan: Plan }
  | { readonly table: "definition"; readonly digest: Digest; readonly definition: Definition }
  | { readonly table: "step"; readonly row: rows.StepRow }
  | { readonly table: "attempt"; readonly row: rows.AttemptRow }
  | { readonly table: "target"; readonly row: rows.TargetRow }
  | { readonly table: "environment"; readonly row: rows.EnvironmentRow }
  | { readonly table: "ledger"; readonly row: rows.LedgerRow }
  | { readonly table: "snapshot"; readonly row: rows.SnapshotRow }
  | { readonly table: "decision"; readonly row: rows.DecisionRow }
  | { readonly table: "relation"; readonly row: rows.RelationRow }
  | { readonly table: "build"; readonly row: rows.BuildRow }
  | { readonly table: "render"; readonly row: rows.RenderRow }
  | { readonly table: "good"; readonly row: rows.GoodRow }
  | { readonly table: "meta"; readonly row: rows.MetaRow };

/** Which row it is: of two changes with one key the later counts. */
export function changeKey(change: Change): string {
  switch (change.table) {
    case "meta":
      return "meta";
    case "plan":
      return `plan ${change.run}`;
    case "definition":
      return `definition ${change.digest}`;
    case "step":
      return `step ${change.row.run}/${change.row.id}`;
    case "ledger":
      return `ledger ${change.row.seq}`;
    case "relation":
      return `relation ${change.row.release} ${change.row.live}`;
    case "build":
      return `build ${change.row.key}`;
    case "render":
      return `render ${change.row.run}/${change.row.target}`;
    case "good":
      return `good ${change.row.target} ${change.row.commit}`;
    case "run":
    case "attempt":
    case "target":
    case "environment":
    case "snapshot":
    case "decision":
      return `${change.table} ${change.row.id}`;
  }
}
