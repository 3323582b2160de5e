import { CliError, EXIT } from "../../cli/exit.ts";
import type { GithubGates, GithubHold } from "../../contract/gates.ts";
import { accessFrom } from "../../github/api/access.ts";
import type { ClientOptions } from "../../github/api/client.ts";
import { githubForge } from "../../github/api/forge.ts";
import type { Forge } from "../../github/forge.ts";
import { namedRepository, remoteOf, type Remote } from "../../github/gates/remote.ts";
import { reviewGates } from "../../github/gates/review.ts";
import { waitingGates } from "../../github/gates/waiting.ts";
import { liftHolds, standingHolds } from "../../github/records/holds.ts";
import type { HoldRecord } from "../../github/records/record.ts";
import { SourceError } from "../../engine/ports/source.ts";
import { Git } from "../../source/exec.ts";
import { GitSource } from "../../source/git.ts";
import { forPeople } from "../errors.ts";
import { personToken } from "./token.ts";

export type GatesRequest = {
  readonly directory: string;
  /** `owner/name`; null: the environment's, else that of the remote `origin`. */ readonly repository: string | null;
};
export type GatesHost = {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly interrupted: AbortSignal;
  readonly note: (line: string) => void;
  /** Only tests have other waits. */
  readonly client?: ClientOptions;
};

/** Gates of a repository on GitHub, as the person whose token it is. Rejects with a `CliError`. */
export function githubGates(request: GatesRequest, host: GatesHost): Promise<GithubGates> {
  return forPeople(async () => {
    const { env, interrupted, note } = host;
    const remote = await repositoryOf(request, env);
    const token = await personToken(remote.server, env, interrupted);
    const access = accessFrom(env, { repository: remote.repository, serverUrl: remote.server, token });
    const forge = githubForge(access, { signal: interrupted, note, ...host.client });
    return {
      waiting: (commit, environments) =>
        forPeople(async () => {
          const id = await commitOf(commit, request, forge, remote);
          const { gates, unclear } = await waitingGates(forge, id, environments);
          return { ...remote, commit: id, gates, unclear: unclear.map(({ id: run, title, url }) => ({ run, title, url })) };
        }),
      review: (gates, decision) => forPeople(() => reviewGates(forge, gates, decision)),
      holds: (environment) => forPeople(async () => (await standingHolds(forge, environment)).map(holdOf)),
      lift: (environment) =>
        forPeople(async () => (await liftHolds(forge, environment, (await forge.whoAmI()) ?? "a token of no person")).map(holdOf)),
      budget: () => {
        const budget = forge.budget();
        return budget && `${budget.left} of ${budget.limit} requests are left until ${new Date(budget.resetsAt).toISOString()}`;
      },
    };
  });
}

const holdOf = ({ by, reason, createdAt: at }: HoldRecord): GithubHold => ({ by, reason, at });

async function repositoryOf({ directory, repository }: GatesRequest, env: GatesHost["env"]): Promise<Remote> {
  const server = (env["GITHUB_SERVER_URL"] ?? (env["GH_HOST"] ? `https://${env["GH_HOST"]}` : "https://github.com")).replace(/\/+$/, "");
  const named = repository ?? env["GITHUB_REPOSITORY"];
  if (named) {
    const found = namedRepository(named, server);
    if (found) return found;
    throw new CliError(EXIT.usage, `${named} is no repository`, "Write it as owner/name, or host/owner/name");
  }
  const { exitCode, text } = await new Git(directory).run(["remote", "get-url", "origin"], { answers: [2, 128] });
  const found = exitCode === 0 ? remoteOf(text.trim()) : null;
  if (found) return found;
  throw new CliError(
    EXIT.usage,
    exitCode === 0
      ? "The remote origin is no repository on a GitHub host"
      : "There is no remote origin that says which repository is meant",
    "Name it: --repo owner/name",
  );
}

/** A full id as it is; else what the checkout knows of that repository, so that HEAD and a short id are what the person sees; else what GitHub knows. */
async function commitOf(
  commit: string,
  { directory, repository }: GatesRequest,
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
