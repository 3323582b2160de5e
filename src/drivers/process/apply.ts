import { mkdir, realpath } from "node:fs/promises";
import { isAbsolute, join, relative, sep } from "node:path";
import type { ApplyInput, ApplyResult, AttemptContext } from "../../engine/ports/driver.ts";
import { settingsOf } from "./config.ts";
import { runJob } from "./job.ts";
import { ask, keeperDirectory } from "./keeper/client.ts";
import type { Release } from "./keeper/state.ts";

const CANCEL_MS = 3000;

/** Hands the release to the environment's keeper, which starts it beside what is live and switches when it is healthy. A job runs here, to its end. */
export async function apply(input: ApplyInput, context: AttemptContext): Promise<ApplyResult> {
  const settings = settingsOf(input.definition, input.digest);
  const cwd = await workingDirectory(input, settings.directory, context.home);
  if (input.definition.job) return await runJob(input, settings.command, cwd, context);
  const { SLUICE_ATTEMPT_ID: _, ...env } = context.env; // by which what the attempt leaves behind is found and ended: services are to stay
  const { command, health, port, readyTimeoutMs } = settings;
  const release: Release = {
    attempt: input.attempt,
    commit: input.commit,
    digest: input.digest,
    command,
    cwd,
    env,
    health,
    port,
    readyTimeoutMs,
  };
  const { service, environment } = input.definition;
  context.log(`starting \`${command.join(" ")}\` for ${input.target}`);
  const answer = await applied(keeperDirectory(context.home, environment), service, release, context.signal);
  context.log(
    answer.ok ? `${input.target} serves commit ${input.commit} at ${answer.url}` : `${answer.message}\n${input.target} stays as it was`,
  );
  return answer;
}

async function applied(directory: string, service: string, release: Release, signal: AbortSignal) {
  try {
    return await ask(directory, "apply", { service, release }, signal);
  } catch (error) {
    // What is under way at the keeper must not go live behind the back of an attempt that has been ended.
    if (signal.aborted)
      await ask(directory, "cancel", { service, attempt: release.attempt }, AbortSignal.timeout(CANCEL_MS)).catch(() => null);
    throw error;
  }
}

async function workingDirectory(input: ApplyInput, folder: string, home: string): Promise<string> {
  const { digest, definition } = input;
  if (input.directory === null && digest !== null)
    throw new Error(
      `the artifact ${digest} is not on this host as files: the driver process runs artifacts of the builder bundle; build it again`,
    );
  const root = input.directory ?? join(keeperDirectory(home, definition.environment), "work", definition.service);
  if (input.directory === null) await mkdir(root, { recursive: true });
  const real = await realpath(root);
  const chosen = await realpath(join(real, folder)).catch(() => null);
  if (chosen === null) throw new Error(`the artifact has no folder ${folder}`);
  const way = relative(real, chosen);
  if (way === ".." || way.startsWith(`..${sep}`) || isAbsolute(way)) throw new Error(`the folder ${folder} leads out of the artifact`);
  return chosen;
}
