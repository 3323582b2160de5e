import type { z } from "@hono/zod-openapi";
import { explain, type ExplainContext } from "../../contract/explain.ts";
import type * as schema from "../../contract/schemas/runs.ts";
import type { Plan, PlannedStep } from "../../core/plan/plan.ts";
import type { Reason } from "../../core/run/reason.ts";
import type { AttemptRow, RunRow, StepRow, Time } from "../../core/run/rows.ts";
import type { Lookup, RunFacts } from "./lookup.ts";

export type Run = z.infer<typeof schema.Run>;
export type RunDetail = z.infer<typeof schema.RunDetail>;
type Attempt = z.infer<typeof schema.Attempt>;
type Step = z.infer<typeof schema.Step>;
export type StepPatch = z.infer<typeof schema.StepPatch>;

/** ISO 8601 in UTC with milliseconds. */
export const instant = (time: Time): string => new Date(time).toISOString();
export const instantOrNull = (time: Time | null): string | null => (time === null ? null : instant(time));

export async function presentRun(row: RunRow, lookup: Lookup): Promise<Run> {
  const facts = await lookup.run(row.id);
  return {
    id: row.id,
    kind: row.kind,
    status: row.status,
    commit: row.commit,
    by: row.by,
    reason: row.reason,
    createdAt: instant(row.createdAt),
    startedAt: instantOrNull(row.startedAt),
    endedAt: instantOrNull(row.endedAt),
    environments: [...(facts?.environments ?? [])],
    promotion: facts?.promotion ?? "wave",
    retryOf: row.retryOf,
    snapshot: row.snapshot,
    cause: row.cause && { run: row.cause.run, step: row.cause.step, target: row.cause.target },
    stopped: stoppedOf(row),
  };
}

function stoppedOf({ stopped }: RunRow): Run["stopped"] {
  if (!stopped) return null;
  const { by, at, how, now, reason } = stopped;
  return { by, at: instant(at), how, now, reason };
}

/** Steps in the plan's order, each with its attempts, those that it has joined among them, the oldest first. */
export async function presentRunDetail(
  row: RunRow,
  plan: Plan,
  steps: readonly StepRow[],
  attempts: readonly AttemptRow[],
  lookup: Lookup,
): Promise<RunDetail> {
  const rows = new Map(steps.map((step) => [step.id, step]));
  const byStep = attemptsByStep(row.id, attempts, steps);
  const shown = plan.steps.flatMap((planned) => {
    const step = rows.get(planned.id);
    return step ? [presentStep(step, planned, byStep.get(planned.id) ?? [], row)] : [];
  });
  return { ...(await presentRun(row, lookup)), steps: shown };
}

/** Of an attempt that was started for this run, the step that it was started for; of another run's, the steps that have joined it. */
function attemptsByStep(
  run: string,
  attempts: readonly AttemptRow[],
  steps: readonly StepRow[],
): ReadonlyMap<string, readonly AttemptRow[]> {
  const found = new Map<string, Set<AttemptRow>>();
  const add = (step: string, attempt: AttemptRow) => found.set(step, (found.get(step) ?? new Set()).add(attempt));
  for (const attempt of attempts) {
    if (attempt.run === run) add(attempt.step, attempt);
    for (const joined of attempt.joined) if (joined.run === run) add(joined.step, attempt);
  }
  const byId = new Map(attempts.map((attempt) => [attempt.id, attempt]));
  for (const step of steps) {
    const attempt = step.attempt === null ? undefined : byId.get(step.attempt);
    if (attempt) add(step.id, attempt);
  }
  return new Map([...found].map(([step, of]) => [step, [...of].sort((a, b) => a.startedAt - b.startedAt || (a.id < b.id ? -1 : 1))]));
}

function presentStep(row: StepRow, planned: PlannedStep, attempts: readonly AttemptRow[], context: RunContext): Step {
  return {
    ...stepFields(row, contextOf(context), joinedRun(row, attempts.find(({ id }) => id === row.attempt)?.run ?? null)),
    needs: [...planned.needs],
    attempts: attempts.map(presentAttempt),
  };
}

export const presentStepPatch = (row: StepRow, facts: RunFacts | null, joined: Step["joined"]): StepPatch => ({
  ...stepFields(row, facts ? contextOf(facts) : { run: row.run, kind: "deploy", commit: "" }, joined),
  run: row.run,
});

/** The run whose attempt a step goes by, where it is not its own. */
export async function joinedOf(row: StepRow, lookup: Lookup): Promise<Step["joined"]> {
  return row.attempt === null ? null : joinedRun(row, await lookup.runOfAttempt(row.attempt));
}

const joinedRun = (row: StepRow, run: string | null): Step["joined"] => (run === null || run === row.run ? null : { run });

export function presentAttempt(row: AttemptRow): Attempt {
  return {
    id: row.id,
    outcome: row.outcome,
    startedAt: instant(row.startedAt),
    endedAt: instantOrNull(row.endedAt),
    ...(row.message === null ? {} : { message: row.message }),
    joined: row.joined.map(({ run, step }) => ({ run, step })),
  };
}

export type RunContext = Pick<RunFacts, "id" | "kind" | "commit">;
export const contextOf = (run: RunContext): ExplainContext => ({ run: run.id, kind: run.kind, commit: run.commit });

function stepFields(row: StepRow, context: ExplainContext, joined: Step["joined"]): Omit<StepPatch, "run"> {
  return {
    id: row.id,
    kind: row.kind,
    status: row.status,
    ...placeOf(row.id),
    ...(row.reason ? whyOf(row, row.reason, context) : {}),
    joined,
    startedAt: instantOrNull(row.startedAt),
    endedAt: instantOrNull(row.endedAt),
  };
}

export function whyOf(row: StepRow, reason: Reason, context: ExplainContext): Pick<StepPatch, "waitingFor" | "reason"> {
  const explained = { code: reason.code, ...explain(reason, { ...context, target: placeOf(row.id).target }) };
  if (row.status !== "waiting" && row.status !== "pending") return { reason: explained };
  const until = "until" in reason && reason.until !== null ? { until: instant(reason.until) } : {};
  return { waitingFor: { ...explained, since: instant(row.since), ...until } };
}

/** Target and environment as a step's id tells them: `deploy:api@mainnet`, `build:web@mainnet`, `gate:mainnet`, `build:mega`. */
export function placeOf(step: string): { target?: string; environment?: string } {
  const colon = step.indexOf(":");
  const kind = step.slice(0, colon);
  const rest = step.slice(colon + 1);
  if (kind === "gate") return { environment: rest };
  const at = rest.indexOf("@");
  if (at === -1) return {};
  const environment = rest.slice(at + 1);
  return kind === "build" ? { environment } : { target: rest, environment };
}
