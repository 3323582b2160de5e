import type { EnvironmentId } from "../../core/config/config.ts";
import { gateJobName } from "../../core/config/github.ts";
import type { RunJob } from "../forge.ts";

/** The jobs of a run that were held at the gate of an environment, in any attempt of it. */
const gateJobs = (jobs: readonly RunJob[], environment: EnvironmentId): readonly RunJob[] =>
  jobs.filter(({ name }) => name === gateJobName(environment) || name.endsWith(` / ${gateJobName(environment)}`));

/** How often GitHub has let a run pass its gate: each time by a review of its own, unless an administrator has passed without one. */
export const passesOf = (jobs: readonly RunJob[], environment: EnvironmentId): number =>
  gateJobs(jobs, environment).filter(({ began }) => began).length;

/** When a run has last passed its gate; null: no job of it tells. */
export function passedAt(jobs: readonly RunJob[], environment: EnvironmentId): number | null {
  const passed = gateJobs(jobs, environment).flatMap(({ conclusion, completedAt }) =>
    conclusion === "success" ? (completedAt ?? []) : [],
  );
  return passed.length === 0 ? null : Math.max(...passed);
}
