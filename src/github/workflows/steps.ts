import type { EnvironmentId } from "../../core/config/config.ts";
import { gateName } from "../../core/config/github.ts";
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

/** With what the registry of images asks for, where there is one. */
export const withImages = (project: Project, permissions: Permissions): Permissions =>
  project.images.read ? { ...permissions, packages: ["read", "find images by their digest"] } : permissions;

type SluiceStep = {
  readonly id?: string;
  readonly env?: Fields;
  /** Beside the token: secrets of the environments that this job may see. */
  readonly secrets?: Fields;
};

/** The steps of a job that runs one `sluice ci` command. Values come by environment variables alone: an expression in a command's text would be code. */
export function sluice({ github }: Project, name: string, command: string, { id, env = {}, secrets = {} }: SluiceStep): readonly Fields[] {
  return [
    checkout,
    { name: "Install", run: github.install },
    {
      name,
      id,
      run: `${github.command} ci ${command}`,
      env: { GITHUB_TOKEN: expression("github.token"), ...env, ...secrets },
    },
  ];
}

/** The outputs of a job, each that of its one step. */
export const outputsOf = (step: string, names: readonly string[]): Fields =>
  Object.fromEntries(names.map((name) => [name, expression(`steps.${step}.outputs.${name}`)]));

/** In `if`: whether any wave holds something. `waves` is what an environment's waves are as a value; where they are missing, none does. */
export const anything = (waves: string, count: number): string =>
  `(${Array.from({ length: count }, (_, i) => `${waves}.n[${i}] > 0`).join(" || ")})`;

/** The job that GitHub holds until a person approves: one for an environment in a run. */
export function gateJob(
  project: Project,
  environment: { readonly run: string; readonly name: string; readonly env?: Fields },
  job: { readonly needs: readonly string[]; readonly if: string },
): Job {
  return {
    name: "Gate",
    about: "GitHub holds this job until a reviewer approves; the step then makes sure that it did, and who.",
    ...job,
    environment: environment.name,
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

export const gateOf = (id: EnvironmentId): { readonly run: string; readonly name: string } => ({ run: id, name: gateName(id) });

/** The secrets of one environment, for a job that is in it. */
export const secretsOf = (places: readonly Place[]): Fields =>
  Object.fromEntries([...credentialsOf(places).keys()].map((name) => [name, expression(`secrets.${name}`)]));

/** What a called workflow declares: each may be absent, because an environment's own secrets are seen by its jobs alone, and count there before what is passed. */
export const declaredSecrets = (places: readonly Place[]): Fields | undefined => {
  const names = [...credentialsOf(places).keys()];
  return names.length === 0 ? undefined : Object.fromEntries(names.map((name) => [name, { required: false }]));
};

/** `secrets` of a job that calls such a workflow; absent where there are none. */
export const passedSecrets = (places: readonly Place[]): { readonly secrets?: Fields } =>
  credentialsOf(places).size === 0 ? {} : { secrets: secretsOf(places) };
