import { randomBytes } from "node:crypto";
import { createApi } from "../api/api.ts";
import { Auth, type NamedToken } from "../api/auth.ts";
import { listen, type Server } from "../api/server.ts";
import { problemResponse, toProblem } from "../api/problem.ts";
import type { Hook } from "../api/hooks.ts";
import type { GithubStanding } from "../api/present/github.ts";
import { createSite } from "../api/site.ts";
import type { ApiFetch } from "../contract/client.ts";
import { Configs } from "../engine/configs.ts";
import { Engine } from "../engine/engine.ts";
import { RequestError } from "../engine/control.ts";
import { SourceError } from "../engine/ports/source.ts";
import type { Store, StoreError } from "../engine/ports/store.ts";
import { LocalExecutor } from "../executor/local/index.ts";
import { GitSource } from "../source/git.ts";
import { treesOf } from "../source/trees.ts";
import type { Lease } from "../store/lease.ts";
import { ownerHere, updateOwner } from "../store/owner.ts";
import { openSqliteStore } from "../store/sqlite.ts";
import { attemptRegistry } from "./attempt-registry.ts";
import { systemClock } from "./clock.ts";
import type { Log } from "./log.ts";
import { ATTEMPT_RUNNER, packageVersion, WEB_ROOT } from "./package-files.ts";
import { makeHome, type Project } from "./project.ts";
import { adapterSchemas, builder, driver } from "./registry.ts";

export type ComposeOptions = {
  readonly project: Project;
  readonly policyRef: string | null;
  readonly user: string;
  readonly tokens: readonly NamedToken[];
  readonly log: Log["write"];
  /** Builds and deploys that run at once. */
  readonly concurrency: number;
  /** Called once, when another process has taken the store: nothing is started, answered or written any more; `close` is left to do. */
  readonly deposed: (error: StoreError) => void;
  /** As `openSqliteStore` has it. */
  readonly fenceMs: number;
  /** The lease of an owner that has lapsed, to take the store over from it; null: only where nobody has it. */
  readonly takeOver: Lease | null;
  /** What a forge tells this server, and what it is told; absent: there is none. */
  readonly forge?: (parts: ForgeParts) => Promise<ForgeSide>;
};

export type ForgeParts = {
  readonly control: Engine;
  readonly source: GitSource;
  readonly configs: Configs;
  readonly policyRef: string | null;
  readonly root: string;
  readonly log: Log["write"];
};
/** Something that works beside the engine: `hook` takes what is delivered, `start` is called once the server listens. */
export type ForgeSide = {
  readonly hook: Hook | null;
  /** How it stands with GitHub; null: that is not spoken to. */
  standing(): Promise<GithubStanding | null>;
  start(url: string): void;
  close(): Promise<void>;
};

export type Application = {
  readonly engine: Engine;
  /** The site with the API beneath it, without a network in between. */
  readonly fetch: ApiFetch;
  readonly ownerToken: string;
  /** Listens, and tells other commands of this user where. Rejects as `api/server.ts` says. */
  listen(options: { readonly host: string; readonly port: number }): Promise<Server>;
  /** Stops answering, lets go of what runs, gives the store back. */
  close(): Promise<void>;
};

/** How long a command that is to stop has between TERM and KILL, in ms. */
const GRACE_MS = 10_000;
/** Ended attempts whose logs are kept. */
const KEPT_ATTEMPTS = 5_000;

/** Takes the store and drives what is in it. Rejects with `StoreError` ("owned" where another process has it), `SourceError` and `RequestError`. */
export async function compose(options: ComposeOptions): Promise<Application> {
  const { home } = options.project;
  await makeHome(options.project);
  const { fenceMs, takeOver } = options;
  const deposition = new Deposition(options.deposed);
  const store = await openSqliteStore(home, {
    version: packageVersion(),
    fenceMs,
    deposed: deposition.tell,
    ...(takeOver ? { takeOver } : {}),
  });
  try {
    return await assemble(options, store, deposition);
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Looks at a store that somebody else may write, or that nobody drives: what is asked is answered, and nothing is changed. */
export async function composeReader(
  options: Pick<ComposeOptions, "project" | "policyRef" | "user" | "log">,
  store: Store,
): Promise<Application> {
  return assemble({ ...options, tokens: [], concurrency: 1 }, store, null);
}

/** That this process has lost the store: told once, by whoever notices first. */
class Deposition {
  readonly #tell: (error: StoreError) => void;
  error: StoreError | null = null;
  /** What is to end with it. */
  letGo: () => void = () => {};

  constructor(tell: (error: StoreError) => void) {
    this.#tell = tell;
  }

  readonly tell = (error: StoreError): void => {
    if (this.error !== null) return;
    this.error = error;
    this.letGo();
    this.#tell(error);
  };
}

type Assembly = Omit<ComposeOptions, "deposed" | "fenceMs" | "takeOver">;

/** `deposition`: null for a reader, which has nothing to lose. */
async function assemble(options: Assembly, store: Store, deposition: Deposition | null): Promise<Application> {
  const readOnly = deposition === null;
  const { home, root } = options.project;
  const source = GitSource.ofProject(root);
  const adapters = await adapterSchemas();
  const configs = new Configs(source, adapters);
  const executor = new LocalExecutor({
    home,
    runner: ATTEMPT_RUNNER,
    source: root,
    concurrency: options.concurrency,
    registry: attemptRegistry,
    graceMs: GRACE_MS,
  });
  const engine = await Engine.open({
    store,
    executor,
    source,
    driver,
    trees: treesOf(source, home),
    builder,
    adapters,
    // A reader writes nothing, so it has nothing to do when time has passed.
    clock: readOnly ? { ...systemClock, after: () => () => {} } : systemClock,
    home,
    project: await projectName(configs, source, options.policyRef),
    policyRef: options.policyRef,
    log: options.log,
    deposed: (error) => deposition?.tell(error),
    readOnly,
  });
  if (deposition?.error) {
    await engine.close();
    throw deposition.error;
  }
  if (!readOnly) prune(executor, options.log);
  const forge = await forgeOf(options, { control: engine, source, configs, policyRef: options.policyRef, root, log: options.log });
  const ownerToken = randomBytes(32).toString("base64url");
  const auth = new Auth({ ownerToken, user: options.user, tokens: options.tokens });
  const closing = new AbortController();
  const onError = (error: unknown): void =>
    options.log("error", "a request failed", { error: String(error), stack: error instanceof Error ? error.stack : null });
  const site = createSite(
    createApi(engine, {
      version: packageVersion(),
      auth,
      closing: closing.signal,
      onError,
      hook: forge?.hook ?? null,
      github: async () => (await forge?.standing()) ?? null,
    }),
    {
      webRoot: WEB_ROOT,
      auth,
    },
  );
  // What was read before may be stale by now, so that not even that is answered.
  const answer = (request: Request, env?: unknown): Response | Promise<Response> =>
    deposition?.error ? problemResponse(toProblem(deposition.error)) : site.fetch(request, env as object);
  if (deposition)
    deposition.letGo = () => {
      closing.abort();
      void forge?.close();
      engine.close().catch((error: unknown) => options.log("error", "letting go failed", { error: String(error) }));
    };
  let server: Server | null = null;
  return {
    engine,
    ownerToken,
    fetch: (request) => sendTo({ fetch: answer }, request),
    async listen(at) {
      server = await listen({ fetch: answer }, { ...at, auth, closing });
      await updateOwner(home, ownerHere({ url: server.url, token: ownerToken }));
      forge?.start(server.url);
      return server;
    },
    async close() {
      // Before the door is closed, nobody is sent to it any more.
      if (server !== null) await updateOwner(home, ownerHere(null)).catch(() => {});
      closing.abort();
      await server?.close();
      await forge?.close();
      await engine.close();
      await store.close();
    },
  };
}

/** Where it cannot be begun, what was opened before is let go of. */
async function forgeOf({ forge }: Assembly, parts: ForgeParts): Promise<ForgeSide | null> {
  try {
    return (await forge?.(parts)) ?? null;
  } catch (error) {
    await parts.control.close();
    throw error;
  }
}

/** As over the network: with the header that the guard against rebound names reads, and with an answer that ends when the request is aborted. */
async function sendTo(site: { fetch(request: Request): Response | Promise<Response> }, request: Request): Promise<Response> {
  const { signal } = request;
  const headers = new Headers(request.headers);
  headers.set("host", new URL(request.url).host);
  signal.throwIfAborted();
  const response = await site.fetch(new Request(request, { headers }));
  return response.body === null ? response : new Response(response.body.pipeThrough(new TransformStream(), { signal }), response);
}

/** Logs of attempts that nobody will look at any more; the runs themselves stay. Those that have not ended were adopted before. */
function prune(executor: LocalExecutor, log: Log["write"]): void {
  executor.prune(KEPT_ATTEMPTS).catch((error: unknown) => log("warn", "old attempts could not be removed", { error: String(error) }));
}

/** What the policy ref's file calls the project, else what the checked-out commit's does. */
async function projectName(configs: Configs, source: GitSource, policyRef: string | null): Promise<string> {
  const problems: unknown[] = [];
  for (const commit of [async () => (await source.policyRef(policyRef)).commit, () => source.resolve("HEAD")]) {
    try {
      return (await configs.at(await commit())).project;
    } catch (error) {
      if (!(error instanceof RequestError) && !(error instanceof SourceError)) throw error;
      problems.push(error);
    }
  }
  throw problems[0];
}
