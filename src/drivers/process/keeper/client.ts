import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, statSync, truncateSync } from "node:fs";
import { request as send } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { hostVariables } from "../../../host/environment.ts";
import { codeOf } from "../../../host/errors.ts";
import { readText } from "../../../host/files.ts";
import { isAlive } from "../../../host/processes.ts";
import { HOST } from "./ports.ts";
import type { Act, Contact, Requests } from "./protocol.ts";

const PROGRAM = fileURLToPath(import.meta.resolve("./main.ts")).replace(/\.ts$/, import.meta.url.endsWith(".ts") ? ".ts" : ".js");
/** A keeper that takes over first ends what an earlier one left undecided, which takes its grace. */
const START_MS = 20_000;
const LOOK_MS = 25;
const GONE_MS = 1000;
const SPAWN_EVERY_MS = 1500;
const LOG_LIMIT = 1024 * 1024;

/** A keeper cannot be reached: what is true of its services is not known. */
export class KeeperError extends Error {
  override readonly name = "KeeperError";
}
/** The connection ended without an answer; what was asked may have been done. */
class Unanswered extends Error {}

export function keeperDirectory(home: string, environment: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(environment))
    throw new KeeperError(`${JSON.stringify(environment)} cannot be an environment's name`);
  return join(home, "drivers", "process", environment);
}

/** Asks the environment's keeper, which is started where none runs. Everything that can be asked may be asked twice, so that a keeper that is killed meanwhile is followed by the next. */
export async function ask<A extends Act>(
  directory: string,
  act: A,
  body: Requests[A]["ask"],
  signal: AbortSignal,
): Promise<Requests[A]["answer"]> {
  for (let tries = 1; ; tries++) {
    const contact = await running(directory, signal);
    try {
      return (await post(contact, act, body, signal)) as Requests[A]["answer"];
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof Unanswered) || tries === 3) throw error;
      await gone(directory, contact, signal);
    }
  }
}

/** A process that was just killed closes its port before it is gone: asking it again at once would use up the tries. Bounded, since one that lives may have dropped the connection. */
async function gone(directory: string, { pid, start }: Contact, signal: AbortSignal): Promise<void> {
  for (const begun = performance.now(); performance.now() - begun < GONE_MS; await sleep(LOOK_MS, undefined, { signal })) {
    const now = contactOf(directory);
    if (now?.pid !== pid || now.start !== start) return;
  }
}

/** The keeper that runs, without starting one; null where none does. */
export function contactOf(directory: string): Contact | null {
  const contact = JSON.parse(readText(join(directory, "keeper.json")) ?? "null") as Contact | null;
  return contact !== null && isAlive(contact) ? contact : null;
}

async function running(directory: string, signal: AbortSignal): Promise<Contact> {
  const begun = performance.now();
  for (let spawned = -Infinity; performance.now() - begun < START_MS; await sleep(LOOK_MS, undefined, { signal })) {
    const contact = contactOf(directory);
    if (contact !== null) return contact;
    if (performance.now() - spawned < SPAWN_EVERY_MS) continue;
    start(directory);
    spawned = performance.now();
  }
  const printed = (readText(join(directory, "keeper.log")) ?? "").trimEnd().split("\n").slice(-5).join("\n");
  throw new KeeperError(`the keeper of ${directory} did not start within ${START_MS / 1000} s; keeper.log there says:\n${printed}`);
}

/** A session of its own, with nothing of the attempt that starts it: neither its environment, by which what it leaves is found and ended, nor its files. Of two that come at once one stays. */
function start(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, "keeper.log");
  const output = openSync(path, "a", 0o600);
  try {
    if (statSync(path).size > LOG_LIMIT) truncateSync(path);
    spawn(process.execPath, [PROGRAM, directory], {
      cwd: directory,
      detached: true,
      stdio: ["ignore", output, output],
      env: { ...hostVariables(), SLUICE_KEEPER: directory },
    }).unref();
  } finally {
    closeSync(output);
  }
}

export function post(contact: Contact, act: Act, body: unknown, signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${contact.token}`, "content-type": "application/json" };
    const request = send({ host: HOST, port: contact.port, path: `/${act}`, method: "POST", headers, agent: false, signal }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("error", (error) => reject(new Unanswered(error.message)));
      response.once("end", () => {
        const value: unknown = JSON.parse(Buffer.concat(chunks).toString("utf8"));
        if (response.statusCode === 200) resolve(value);
        else if (response.statusCode === 401) reject(new Unanswered(String(value))); // its port is another's by now
        else reject(new KeeperError(`the keeper: ${String(value)}`));
      });
    });
    request.once("error", (error) => reject(codeOf(error) === "ABORT_ERR" ? error : new Unanswered(error.message)));
    request.end(JSON.stringify(body));
  });
}
