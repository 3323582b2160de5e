import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Connection, ConnectRequest } from "../cli/context.ts";
import { CliError, EXIT } from "../cli/exit.ts";
import { createClient, type ClientOptions } from "../contract/client.ts";
import { StoreError } from "../engine/ports/store.ts";
import type { Lease } from "../store/lease.ts";
import { readOwner } from "../store/owner.ts";
import { openSqliteStore } from "../store/sqlite.ts";
import { compose, composeReader, type Application } from "./compose.ts";
import { concurrencyOf } from "./concurrency.ts";
import type { Connector } from "./connect.ts";
import { openLog } from "./log.ts";
import { packageVersion } from "./package-files.ts";
import { makeHome, type Project } from "./project.ts";
import { fenceOf } from "./stand-by.ts";
import { currentUser } from "./user.ts";

/** This process, where nobody has the store, or its owner has lapsed (`takeOver`); null where another was faster. */
export async function asOwner(
  project: Project,
  request: ConnectRequest,
  connector: Connector,
  takeOver: Lease | null,
): Promise<Connection | null> {
  if (request.need === "read")
    return takeOver !== null || (await readOwner(project.home)) === null ? asReader(project, request, connector) : null;
  if (request.need === "stay")
    throw new CliError(EXIT.noServer, "--no-wait needs a server that goes on driving the run", "Start one: sluice serve");
  await makeHome(project).catch(() => {}); // what is wrong with the directory, the store says better
  const log = await openLog(project.home, packageVersion(), () => {});
  let application: Application;
  try {
    application = await compose({
      project,
      policyRef: request.policyRef,
      user: currentUser(connector.env),
      tokens: [],
      log: log.write,
      concurrency: concurrencyOf(connector.env),
      deposed: (error) => connector.note(error.message),
      fenceMs: fenceOf(connector.env),
      takeOver,
    });
  } catch (error) {
    log.close();
    if (error instanceof StoreError && error.code === "owned") return null;
    throw error;
  }
  if (takeOver !== null)
    connector.note(
      `Process ${takeOver.pid} has given no sign of life for ${takeOver.fenceMs / 1000} s: this process has taken its store over`,
    );
  const server = await application.listen({ host: "127.0.0.1", port: 0 });
  const close = async (): Promise<void> => {
    await application.close();
    log.close();
  };
  return inProcess(application, server.url, "this process", connector, close);
}

/** Nobody drives, and a command that only looks does not begin to. */
async function asReader(project: Project, request: ConnectRequest, connector: Connector): Promise<Connection> {
  const exists = existsSync(join(project.home, "sluice.db"));
  // Before the first deploy there is nothing to look at but what would be planned.
  const temporary = exists ? null : await mkdtemp(join(tmpdir(), "sluice-"));
  const home = temporary ?? project.home;
  const store = await openSqliteStore(home, { version: packageVersion(), readOnly: exists });
  const remove = async (): Promise<void> => {
    if (temporary !== null) await rm(temporary, { recursive: true, force: true });
  };
  let application: Application;
  try {
    application = await composeReader(
      { project: { ...project, home }, policyRef: request.policyRef, user: currentUser(connector.env), log: () => {} },
      store,
    );
  } catch (error) {
    await store.close();
    await remove();
    throw error;
  }
  const close = async (): Promise<void> => {
    await application.close();
    await remove();
  };
  return inProcess(application, "http://127.0.0.1", "nobody", connector, close);
}

function inProcess(
  application: Application,
  baseUrl: string,
  drivenBy: Connection["drivenBy"],
  { env }: Connector,
  close: () => Promise<void>,
): Connection {
  const api: ClientOptions = { baseUrl, fetch: application.fetch, token: application.ownerToken, actor: currentUser(env) };
  return { client: createClient(api), api, drivenBy, close };
}
