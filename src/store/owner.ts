import { rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { writeWhole } from "../host/files.ts";
import { identify, signal } from "../host/processes.ts";
import { readPrivate } from "./private-file.ts";

/** The process that has the store. `url` and `token`: how to reach it, null until it listens. `startedAt`: what `processStart(pid)` said when it was written. */
export type Owner = { readonly pid: number; readonly url: string | null; readonly token: string | null; readonly startedAt: string };

const schema = z.object({ pid: z.int().positive(), url: z.string().nullable(), token: z.string().nullable(), startedAt: z.string() });
const fileIn = (directory: string): string => join(directory, "owner.json");

/** When a process started, as a text that no later process of the same id has; null where there is none. Windows does not tell: there it is one text for all. */
export function processStart(pid: number): string | null {
  if (process.platform === "win32") return signal(pid, 0) ? "running" : null;
  return identify(pid)?.start ?? null;
}

/** This process as owner. */
export function ownerHere(reach: { readonly url: string; readonly token: string } | null): Owner {
  return { pid: process.pid, url: reach?.url ?? null, token: reach?.token ?? null, startedAt: processStart(process.pid) ?? "" };
}

/** Says who has the store, mode 0600. Only who has taken it writes this. */
export async function writeOwner(directory: string, owner: Owner): Promise<void> {
  writeWhole(fileIn(directory), JSON.stringify(owner));
}

/** Says it anew, where it is still this process's word: one that was deposed leaves the new owner's alone. */
export async function updateOwner(directory: string, owner: Owner): Promise<void> {
  if (await isOfThisProcess(directory)) await writeOwner(directory, owner);
}

/** Who has the store; null where nobody says so, the process is gone (its id may be another's by now), or another user could have written it. */
export async function readOwner(directory: string): Promise<Owner | null> {
  const owner = parseOwner(await readPrivate(fileIn(directory), 0));
  return owner && isAlive(owner) ? owner : null;
}

/** Takes the word back, where it is this process's. */
export async function removeOwner(directory: string): Promise<void> {
  if (await isOfThisProcess(directory)) await rm(fileIn(directory), { force: true });
}

async function isOfThisProcess(directory: string): Promise<boolean> {
  return parseOwner(await readPrivate(fileIn(directory), 0))?.pid === process.pid;
}

export const isAlive = (owner: Pick<Owner, "pid" | "startedAt">): boolean => processStart(owner.pid) === owner.startedAt;

function parseOwner(text: string | null): Owner | null {
  if (text === null) return null;
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
