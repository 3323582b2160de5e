import { found, said, type Asked, type Handler } from "./asked.ts";
import { complete } from "./description.ts";
import { Refusal } from "./model.ts";
import type { AppRow, Installation } from "./apps.ts";
import * as present from "./present.ts";

/** By its own JWT; whose App is gone is not known any more. */
function itself({ token, apps }: Asked): AppRow {
  if (token.kind !== "app") throw new Refusal(401, "A JSON web token could not be decoded");
  return found(apps.find(token.app));
}

const account = (login: string, { apps }: Asked) => ({
  ...present.user(login),
  type: apps.organizations.has(login.toLowerCase()) ? "Organization" : "User",
});

const shown = ({ id, slug, name, owner, permissions, events }: AppRow, asked: Asked) =>
  complete("integration", {
    id: Number(id),
    slug,
    name,
    node_id: `A_${id}`,
    owner: account(owner, asked),
    html_url: `${asked.places.html}/apps/${slug}`,
    external_url: "https://sluice.example",
    permissions,
    events,
  });

const installation = ({ id, permissions, events, suspended }: Installation, app: AppRow, asked: Asked) =>
  complete("installation", {
    id,
    app_id: Number(app.id),
    app_slug: app.slug,
    account: account(app.owner, asked),
    html_url: `${asked.places.html}/settings/installations/${id}`,
    repository_selection: "selected",
    permissions,
    events,
    suspended_at: suspended ? "2026-01-01T00:00:00Z" : null,
    suspended_by: suspended ? present.user("ana") : null,
  });

function hookOf(asked: Asked) {
  const { hook } = itself(asked);
  return { url: hook?.url ?? "", content_type: "json", insecure_ssl: "0", ...(hook ? { secret: "********" } : {}) };
}

function token(asked: Asked) {
  const app = itself(asked);
  const all = [...asked.repositories.values()].map((repository) => repository.installed.get(app.slug));
  const { permissions, suspended } = found(all.find((each) => String(each?.id) === asked.params["installation_id"]));
  if (suspended) throw new Refusal(403, "This installation has been suspended");
  const made = asked.issue({ kind: "installation", app: app.slug, permissions });
  return said(
    { token: made, expires_at: new Date(Date.now() + 3_600_000).toISOString(), permissions, repository_selection: "selected" },
    201,
  );
}

export const appHandlers: Readonly<Record<string, Handler>> = {
  "users/get-by-username": (asked) => {
    const { params, people } = asked;
    const name = params["username"]?.toLowerCase();
    const login = found([...people.values(), ...asked.apps.organizations.keys()].find((each) => each.toLowerCase() === name));
    return said(complete("public-user", { ...account(login, asked), user_view_type: "public" }));
  },
  "apps/create-from-manifest": (asked) => {
    const { app, pem } = asked.apps.convert(asked.params["code"] ?? "");
    const secrets = { client_id: `Iv1.${app.id}`, client_secret: "c".repeat(40), webhook_secret: app.hook?.secret ?? null, pem };
    return said({ ...shown(app, asked), ...secrets }, 201);
  },
  "apps/get-authenticated": (asked) => said(shown(itself(asked), asked)),
  "apps/get-webhook-config-for-app": (asked) => said(hookOf(asked)),
  "apps/update-webhook-config-for-app": (asked) => {
    const app = itself(asked);
    const { url, secret } = asked.body as { url?: string; secret?: string };
    const { hook } = app;
    app.hook = { url: url ?? hook?.url ?? "", secret: secret ?? hook?.secret ?? "", active: hook?.active ?? false };
    return said(hookOf(asked));
  },
  "apps/get-repo-installation": (asked) => {
    const app = itself(asked);
    return said(installation(found(asked.repository.installed.get(app.slug)), app, asked));
  },
  "apps/create-installation-access-token": token,
};
