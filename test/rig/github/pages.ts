import type { Apps, Manifest } from "./apps.ts";
import type { Repository } from "./repository.ts";

/** A request as a browser sends it. */
export type Visit = { readonly method: string; readonly url: string; readonly cookie: string; readonly body: string };
export type Shown = { readonly status: number; readonly headers: Record<string, string>; readonly body: string };

const NEW = /^\/(?:organizations\/([\w-]+)\/)?settings\/apps\/new$/;
const CONFIRM = /^\/(?:organizations\/([\w-]+)\/)?settings\/apps\/manifest$/;
const INSTALL = /^\/apps\/([\w-]+)\/installations\/new$/;

/** Whether the pages answer this, and not the API. */
export const isPage = (url: string): boolean => /^\/(?:login|settings\/|organizations\/|apps\/[\w-]+\/installations\/)/.test(url);

/** Pages of GitHub's for whoever has logged in: by the cookie `user_session`, which is the login. */
export class Pages {
  readonly #apps: Apps;
  readonly #repositories: () => Iterable<Repository>;
  readonly #html: () => string;

  constructor(apps: Apps, repositories: () => Iterable<Repository>, html: () => string) {
    this.#html = html;
    this.#apps = apps;
    this.#repositories = repositories;
  }

  answer({ method, url, cookie, body }: Visit): Shown {
    const { pathname, searchParams } = new URL(url, "http://x");
    const login = /(?:^|; )user_session=([\w-]+)/.exec(cookie)?.[1];
    if (pathname === "/login") return page(200, "Sign in");
    if (login === undefined) return moved("/login");
    const form = new URLSearchParams(body);
    const [path, org] = NEW.exec(pathname) ?? CONFIRM.exec(pathname) ?? [];
    if (path !== undefined && method === "POST") {
      const owner = this.#mayMake(login, org);
      if (owner === null) return page(404, "Page not found");
      const state = form.get("state") ?? searchParams.get("state") ?? "";
      return NEW.test(pathname) ? this.#ask(form, owner, org, state) : this.#make(form, owner, org, state);
    }
    const slug = INSTALL.exec(pathname)?.[1];
    if (slug !== undefined) return this.#install(slug, login, method === "POST" ? (form.get("repository") ?? "") : null);
    return pathname.startsWith("/settings/installations/") ? page(200, "Installed") : page(404, "Page not found");
  }

  #mayMake(login: string, org: string | undefined): string | null {
    if (org === undefined) return login;
    return this.#apps.organizations.get(org.toLowerCase())?.includes(login) ? org : null;
  }

  /** What is posted from elsewhere is shown to the person, who may give it another name. */
  #ask(form: URLSearchParams, owner: string, org: string | undefined, state: string): Shown {
    let manifest: Manifest;
    try {
      manifest = JSON.parse(form.get("manifest") ?? "") as Manifest;
    } catch {
      return page(422, "Invalid GitHub App configuration");
    }
    const fault = this.#apps.fault(manifest, this.#html());
    if (fault !== null) return page(422, `Invalid GitHub App configuration. ${fault}`);
    return confirmation(manifest, manifest.name ?? "", org, state, `Create GitHub App for ${owner}`);
  }

  #make(form: URLSearchParams, owner: string, org: string | undefined, state: string): Shown {
    const manifest = JSON.parse(form.get("manifest") ?? "") as Manifest;
    const name = form.get("name") ?? "";
    if (this.#apps.isTaken(name)) return confirmation(manifest, name, org, state, "Name is already taken");
    const to = new URL(manifest.redirect_url ?? "");
    to.searchParams.set("code", this.#apps.register(manifest, name, owner));
    if (state !== "") to.searchParams.set("state", state);
    return moved(to.href);
  }

  /** A private App is installed by the account that has it, and nowhere else. */
  #install(slug: string, login: string, name: string | null): Shown {
    const app = this.#apps.find(slug);
    const organization = this.#apps.organizations.get(app?.owner.toLowerCase() ?? "");
    if (!app || !(organization?.includes(login) ?? app.owner === login)) return page(404, "Page not found");
    if (name === null)
      return page(200, `<form method="post" action="/apps/${slug}/installations/new"><input name="repository" value=""></form>`);
    const repository = [...this.#repositories()].find(({ fullName }) => fullName === name);
    if (!repository || repository.fullName.split("/")[0]?.toLowerCase() !== app.owner.toLowerCase()) return page(404, "Page not found");
    this.#apps.install(app, repository);
    return moved(`/settings/installations/${repository.installed.get(slug)?.id}`);
  }
}

const confirmation = (manifest: Manifest, name: string, org: string | undefined, state: string, title: string): Shown =>
  page(
    200,
    `<h1>${title}</h1><form method="post" action="${org === undefined ? "" : `/organizations/${org}`}/settings/apps/manifest">` +
      `<input name="name" value="${escaped(name)}"><input type="hidden" name="state" value="${escaped(state)}">` +
      `<input type="hidden" name="manifest" value="${escaped(JSON.stringify(manifest))}"></form>`,
  );
const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
const page = (status: number, body: string): Shown => ({ status, headers: { "content-type": "text/html; charset=utf-8" }, body });
const moved = (location: string): Shown => ({ status: 302, headers: { location }, body: "" });
