import type { GithubSetup, GithubStep } from "../../core/config/config.ts";
import { gateJobName, gateName, MASK_KEY } from "../../core/config/github.ts";
import { secretsIn } from "../../core/config/github-setup.ts";
import { expression, Noted, type Fields, type Job, type Permissions } from "./model.ts";
import { credentialsOf, type Place, type Project } from "./project.ts";

/** By commit, so that nobody can move it; the comment is what tools update by. */
const CHECKOUT = new Noted("actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8", "v5.0.0");

/** The workflow's own commit, never the one that is deployed: what runs here is what the branch's people have reviewed, and `sluice` reads the other's tree from git. */
const checkout: Fields = { name: "Check out", uses: CHECKOUT, with: { "persist-credentials": false, "fetch-depth": 0 } };

export const READ: Permissions = {
  actions: ["read", "see what has become of runs"],
  contents: ["read", "read the repository"],
  deployments: ["read", "read the records"],
};
export const WRITE: Permissions = { ...READ, deployments: ["write", "write the records"] };

/** Which of a project's own steps, and the rights that these need, a job has. */
export type Part = keyof GithubSetup;

/** With what the registry of images and the project's own steps ask for, where there are any. */
export function withImages(project: Project, permissions: Permissions, ...parts: readonly Part[]): Permissions {
  const images: Permissions = project.images.read ? { packages: ["read", "find images by their digest"] } : {};
  const asks = parts.some((part) => project.github.setup[part].idToken);
  return { ...permissions, ...images, ...(asks ? { "id-token": ["write", "log in to a cloud"] } : {}) };
}

/** As `withImages`, for what builds as well. */
export const withBuild = (project: Project, permissions: Permissions, ...parts: readonly Part[]): Permissions => ({
  ...withImages(project, permissions, "build", ...parts),
  ...(project.images.push ? { packages: ["write", "push images"] } : {}),
});

type SluiceStep = {
  readonly id?: string;
  /** Whose own steps come before. */
  readonly setup?: Part;
  readonly env?: Fields;
  /** Beside the token: secrets of the environments that this job may see. */
  readonly secrets?: Fields;
};

/** The steps of a job that runs one `sluice ci` command. Values come by environment variables alone: an expression in a command's text would be code. */
export function sluice(
  { github }: Project,
  name: string,
  command: string,
  { id, setup, env = {}, secrets = {} }: SluiceStep,
): readonly Fields[] {
  return [
    checkout,
    { name: "Install", run: github.install },
    // behind what is installed, which sees none of their logins
    ...(setup === undefined ? [] : github.setup[setup].steps.map(ownStep)),
    {
      name,
      id,
      run: `${github.command} ci ${command}`,
      env: { GITHUB_TOKEN: expression("github.token"), ...env, ...secrets },
    },
  ];
}

/** Where the jobs are that build or look for what was built. */
export const buildEnvironment = ({ github }: Project): { readonly environment?: string } => {
  const { environment } = github.setup.build;
  return environment === null ? {} : { environment };
};

const ownStep = ({ name, uses, run, with: given, env }: GithubStep): Fields => ({
  name,
  uses,
  run,
  with: Object.keys(given).length === 0 ? undefined : given,
  env: Object.keys(env).length === 0 ? undefined : env,
});

/** The outputs of a job, each that of its one step. */
export const outputsOf = (step: string, names: readonly string[]): Fields =>
  Object.fromEntries(names.map((name) => [name, expression(`steps.${step}.outputs.${name}`)]));

/** In `if`: whether any wave holds something. `waves` is what an environment's waves are as a value; where they are missing, none does. */
export const anything = (waves: string, count: number): string =>
  `(${Array.from({ length: count }, (_, i) => `${waves}.n[${i}] > 0`).join(" || ")})`;

/** The job that GitHub holds until a person approves: one for an environment in a run. */
export function gateJob(
  project: Project,
  /** `id`: the environment's, or an expression for it; `run`: the same for a shell. */
  environment: { readonly id: string; readonly run: string; readonly env?: Fields },
  job: { readonly needs: readonly string[]; readonly if: string },
): Job {
  return {
    name: gateJobName(environment.id),
    about: "GitHub holds this job until a reviewer approves; the step then makes sure that it did, and who.",
    ...job,
    environment: gateName(environment.id),
    permissions: { actions: ["read", "see who has approved"], contents: READ.contents ?? ["read", ""] },
    minutes: 15,
    steps: sluice(
      project,
      "Verify the approval",
      `gate --env ${environment.run}`,
      environment.env === undefined ? {} : { env: environment.env },
    ),
  };
}

/** The secrets of environments, for a job that is in one of them. */
export const secretsOf = (project: Project, places: readonly Place[]): Fields => ({
  ...Object.fromEntries([...credentialsOf(project, places).keys()].map((name) => [name, secret(name)])),
  ...maskKey(project),
});

const secret = (name: string): string => expression(`secrets.${name}`);

/** By which every job shows the same secret as the same hash; empty where the repository has none. */
export const maskKey = ({ masks }: Project): Fields => (masks ? { [MASK_KEY]: secret(MASK_KEY) } : {});

/** Of all that jobs of called workflows name: credentials of environments, what a project's own steps name, and the key. */
function namesOf(project: Project, places: readonly Place[], parts: readonly Part[]): readonly string[] {
  const own = parts.flatMap((part) => secretsIn(project.github.setup[part].steps));
  return [...new Set([...credentialsOf(project, places).keys(), ...own, ...Object.keys(maskKey(project))])].toSorted();
}

/** What a called workflow declares: each may be absent, because an environment's own secrets are seen by its jobs alone, and count there before what is passed. */
export const declaredSecrets = (project: Project, places: readonly Place[], ...parts: readonly Part[]): Fields | undefined => {
  const names = namesOf(project, places, parts);
  return names.length === 0 ? undefined : Object.fromEntries(names.map((name) => [name, { required: false }]));
};

/** `secrets` of a job that calls such a workflow; absent where there are none. */
export const passedSecrets = (project: Project, places: readonly Place[], ...parts: readonly Part[]): { readonly secrets?: Fields } => {
  const names = namesOf(project, places, parts);
  return names.length === 0 ? {} : { secrets: Object.fromEntries(names.map((name) => [name, secret(name)])) };
};
