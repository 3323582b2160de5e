import type { EnvironmentId } from "../core/config/config.ts";
import { waitingGate } from "../core/run/approvals.ts";
import { Draft } from "../core/run/draft.ts";
import type { RunId, StepRow } from "../core/run/rows.ts";
import type { State } from "../core/run/state.ts";
import type { WaitingStep } from "./control.ts";
import { whoMayApprove } from "./pending.ts";

/** Every step that waits, over all open runs in the order in which they came, and who can end the wait. */
export function waitingSteps(state: State): readonly WaitingStep[] {
  const d = new Draft(state, state.meta.at);
  const runs = d.activeRuns().toSorted((a, b) => a.createdAt - b.createdAt || a.id.localeCompare(b.id, "en", { numeric: true }));
  const who = whoEndsIn(d);
  return runs.flatMap((run) =>
    d.counts(run.id).waiting === 0
      ? []
      : d.plan(run.id).plan.steps.flatMap(({ id }, place) => {
          const step = d.stepOf(run.id, id);
          return step.status === "waiting" ? [{ run, step, place, who: who(step) }] : [];
        }),
  );
}

function whoEndsIn(d: Draft): (step: StepRow) => readonly string[] {
  // the members of a gate wait for the same persons
  const known = new Map<string, readonly string[]>();
  const approversOf = (run: RunId, environment: EnvironmentId): readonly string[] => {
    const waiting = waitingGate(d, d.runOf(run), environment);
    return waiting ? whoMayApprove(d, waiting) : [];
  };
  return ({ run, reason }) => {
    if (reason?.code === "approval") {
      const key = `${run} ${reason.environment}`;
      const persons = known.get(key) ?? approversOf(run, reason.environment);
      known.set(key, persons);
      return persons;
    }
    if (reason?.code === "lock") return [reason.by];
    const hold = reason?.code === "hold" ? d.environment(reason.environment).hold : null;
    return hold ? [hold.by] : [];
  };
}
