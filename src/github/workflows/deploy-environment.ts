import { WORKFLOW_FILES, WORKFLOWS_FOLDER } from "../../core/config/github.ts";
import { BUILT, buildJob } from "./build.ts";
import { expression, lock, type Fields, type Job, type Workflow } from "./model.ts";
import { againMs, minutes, UNDER_WAY_MS, type Place, type Project } from "./project.ts";
import { anything, buildEnvironment, declaredSecrets, gateJob, outputsOf, passedSecrets, sluice, withImages, WRITE } from "./steps.ts";

const OUTPUTS = ["commit", "waves", "artifacts", "build", "direction", "to", "gate"];

/** In an expression: there is something to build here. */
const MISSING = "needs.resolve.outputs.build != '[]'";

/** A way back is let through by those whom policy's `rollback` names. */
const DIRECTION = { SLUICE_DIRECTION: expression("needs.resolve.outputs.direction") };

/** All services in one environment: called by deploy all, or by hand with any commit; one that is behind what is live goes by the rules of a rollback. Its gate is in here, so that no way leads around it. */
export function deployEnvironment(project: Project, place: Place): Workflow {
  const builds = project.artifacts.length > 0;
  return {
    name: `Deploy all to ${place.id}`,
    runName: `Deploy all to ${place.id} ${expression("inputs.commit")}`,
    on: {
      workflow_call: {
        inputs: {
          commit: { description: "Full commit", type: "string", required: true },
          waves: { description: "Waves of all environments, as JSON", type: "string", required: true },
          artifacts: { description: "Digests of what was built, as JSON", type: "string", required: true },
          reason: { description: "Why", type: "string", required: false, default: "" },
        },
        secrets: declaredSecrets(project, [place], "build", "deploy"),
      },
      workflow_dispatch: {
        inputs: {
          commit: { description: "Commit, branch or tag to deploy, or to go back to", type: "string", required: true },
          reason: { description: "Why; going back needs one", type: "string", required: false, default: "" },
        },
      },
    },
    jobs: {
      resolve: resolveJob(project, place),
      // who has called has built
      ...(builds ? { build: buildJob(project, project.artifacts, { job: "resolve", keys: "build" }) } : {}),
      ...(place.gated
        ? {
            gate: gateJob(
              project,
              { id: place.id, run: place.id, env: DIRECTION },
              {
                needs: ["resolve", ...(builds ? ["build"] : [])],
                if: `${builds ? `!cancelled() && needs.resolve.result == 'success' && ${BUILT} && ` : ""}${gateNeeded("resolve", project.waves)}`,
              },
            ),
          }
        : {}),
      waves: wavesJob(project, {
        before: "resolve",
        builds,
        gated: place.gated,
        environment: place.id,
        places: [place],
        direction: expression("needs.resolve.outputs.direction"),
        artifacts: expression(`${builds ? `${MISSING} && needs.build.outputs.artifacts || ` : ""}needs.resolve.outputs.artifacts`),
      }),
    },
  };
}

function resolveJob(project: Project, place: Place): Job {
  const steps = sluice(project, "Resolve", `resolve --env ${place.id} --waves ${project.waves}`, {
    id: "resolve",
    setup: "build",
    env: {
      SLUICE_COMMIT: expression("inputs.commit"),
      SLUICE_WAVES: expression("inputs.waves"),
      SLUICE_ARTIFACTS: expression("inputs.artifacts"),
      SLUICE_REASON: expression("inputs.reason"),
    },
  });
  return {
    name: "Resolve",
    about: "A way back begins here: it holds the environment for deploys, for which records are written.",
    ...buildEnvironment(project),
    permissions: withImages(project, WRITE, "build"),
    outputs: outputsOf("resolve", OUTPUTS),
    minutes: minutes(UNDER_WAY_MS + againMs(project.config, project.artifacts)),
    steps: place.gated ? steps : [...steps, refuseWithoutGate(place)],
  };
}

/** Policy may have come to ask for an approval since these files were written, which have no gate here. */
const refuseWithoutGate = (place: Place): Fields => ({
  name: "Refuse where a gate is missing",
  if: expression("steps.resolve.outputs.gate != 'false'"),
  run: [
    `echo "::error::Policy asks for an approval in ${place.id}, and these workflows have no gate there: run sluice github generate"`,
    "exit 1",
    "",
  ].join("\n"),
});

/** In `if` of a gate: it is asked for unless there is nothing to let through, or policy says in so many words that nobody need be asked. */
export const gateNeeded = (before: string, waves: number): string =>
  `needs.${before}.outputs.gate != 'false' && ${anything(`fromJSON(needs.${before}.outputs.waves)`, waves)}`;

type Waves = {
  /** The job that has said what is to be done. */
  readonly before: "resolve" | "preflight";
  /** Whether a job builds what is missing. */
  readonly builds: boolean;
  readonly gated: boolean;
  readonly environment: string;
  readonly places: readonly Place[];
  readonly direction: string;
  readonly artifacts: string;
};

/** The waves of one environment, one run at a time. */
export function wavesJob(project: Project, { before, builds, gated, environment, places, direction, artifacts }: Waves): Job {
  const output = (name: string): string => expression(`needs.${before}.outputs.${name}`);
  const passed = `(needs.gate.result == 'success' || needs.${before}.outputs.gate == 'false')`;
  return {
    name: "Waves",
    about: "Locked only now: a run that waits for people holds nobody up.",
    needs: [before, ...(builds ? ["build"] : []), ...(gated ? ["gate"] : [])],
    // A gate that was skipped must not skip these, and one that was needed and did not open must.
    if: [
      ...(gated || builds ? ["!cancelled()", `needs.${before}.result == 'success'`] : []),
      ...(builds ? [BUILT] : []),
      gated ? passed : `needs.${before}.outputs.gate == 'false'`,
    ].join(" && "),
    concurrency: lock(`sluice/env/${environment}`),
    permissions: withImages(project, WRITE, "deploy"),
    uses: `./${WORKFLOWS_FOLDER}/${WORKFLOW_FILES.waves}`,
    with: {
      environment,
      commit: output("commit"),
      waves: output("waves"),
      artifacts,
      direction,
      to: output("to"),
      reason: expression("inputs.reason"),
    },
    ...passedSecrets(project, places, "deploy"),
  };
}
