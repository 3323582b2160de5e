import { resolve, textOf, type Context, type StatusFunctions } from "./actions.ts";
import type { Job, Parsed, ReusableWorkflowJob } from "./workflow.ts";

export type Result = "success" | "failure" | "cancelled" | "skipped";
export type Names = Readonly<Record<string, string>>;

/** A job, or one leg of its matrix. */
export type Unit = {
  /** Such as `Deploy all / deploy-mainnet / waves / wave-1 (api)`: ids, not names. */
  readonly title: string;
  readonly run: Run;
  readonly scope: Scope;
  readonly id: string;
  readonly environment: string | null;
  readonly lock: string | null;
  readonly matrix: Context;
  state: "waiting" | "done";
  result: Result | null;
  outputs: Names;
};

/** One workflow in a run: the one that was started, or one that a job calls. */
export type Scope = {
  readonly parsed: Parsed;
  readonly title: string;
  readonly inputs: Context;
  readonly secrets: Names;
  readonly depth: number;
  readonly results: Map<string, { readonly result: Result; readonly outputs: Names }>;
  readonly open: Map<string, { readonly units: Unit[]; readonly called: Scope | null; readonly lock: string | null }>;
  /** What jobs have called, kept for a re-run. */
  readonly calls: Map<string, Scope>;
};
export type Run = {
  readonly title: string;
  readonly github: Context;
  readonly root: Scope;
  cancelled: boolean;
  result: Result | null;
  readonly called: Set<string>;
};

export function scope(parsed: Parsed, title: string, inputs: Context, secrets: Names, depth: number): Scope {
  return { parsed, title, inputs, secrets, depth, results: new Map(), open: new Map(), calls: new Map() };
}

export function unit(
  run: Run,
  at: Scope,
  id: string,
  job: Job | ReusableWorkflowJob,
  context: Context & { readonly matrix: Context },
): Unit {
  const { matrix } = context;
  const leg = Object.values(matrix).map((value) => (value as { name?: string } | null)?.name ?? textOf(value));
  const named = job.type === "job" ? resolve(job.environment, context) : undefined;
  const environment = typeof named === "object" && named !== null && "name" in named ? named.name : named;
  return {
    title: `${at.title} / ${id}${leg.length === 0 ? "" : ` (${leg.join(", ")})`}`,
    run,
    scope: at,
    id,
    environment: environment === undefined ? null : textOf(environment),
    lock: job.type === "job" ? lockOf(job, context) : null,
    matrix,
    state: "waiting",
    result: null,
    outputs: {},
  };
}

export function lockOf(job: Job | ReusableWorkflowJob, context: Context): string | null {
  const value = resolve(job.concurrency, context);
  if (value === undefined) return null;
  const { group, queue } = value as { group?: string; queue?: string };
  if (group === undefined || queue !== "max") throw new Error(`limit: ${job.id.value}: only locks that queue are simulated`);
  return group;
}

export const contextOf = (run: Run, at: Scope, job: Job | ReusableWorkflowJob): Context => ({
  github: run.github,
  inputs: at.inputs,
  vars: {},
  needs: Object.fromEntries((job.needs ?? []).map(({ value }) => [value, at.results.get(value)])),
});

/** `success()` is false also where an ancestor, however far, was skipped. */
export function statusOf(run: Run, at: Scope, id: string): StatusFunctions {
  const results = [...(at.parsed.ancestors.get(id) ?? [])].map((other) => at.results.get(other)?.result);
  return {
    success: () => !run.cancelled && results.every((result) => result === "success"),
    failure: () => results.includes("failure"),
    always: () => true,
    cancelled: () => run.cancelled,
  };
}

export function forget(at: Scope): void {
  const again = new Set([...at.results].filter(([, { result }]) => result === "failure" || result === "cancelled").map(([id]) => id));
  for (const id of at.results.keys()) {
    const needsOne = [...(at.parsed.ancestors.get(id) ?? [])].some((other) => again.has(other));
    if (!needsOne && !again.has(id)) continue;
    const called = at.calls.get(id);
    // Who called one that has failed goes on in it; who needs one that has failed calls anew.
    if (called !== undefined && !needsOne) forget(called);
    else at.calls.delete(id);
    at.results.delete(id);
  }
}

export const outcome = (results: readonly Result[]): Result =>
  results.includes("failure")
    ? "failure"
    : results.includes("cancelled")
      ? "cancelled"
      : results.every((result) => result === "skipped")
        ? "skipped"
        : "success";

export const unitsIn = (at: Scope): Unit[] =>
  [...at.open.values()].flatMap(({ units, called }) => (called === null ? units : unitsIn(called)));
