import { wavesJob, gateNeeded } from "./deploy-environment.ts";
import { COMMIT_INPUTS, reportJob } from "./deploy-all.ts";
import { expression, type Workflow } from "./model.ts";
import { againMs, minutes, UNDER_WAY_MS, type Project } from "./project.ts";
import { buildEnvironment, gateJob, outputsOf, READ, sluice, withImages, WRITE } from "./steps.ts";

/** An environment back to a set that worked, by hand. */
export function rollbackAll(project: Project): Workflow {
  const environment = expression("inputs.environment");
  const ids = project.places.map(({ id }) => id);
  return {
    name: "Roll back all",
    runName: `Roll back all in ${environment}`,
    on: {
      workflow_dispatch: {
        inputs: {
          environment: { description: "Environment", type: "choice", required: true, options: ids },
          to: {
            description: "Snapshot, commit or time to go back to (empty: before the newest release)",
            type: "string",
            required: false,
            default: "",
          },
          reason: { description: "Why", type: "string", required: true },
        },
      },
    },
    jobs: {
      preflight: {
        name: "Pre-flight",
        about:
          "Looks at the whole set before anything is touched, and holds the environment for deploys; where people are asked, that is for the jobs behind the gate.",
        ...buildEnvironment(project),
        permissions: withImages(project, WRITE, "build"),
        outputs: outputsOf("rollback", ["commit", "waves", "to", "gate"]),
        minutes: minutes(UNDER_WAY_MS + againMs(project.config, project.artifacts)),
        steps: sluice(project, "Pre-flight", `rollback --env "$SLUICE_ENV" --waves ${project.waves}`, {
          id: "rollback",
          setup: "build",
          env: {
            SLUICE_ENV: environment,
            SLUICE_TO: expression("inputs.to"),
            SLUICE_REASON: expression("inputs.reason"),
          },
        }),
      },
      gate: gateJob(
        project,
        { id: environment, run: '"$SLUICE_ENV"', env: { SLUICE_ENV: environment, SLUICE_DIRECTION: "rollback" } },
        { needs: ["preflight"], if: gateNeeded("preflight", project.waves) },
      ),
      waves: wavesJob(project, {
        before: "preflight",
        builds: false,
        gated: true,
        environment,
        places: project.places,
        direction: "rollback",
        artifacts: "{}",
      }),
      report: reportJob(project, ["preflight", "gate", "waves"], "needs.preflight.outputs.commit"),
    },
  };
}

/** Lists what waits for people; deciding is theirs, from their own terminal. */
export function approveAll(project: Project): Workflow {
  return {
    name: "Approve all",
    runName: `What waits for approval at ${expression("inputs.commit || github.sha")}`,
    on: { workflow_dispatch: { inputs: { commit: COMMIT_INPUTS["commit"] } } },
    jobs: {
      list: {
        name: "List what waits",
        permissions: READ,
        minutes: minutes(0),
        steps: sluice(project, "List", "approvals", { env: { SLUICE_COMMIT: expression("inputs.commit") } }),
      },
    },
  };
}
