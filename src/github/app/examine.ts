import type { AppState } from "../api/apps.ts";
import type { Finding } from "../gates/examine.ts";
import type { Remote } from "../gates/remote.ts";
import { appPage, EVENTS, hookAddress, installPage, type Owner, PERMISSIONS } from "./manifest.ts";

/** Without these, all else is as it should be. */
const SMALL: Readonly<Record<string, ReadonlySet<string>>> = {
  "nothing is said on pull requests": new Set(["checks", "pull_requests", "pull_request"]),
  "what waits is let pass only at the next look": new Set(["deployment_status", "workflow_run"]),
};

export type Expected = {
  readonly remote: Remote;
  /** Where GitHub reaches the server; null: it is not known. */
  readonly publicUrl: string | null;
};

/** Whether an App is as the server needs it. All findings at once; a `problem` keeps it from working. */
export function examineApp(state: AppState, expected: Expected): readonly Finding[] {
  const { app } = state;
  const owner = ownerOf(app);
  const about = finding("app", "ok", `${app.slug} of ${owner.login}, ${app.html_url}`);
  const page = appPage(expected.remote.server, owner, app.slug);
  const lacks = lacking(app);
  return [
    about,
    ...split(
      "app",
      lacks,
      (names) => `it does not ask for ${names}`,
      `add that at ${page}/permissions, and accept it where it is installed`,
    ),
    ...installationFindings(state, expected, lacks),
    ...hookFindings(state, expected, page),
  ];
}

export const ownerOf = ({ owner: { login, type } }: Pick<AppState["app"], "owner">): Owner => ({
  login,
  isOrganization: type === "Organization",
});

/** `known`: what the App itself does not ask for, of which nothing more is said. */
function installationFindings({ app, installation }: AppState, { remote }: Expected, known: readonly string[]): readonly Finding[] {
  const { server, repository } = remote;
  const [account = ""] = repository.split("/");
  if (installation === null) {
    // It is private: nobody else can install it.
    if (account.toLowerCase() !== app.owner.login.toLowerCase())
      return [
        finding(
          "installation",
          "problem",
          `it belongs to ${app.owner.login}, and so it cannot be installed in ${repository}`,
          `make one that belongs to ${account}: sluice github connect --again; delete this one at ${appPage(server, ownerOf(app), app.slug)}`,
        ),
      ];
    const hint = `install it at ${installPage(app.html_url)}, and choose that repository`;
    return [finding("installation", "problem", `it is not installed in ${repository}`, hint)];
  }
  if (installation.suspended_at !== null)
    return [finding("installation", "problem", `it is suspended in ${repository}`, `end that at ${installation.html_url}`)];
  const lacks = lacking(installation).filter((each) => !known.includes(each));
  if (lacks.length === 0)
    return known.length > 0 ? [] : [finding("installation", "ok", `in ${repository}, with all that the server needs`)];
  return split(
    "installation",
    lacks,
    (names) => `in ${repository} it was not given ${names}`,
    `accept what it asks for by now at ${installation.html_url}`,
  );
}

function hookFindings({ hookUrl }: AppState, { publicUrl }: Expected, page: string): readonly Finding[] {
  const leads = hookUrl?.endsWith(hookAddress("")) ?? false;
  if (!leads)
    return [
      finding(
        "webhook",
        "warning",
        "GitHub tells the server nothing: pushes are found at the next look, gates of GitHub and pull requests are not heard of",
        `sluice github connect --url https://…, with the address at which GitHub reaches the server; then switch it on: "Active" at ${page}`,
      ),
    ];
  if (publicUrl !== null && hookUrl !== hookAddress(publicUrl))
    return [
      finding(
        "webhook",
        "warning",
        `it leads to ${hookUrl}, and the server is at ${publicUrl}`,
        `sluice github connect --url ${publicUrl}`,
      ),
    ];
  return [finding("webhook", "ok", hookUrl ?? "")];
}

/** What was not granted, as `deployments: write` and events by their name. */
function lacking({ permissions, events }: Pick<AppState["app"], "permissions" | "events">): readonly string[] {
  const rights = Object.entries(PERMISSIONS).flatMap(([name, level]) =>
    permissions[name] === level || permissions[name] === "write" ? [] : [`${name}: ${level}`],
  );
  return [...rights, ...EVENTS.filter((event) => !events.includes(event)).map((event) => `the event ${event}`)];
}

function split(name: string, lacks: readonly string[], message: (names: string) => string, hint: string): readonly Finding[] {
  const small = Object.entries(SMALL).map(([effect, names]) => ({ effect, lacks: lacks.filter((lack) => names.has(nameOf(lack))) }));
  const must = lacks.filter((lack) => !small.some((each) => each.lacks.includes(lack)));
  return [
    ...(must.length > 0 ? [finding(name, "problem", message(must.join(", ")), hint)] : []),
    ...small.flatMap(({ effect, lacks: some }) =>
      some.length > 0 ? [finding(name, "warning", `${message(some.join(", "))}: ${effect}`, hint)] : [],
    ),
  ];
}

const nameOf = (lack: string): string => lack.replace(/^the event /, "").replace(/: \w+$/, "");
const finding = (name: string, status: Finding["status"], message: string, hint?: string): Finding => ({
  name,
  status,
  message,
  ...(hint === undefined ? {} : { hint }),
});
