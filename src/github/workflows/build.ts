import { expression, lock, type Job, type Permissions } from "./model.ts";
import { minutes, type Project } from "./project.ts";
import { sluice, WRITE } from "./steps.ts";

/**
 * Builds what `plan` says, once for a commit: the lock makes the others wait, without a runner, until they find in the registry what the first has pushed.
 * It sees no environment's secrets, also where an artifact is built for one: it runs before every gate, and is in no environment.
 */
export function buildJob(project: Project, artifacts: readonly string[]): Job {
  const used = artifacts.flatMap((name) => project.config.artifacts[name] ?? []);
  const permissions: Permissions = project.images.push
    ? { ...WRITE, packages: ["write", "push images"] }
    : project.images.read
      ? { ...WRITE, packages: ["read", "find images by their digest"] }
      : WRITE;
  return {
    name: "Build",
    about: "The lock is shared by all workflows: who is first for a commit builds, the others find it done.",
    needs: ["plan"],
    if: "needs.plan.outputs.artifacts != '[]'",
    concurrency: lock(`sluice/build/${expression("needs.plan.outputs.commit")}`),
    permissions,
    outputs: { artifacts: expression("steps.build.outputs.artifacts") },
    minutes: minutes(used.reduce((sum, { timeoutMs }) => sum + timeoutMs, 0)),
    steps: sluice(project, "Build", "build", {
      id: "build",
      env: { SLUICE_COMMIT: expression("needs.plan.outputs.commit"), SLUICE_KEYS: expression("needs.plan.outputs.artifacts") },
    }),
  };
}

/** In `if`: the plan is made and nothing that it builds is missing. */
export const BUILT = "needs.plan.result == 'success' && (needs.build.result == 'success' || needs.build.result == 'skipped')";
export const PLANNED = "needs.plan.result == 'success'";

/** The digests, of which there may be none; never empty, which would mean that nobody has planned. */
export const artifactsOf = (builds: boolean): string => (builds ? expression("needs.build.outputs.artifacts || '{}'") : "{}");
