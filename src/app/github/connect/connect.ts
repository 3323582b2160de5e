import { randomBytes } from "node:crypto";
import { isLoopback } from "../../../api/hosts.ts";
import { CliError, EXIT } from "../../../cli/exit.ts";
import type { ConnectedApp, GithubConnectOptions } from "../../../cli/context.ts";
import { leadHook } from "../../../github/api/apps.ts";
import { appPage, appsPage, hookAddress } from "../../../github/app/manifest.ts";
import { ForgeError } from "../../../github/forge.ts";
import type { Remote } from "../../../github/gates/remote.ts";
import { forPeople } from "../../errors.ts";
import { findProject, makeHome } from "../../project.ts";
import { AppFiles, type StoredApp } from "../app-file.ts";
import { repositoryOf } from "../open.ts";
import { publicUrlFrom, reachableUrl } from "../settings.ts";
import { itsClient, stateOf } from "./ask.ts";
import type { Host } from "./host.ts";
import { exchange, makeApp } from "./make.ts";
import { waitUntilInstalled } from "./installed.ts";

/**
 * Makes this server an App of GitHub's, or goes on where an earlier call has ended: what was made is kept at once, and used once it is installed.
 * Rejects with a `CliError`.
 */
export function githubConnect(options: GithubConnectOptions, host: Host): Promise<ConnectedApp> {
  return forPeople(async () => {
    const project = findProject(options.directory);
    if (project === null)
      throw new CliError(EXIT.usage, `There is no sluice.yaml in ${options.directory} or above it`, "Write one with `sluice init`");
    const remote = await repositoryOf(options, host.env);
    const publicUrl = urlOf(options, host);
    await makeHome(project);
    const files = new AppFiles(project.home);
    const { app, isNew } = await appFor({ ...options, remote, publicUrl }, files, host);
    host.tell(`${isNew ? "The App" : "There is an App already:"} ${app.name}, ${app.url}`);
    mustBelong(app, remote);
    const led = { ...(await withHook(app, publicUrl, files, host)), ...remote };
    const checks = await waitUntilInstalled(led, remote, publicUrl, host);
    take(led, files, host);
    const { id, slug, name, url, owner } = led;
    return {
      app: { id, slug, name, url, owner: owner.login },
      ...remote,
      webhook: led.publicUrl === null ? null : hookAddress(led.publicUrl),
      made: isNew,
      checks,
    };
  });
}

/** Where GitHub reaches the server; null: nowhere, as far as is known. */
function urlOf({ publicUrl }: GithubConnectOptions, { env }: Host): string | null {
  const given = publicUrlFrom(publicUrl, "--url");
  if (given === null) return reachableUrl(env);
  if (!isLoopback(new URL(given).hostname)) return given;
  throw new CliError(EXIT.usage, `GitHub cannot reach ${given}`, "Give an address that it can, or none: then the App has no webhook");
}

export type Wanted = GithubConnectOptions & { readonly remote: Remote; readonly publicUrl: string | null };

/** The App that is there, the one that was begun, or another one. */
async function appFor(wanted: Wanted, files: AppFiles, host: Host): Promise<{ readonly app: StoredApp; readonly isNew: boolean }> {
  // What cannot be used any more is no reason not to make another.
  const [used, next] = wanted.again ? [orNull(files.used), orNull(files.next)] : [files.used(), files.next()];
  for (const kept of [used, next])
    if (kept !== null && kept.server !== wanted.remote.server && !wanted.again)
      throw new CliError(
        EXIT.failed,
        `There is an App of ${kept.server}, and ${wanted.remote.repository} is at ${wanted.remote.server}`,
        "Make one there: sluice github connect --again",
      );
  if (!wanted.again) {
    if (next?.kind === "code") return { app: await exchange(next, files, host), isNew: true };
    const app = next ?? used;
    if (app !== null) return { app, isNew: false };
  } else if (next !== null) {
    const what = next.kind === "app" ? `${next.name} was not installed, and is left` : "An App may have been made whose key is not here";
    host.tell(
      `${what}: delete it at ${next.kind === "app" ? appPage(next.server, next.owner, next.slug) : appsPage(next.server, next.owner)}`,
    );
  }
  return { app: await makeApp(wanted, files, host), isNew: true };
}

/** A private App is installed by its owner alone: who has made it as somebody else waits for nothing. */
function mustBelong({ name, server, slug, owner }: StoredApp, { repository }: Remote): void {
  const [account = ""] = repository.split("/");
  if (account.toLowerCase() === owner.login.toLowerCase()) return;
  throw new CliError(
    EXIT.failed,
    `${name} belongs to ${owner.login}, and so it cannot be installed in ${repository}`,
    `Delete it at ${appPage(server, owner, slug)}, and make one that belongs to ${account}: sluice github connect --again`,
  );
}

/** Leads the webhook of an App to where the server is by now. Its secret is kept before GitHub knows it. */
async function withHook(app: StoredApp, publicUrl: string | null, files: AppFiles, host: Host): Promise<StoredApp> {
  if (publicUrl === null) return app;
  const { hookUrl } = await stateOf(app, host);
  if (hookUrl === hookAddress(publicUrl)) return { ...app, publicUrl };
  const led = { ...app, publicUrl, webhookSecret: app.webhookSecret ?? randomBytes(32).toString("hex") };
  if (files.next()?.kind === "app") files.keepNext(led);
  else files.keepUsed(led);
  await leadHook(itsClient(led, host), hookAddress(publicUrl), led.webhookSecret).catch((error: unknown) => {
    if (!(error instanceof ForgeError) || error.code !== "not-found") throw error;
    throw new CliError(
      EXIT.failed,
      `GitHub says that ${app.name} has no webhook`,
      `Set it at ${appPage(app.server, app.owner, app.slug)}: Active, ${hookAddress(publicUrl)}, and webhookSecret of ${files.path} as its secret`,
      { cause: error },
    );
  });
  host.tell(`Its webhook leads to ${hookAddress(publicUrl)} now. It has to be "Active" at ${appPage(app.server, app.owner, app.slug)}`);
  return led;
}

function orNull<T>(read: () => T | null): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof CliError) return null;
    throw error;
  }
}

/** From now on it is used, in the place of the one that was. */
function take(app: StoredApp, files: AppFiles, { tell }: Host): void {
  const old = orNull(files.used);
  if (old !== null && old.id !== app.id) tell(`${old.name} is used no more: delete it at ${appPage(old.server, old.owner, old.slug)}`);
  files.keepUsed(app);
  files.dropNext();
}
