import { CliError, EXIT } from "../../cli/exit.ts";
import type { GithubGates } from "../../contract/gates.ts";
import type { Forge } from "../../github/forge.ts";
import type { Remote } from "../../github/gates/remote.ts";
import { reviewGates } from "../../github/gates/review.ts";
import { waitingGates } from "../../github/gates/waiting.ts";
import { SourceError } from "../../engine/ports/source.ts";
import { GitSource } from "../../source/git.ts";
import { forPeople } from "../errors.ts";
import { githubStops } from "./stops.ts";
import { openForge, type ForgeHost, type ForgeRequest } from "./open.ts";

/** Gates of a repository on GitHub, as the person whose token it is. Rejects with a `CliError`. */
export function githubGates(request: ForgeRequest, host: ForgeHost): Promise<GithubGates> {
  return forPeople(async () => {
    const { remote, forge } = await openForge(request, host);
    return {
      waiting: (commit, environments) =>
        forPeople(async () => {
          const id = await commitOf(commit, request, forge, remote);
          const { gates, unclear } = await waitingGates(forge, id, environments);
          return { ...remote, commit: id, gates, unclear: unclear.map(({ id: run, title, url }) => ({ run, title, url })) };
        }),
      review: (gates, decision) => forPeople(() => reviewGates(forge, gates, decision, host.interrupted)),
      ...githubStops({ forge, request, commit: (text) => commitOf(text, request, forge, remote) }),
      budget: () => {
        const budget = forge.budget();
        return budget && `${budget.left} of ${budget.limit} requests are left until ${new Date(budget.resetsAt).toISOString()}`;
      },
    };
  });
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
