import { HOOK_PATH } from "../../contract/hook.ts";
import type { Remote } from "../gates/remote.ts";

/** What the server needs of an App: docs/github-server.md says what for. */
export const PERMISSIONS = {
  actions: "read",
  checks: "write",
  contents: "read",
  deployments: "write",
  metadata: "read",
  pull_requests: "write",
  statuses: "write",
} as const;
export const EVENTS = ["deployment_protection_rule", "deployment_status", "pull_request", "push", "workflow_run"] as const;

/** Whose an App is. */
export type Owner = { readonly login: string; readonly isOrganization: boolean };

/** GitHub takes no longer one. */
export const LONGEST_NAME = 34;

/** Names of Apps are unique in all of GitHub, so it says whose and what for. */
export const nameFor = ({ repository }: Remote): string =>
  `sluice-${repository.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")}`.slice(0, LONGEST_NAME).replace(/-+$/, "");

/** Where this server takes webhooks. */
export const hookAddress = (publicUrl: string): string => `${publicUrl}${HOOK_PATH}`;

/** The form's target: GitHub's page that makes an App from a manifest. */
export const newAppPage = ({ server }: Remote, owner: Owner, state: string): string =>
  `${settingsOf(server, owner)}/apps/new?state=${encodeURIComponent(state)}`;

/** Where an App is changed and deleted. */
export const appPage = (server: string, owner: Owner, slug: string): string => `${settingsOf(server, owner)}/apps/${slug}`;

export const appsPage = (server: string, owner: Owner): string => `${settingsOf(server, owner)}/apps`;

/** Where an App is installed. */
export const installPage = (itsPage: string): string => `${itsPage}/installations/new`;

const settingsOf = (server: string, { login, isOrganization }: Owner): string =>
  `${server}${isOrganization ? `/organizations/${login}` : ""}/settings`;

export type ManifestParts = {
  readonly name: string;
  readonly remote: Remote;
  /** null: GitHub cannot reach the server, as far as is known. */
  readonly publicUrl: string | null;
  /** Where GitHub sends the person back to. */
  readonly redirectUrl: string;
};

/** As GitHub's page reads it. A hook always needs an address, also where it is inactive: then it is the repository's own page, so that nothing would go astray if somebody switched it on as it is. */
export function manifestOf({ name, remote: { server, repository }, publicUrl, redirectUrl }: ManifestParts): object {
  const home = `${server}/${repository}`;
  return {
    name,
    url: publicUrl ?? home,
    description: `Deploys ${repository} by Sluice`,
    hook_attributes: publicUrl === null ? { url: home, active: false } : { url: hookAddress(publicUrl), active: true },
    redirect_url: redirectUrl,
    public: false,
    default_permissions: PERMISSIONS,
    default_events: EVENTS,
    ...(publicUrl === null ? {} : { setup_url: publicUrl }),
  };
}
