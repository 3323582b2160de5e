import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ApplyInput, type ApplyResult, type AttemptContext, CommandFailed } from "../../engine/ports/driver.ts";
import { configOf } from "./config.ts";

/** Runs `apply`, or `rollback` on the way back. The command carries the fence itself: `SLUICE_ATTEMPT_ID` is in its environment. */
export async function apply(input: ApplyInput, context: AttemptContext): Promise<ApplyResult> {
  const config = configOf(input.definition, input.digest);
  const command = input.direction === "rollback" ? (config.rollback ?? config.apply) : config.apply;
  const empty = input.directory === null ? await mkdtemp(join(tmpdir(), "sluice-command-")) : null;
  try {
    await context.run(command, { cwd: input.directory ?? empty ?? tmpdir(), env: context.env });
    return { ok: true, url: null };
  } catch (error) {
    // It said no, but not how far it had come; what could not be run or was ended by a signal is for the caller.
    if (error instanceof CommandFailed && error.exitCode !== null) return { ok: false, changed: true, message: error.message };
    throw error;
  } finally {
    if (empty !== null) await rm(empty, { recursive: true, force: true });
  }
}
