import { CliError, EXIT } from "../../cli/exit.ts";
import type { AdapterSchema, CommitId, EnvironmentId, Policy } from "../../core/config/config.ts";
import { environmentsBefore } from "../../core/plan/needs.ts";
import { Configs } from "../../engine/configs.ts";
import type { Clock } from "../../engine/ports/clock.ts";
import type { Forge, WorkflowRun } from "../../github/forge.ts";
import type { GitSource } from "../../source/git.ts";
import { findProject } from "../project.ts";
import { adapterSchemas } from "../registry.ts";
import { Believed, branchesOf } from "./believed.ts";
import { type Home, openHome } from "./home.ts";
import { branchRef, type JobInputs, jobInputs } from "./inputs.ts";
import { Outputs } from "./outputs.ts";
import { JobSource } from "./source.ts";

export type CiHost = {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly directory: string;
  /** The job is cancelled. */
  readonly interrupted: AbortSignal;
  readonly out: (text: string) => void;
  readonly clock: Clock;
  readonly forge: () => Promise<Forge>;
  /** Resolves after so many ms; rejects when the signal aborts. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
};

/** Where a job works: its checkout, the policy, and what it was told. */
export type Place = {
  readonly host: CiHost;
  readonly inputs: JobInputs;
  readonly outputs: Outputs;
  readonly root: string;
  readonly home: Home;
  readonly source: GitSource;
  readonly adapters: readonly AdapterSchema[];
  readonly configs: Configs;
  readonly policy: Policy;
  readonly project: string;
  readonly believed: Believed;
  /** Whose pushes deploy. */
  readonly branch: string;
  /** The App whose decisions at gates count, by its slug; from where policy is read. null: none's. */
  readonly app: string | null;
};

/** Whoever opens it closes its home. Rejects where the job may not deploy, or its checkout does not tell what has to be known. */
export async function openPlace(host: CiHost): Promise<Place> {
  const inputs = jobInputs(host.env);
  const found = findProject(host.directory);
  if (found === null)
    throw new CliError(
      EXIT.usage,
      `${host.directory} is in no project: there is no sluice.yaml in it or above it`,
      "Check the repository out first: actions/checkout",
    );
  const outputs = new Outputs(host.env, host.out);
  const source = new JobSource({
    directory: found.root,
    server: host.env["GITHUB_SERVER_URL"] || "https://github.com",
    token: host.env["GITHUB_TOKEN"] ?? "",
    note: (line) => outputs.notice(line),
  });
  await source.mustBeWhole();
  const adapters = await adapterSchemas();
  const configs = new Configs(source, adapters);
  const { policy, commit } = await configs.policy(inputs.policyRef);
  const { project, github } = await configs.at(commit);
  const home = await openHome(host);
  const warn = (message: string): void => outputs.warning(message);
  const believed = new Believed({
    source,
    configs,
    policy,
    policyCommit: commit,
    branch: inputs.branch,
    refresh: () => source.refresh(inputs.branch),
    warn,
  });
  return {
    host,
    inputs,
    outputs,
    root: found.root,
    home,
    source,
    adapters,
    configs,
    policy,
    project,
    believed,
    branch: github?.branch ?? inputs.branch,
    app: github?.app ?? null,
  };
}

export function environmentOf({ policy }: Place, id: EnvironmentId) {
  const found = policy.environments[id];
  if (found) return found;
  throw new CliError(EXIT.usage, `The policy has no environment ${id}`, `Known: ${Object.keys(policy.environments).join(", ")}`);
}

/** Behind a gate that names no `from` only the default branch counts, as it does for what is recorded there: else a record could bring back what nobody has reviewed. Rejects with a `CliError`. */
export async function mustBeTaken(place: Place, environments: readonly EnvironmentId[], commit: CommitId): Promise<void> {
  for (const id of environments) {
    const rules = environmentOf(place, id);
    const branches = branchesOf(rules, place.inputs.branch);
    if (rules.from.length > 0 || branches === null || (await place.source.reachableFrom(commit, branches))) continue;
    throw new CliError(
      EXIT.notAllowed,
      `${id} has an approval and no \`from\`, so it takes only commits from ${branches.join(", ")}; ${commit.slice(0, 12)} is not on it`,
      `Merge it there first, or name the branches in environments.${id}.from of sluice.yaml, on ${place.inputs.branch}`,
    );
  }
}

/** All that come before an environment, near or far. */
export function environmentsUpTo({ policy }: Place, id: EnvironmentId): readonly EnvironmentId[] {
  const found = new Set<EnvironmentId>();
  const visit = (of: EnvironmentId): void => {
    for (const before of environmentsBefore(policy, of, () => true))
      if (!found.has(before)) {
        found.add(before);
        visit(before);
      }
  };
  visit(id);
  return [...found];
}

/**
 * What GitHub itself says of this job's run, where it is one that may deploy: variables of a job can be set by its steps. The event names the branch that policy is read from, as it was called when the run began:
 * a run may wait for weeks, or be run again, and whoever may push can make a branch of a name that was given up. `leg`: jobs before it have just seen to that.
 */
export async function mustBeGenuine({ inputs }: Place, forge: Forge, leg = false): Promise<WorkflowRun> {
  const run = await forge.workflowRun(inputs.runId);
  const refuse = (why: string): never => {
    throw new CliError(EXIT.notAllowed, `Nothing is deployed: ${why}`, "Start the workflow anew");
  };
  if (run === null) return refuse(`GitHub knows of no workflow run ${inputs.runId}`);
  if (run.event !== inputs.event) refuse(`workflow run ${inputs.runId} was started by ${run.event}, not by ${inputs.event}`);
  if (leg && run.attempt === 1) return run;
  const { defaultBranch } = await forge.repository();
  if (inputs.policyRef !== branchRef(defaultBranch))
    refuse(`when this run began the default branch, which has the policy, was another than ${defaultBranch}`);
  return run;
}
