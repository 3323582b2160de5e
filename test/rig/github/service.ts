import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Context, OpenAPIBackend } from "openapi-backend";
import { openToApps } from "./description.ts";
import { answerQuery } from "./graphql.ts";
import type { Asked, Said } from "./asked.ts";
import { handlers, permissionOf } from "./handlers.ts";
import { Refusal, type Failure, type Token } from "./model.ts";
import { Apps, sentToken } from "./apps.ts";
import { Budgets } from "./budgets.ts";
import type { Secondary } from "./secondary.ts";
import { isPage, Pages } from "./pages.ts";
import { type GitRequest, gitRequestOf, mayUse, serveGit, tokenOf } from "./git-http.ts";
import type { Places } from "./present.ts";
import type { Repository } from "./repository.ts";

export type Logged = { readonly method: string; readonly path: string; readonly by: string; readonly body: string };
type Answer = { readonly status: number; readonly headers: Record<string, string>; readonly body: string };
/** Who sends no token: only what needs none is answered. */
const NOBODY: Token = { kind: "person", login: "nobody" };
const isOpen = (method: string, path: string): boolean =>
  (method === "POST" && path.startsWith("/app-manifests/")) || (method === "GET" && path.startsWith("/users/"));
type Given = Omit<Asked, "params" | "query" | "body" | "repository" | "people" | "repositories" | "apps">;

/** Everything between the socket and the handlers: tokens, budgets, injected failures, paging, and the check of both sides. */
export class Service {
  places: Places = { api: "", html: "" };
  repositories: ReadonlyMap<string, Repository> = new Map();
  /** Logins by id. */
  people: ReadonlyMap<number, string> = new Map();
  readonly tokens = new Map<string, Token>();
  readonly apps: Apps;
  readonly #pages: Pages;
  readonly failures: (Failure & { left: number; skip: number })[] = [];
  readonly log: Logged[] = [];
  readonly misfits: string[] = [];
  readonly #api: OpenAPIBackend;
  readonly #enterprise: boolean;
  readonly budgets: Budgets;
  /** null: only what tests inject is limited so. */
  secondary: Secondary | null = null;

  constructor(api: OpenAPIBackend, now: () => number, enterprise: boolean) {
    this.#api = api;
    this.apps = new Apps(now);
    this.budgets = new Budgets(now, (token) => this.tokens.get(token)?.kind ?? "person");
    this.#pages = new Pages(
      this.apps,
      () => this.repositories.values(),
      () => this.places.html,
    );
    this.#enterprise = enterprise;
    for (const [operation, handle] of Object.entries(handlers))
      api.registerHandler(operation, (context, given: { asked: Given }) => handle(this.#complete(operation, context, given.asked)));
    api.register({
      validationFail: (context) => {
        throw new Refusal(422, `Validation Failed: ${JSON.stringify(context.validation.errors)}`);
      },
      notFound: () => {
        throw new Refusal(404, "Not Found");
      },
    });
  }

  /** Gives a token out until somebody ends it; the double's own time has no hours. */
  issue: (whose: Token) => string = () => {
    throw new Error("nobody gives tokens out");
  };

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const git = gitRequestOf(request.url ?? "/");
    if (git) return await this.#git(git, request, response);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString("utf8");
    const method = request.method ?? "GET";
    const { url = "/" } = request;
    if (isPage(url)) return send(response, this.#pages.answer({ method, url, cookie: request.headers.cookie ?? "", body: text }));
    const path = this.#pathOf(url);
    const token = sentToken(request.headers.authorization ?? "");
    const whose = this.#whose(token);
    this.log.push({ method, path, by: nameOf(whose), body: text });
    const failure = this.#failureFor(method, path);
    if (failure?.cut === "before") return void request.socket.destroy();
    if (failure?.hangs) return;
    if (failure?.status !== undefined) {
      const { status, headers = {}, body = { message: "injected" } } = failure;
      return send(response, { status, headers: { ...this.budgets.headers(token, path), ...headers }, body: JSON.stringify(body) });
    }
    const pause = this.secondary?.ask(nameOf(whose), method, path) ?? null;
    if (pause !== null) return send(response, tooMuch(pause, this.budgets.headers(token, path)));
    const ended = this.secondary?.begin(nameOf(whose));
    let answer = await this.#answer(method, path, text, token, request.headers);
    ended?.();
    if (failure?.cut === "after") return void request.socket.destroy();
    if (failure?.change) answer = { ...answer, body: JSON.stringify(failure.change(JSON.parse(answer.body))) };
    if (failure?.text !== undefined) answer = { ...answer, status: 200, body: failure.text };
    if (failure?.cut !== "midway") return send(response, answer);
    response.writeHead(answer.status, { ...answer.headers, "content-length": Buffer.byteLength(answer.body) });
    response.write(answer.body.slice(0, answer.body.length / 2), () => request.socket.destroy());
  }

  /** What is pushed is told after it was answered, as there. */
  async #git(asked: GitRequest, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "GET", url: path = "/" } = request;
    const token = tokenOf(request.headers.authorization);
    const whose = token === "" ? null : this.#whose(token);
    this.log.push({ method, path, by: nameOf(whose), body: "" });
    const failure = this.#failureFor(method, path);
    if (failure?.cut !== undefined) return void request.socket.destroy();
    if (failure?.hangs) return;
    try {
      if (failure?.status !== undefined) throw new Refusal(failure.status, "injected");
      const repository = this.repositories.get(asked.repository);
      if (!repository?.git) throw new Refusal(404, "Repository not found.");
      mayUse(repository, whose, asked.writes);
      for (const pushed of await serveGit(asked, repository.git, request, response)) repository.moved(pushed, nameOf(whose));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const asks = error.status === 401 ? { "www-authenticate": 'Basic realm="GitHub"' } : {};
      response.writeHead(error.status, { "content-type": "text/plain", ...asks }).end(error.message);
    }
  }

  #whose(token: string): Token | undefined {
    const app = token.split(".").length === 3 ? this.apps.signedBy(token) : null;
    return app === null ? this.tokens.get(token) : { kind: "app", app: app.slug };
  }

  #pathOf(url: string): string {
    if (!this.#enterprise) return url;
    return url === "/api/graphql" ? "/graphql" : url.startsWith("/api/v3/") ? url.slice("/api/v3".length) : `/not-the-api${url}`;
  }

  #failureFor(method: string, path: string): Failure | null {
    const failure = this.failures.find(
      (each) => each.left > 0 && (each.method === undefined || each.method === method) && (each.path?.test(path) ?? true),
    );
    if (!failure) return null;
    if (failure.skip > 0) failure.skip -= 1;
    else {
      failure.left -= 1;
      return failure;
    }
    return null;
  }

  async #answer(method: string, path: string, text: string, token: string, headers: IncomingMessage["headers"]): Promise<Answer> {
    const spent = this.budgets.spend(token, path);
    const head = this.budgets.headers(token, path);
    try {
      const whose = this.#whose(token) ?? (token === "" && isOpen(method, path) ? NOBODY : undefined);
      if (!whose) throw token.split(".").length === 3 ? this.apps.refusalOf(token) : new Refusal(401, "Bad credentials");
      if (!spent) throw new Refusal(403, `API rate limit exceeded for user ID 1.`);
      if (path === "/graphql") return { status: 200, headers: head, body: JSON.stringify(await this.#query(text)) };
      const budget = { core: this.budgets.of(token, "core"), graphql: this.budgets.of(token, "graphql") };
      const given = { asked: { token: whose, places: this.places, budget, issue: this.issue } };
      const [pathname = "", query = ""] = path.split("?");
      const request = {
        method,
        path: pathname,
        query,
        headers: headers as Record<string, string>,
        body: text === "" ? undefined : (JSON.parse(text) as object),
      };
      const said = (await this.#api.handleRequest(request, given)) as Said;
      const paged = this.#page(said, path);
      this.#check(method, pathname, paged.status, paged.body);
      const body = paged.body === undefined ? "" : JSON.stringify(paged.body);
      const etag = method === "GET" && paged.status === 200 ? `W/"${createHash("sha256").update(body).digest("hex")}"` : null;
      if (etag !== null && headers["if-none-match"] === etag) return this.#unchanged(token, path, etag);
      return { status: paged.status, headers: { ...head, ...paged.headers, ...(etag === null ? {} : { etag }) }, body };
    } catch (error) {
      const refusal = error instanceof Refusal ? error : new Refusal(500, String(error));
      if (!(error instanceof Refusal)) this.misfits.push(`${method} ${path}: ${String(error)}`);
      return {
        status: refusal.status,
        headers: head,
        body: JSON.stringify({ message: refusal.message, documentation_url: "https://docs.github.com/rest" }),
      };
    }
  }

  /** Whether this token may ask this of that repository; a repository that it may not see is not there. */
  #complete(operation: string, context: Context, asked: Given): Asked {
    const params = context.request.params as Record<string, string>;
    const { token } = asked;
    if (token.kind === "installation") {
      if (openToApps.get(operation) === false) throw new Refusal(403, "Resource not accessible by integration");
      const has = token.permissions[permissionOf(operation)];
      const reads = context.request.method.toUpperCase() === "GET";
      if (permissionOf(operation) !== "metadata" && (has === undefined || (!reads && has !== "write")))
        throw new Refusal(403, "Resource not accessible by integration");
    }
    const name = `${params["owner"]}/${params["repo"]}`.toLowerCase();
    const repository = this.repositories.get(name);
    if (params["owner"] !== undefined && !repository) throw new Refusal(404, "Not Found");
    return {
      ...asked,
      params,
      query: context.request.query as Record<string, string>,
      body: (context.request.requestBody ?? {}) as Record<string, unknown>,
      repository: repository as Repository,
      people: this.people,
      repositories: this.repositories,
      apps: this.apps,
    };
  }

  async #query(text: string): Promise<unknown> {
    const { query, variables } = JSON.parse(text) as { query: string; variables: Record<string, unknown> };
    return answerQuery(query, variables, this.repositories.values());
  }

  #page({ status, body, list, listName }: Said, path: string): { status: number; body?: unknown; headers: Record<string, string> } {
    if (!list) return { status, body, headers: {} };
    const url = new URL(`http://x${path}`);
    const perPage = Math.min(Number(url.searchParams.get("per_page") ?? 30), 100);
    const page = Number(url.searchParams.get("page") ?? 1);
    const last = Math.max(1, Math.ceil(list.length / perPage));
    const items = list.slice((page - 1) * perPage, page * perPage);
    const to = (number: number, rel: string): string => {
      url.searchParams.set("page", String(number));
      return `<${this.places.api}${url.pathname}${url.search}>; rel="${rel}"`;
    };
    const links = page < last ? [to(page + 1, "next"), to(last, "last")] : page > 1 ? [to(1, "first")] : [];
    const whole = listName === undefined ? items : { total_count: list.length, [listName]: items };
    return { status, body: whole, headers: links.length > 0 ? { link: links.join(", ") } : {} };
  }

  #check(method: string, path: string, status: number, body: unknown): void {
    if (body === undefined) return;
    const operation = this.#api.matchOperation({ method, path, headers: {} });
    if (!operation?.operationId) return;
    const { errors } = this.#api.validateResponse(body, operation.operationId, status);
    if (errors && errors.length > 0) this.misfits.push(`${method} ${path} ${status}: ${JSON.stringify(errors).slice(0, 600)}`);
  }

  /** What is sent has to be as described, like what is answered. */
  checkSent(event: string, action: string | null, payload: object): void {
    const path = `/webhooks/${[event, ...(action === null ? [] : [action])].join("-").replaceAll("_", "-")}`;
    const request = { method: "post", path, headers: { "content-type": "application/json" }, body: payload };
    const { errors } = this.#api.validateRequest(request, `${path.slice(1)}`);
    if (errors && errors.length > 0) this.misfits.push(`${path}: ${JSON.stringify(errors).slice(0, 600)}`);
  }

  /** "Making a conditional request does not count against your primary rate limit if a 304 response is returned" (GitHub's best practices for the REST API). */
  #unchanged(token: string, path: string, etag: string): Answer {
    this.budgets.giveBack(token);
    return { status: 304, headers: { ...this.budgets.headers(token, path), etag }, body: "" };
  }
}

const nameOf = (whose: Token | null | undefined): string => (whose ? (whose.kind === "person" ? whose.login : whose.app) : "nobody");

const tooMuch = (seconds: number, headers: Record<string, string>): Answer => ({
  status: 403,
  headers: { ...headers, "retry-after": String(seconds) },
  body: JSON.stringify({ message: "You have exceeded a secondary rate limit. Please wait a few minutes before you try again." }),
});

function send(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, headers).end(status === 204 || status === 304 ? undefined : body);
}
