import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { answer } from "../cli/api.ts";
import type { Connection, ConnectRequest } from "../cli/context.ts";
import { CliError, EXIT } from "../cli/exit.ts";
import { createClient, type ClientOptions } from "../contract/client.ts";
import { readOwner } from "../store/owner.ts";
import { findServer } from "../store/registry.ts";
import { forPeople } from "./errors.ts";
import { withFailover } from "./failover.ts";
import { PACKAGE } from "./package-files.ts";
import { findProject, isInRepository, projectAt, type Project } from "./project.ts";
import { fenceOf, watchLease, type Watching } from "./stand-by.ts";
import { currentUser } from "./user.ts";

export type Connector = {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly interrupted: AbortSignal;
  /** Words for a person, beside what the command prints. */
  readonly note: (line: string) => void;
  /** When a server that is named has had time enough to say that it is there; absent: whenever it answers. */
  readonly patience?: AbortSignal;
};

/** How long an owner that has not said where it listens is waited for, in ms. */
const PATIENCE = 15_000;
const LOOK_AGAIN = 100;
/** How long an owner has to say that it is there, in ms. */
const ANSWER_MS = 2_000;

/** Finds who answers a command (semantics 10): the server that is named, the owner of the project's store, this process, or the demo. Rejects with `CliError`. */
export async function connect(request: ConnectRequest, connector: Connector): Promise<Connection> {
  const url = request.url ?? (connector.env["SLUICE_URL"] || null);
  if (url !== null) return toServer(url, connector);
  const project = findProject(request.directory);
  if (project !== null) return withFailover(() => forPeople(() => toProject(project, request, connector)), project.home);
  return toDemo(request, connector);
}

async function toServer(given: string, connector: Connector): Promise<Connection> {
  if (!URL.canParse(given) || !/^https?:$/.test(new URL(given).protocol)) {
    throw new CliError(EXIT.usage, `${given} is not an address of a server`, "Write it as http://127.0.0.1:7700, in --url or SLUICE_URL");
  }
  const { env } = connector;
  const origin = new URL(given).origin;
  const secret = secretOf(env["SLUICE_TOKEN"]);
  const known = secret === null ? await findServer(origin, env) : null;
  // The token that was found belongs to the address that it was found under, and goes nowhere else.
  const api = { baseUrl: known?.url ?? origin, actor: currentUser(env), ...tokenOf(secret ?? known?.token ?? null) };
  return reached(api, connector.patience ?? null);
}

const tokenOf = (token: string | null): { token?: string } => (token === null ? {} : { token });

/** `secret` or `name:secret`, the first of several: what a server was started with serves its user's CLI as well. */
function secretOf(text: string | undefined): string | null {
  const first = text?.split(",")[0]?.trim() ?? "";
  return first === "" ? null : first.slice(first.indexOf(":") + 1);
}

/** A connection to a process that answers. */
async function reached(api: ClientOptions, signal: AbortSignal | null = null): Promise<Connection> {
  const client = createClient(api);
  await answer(client.GET("/api/v1/health", signal ? { signal } : {}));
  return { client, api, drivenBy: "server", close: async () => {} };
}

async function toProject(project: Project, request: ConnectRequest, connector: Connector): Promise<Connection> {
  const watching = watchLease(project.home);
  try {
    return await toWhoeverHasIt(project, request, connector, watching);
  } finally {
    watching.stop();
  }
}

async function toWhoeverHasIt(project: Project, request: ConnectRequest, connector: Connector, watching: Watching): Promise<Connection> {
  const deadline = performance.now() + Math.max(PATIENCE, fenceOf(connector.env) + PATIENCE / 3);
  for (;;) {
    const connection =
      (await toOwner(project, request, connector)) ??
      (await (await import("./own.ts")).asOwner(project, request, connector, watching.lapsed()));
    if (connection !== null) return connection;
    const owner = await readOwner(project.home);
    if (performance.now() > deadline || connector.interrupted.aborted) {
      throw new CliError(
        EXIT.noServer,
        `${owner ? `Process ${owner.pid}` : "Another process"} has the store in ${project.home} and does not answer`,
        "Wait until it has ended, or end it",
      );
    }
    await pause(LOOK_AGAIN);
  }
}

/** The process that has the store; null where there is none, or it does not answer (yet). */
async function toOwner({ home }: Project, { need }: ConnectRequest, { env }: Connector): Promise<Connection | null> {
  const owner = await readOwner(home);
  if (owner === null || owner.url === null || owner.token === null) return null;
  // Servers are noted, commands are not.
  if (need === "stay" && (await findServer(owner.url, env)) === null) {
    throw new CliError(
      EXIT.noServer,
      `Process ${owner.pid}, which has the store, is a command that will end`,
      "For --no-wait, start a server: sluice serve",
    );
  }
  try {
    // One that has been stopped takes connections and answers none.
    return await reached({ baseUrl: owner.url, token: owner.token, actor: currentUser(env) }, AbortSignal.timeout(ANSWER_MS));
  } catch (error) {
    if (error instanceof CliError && error.exit === EXIT.noServer) return null;
    throw error;
  }
}

/** Where the demo may be, the first that runs: so that its commands work from where it was started. */
export function demoDirectories(directory: string, env: Connector["env"]): readonly string[] {
  const named = env["SLUICE_DEMO_DIR"];
  return named ? [resolve(directory, named)] : [...new Set([join(directory, ".demo"), join(PACKAGE, ".demo")])];
}

async function toDemo(request: ConnectRequest, connector: Connector): Promise<Connection> {
  for (const demo of demoDirectories(request.directory, connector.env)) {
    const project = projectAt(join(demo, "harbor"));
    const connection = existsSync(project.home) ? await toOwner(project, request, connector) : null;
    if (connection !== null) return connection;
  }
  throw new CliError(
    EXIT.noServer,
    `${request.directory} is in no project (there is no sluice.yaml in it or above it), and no server is named`,
    isInRepository(request.directory)
      ? "Write a sluice.yaml with `sluice init`; or name a server in SLUICE_URL, or start the demo with `sluice demo`"
      : "Go to a repository with a sluice.yaml; or name a server in SLUICE_URL, or start the demo with `sluice demo`",
  );
}
