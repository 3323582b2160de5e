import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Observed } from "../../core/run/events.ts";
import { type ApplyInput, type ApplyResult, type AttemptContext, CommandFailed } from "../../engine/ports/driver.ts";
import { readText, writeDurably } from "../../host/files.ts";
import { keeperDirectory } from "./keeper/client.ts";

/** A job's last success: all that there is to observe of it. */
type Done = { readonly commit: string; readonly digest: string | null; readonly attempt: string };

/** Runs a job to its end; its exit code decides. An attempt that has succeeded is not run again. */
export async function runJob(input: ApplyInput, command: readonly string[], cwd: string, context: AttemptContext): Promise<ApplyResult> {
  const { service, environment } = input.definition;
  const path = fileOf(context.home, environment, service);
  if (lastDone(path)?.attempt === input.attempt) return { ok: true, url: null };
  try {
    await context.run(command, { cwd, env: context.env });
  } catch (error) {
    if (error instanceof CommandFailed && error.exitCode !== null) return { ok: false, changed: true, message: error.message };
    throw error;
  }
  mkdirSync(join(path, ".."), { recursive: true, mode: 0o700 });
  writeDurably(path, JSON.stringify({ commit: input.commit, digest: input.digest, attempt: input.attempt } satisfies Done));
  return { ok: true, url: null };
}

export function observeJob(home: string, environment: string, service: string): Observed {
  const done = lastDone(fileOf(home, environment, service));
  return done === null ? { kind: "absent" } : { kind: "live", ...done, health: "none", url: null };
}

const fileOf = (home: string, environment: string, service: string): string =>
  join(keeperDirectory(home, environment), "jobs", `${service}.json`);

function lastDone(path: string): Done | null {
  return JSON.parse(readText(path) ?? "null") as Done | null;
}
