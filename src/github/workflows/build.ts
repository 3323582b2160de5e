import { expression, lock, type Job } from "./model.ts";
import { minutes, type Project } from "./project.ts";
import { buildEnvironment, sluice, withBuild, WRITE } from "./steps.ts";

/** The job that has said what to build, and its output that lists it. */
type Before = { readonly job: "plan" | "resolve"; readonly keys: string };
const PLAN: Before = { job: "plan", keys: "artifacts" };

/**
 * Builds what the job before says, once for a commit: the lock makes the others wait, without a runner, until they find in the registry what the first has pushed.
 * It sees no environment's secrets, also where an artifact is built for one: it runs before every gate, and is in none of them.
 */
export function buildJob(project: Project, artifacts: readonly string[], { job, keys }: Before = PLAN): Job {
  const commit = expression(`needs.${job}.outputs.commit`);
  const wanted = `needs.${job}.outputs.${keys}`;
  const used = artifacts.flatMap((name) => project.config.artifacts[name] ?? []);
  return {
    name: "Build",
    about: "The lock is shared by all workflows: who is first for a commit builds, the others find it done.",
    needs: [job],
    if: `${wanted} != '[]'`,
    ...buildEnvironment(project),
    concurrency: lock(`sluice/build/${commit}`),
    permissions: withBuild(project, WRITE),
    outputs: { artifacts: expression("steps.build.outputs.artifacts") },
    minutes: minutes(used.reduce((sum, { timeoutMs }) => sum + timeoutMs, 0)),
    steps: sluice(project, "Build", "build", {
      id: "build",
      setup: "build",
      env: { SLUICE_COMMIT: commit, SLUICE_KEYS: expression(wanted) },
    }),
  };
}

/** In `if`: nothing that is to be built is missing. */
export const BUILT = "(needs.build.result == 'success' || needs.build.result == 'skipped')";
export const PLANNED = "needs.plan.result == 'success'";

/** The digests, of which there may be none; never empty, which would mean that nobody has planned. */
export const artifactsOf = (builds: boolean): string => (builds ? expression("needs.build.outputs.artifacts || '{}'") : "{}");
