import { createAppAuth } from "@octokit/auth-app";
import { Octokit } from "@octokit/core";
import { z } from "zod";
import { ForgeError } from "../forge.ts";
import type { Access, Tokens } from "./access.ts";
import * as answers from "./answers.ts";
import type { App } from "./app-tokens.ts";
import type { Client } from "./client.ts";

/** An App's own token, which it signs: for what GitHub answers the App itself, and no installation of it. */
export function appItself({ id, privateKey }: App, apiUrl: string): Tokens {
  const { request } = new Octokit({ baseUrl: apiUrl, userAgent: "sluice", request: { redirect: "manual" } });
  const auth = createAppAuth({ appId: id, privateKey, request });
  return { current: async () => (await auth({ type: "app" })).token, refused: () => {} };
}

/** The credentials of an App that was just made, for the code with which GitHub sent its maker back: once, and within an hour. `not-found`: not any more. */
export const convertManifest = (client: Client, code: string): Promise<answers.MadeAppAnswer> =>
  client.ask({
    what: "what an App is made of",
    permission: "none",
    route: "POST /app-manifests/{code}/conversions",
    params: { code },
    schema: answers.madeApp,
  });

/** Whether an account is an organization's. */
export async function isOrganization(client: Client, login: string): Promise<boolean> {
  const question = { what: `who ${login} is`, permission: "none" };
  const found = await client.ask({ ...question, route: "GET /users/{username}", params: { username: login }, schema: answers.accountOf });
  return found.type === "Organization";
}

/** What is true of an App. */
export type AppState = {
  readonly app: answers.AppAnswer;
  /** In the repository; null: it is not installed there. */
  readonly installation: answers.InstallationAnswer | null;
  /** Where its webhook leads; null: nowhere. */
  readonly hookUrl: string | null;
};

const PERMISSION = "none: it is the App itself that asks";

/** Rejects with a `ForgeError`: `not-found` where the App is no more, `unauthorized` where its key is not taken. `client`: with the App's own token. */
export async function appState(client: Client, { owner, repository: repo }: Pick<Access, "owner" | "repository">): Promise<AppState> {
  const app = await client.ask({ what: "the App", permission: PERMISSION, route: "GET /app", schema: answers.app });
  const route = "GET /repos/{owner}/{repo}/installation";
  const where = { what: `the App in ${owner}/${repo}`, permission: PERMISSION, route, params: { owner, repo } };
  const installation = await orNull(client.ask({ ...where, schema: answers.appInstallation }));
  const hook = await orNull(
    client.ask({ what: "the App's webhook", permission: PERMISSION, route: "GET /app/hook/config", schema: answers.hookConfig }),
  );
  return { app, installation, hookUrl: hook?.url || null };
}

/** Leads an App's webhook to an address. Whether it is active GitHub lets nobody say here. */
export async function leadHook(client: Client, url: string, secret: string): Promise<void> {
  // As the body and no parameter: Octokit would take a parameter `url` for where to ask.
  const params = { data: { url, secret, content_type: "json", insecure_ssl: "0" } };
  await client.ask({ what: "the App's webhook", permission: PERMISSION, route: "PATCH /app/hook/config", params, schema: z.unknown() });
}

async function orNull<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof ForgeError && error.code === "not-found") return null;
    throw error;
  }
}
