import { NO_TOKEN, placeFrom } from "../../../github/api/access.ts";
import { appItself, appState, type AppState } from "../../../github/api/apps.ts";
import { Client } from "../../../github/api/client.ts";
import type { Remote } from "../../../github/gates/remote.ts";
import { CliError, EXIT } from "../../../cli/exit.ts";
import { ForgeError } from "../../../github/forge.ts";
import type { StoredApp } from "../app-file.ts";
import type { ForgeHost } from "../open.ts";

const place = ({ server, repository }: Remote, { env }: ForgeHost) => placeFrom(env, { repository, serverUrl: server });

/** As nobody. */
export const openClient = (remote: Remote, host: ForgeHost): Client => client({ ...place(remote, host), token: NO_TOKEN }, host);

/** As the App itself. */
export function itsClient(app: Pick<StoredApp, "id" | "privateKey" | "server" | "repository">, host: ForgeHost): Client {
  const where = place(app, host);
  return client({ ...where, token: appItself(app, where.apiUrl) }, host);
}

const client = (access: ConstructorParameters<typeof Client>[0], { interrupted, note, client: more }: ForgeHost): Client =>
  new Client(access, { signal: interrupted, note, ...more });

/** Rejects with a `CliError` where the App, or its key, is no more. */
export async function stateOf(
  app: Pick<StoredApp, "id" | "slug" | "privateKey" | "server" | "repository">,
  host: ForgeHost,
): Promise<AppState> {
  try {
    return await appState(itsClient(app, host), place(app, host));
  } catch (error) {
    if (!(error instanceof ForgeError)) throw error;
    if (error.code === "not-found")
      throw new CliError(
        EXIT.failed,
        `GitHub has no App ${app.slug} any more: somebody has deleted it`,
        "Make another: sluice github connect --again",
        {
          cause: error,
        },
      );
    if (error.code === "unauthorized")
      throw new CliError(
        EXIT.notAllowed,
        `GitHub does not take the key of the App ${app.slug}: it was deleted there, or the clock of this machine is wrong`,
        "Set the clock; else make another: sluice github connect --again",
        { cause: error },
      );
    throw error;
  }
}
