import { CliError, EXIT } from "../../cli/exit.ts";
import type { KeptApps } from "../../cli/context.ts";
import { appPage, appsPage } from "../../github/app/manifest.ts";
import { findProject } from "../project.ts";
import { AppFiles, type GivenCode, type StoredApp } from "./app-file.ts";

/** What `sluice github connect` has kept, to be forgotten. Rejects with a `CliError`. */
export async function keptApps(directory: string): Promise<KeptApps> {
  const project = findProject(directory);
  if (project === null)
    throw new CliError(EXIT.usage, `There is no sluice.yaml in ${directory} or above it`, "Go to the project that was connected");
  const files = new AppFiles(project.home);
  return { apps: [files.used(), files.next()].flatMap((kept) => (kept === null ? [] : [shown(kept)])), forget: () => files.drop() };
}

const shown = (kept: StoredApp | GivenCode): KeptApps["apps"][number] =>
  kept.kind === "app"
    ? { name: kept.name, page: `${appPage(kept.server, kept.owner, kept.slug)}/advanced` }
    : { name: "an App whose code was not exchanged", page: appsPage(kept.server, kept.owner) };
