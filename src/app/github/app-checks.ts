import type { Check } from "../../cli/context.ts";
import { examineApp } from "../../github/app/examine.ts";
import type { Project } from "../project.ts";
import { problem, warning } from "../checks.ts";
import { AppFiles } from "./app-file.ts";
import { stateOf } from "./connect/ask.ts";
import { type ForgeHost, type ForgeRequest, repositoryOf } from "./open.ts";
import { reachableUrl } from "./settings.ts";

/** What is true of the App that `sluice github connect` has made, for this repository. None where there is none. Rejects with a `CliError` or a `ForgeError`. */
export async function appChecks({ home }: Project, request: ForgeRequest, host: ForgeHost): Promise<readonly Check[]> {
  const files = new AppFiles(home);
  const [used, next] = [files.used(), files.next()];
  const begun = next === null ? [] : [warning("app", "sluice github connect was begun, and has not ended", "sluice github connect")];
  if (used === null) return begun;
  const named = request.repository ?? host.env["GITHUB_REPOSITORY"] ?? null;
  // What the server works with is what the App was made for, whatever the clone's remote is.
  const remote = named === null ? { server: used.server, repository: used.repository } : await repositoryOf(request, host.env);
  if (remote.server !== used.server)
    return [
      ...begun,
      problem("app", `${used.slug} is of ${used.server}, and ${remote.repository} is at ${remote.server}`, "sluice github connect --again"),
    ];
  const publicUrl = reachableUrl(host.env) ?? used.publicUrl;
  return [...begun, ...examineApp(await stateOf({ ...used, ...remote }, host), { remote, publicUrl })];
}
