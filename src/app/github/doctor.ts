import type { Check } from "../../cli/context.ts";
import { CliError, EXIT } from "../../cli/exit.ts";
import type { EnvironmentId } from "../../core/config/config.ts";
import { gateName, needsName } from "../../core/config/github.ts";
import { environmentsOf, Needs } from "../../core/plan/needs.ts";
import { ForgeError, type Forge } from "../../github/forge.ts";
import { examineGate } from "../../github/gates/examine.ts";
import { examineWaits } from "../../github/needs/examine.ts";
import { failed, ok, problem, warning } from "../checks.ts";
import { asCliError, forPeople } from "../errors.ts";
import { findProject } from "../project.ts";
import { configsOf } from "./checkout.ts";
import { appChecks } from "./app-checks.ts";
import { budgetWords, openForge, type ForgeHost, type ForgeRequest } from "./open.ts";

type Request = ForgeRequest & { readonly environments: readonly EnvironmentId[] | null };

/** Whether a repository on GitHub is ready for the generated workflows, or for a server that is an App: token, rights, environments, the App. Changes nothing; a check that fails hides no other. Rejects with a `CliError` where there is nothing to check. */
export function githubDoctor(request: Request, host: ForgeHost): Promise<readonly Check[]> {
  return forPeople(async () => {
    const project = findProject(request.directory);
    if (project === null)
      throw new CliError(EXIT.usage, `There is no sluice.yaml in ${request.directory} or above it`, "Write one with `sluice init`");
    const configs = await configsOf(project);
    const { policy, commit } = await configs.policy(null);
    const config = await configs.at(commit);
    const { github } = config;
    const needs = new Needs(config, policy);
    const unknown = request.environments?.find((id) => !policy.environments[id]);
    if (unknown !== undefined)
      throw new CliError(EXIT.usage, `No environment ${unknown} in the policy`, `Known: ${Object.keys(policy.environments).join(", ")}`);
    const app = await attempt("app", () => appChecks(project, request, host));
    const asPerson = await openForge(request, host).catch((error: unknown) => {
      // An App is looked at without a person.
      if (app.length === 0 || !(error instanceof CliError)) throw error;
      return error;
    });
    if (asPerson instanceof CliError) return [...app, failed("token", asPerson)];
    const { remote, forge } = asPerson;
    const { check, isPrivate } = await repository(forge, remote.repository, github?.branch ?? null);
    const checks = [...app, await token(forge), ...check];
    for (const [id, rules] of Object.entries(policy.environments)) {
      if (!(request.environments?.includes(id) ?? true)) continue;
      const of = (each: Check): Check => ({ ...each, environments: [id] });
      const about = async (): Promise<readonly Check[]> => {
        const [guard, place] = [await forge.environment(gateName(id)), await forge.environment(id)];
        return examineGate({ environment: id, rules, teams: policy.teams, guard, place, isPrivate, app: github?.app ?? null });
      };
      const here = Object.values(config.services).filter((service) => environmentsOf(service, policy).includes(id));
      const waits = here.some((service) => needs.of(service, id).length > 0);
      const held = async (): Promise<readonly Check[]> => examineWaits(id, await forge.environment(needsName(id)));
      checks.push(...(await attempt(id, about)).map(of));
      if (github?.wait === "rule" && waits) checks.push(...(await attempt(needsName(id), held)).map(of));
      checks.push(...(await attempt("records", () => records(forge, id))).map(of));
    }
    return [...checks, budget(forge)];
  });
}

async function token(forge: Forge): Promise<Check> {
  const [found] = await attempt("token", async () => {
    const login = await forge.whoAmI();
    return [
      login === null
        ? warning("token", "it is an App's: GitHub takes no review by it", "sluice github approve needs a person's: gh auth login")
        : ok("token", login),
    ];
  });
  return found ?? problem("token", "it cannot be told whose it is");
}

async function repository(
  forge: Forge,
  name: string,
  branch: string | null,
): Promise<{ readonly check: readonly Check[]; readonly isPrivate: boolean }> {
  let isPrivate = false;
  const check = await attempt("repository", async () => {
    const found = await forge.repository();
    isPrivate = found.private;
    const said = [ok("repository", `${found.name}, ${found.private ? "private" : "public"}`)];
    if (found.defaultBranch !== (branch ?? found.defaultBranch))
      said.push(
        warning(
          "branch",
          `pushes to ${branch} deploy, and the default branch is ${found.defaultBranch}`,
          "policy and workflows started by hand come from the default branch: make them one, or mean it",
        ),
      );
    if (found.fork) said.push(warning("repository", `${name} is a fork`, "deploy from the repository itself"));
    return said;
  });
  return { check, isPrivate };
}

/** Whether records of deployments can be read. */
async function records(forge: Forge, environment: EnvironmentId): Promise<readonly Check[]> {
  await forge.deployments({ environment, most: 1 });
  return [ok("records", "deployments can be read")];
}

function budget(forge: Forge): Check {
  const left = forge.budget();
  if (left === null) return warning("budget", "GitHub does not say how many requests are left", "An Enterprise host may have no limit");
  const words = budgetWords(left);
  return left.left * 10 < left.limit ? warning("budget", words, "Wait until then, or use another token") : ok("budget", words);
}

async function attempt(name: string, look: () => Promise<readonly Check[]>): Promise<readonly Check[]> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof ForgeError) && !(error instanceof CliError)) throw error;
    return [failed(name, asCliError(error))];
  }
}
