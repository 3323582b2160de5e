import { WORKFLOW_FILES, WORKFLOWS_FOLDER } from "../../core/config/github.ts";
import { artifactsOf, buildJob, BUILT, PLANNED } from "./build.ts";
import { expression, literal, member, type Fields, type Job, type Workflow } from "./model.ts";
import { minutes, type Place, type Project } from "./project.ts";
import { anything, outputsOf, passedSecrets, READ, sluice, withBuild, withImages, WRITE } from "./steps.ts";

export const COMMIT_INPUTS: Fields = {
  commit: { description: "Commit, branch or tag (empty: what the branch is at)", type: "string", required: false, default: "" },
  reason: { description: "Why", type: "string", required: false, default: "" },
};

/** All services through all environments: one build, then each environment by its own workflow. */
export function deployAll(project: Project): Workflow {
  const { github } = project;
  const { artifacts } = project;
  const builds = artifacts.length > 0;
  const deploys = project.places.map((place) => [jobOf(place.id), environmentJob(project, place, builds)] as const);
  return {
    name: "Deploy all",
    runName: `Deploy all ${expression("inputs.commit || github.sha")}`,
    on: { ...(github.push.all ? { push: { branches: [literal(github.branch)] } } : {}), workflow_dispatch: { inputs: COMMIT_INPUTS } },
    jobs: {
      plan: planJob(project, ""),
      ...(builds ? { build: buildJob(project, artifacts) } : {}),
      ...Object.fromEntries(deploys),
      report: reportJob(project, ["plan", ...(builds ? ["build"] : []), ...deploys.map(([id]) => id)], "needs.plan.outputs.commit"),
    },
  };
}

const jobOf = (environment: string): string => `deploy-${environment}`;

/** @param scope arguments that narrow it to less than all, with a blank before them */
export function planJob(project: Project, scope: string): Job {
  return {
    name: "Plan",
    permissions: withImages(project, READ),
    outputs: outputsOf("plan", ["commit", "waves", "artifacts"]),
    minutes: minutes(0),
    steps: sluice(project, "Plan", `plan${scope} --waves ${scope === "" ? project.waves : 1}`, {
      id: "plan",
      env: { SLUICE_COMMIT: expression("inputs.commit") },
    }),
  };
}

function environmentJob(project: Project, place: Place, builds: boolean): Job {
  const waves = member("fromJSON(needs.plan.outputs.waves)", place.id);
  return {
    name: `Deploy ${place.id}`,
    about:
      "What failed before does not stop the others: each leg is refused by itself where something that it needs is not there. An environment with nothing to do is skipped.",
    needs: ["plan", ...(builds ? ["build"] : []), ...place.before.map(jobOf)],
    if: `!cancelled() && ${PLANNED} && ${builds ? `${BUILT} && ` : ""}${anything(waves, project.waves)}`,
    permissions: withBuild(project, WRITE, "deploy"),
    uses: `./${WORKFLOWS_FOLDER}/${WORKFLOW_FILES.environment(place.id)}`,
    with: {
      commit: expression("needs.plan.outputs.commit"),
      waves: expression("needs.plan.outputs.waves"),
      artifacts: artifactsOf(builds),
      reason: expression("inputs.reason"),
    },
    ...passedSecrets(project, [place], "build", "deploy"),
  };
}

/** Says at the end what became of everything, also of what was cancelled. */
export function reportJob(project: Project, needs: readonly string[], commit: string): Job {
  return {
    name: "Report",
    needs,
    if: "always()",
    permissions: READ,
    minutes: minutes(0),
    steps: sluice(project, "Report", "report", {
      env: { SLUICE_COMMIT: expression(commit), SLUICE_NEEDS: expression("toJSON(needs)") },
    }),
  };
}
