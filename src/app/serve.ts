import type { ServeOptions } from "../cli/context.ts";
import { CliError, EXIT, type ExitCode } from "../cli/exit.ts";
import { parseTokens } from "../api/auth.ts";
import { checkListen } from "../api/auth.ts";
import type { Server } from "../api/server.ts";
import { RequestError } from "../engine/control.ts";
import { StoreError } from "../engine/ports/store.ts";
import { ownerHere, readOwner } from "../store/owner.ts";
import { registerServer, unregisterServer } from "../store/registry.ts";
import { compose, type Application } from "./compose.ts";
import { forPeople } from "./errors.ts";
import { openLog } from "./log.ts";
import { packageVersion } from "./package-files.ts";
import { findProject, makeHome, type Project } from "./project.ts";
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
  const address = options.host ?? DEFAULT_HOST;
  refuseOpen(address, tokens.length > 0);
  await makeHome(project).catch(() => {}); // what is wrong with the directory, the store says better
  const version = packageVersion();
  const log = await openLog(project.home, version, host.note);
  const deposed = Promise.withResolvers<StoreError>();
  let application: Application | null = null;
  try {
    application = await compose({
      project,
      policyRef: options.policyRef,
      user: currentUser(host.env),
      tokens,
      log: log.write,
      deposed: deposed.resolve,
    });
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
