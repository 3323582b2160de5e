import type { Schemas } from "../../../src/contract/client.ts";
import type { Patch } from "./recent.ts";

type Environment = Schemas["Environment"];
type Run = Schemas["Run"];
type RunDetail = Schemas["RunDetail"];
type Step = Schemas["Step"];
type Target = Schemas["Target"];

type Row<T extends Patch["table"]> = Extract<Patch, { readonly table: T }>["row"];
const rowsOf = <T extends Patch["table"]>(changes: readonly Patch[], table: T): readonly Row<T>[] =>
  changes.flatMap((change) => (change.table === table ? [change.row as Row<T>] : []));

/** All of these answer what they were given where nothing concerns it, so that nothing is drawn anew. */
export function patchTargets(targets: readonly Target[], changes: readonly Patch[]): readonly Target[] {
  const rows = new Map(rowsOf(changes, "target").map((row) => [`${row.service}@${row.environment}`, row]));
  if (rows.size === 0) return targets;
  const patched = targets.map((target) => {
    const id = `${target.service}@${target.environment}`;
    const row = rows.get(id);
    rows.delete(id);
    return row ?? target;
  });
  return [...patched, ...rows.values()];
}

/** An environment that is not there yet comes with policy, which does not travel by events. */
export function patchEnvironments(environments: readonly Environment[], changes: readonly Patch[]): readonly Environment[] {
  const rows = new Map(rowsOf(changes, "environment").map((row) => [row.id, row]));
  if (!environments.some((environment) => rows.has(environment.id))) return environments;
  return environments.map((environment) => ({ ...environment, ...rows.get(environment.id) }));
}

export function patchRuns(runs: Run[], changes: readonly Patch[]): Run[] {
  const rows = new Map(rowsOf(changes, "run").map((row) => [row.id, row]));
  if (!runs.some((run) => rows.has(run.id))) return runs;
  return runs.map((run) => rows.get(run.id) ?? run);
}

export function patchRun(run: RunDetail, changes: readonly Patch[]): RunDetail {
  const row = rowsOf(changes, "run").findLast((each) => each.id === run.id);
  const steps = patchSteps(run.steps, changes, run.id);
  return row === undefined && steps === run.steps ? run : { ...run, ...row, steps };
}

function patchSteps(steps: Step[], changes: readonly Patch[], run: string): Step[] {
  const rows = new Map(
    rowsOf(changes, "step")
      .filter((row) => row.run === run)
      .map((row) => [row.id, row]),
  );
  const attempts = Map.groupBy(
    rowsOf(changes, "attempt").flatMap((row) => stepsOf(row, run).map((step) => ({ step, row }))),
    ({ step }) => step,
  );
  if (rows.size === 0 && attempts.size === 0) return steps;
  return steps.map((step) => {
    const row = rows.get(step.id);
    const tried = attempts.get(step.id);
    if (!row && !tried) return step;
    const attemptsNow = tried
      ? patchAttempts(
          step.attempts,
          tried.map((each) => each.row),
        )
      : step.attempts;
    if (!row) return { ...step, attempts: attemptsNow };
    // Built anew, not merged: what a step waited for is gone when its patch no longer says so.
    const { run: _run, ...fields } = row;
    return { ...fields, needs: step.needs, attempts: attemptsNow };
  });
}

/** The steps of a run that an attempt is of: the one that it was started for, and those that have joined it from other runs. */
const stepsOf = (attempt: Row<"attempt">, run: string): readonly string[] => [
  ...(attempt.run === run ? [attempt.step] : []),
  ...attempt.joined.flatMap((joined) => (joined.run === run ? [joined.step] : [])),
];

function patchAttempts(attempts: Step["attempts"], rows: readonly Row<"attempt">[]): Step["attempts"] {
  const byId = new Map(attempts.map((attempt) => [attempt.id, attempt]));
  for (const { run: _run, step: _step, ...attempt } of rows) byId.set(attempt.id, attempt);
  return [...byId.values()];
}

/** Whether the list of gates that wait may be another one by now. `members`: targets that it asks for, which may end before the gate has opened. */
export const concernsApprovals = (type: string, changes: readonly Patch[], members: ReadonlySet<string>): boolean =>
  type === "render.known" ||
  type === "gate.decided" ||
  changes.some((change) => change.table === "decision" || (change.table === "step" && concernsGate(change.row, members)));

const concernsGate = ({ kind, target }: Row<"step">, members: ReadonlySet<string>): boolean =>
  kind === "gate" || (kind === "deploy" && target !== undefined && members.has(target));

/** Whether the list of steps that wait may be another one by now. `listed`: those that are on it, as run and step. */
export const concernsWaiting = (changes: readonly Patch[], listed: ReadonlySet<string>): boolean =>
  changes.some(
    (change) => change.table === "step" && (change.row.status === "waiting" || listed.has(`${change.row.run} ${change.row.id}`)),
  );
