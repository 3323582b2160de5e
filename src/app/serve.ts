import type { ServeOptions } from "../cli/context.ts";
import { CliError, EXIT, type ExitCode } from "../cli/exit.ts";
import { parseTokens } from "../api/auth.ts";
import { checkListen } from "../api/auth.ts";
import type { Server } from "../api/server.ts";
import { RequestError } from "../engine/control.ts";
import { StoreError } from "../engine/ports/store.ts";
import { REMOTE_HEAD } from "../source/upstream.ts";
import type { Lease } from "../store/lease.ts";
import { ownerHere, readOwner } from "../store/owner.ts";
import { registerServer, unregisterServer } from "../store/registry.ts";
import { systemClock } from "./clock.ts";
import { compose, type Application, type ForgeParts, type ForgeSide } from "./compose.ts";
import { concurrencyOf } from "./concurrency.ts";
import { forPeople } from "./errors.ts";
import { openLog } from "./log.ts";
import { packageVersion } from "./package-files.ts";
import { AppFiles, type StoredApp } from "./github/app-file.ts";
import { githubSettings, type GithubSettings } from "./github/settings.ts";
import { findProject, makeHome, type Project } from "./project.ts";
import { fenceOf, standBy } from "./stand-by.ts";
import { giveBackStartMemory } from "./start-memory.ts";
import { currentUser } from "./user.ts";

export type Host = {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly interrupted: AbortSignal;
  readonly out: (line: string) => void;
  readonly note: (line: string) => void;
};

export const DEFAULT_PORT = 7700;
const DEFAULT_HOST = "127.0.0.1";
/** How long an owner has to answer, in ms. */
const ANSWER_MS = 2_000;
/** What one that does not answer gets on top of its fence, in ms. */
const SLACK_MS = 5_000;

export type Running = {
  readonly application: Application;
  readonly server: Server;
  /** Resolves when another process has taken the store. */
  readonly deposed: Promise<StoreError>;
  close(): Promise<void>;
};

/** `sluice serve`: until Ctrl-C. */
export async function serve(options: ServeOptions, host: Host): Promise<ExitCode> {
  const project = findProject(options.directory);
  if (project === null) {
    throw new CliError(
      EXIT.usage,
      `${options.directory} is in no project: there is no sluice.yaml in it or above it`,
      "Write one with `sluice init`, or try `sluice demo`",
    );
  }
  const running = await forPeople(() => start(project, options, host));
  host.out(`Sluice serves ${running.application.engine.project}. Ctrl-C stops it; what runs goes on when it is started again.`);
  host.out(`SLUICE_URL=${running.server.url}`);
  const ended = await Promise.race([aborted(host.interrupted), running.deposed]);
  host.note(ended === null ? "Stopping" : `error: ${ended.message}`);
  await running.close();
  return ended === null ? EXIT.done : EXIT.failed;
}

export async function aborted(signal: AbortSignal): Promise<null> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  return null;
}

/** Takes the store, listens, and lets the CLI of this user find the server. Rejects with `RequestError`, `SourceError`, `StoreError` or `CliError`. */
export async function start(project: Project, options: Omit<ServeOptions, "directory">, host: Host): Promise<Running> {
  const tokens = parseTokens(host.env["SLUICE_TOKEN"]);
  const github = githubSettings(host.env, keptApp(project, host));
  for (const line of github?.says ?? []) host.note(line);
  const address = options.host ?? DEFAULT_HOST;
  refuseOpen(address, tokens.length > 0);
  await makeHome(project).catch(() => {}); // what is wrong with the directory, the store says better
  const version = packageVersion();
  const log = await openLog(project.home, version, host.note);
  const deposed = Promise.withResolvers<StoreError>();
  let application: Application | null = null;
  try {
    application = await taken(project, options, host, (takeOver) =>
      compose({
        project,
        // What moves with the remote: never a local branch, which nobody's push does.
        policyRef: options.policyRef ?? (github ? REMOTE_HEAD : null),
        user: currentUser(host.env),
        tokens,
        log: log.write,
        concurrency: concurrencyOf(host.env),
        deposed: deposed.resolve,
        fenceMs: fenceOf(host.env),
        takeOver,
        ...(github ? { forge: (parts) => withGithub(github, parts, host) } : {}),
      }),
    );
    const { ownerToken } = application;
    const server = await listenAt(application, address, options.port);
    await registerServer({ url: server.url, token: ownerToken, pid: process.pid, startedAt: ownerHere(null).startedAt }, host.env).catch(
      (error: Error) => host.note(`warning: ${error.message}. Other commands need SLUICE_TOKEN to reach this server by its address`),
    );
    log.write("info", "listening", { url: server.url });
    giveBackStartMemory();
    const started = application;
    return {
      application,
      server,
      deposed: deposed.promise,
      async close() {
        await unregisterServer(server.url, host.env);
        await started.close();
        log.write("info", "stopped");
        log.close();
      },
    };
  } catch (error) {
    await application?.close();
    log.close();
    throw error instanceof StoreError && error.code === "owned" ? await owned(project, error) : error;
  }
}

/**
 * The store, at once where nobody has it. An owner that answers is left alone, or with `standby` awaited until it ends; one that does not answer has the time of its fence.
 */
async function taken(
  project: Project,
  options: Pick<ServeOptions, "standby">,
  host: Host,
  take: (takeOver: Lease | null) => Promise<Application>,
): Promise<Application> {
  try {
    return await take(null);
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== "owned") throw error;
    if (!options.standby && (await answers(project))) throw error;
    host.note(`${error.message.split(". ")[0]}. Standing by until it has ended, or gives no sign of life`);
  }
  const patienceMs = options.standby ? Number.POSITIVE_INFINITY : fenceOf(host.env) + SLACK_MS;
  const application = await standBy(project.home, { signal: host.interrupted, patienceMs }, async (takeOver) => {
    const mine = await take(takeOver);
    if (takeOver !== null)
      host.note(`Process ${takeOver.pid} has given no sign of life for ${takeOver.fenceMs / 1000} s: this one has taken its store over`);
    return mine;
  });
  if (application === null) throw new CliError(EXIT.interrupted, "Interrupted while standing by: nothing was changed");
  return application;
}

/** Whether the owner says anything at all. */
async function answers(project: Project): Promise<boolean> {
  const url = (await readOwner(project.home))?.url;
  if (!url) return false;
  return await fetch(new URL("/api/v1/health", url), { signal: AbortSignal.timeout(ANSWER_MS) }).then(
    () => true,
    () => false,
  );
}

/** The App that `sluice github connect` has made. Throws a `CliError`. */
function keptApp({ home }: Project, { note }: Host): StoredApp | null {
  const files = new AppFiles(home);
  if (files.next() !== null) note("warning: sluice github connect was begun, and has not ended: call it again");
  return files.used();
}

/** Loaded only where it is asked for: a server without it does not pay for it. */
async function withGithub(settings: GithubSettings, parts: ForgeParts, { env }: Host): Promise<ForgeSide> {
  const { githubServer } = await import("./github/server.ts");
  return githubServer({ ...parts, settings, env, clock: systemClock });
}

/** Wrong use, not a lack of permission: whoever starts the server is to choose otherwise. */
function refuseOpen(host: string, hasToken: boolean): void {
  try {
    checkListen(host, hasToken);
  } catch (error) {
    if (error instanceof RequestError) throw new CliError(EXIT.usage, error.message, error.hint, { cause: error });
    throw error;
  }
}

/** The port that was asked for and no other; the default one gives way where it is in use. */
async function listenAt(application: Application, host: string, port: number | null): Promise<Server> {
  if (port !== null) return application.listen({ host, port });
  try {
    return await application.listen({ host, port: DEFAULT_PORT });
  } catch (error) {
    if (error instanceof RequestError && error.code === "conflict") return application.listen({ host, port: 0 });
    throw error;
  }
}

async function owned(project: Project, cause: StoreError): Promise<CliError> {
  const owner = await readOwner(project.home);
  if (owner?.url)
    return new CliError(
      EXIT.failed,
      `Process ${owner.pid} has this project's store and listens already: SLUICE_URL=${owner.url}`,
      "Use that one, or end it first",
      { cause },
    );
  return new CliError(EXIT.failed, cause.message, null, { cause });
}
