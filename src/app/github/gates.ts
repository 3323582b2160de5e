import { CliError, EXIT } from "../../cli/exit.ts";
import type { GithubGates } from "../../contract/gates.ts";
import type { Forge } from "../../github/forge.ts";
import type { Remote } from "../../github/gates/remote.ts";
import { reviewGates } from "../../github/gates/review.ts";
import { waitingGates } from "../../github/gates/waiting.ts";
import { RequestError } from "../../engine/control.ts";
import { SourceError } from "../../engine/ports/source.ts";
import { GitSource } from "../../source/git.ts";
import { forPeople } from "../errors.ts";
import { findProject } from "../project.ts";
import { configsOf } from "./checkout.ts";
import { githubStops } from "./stops.ts";
import { budgetWords, openForge, type ForgeHost, type ForgeRequest } from "./open.ts";

/** Gates of a repository on GitHub, as the person whose token it is. Rejects with a `CliError`. */
export function githubGates(request: ForgeRequest, host: ForgeHost): Promise<GithubGates> {
  return forPeople(async () => {
    const { remote, forge } = await openForge(request, host);
    return {
      waiting: (commit, environments) =>
        forPeople(async () => {
          const id = await commitOf(commit, request, forge, remote);
          const { defaultBranch } = await forge.repository();
          const branches = [defaultBranch, ...(await deployingBranch(request))];
          const { gates, unclear } = await waitingGates(forge, { commit: id, environments, branches });
          const left = unclear.map(({ run: { id: run, title, url }, why }) => ({ run, title, url, why }));
          return { ...remote, commit: id, gates, unclear: left };
        }),
      review: (gates, decision) => forPeople(() => reviewGates(forge, gates, decision, host.interrupted)),
      ...githubStops({ forge, request, commit: (text) => commitOf(text, request, forge, remote) }),
      budget: () => {
        const budget = forge.budget();
        return budget && budgetWords(budget);
      },
    };
  });
}

/** The branch whose pushes deploy, as the checkout's policy ref says; none where there is no such file. */
async function deployingBranch({ directory, repository }: ForgeRequest): Promise<readonly string[]> {
  const project = repository === null ? findProject(directory) : null;
  if (project === null) return [];
  try {
    const configs = await configsOf(project);
    const { github } = await configs.at((await configs.policy(null)).commit);
    return github ? [github.branch] : [];
  } catch (error) {
    if (error instanceof SourceError || error instanceof RequestError) return [];
    throw error;
  }
}

/** A full id as it is; else what the checkout knows of that repository, so that HEAD and a short id are what the person sees; else what GitHub knows. */
async function commitOf(
  commit: string,
  { directory, repository }: ForgeRequest,
  forge: Forge,
  { repository: name }: Remote,
): Promise<string> {
  if (/^[0-9a-f]{40}(?:[0-9a-f]{24})?$/.test(commit)) return commit;
  if (repository === null) {
    try {
      return await new GitSource({ directory }).resolve(commit);
    } catch (error) {
      if (!(error instanceof SourceError) || error.code === "ambiguous-commit") throw error;
    }
  }
  const found = await forge.commit(commit);
  if (found !== null) return found;
  throw new CliError(EXIT.usage, `${name} has no commit ${commit}`, "Give a commit id, a tag or a branch that was pushed");
}
