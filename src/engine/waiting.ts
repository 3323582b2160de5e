import { decidersOf } from "../core/run/approvals.ts";
import { Draft } from "../core/run/draft.ts";
import type { StepRow } from "../core/run/rows.ts";
import type { State } from "../core/run/state.ts";
import type { WaitingStep } from "./control.ts";

/** Every step that waits, over all open runs in the order in which they came, and who can end the wait. */
export function waitingSteps(state: State): readonly WaitingStep[] {
  const d = new Draft(state, state.meta.at);
  const runs = d.activeRuns().toSorted((a, b) => a.createdAt - b.createdAt || a.id.localeCompare(b.id, "en", { numeric: true }));
  return runs.flatMap((run) =>
    d.counts(run.id).waiting === 0
      ? []
      : d.plan(run.id).plan.steps.flatMap(({ id }, place) => {
          const step = d.stepOf(run.id, id);
          return step.status === "waiting" ? [{ run, step, place, who: whoEnds(d, step) }] : [];
        }),
  );
}

function whoEnds(d: Draft, { run, reason }: StepRow): readonly string[] {
  if (reason?.code === "approval") {
    const policy = d.plan(run).plan.environments[reason.environment];
    return policy ? decidersOf(policy) : [];
  }
  if (reason?.code === "lock") return [reason.by];
  const hold = reason?.code === "hold" ? d.environment(reason.environment).hold : null;
  return hold ? [hold.by] : [];
}
