import { createAppAuth } from "@octokit/auth-app";
import { Octokit } from "@octokit/core";
import * as answers from "./answers.ts";
import { forgeError } from "./errors.ts";
import type { Access, AppIdentity, Tokens } from "./access.ts";

export type App = { readonly id: string; readonly privateKey: string };

/** A token lasts an hour; one that ends sooner than this is not begun with, in ms. */
const MARGIN_MS = 5 * 60_000;

export type AppTokens = Tokens & { readonly whoAmI: () => Promise<AppIdentity> };

/** Tokens of an App's installation in one repository, and for that alone. Each is made when the last is about to end, or was not taken. */
export function appTokens({ id, privateKey }: App, { apiUrl, owner, repository }: Omit<Access, "token">, now: () => number): AppTokens {
  const { request } = new Octokit({ baseUrl: apiUrl, userAgent: "sluice", request: { redirect: "manual" } });
  const auth = createAppAuth({ appId: id, privateKey, request });
  let installed: { readonly id: number; readonly app: AppIdentity } | null = null;
  let made: { readonly token: string; readonly endsAt: number } | null = null;
  let making: Promise<string> | null = null;

  const installation = async () => {
    if (installed !== null) return installed;
    const { token: jwt } = await auth({ type: "app" });
    const route = "GET /repos/{owner}/{repo}/installation";
    const { data } = await request(route, { owner, repo: repository, headers: { authorization: `bearer ${jwt}` } });
    const read = answers.installation.parse(data);
    installed = { id: read.id, app: { id: read.app_id, login: `${read.app_slug}[bot]` } };
    return installed;
  };

  const make = async (): Promise<string> => {
    const { id: installationId } = await installation();
    const { token, expiresAt } = await auth({ type: "installation", installationId, repositoryNames: [repository], refresh: true });
    made = { token, endsAt: Date.parse(expiresAt) };
    return token;
  };

  return {
    async current() {
      if (made !== null && made.endsAt - now() > MARGIN_MS) return made.token;
      making ??= make().finally(() => (making = null));
      return await making;
    },
    async whoAmI() {
      try {
        return (await installation()).app;
      } catch (error) {
        throw forgeError(error, { what: "the App's installation", permission: "metadata: read" }, "", now());
      }
    },
    refused(token) {
      if (made?.token === token) made = null;
    },
  };
}
