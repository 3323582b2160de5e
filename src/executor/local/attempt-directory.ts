import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { AttemptSpec } from "../../core/run/effects.ts";
import type { AttemptEnd } from "../../engine/ports/executor.ts";
import { codeOf } from "../../host/errors.ts";
import { createOnce, createSynced, readText, syncDirectory, writeDurably } from "../../host/files.ts";
import { identify, type Identity, type Marker } from "../../host/processes.ts";
import { ExecutorError } from "./errors.ts";

/** What the attempt's process is told. Times in ms, sizes in bytes. */
export type AttemptInput = {
  readonly spec: AttemptSpec;
  /** The store's directory. */
  readonly home: string;
  /** Directory of the project, in the git repository that builds are checked out from. */
  readonly source: string;
  readonly graceMs: number;
  readonly logLimit: number;
};

/** Who may carry the attempt out: the process that made it, the orchestrator of this id, or nobody any more, with the end that was decided instead. Made once, never changed. */
export type Claim = Identity | { readonly orchestrator: string } | { readonly fenced: AttemptEnd };

/**
 * The files of one attempt:
 * `input.json` (there before the directory has its name) · `pid.json` (the claim) · `children` (one identity a line) · `log` · `runner.log` (what the process itself prints when it breaks) · `outcome.json` (by rename).
 */
export const filesOf = (directory: string) => ({
  input: join(directory, "input.json"),
  claim: join(directory, "pid.json"),
  children: join(directory, "children"),
  log: join(directory, "log"),
  runnerLog: join(directory, "runner.log"),
  outcome: join(directory, "outcome.json"),
});

export const attemptsDirectory = (home: string): string => join(home, "attempts");

/** The directory of an attempt. Throws `ExecutorError` for an id that could lead elsewhere. */
export function directoryOf(home: string, id: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9_.:@+-]{0,199}$/.test(id))
    throw new ExecutorError("bad-id", `${JSON.stringify(id)} cannot be an attempt's id`);
  return join(attemptsDirectory(home), id);
}

/** Variables that every process of an attempt inherits. The directory goes along because two stores on one host may give out the same id. */
export function markerOf(id: string, directory: string): Marker {
  return { SLUICE_ATTEMPT_ID: id, SLUICE_ATTEMPT_DIR: directory };
}

/** Records an attempt, or finds it recorded: the directory appears with its input or not at all. */
export async function record(home: string, input: AttemptInput): Promise<void> {
  const parent = attemptsDirectory(home);
  const directory = directoryOf(home, input.spec.id);
  await mkdir(parent, { recursive: true, mode: 0o700 });
  const draft = await mkdtemp(join(parent, ".new-"));
  try {
    createSynced(filesOf(draft).input, JSON.stringify(input));
    syncDirectory(draft);
    await rename(draft, directory);
    syncDirectory(parent);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    if (codeOf(error) !== "ENOTEMPTY" && codeOf(error) !== "EEXIST") throw error;
  }
}

export function readInput(directory: string): AttemptInput {
  return JSON.parse(readFileSync(filesOf(directory).input, "utf8")) as AttemptInput;
}

/** Takes the attempt for this process; false where it was taken before. */
export function claim(directory: string): boolean {
  const self = identify(process.pid);
  if (self === null) throw new ExecutorError("failed", "this system does not tell when a process started (no /proc and no ps)");
  return createOnce(filesOf(directory).claim, JSON.stringify(self satisfies Claim));
}

/** Takes the attempt for an orchestrator that carries it out itself; false where it was taken before. */
export function claimFor(directory: string, orchestrator: string): boolean {
  return createOnce(filesOf(directory).claim, JSON.stringify({ orchestrator } satisfies Claim));
}

/** Decides the attempt's end before any process has claimed it; false where one has. A process that comes later finds the claim and leaves. */
export function fence(directory: string, end: AttemptEnd): boolean {
  return createOnce(filesOf(directory).claim, JSON.stringify({ fenced: end } satisfies Claim));
}

export function readClaim(directory: string): Claim | null {
  return readJson(filesOf(directory).claim) as Claim | null;
}

export function writeEnd(directory: string, end: AttemptEnd): void {
  writeDurably(filesOf(directory).outcome, JSON.stringify(end));
}

/** How the attempt ended, or null while it has not, or was lost. */
export function readEnd(directory: string): AttemptEnd | null {
  const end = readJson(filesOf(directory).outcome) as AttemptEnd | null;
  if (end !== null) return end;
  const claimed = readClaim(directory);
  return claimed !== null && "fenced" in claimed ? claimed.fenced : null;
}

/** The process groups that the attempt has recorded; a torn last line, left by a kill, is no record. */
export function readChildren(directory: string): Identity[] {
  return (readText(filesOf(directory).children) ?? "")
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Identity);
}

function readJson(path: string): unknown {
  const text = readText(path);
  return text === null ? null : JSON.parse(text);
}
