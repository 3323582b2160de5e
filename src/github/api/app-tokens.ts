import { createAppAuth } from "@octokit/auth-app";
import { Octokit } from "@octokit/core";
import { installation } from "./answers.ts";
import type { Access, Tokens } from "./access.ts";

export type App = { readonly id: string; readonly privateKey: string };

/** A token lasts an hour; one that ends sooner than this is not begun with, in ms. */
const MARGIN_MS = 5 * 60_000;

/** Tokens of an App's installation in one repository, and for that alone. Each is made when the last is about to end, or was not taken. */
export function appTokens({ id, privateKey }: App, { apiUrl, owner, repository }: Omit<Access, "token">, now: () => number): Tokens {
  const { request } = new Octokit({ baseUrl: apiUrl, userAgent: "sluice", request: { redirect: "manual" } });
  const auth = createAppAuth({ appId: id, privateKey, request });
  let installationId: number | null = null;
  let made: { readonly token: string; readonly endsAt: number } | null = null;
  let making: Promise<string> | null = null;

  const make = async (): Promise<string> => {
    if (installationId === null) {
      const { token: jwt } = await auth({ type: "app" });
      const route = "GET /repos/{owner}/{repo}/installation";
      const { data } = await request(route, { owner, repo: repository, headers: { authorization: `bearer ${jwt}` } });
      installationId = installation.parse(data).id;
    }
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
    refused(token) {
      if (made?.token === token) made = null;
    },
  };
}
