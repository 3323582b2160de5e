import type { EnvironmentId, Service, ServiceId } from "../../core/config/config.ts";
import { needsName } from "../../core/config/github.ts";
import { artifactsOf, buildJob, BUILT, PLANNED } from "./build.ts";
import { COMMIT_INPUTS, planJob } from "./deploy-all.ts";
import { expression, literal, lock, member, type Fields, type Job, type Workflow } from "./model.ts";
import { legMs, minutes, placesOf, type Place, type Project } from "./project.ts";
import { anything, gateJob, READ, secretsOf, sluice, withImages, WRITE } from "./steps.ts";

/** One service through its environments, beside all others: it joins the build of the same commit, and waits for what it needs. */
export function deployService(project: Project, id: ServiceId, service: Service): Workflow {
  const { github } = project;
  const places = placesOf(project, service);
  const flow: Flow = { project, id, service, builds: service.artifact !== null };
  return {
    name: `Deploy ${id}`,
    runName: `Deploy ${id} ${expression("inputs.commit || github.sha")}`,
    on: {
      ...(github.push.services ? { push: { branches: [literal(github.branch)], ...pathsOf(project, service) } } : {}),
      workflow_dispatch: { inputs: COMMIT_INPUTS },
    },
    jobs: {
      plan: planJob(project, ` --service ${id}`),
      ...(service.artifact === null ? {} : { build: buildJob(project, [service.artifact]) }),
      ...Object.assign({}, ...places.map((place) => environmentJobs(flow, place))),
    },
  };
}

type Flow = { readonly project: Project; readonly id: ServiceId; readonly service: Service; readonly builds: boolean };

const legOf = (environment: EnvironmentId): string => `deploy-${environment}`;

/** In the order of what they cost: first people, then what waits for backends, then the deploy. */
function environmentJobs(flow: Flow, place: Place): Readonly<Record<string, Job>> {
  const { project, id, service, builds } = flow;
  const { id: environment } = place;
  const earlier = ["plan", ...(builds ? ["build"] : []), ...project.needs.promotesFrom(service, environment).map(legOf)];
  const waits = project.needs.of(service, environment).length > 0;
  const gated = place.policy.approval !== null;
  const gate = `gate-${environment}`;
  const wait = `wait-${environment}`;
  const goesOn = goOn(environment, builds);
  const opened = gated ? ` && needs.${gate}.result == 'success'` : "";
  const jobs: Record<string, Job> = {};
  if (gated) {
    jobs[gate] = gateJob(project, { id: environment, run: environment }, { needs: earlier, if: goesOn });
  }
  if (waits)
    jobs[wait] = {
      name: `Wait for what it needs in ${environment}`,
      ...(project.github.wait === "rule" ? { about: HELD, environment: needsName(environment) } : {}),
      needs: [...earlier, ...(gated ? [gate] : [])],
      if: goesOn + opened,
      permissions: READ,
      minutes: minutes(place.policy.needsTimeoutMs),
      steps: sluice(project, "Wait", `wait --env ${environment} --service ${id}`, {
        env: { SLUICE_COMMIT: expression("needs.plan.outputs.commit") },
      }),
    };
  jobs[legOf(environment)] = {
    name: `Deploy to ${environment}`,
    needs: [...earlier, ...(gated ? [gate] : []), ...(waits ? [wait] : [])],
    if: goesOn + opened + (waits ? ` && needs.${wait}.result == 'success'` : ""),
    environment,
    concurrency: lock(`sluice/target/${environment}/${id}`),
    permissions: withImages(project, WRITE, "deploy"),
    minutes: minutes(legMs(project, service, place)),
    steps: legSteps(flow, place),
  };
  return jobs;
}

const HELD =
  "GitHub holds this job, without a runner, until Sluice's App says that what it needs serves; the step then makes sure, and waits by itself where nothing has held it.";

/** In `if`: nothing before has failed, nor has GitHub cancelled the build alone, as it does where too many wait; and the plan has something to do here. What was skipped before does not stop it: a pinned target is passed over. */
const goOn = (environment: EnvironmentId, builds: boolean): string =>
  `!cancelled() && !failure() && ${PLANNED}${builds ? ` && ${BUILT}` : ""} && ${anything(member("fromJSON(needs.plan.outputs.waves)", environment), 1)}`;

function legSteps({ project, id, builds }: Flow, place: Place): readonly Fields[] {
  return sluice(project, "Deploy", `deploy --env ${place.id}`, {
    setup: "deploy",
    env: {
      SLUICE_COMMIT: expression("needs.plan.outputs.commit"),
      SLUICE_CHUNK: JSON.stringify({ name: id, services: [id] }),
      SLUICE_ARTIFACTS: artifactsOf(builds),
      SLUICE_DIRECTION: "deploy",
      SLUICE_REASON: expression("inputs.reason"),
    },
    secrets: secretsOf(project, [place]),
  });
}

/** A path is a folder or a file, `.` that of `sluice.yaml`; none: every push. GitHub's pattern characters in a name stand for themselves. */
function pathsOf({ directory }: Project, { paths }: Service): Fields {
  const whole = paths.includes(".");
  if (paths.length === 0 || (whole && directory === "")) return {};
  if (whole) return { paths: [`${literal(directory)}/**`] };
  const root = directory === "" ? "" : `${directory}/`;
  const plain = paths.map((path) => literal(root + path));
  return { paths: plain.flatMap((path) => [path, `${path}/**`]) };
}
