import { CliError, EXIT } from "../../../cli/exit.ts";
import { convertManifest, isOrganization } from "../../../github/api/apps.ts";
import {
  appsPage,
  EVENTS,
  hookAddress,
  installPage,
  LONGEST_NAME,
  manifestOf,
  nameFor,
  newAppPage,
  type Owner,
  PERMISSIONS,
} from "../../../github/app/manifest.ts";
import { ForgeError } from "../../../github/forge.ts";
import { asCliError } from "../../errors.ts";
import type { AppFiles, GivenCode, StoredApp } from "../app-file.ts";
import { openClient } from "./ask.ts";
import type { Wanted } from "./connect.ts";
import { type Host, interruptedWith, WAITS } from "./host.ts";
import { type Form, openPage, type Outcome } from "./page.ts";

/** Has a person make an App on GitHub, and keeps its credentials. Rejects with a `CliError`. */
export async function makeApp(wanted: Wanted, files: AppFiles, host: Host): Promise<StoredApp> {
  const { remote, publicUrl } = wanted;
  const name = wanted.name ?? nameFor(remote);
  if (name.length > LONGEST_NAME)
    throw new CliError(
      EXIT.usage,
      `${name} has ${name.length} characters, and GitHub takes ${LONGEST_NAME}`,
      "Give it another name: --name",
    );
  const owner = await ownerOf(wanted, host);
  const made = Promise.withResolvers<StoredApp>();
  made.promise.catch(() => {}); // heard below, and perhaps later than it fails
  const page = await openPage({
    port: wanted.port,
    refused: host.tell,
    form: ({ state, redirectUrl }): Form => ({
      action: newAppPage(remote, owner, state),
      manifest: manifestOf({ name, remote, publicUrl, redirectUrl }),
      title: `Connect ${remote.repository} to Sluice`,
      about: aboutOf(name, owner, publicUrl),
    }),
    made: async (code) => {
      try {
        // First of all: it is exchanged once, and whoever is killed now goes on with it.
        const given: GivenCode = { kind: "code", code, at: Date.now(), owner, ...remote, publicUrl };
        files.keepNext(given);
        const app = await exchange(given, files, host);
        made.resolve(app);
        return outcomeOf(app);
      } catch (error) {
        made.reject(error);
        const said = asCliError(error);
        const text = said instanceof CliError ? `${said.message}. ${said.hint ?? ""}` : "The terminal says why.";
        return { ok: false, title: "That did not work", text, link: null };
      }
    },
  });
  try {
    explain(page, owner, publicUrl, host);
    return await Promise.race([made.promise, over(host)]);
  } finally {
    await page.close();
  }
}

/** The App that a code stands for, kept before anything else is done. Rejects with a `CliError` where it is no longer good. */
export async function exchange(given: GivenCode, files: AppFiles, host: Host): Promise<StoredApp> {
  const { server, repository, publicUrl } = given;
  try {
    const made = await convertManifest(openClient(given, host), given.code);
    const owner = { login: made.owner.login, isOrganization: made.owner.type === "Organization" };
    const app: StoredApp = {
      kind: "app",
      id: String(made.id),
      slug: made.slug,
      name: made.name,
      url: made.html_url,
      owner,
      privateKey: made.pem,
      webhookSecret: made.webhook_secret,
      server,
      repository,
      publicUrl,
    };
    files.keepNext(app);
    return app;
  } catch (error) {
    if (!(error instanceof ForgeError)) throw error;
    if (error.code === "not-found" || error.code === "refused") {
      const next = files.next();
      // Not what another call has made of it meanwhile.
      if (next?.kind === "code" && next.code === given.code) files.dropNext();
      throw new CliError(
        EXIT.failed,
        "GitHub does not take the code that it gave out: it is good for an hour, and once",
        `If there is a new App at ${appsPage(server, given.owner)}, delete it, for its key is lost; then: sluice github connect`,
        { cause: error },
      );
    }
    if (error.code !== "unavailable" && error.code !== "limited") throw error;
    throw new CliError(EXIT.failed, error.message, "The code is kept, and good for an hour: go on with sluice github connect", {
      cause: error,
    });
  }
}

/** Whose the App is to be: a private one can be installed by its owner alone, so it is the repository's. */
async function ownerOf({ remote, organization, personal }: Wanted, host: Host): Promise<Owner> {
  const [login = ""] = remote.repository.split("/");
  if (organization !== null && organization.toLowerCase() !== login.toLowerCase())
    throw new CliError(
      EXIT.usage,
      `An App of ${organization} cannot be installed in ${remote.repository}: it is private, and for ${organization} alone`,
      `Let it be ${login}'s: --org ${login}`,
    );
  if (organization !== null || personal) return { login, isOrganization: !personal };
  try {
    return { login, isOrganization: await isOrganization(openClient(remote, host), login) };
  } catch (error) {
    if (!(error instanceof ForgeError)) throw error;
    throw new CliError(
      EXIT.failed,
      `Whether ${login} is an organization cannot be told: ${error.message}`,
      `Say it: --org ${login}, or --personal where it is your own account`,
      { cause: error },
    );
  }
}

const aboutOf = (name: string, owner: Owner, publicUrl: string | null): readonly string[] => [
  "Be logged in to GitHub in this browser first: a login on the way loses what is asked for.",
  `GitHub will ask you to make the App ${name}, which belongs to ${owner.login}. You may give it another name there.`,
  `It may: ${Object.entries(PERMISSIONS)
    .map(([permission, level]) => `${permission} (${level})`)
    .join(", ")}.`,
  publicUrl === null
    ? "GitHub tells it nothing, as no address of the server is known."
    : `GitHub tells ${hookAddress(publicUrl)} of: ${EVENTS.join(", ")}.`,
];

function explain(
  { url, port }: { readonly url: string; readonly port: number },
  owner: Owner,
  publicUrl: string | null,
  { tell, env }: Host,
): void {
  if (publicUrl === null)
    tell(
      "No --url: GitHub will not tell the server of pushes, gates and pull requests. That can be set later: sluice github connect --url https://…",
    );
  tell("Open this page in a browser of this machine, and make the App there:");
  tell(url);
  if (env["SSH_CONNECTION"]) tell(`From another machine, first: ssh -N -L ${port}:127.0.0.1:${port} <this machine>`);
  if (owner.isOrganization)
    tell(`Where GitHub says that there is no such page: only owners of ${owner.login} may make Apps there; ask one of them to run this`);
}

const outcomeOf = ({ name, repository, url }: StoredApp): Outcome => ({
  ok: true,
  title: `${name} is made`,
  text: `Now install it, for ${repository} alone. The terminal goes on by itself.`,
  link: installPage(url),
});

/** Rejects when nobody is waited for any more. */
function over({ interrupted, waits = WAITS }: Host): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  const end = (): void => {
    reject(
      interrupted.aborted
        ? interruptedWith("no App was made, unless you have agreed on GitHub just now", "Begin anew: sluice github connect")
        : new CliError(EXIT.failed, "Nobody has come back from GitHub within an hour", "Begin anew: sluice github connect"),
    );
  };
  const limit = AbortSignal.any([interrupted, AbortSignal.timeout(waits.page)]);
  if (limit.aborted) end();
  limit.addEventListener("abort", end, { once: true });
  return promise;
}
