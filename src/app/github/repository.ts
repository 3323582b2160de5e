import { CliError, EXIT } from "../../cli/exit.ts";
import { SourceError } from "../../engine/ports/source.ts";
import { namedRepository, remoteOf, type Remote } from "../../github/gates/remote.ts";
import type { GithubParts } from "./server.ts";

/** Which repository is meant; null: nobody says. Throws a `CliError` for one that is none. */
export function repositoryOf(
  { settings: { repository, madeFor }, env }: Pick<GithubParts, "settings" | "env">,
  address: string,
): Remote | null {
  const origin = remoteOf(address);
  if (repository === null) return madeFor ?? origin;
  const server = madeFor?.server ?? origin?.server ?? (env["GITHUB_SERVER_URL"] ?? "https://github.com").replace(/\/+$/, "");
  const named = namedRepository(repository, server);
  if (!named)
    throw new CliError(
      EXIT.usage,
      `SLUICE_GITHUB_REPOSITORY is no repository: ${repository}`,
      "Write it as owner/name, or host/owner/name",
    );
  if (madeFor !== null && named.server !== madeFor.server)
    throw new CliError(
      EXIT.usage,
      `The App of sluice github connect is of ${madeFor.server}, and SLUICE_GITHUB_REPOSITORY is at ${named.server}`,
      "Unset it, or make an App there: sluice github connect --again",
    );
  return named;
}

/** Throws a `SourceError` where nobody says. */
export function mustKnow(remote: Remote | null): Remote {
  if (remote) return remote;
  throw new SourceError(
    "git-failed",
    "The remote origin is no repository on a GitHub host, so it is not known which one is meant.",
    "Name it: SLUICE_GITHUB_REPOSITORY=owner/name",
  );
}
