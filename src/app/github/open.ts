import { CliError, EXIT } from "../../cli/exit.ts";
import { accessFrom } from "../../github/api/access.ts";
import type { ClientOptions } from "../../github/api/client.ts";
import { githubForge } from "../../github/api/forge.ts";
import type { Forge } from "../../github/forge.ts";
import { namedRepository, remoteOf, type Remote } from "../../github/gates/remote.ts";
import { Git } from "../../source/exec.ts";
import { personToken } from "./token.ts";

export type ForgeRequest = {
  readonly directory: string;
  /** `owner/name`; null: the environment's, else that of the remote `origin`. */ readonly repository: string | null;
};
export type ForgeHost = {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly interrupted: AbortSignal;
  readonly note: (line: string) => void;
  /** Only tests have other waits. */
  readonly client?: ClientOptions;
};

/** The forge of a repository, as the person whose token it is. */
export async function openForge(
  request: ForgeRequest,
  { env, interrupted, note, client }: ForgeHost,
): Promise<{ readonly remote: Remote; readonly forge: Forge }> {
  const remote = await repositoryOf(request, env);
  const token = await personToken(remote.server, env, interrupted);
  const access = accessFrom(env, { repository: remote.repository, serverUrl: remote.server, token });
  return { remote, forge: githubForge(access, { signal: interrupted, note, ...client }) };
}

export async function repositoryOf({ directory, repository }: ForgeRequest, env: ForgeHost["env"]): Promise<Remote> {
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

export const budgetWords = ({ left, limit, resetsAt }: NonNullable<ReturnType<Forge["budget"]>>): string =>
  `${left} of ${limit} requests are left until ${new Date(resetsAt).toISOString()}`;
