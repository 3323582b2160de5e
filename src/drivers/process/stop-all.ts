import { readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isAlive, signal } from "../../host/processes.ts";
import { contactOf, post } from "./keeper/client.ts";
import { endInstance, endStrays } from "./keeper/instance.ts";
import { States } from "./keeper/state.ts";

const STOP_MS = 30_000;
const GRACE_MS = 5000;

/** Ends all instances and keepers of a store's directory and resolves when they are gone. What is live stays on record: `resume` brings it back. */
export async function stopAll(home: string): Promise<void> {
  const parent = join(home, "drivers", "process");
  await Promise.all(environmentsIn(parent).map((environment) => stopKeeper(join(parent, environment))));
}

async function stopKeeper(directory: string): Promise<void> {
  const contact = contactOf(directory);
  if (contact !== null) {
    await post(contact, "stop", {}, AbortSignal.timeout(STOP_MS)).catch(() => null);
    for (const deadline = performance.now() + GRACE_MS; isAlive(contact) && performance.now() < deadline;) await sleep(20);
    if (isAlive(contact)) signal(contact.pid, "SIGKILL");
  }
  // What a keeper that was killed, here or before, has left.
  const left = new States(directory)
    .all()
    .flatMap(({ live, candidate, leaving }) => [live?.instance, candidate, ...leaving].flatMap((one) => (one ? [one] : [])));
  await Promise.all(left.map((one) => endInstance(one, directory, GRACE_MS)));
  await endStrays(directory, new Set());
}

function environmentsIn(parent: string): string[] {
  try {
    return readdirSync(parent, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  } catch {
    return []; // nothing was ever kept here
  }
}
