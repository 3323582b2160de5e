import type { Server } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Apps } from "./apps.ts";
import { describedApi } from "./description.ts";
import * as events from "./events.ts";
import { Hooks } from "./hooks.ts";
import type { Failure, Token } from "./model.ts";
import { hash, nodeId } from "./present.ts";
import { Repository, type RepositoryOptions, type World } from "./repository.ts";
import { Secondary } from "./secondary.ts";
import { Service, type Logged } from "./service.ts";

export type { Repository } from "./repository.ts";

export type GithubOptions = {
  readonly now?: () => number;
  /** As GitHub Enterprise has it: the API below `/api/v3`, GraphQL at `/api/graphql`. */
  readonly enterprise?: boolean;
  /** Whether it keeps GitHub's secondary limits, by its own clock; most tests ask faster than that. */
  readonly secondary?: boolean;
};

/** A stateful double of GitHub on its own description, over real HTTP: on loopback, and on a unix socket for `gh`. */
export class Github {
  /** Where the API is, without a slash at its end. */
  readonly url: string;
  readonly teams = new Map<string, readonly string[]>();
  readonly #people = new Map<number, string>();
  readonly repositories = new Map<string, Repository>();
  readonly #appHooks = new Map<string, Hooks>();
  readonly #service: Service;
  readonly #servers: Server[] = [];
  readonly #now: () => number;
  #lastId = 100;

  private constructor(service: Service, server: Server, url: string, now: () => number) {
    this.#service = service;
    this.#servers.push(server);
    this.#now = now;
    this.url = url;
  }

  static async start({ now = Date.now, enterprise = false, secondary = false }: GithubOptions = {}): Promise<Github> {
    const service = new Service(await describedApi().init(), now, enterprise);
    if (secondary) service.secondary = new Secondary(now);
    const server = await listening(service, (made, done) => made.listen(0, "127.0.0.1", done));
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const github = new Github(service, server, enterprise ? `${origin}/api/v3` : origin, now);
    service.places = { api: github.url, html: origin };
    service.repositories = github.repositories;
    let given = 0;
    service.issue = (whose) => github.#issue(`ghs_${(given += 1)}${"0".repeat(30)}`, whose);
    service.people = github.#people;
    return github;
  }

  /** For `http_unix_socket` of gh's config, which asks there in plain HTTP whatever the host is. */
  async listenAt(socket: string): Promise<void> {
    this.#servers.push(await listening(this.#service, (made, done) => made.listen(socket, done)));
  }

  repository(fullName: string, options: RepositoryOptions = {}): Repository {
    const { places } = this.#service;
    const world: World = {
      ...this.#ids,
      teams: this.teams,
      people: this.#people,
      hooks: ({ id }) => this.#hooks({ type: "repository", id }),
      pushed: (pushed, by, of) => {
        const payload = events.push(pushed, by, of, places);
        of.hooks.emit("push", null, payload);
        for (const slug of of.installed.keys()) this.#tellApp(slug, of, "push", null, payload);
      },
      asksApp: (slug, job, run) =>
        this.#tellApp(slug, run.repository, "deployment_protection_rule", "requested", events.protectionRule(job, run, places)),
    };
    const made = new Repository(world, fullName, options);
    this.repositories.set(fullName.toLowerCase(), made);
    return made;
  }

  /** A token of a person, who sees every repository. */
  person(login: string): string {
    this.#people.set(hash(login), login);
    return this.#issue(`ghp_${login}${"0".repeat(20)}`, { kind: "person", login });
  }

  /** A token as a job gets it, or another App's; without `permissions` it may write whatever an installation may. */
  installation(app = "github-actions", permissions: Readonly<Record<string, "read" | "write">> | null = null): string {
    const all = {
      actions: "write",
      deployments: "write",
      contents: "write",
      checks: "write",
      pull_requests: "write",
      statuses: "write",
      metadata: "read",
    } as const;
    return this.#issue(`ghs_${app}${this.#service.tokens.size}${"0".repeat(20)}`, {
      kind: "installation",
      app,
      permissions: permissions ?? all,
    });
  }

  /** An App that is installed in a repository; resolves to the private key that its server has. */
  app(slug: string, id: string, repository: Repository): string {
    return this.apps.installed(slug, id, repository);
  }

  /** Where the pages are. */
  get html(): string {
    return this.#service.places.html;
  }

  get apps(): Apps {
    return this.#service.apps;
  }

  /** Gives an App that was made by hand a webhook, and lets it hear of events in a repository. */
  listens(slug: string, repository: Repository, url: string, secret: string, heard: readonly string[]): void {
    const [app, installation] = [this.apps.find(slug), repository.installed.get(slug)];
    if (!app || !installation) throw new Error(`${slug} is not installed in ${repository.fullName}`);
    app.hook = { url, active: true, secret };
    installation.events = heard;
  }

  /** What an App was sent. */
  hooksOf(slug: string): Hooks {
    const found = this.#appHooks.get(slug) ?? this.#hooks({ type: "integration", id: Number(this.apps.find(slug)?.id) });
    this.#appHooks.set(slug, found);
    return found;
  }

  /** Resolves when no webhook is on its way. */
  async settled(): Promise<void> {
    const all = [...[...this.repositories.values()].map(({ hooks }) => hooks), ...this.#appHooks.values()];
    await Promise.all(all.map((hooks) => hooks.settled()));
  }

  /** Every token that was given to an App. */
  expireInstallations(): void {
    for (const [token, { kind }] of this.#service.tokens) if (kind === "installation") this.#service.tokens.delete(token);
  }

  expire(token: string): void {
    this.#service.tokens.delete(token);
  }

  /** Environment variables as a step of a workflow has them. */
  env(token: string, repository: string): Readonly<Record<string, string>> {
    const { html } = this.#service.places;
    return { GITHUB_API_URL: this.url, GITHUB_SERVER_URL: html, GITHUB_REPOSITORY: repository, GITHUB_TOKEN: token };
  }

  fail(failure: Failure): void {
    this.#service.failures.push({ ...failure, left: failure.times ?? 1, skip: failure.after ?? 0 });
  }

  /** Nothing fails any more. */
  healthy(): void {
    this.#service.failures.splice(0);
  }

  /** What is left of a token's budget until `resetAt`. */
  limit(token: string, left: number, resetAt: number): void {
    this.#service.budgets.set(token, left, resetAt);
  }

  /** Of every token that an App has by now. */
  limitApp(slug: string, left: number, resetAt: number): void {
    for (const [token, whose] of this.#service.tokens)
      if (whose.kind === "installation" && whose.app === slug) this.#service.budgets.set(token, left, resetAt);
  }

  /** What was asked, in order; requests of GraphQL as `POST /graphql`. */
  get log(): readonly Logged[] {
    return this.#service.log;
  }

  /** Rejects where an answer did not fit GitHub's description: then a test has shown nothing. */
  async close(): Promise<void> {
    for (const server of this.#servers) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
    if (this.#service.misfits.length > 0) throw new Error(`answers that do not fit the description:\n${this.#service.misfits.join("\n")}`);
  }

  get #ids() {
    return { now: this.#now, nextId: () => (this.#lastId += 1) };
  }

  /** Where it is installed, and of what its installation lets it hear. */
  #tellApp(slug: string, repository: Repository, event: string, action: string | null, payload: object): void {
    const installation = repository.installed.get(slug);
    const hook = this.apps.find(slug)?.hook;
    if (!hook?.active || !installation || installation.suspended || !installation.events.includes(event)) return;
    const config = { url: hook.url, secret: hook.secret, contentType: "json" as const };
    const hooks = this.hooksOf(slug);
    const row = [...hooks.rows.values()][0] ?? hooks.add(config);
    row.config = config;
    hooks.send(row, event, action, { ...payload, installation: { id: installation.id, node_id: nodeId("I", installation.id) } });
  }

  #hooks(target: { readonly type: "repository" | "integration"; readonly id: number }): Hooks {
    const check = (event: string, action: string | null, payload: object): void => this.#service.checkSent(event, action, payload);
    return new Hooks({ world: this.#ids, target, check });
  }

  #issue(token: string, whose: Token): string {
    this.#service.tokens.set(token, whose);
    return token;
  }
}

async function listening(service: Service, listen: (server: Server, done: () => void) => void): Promise<Server> {
  const server = createServer((request, response) => void service.answer(request, response));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    listen(server, resolve);
  });
  return server;
}
