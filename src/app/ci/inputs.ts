import { readFileSync } from "node:fs";
import { z } from "zod";
import { CliError, EXIT } from "../../cli/exit.ts";
import type { Digest } from "../../core/config/config.ts";
import type { RunRef } from "../../github/records/record.ts";

type Variables = Readonly<Record<string, string | undefined>>;

/** What a job is told by its environment. */
export type JobInputs = {
  readonly run: RunRef;
  readonly runId: number;
  /** Who acts: whoever has re-run it, else who has started it. */
  readonly actor: string;
  /** Everybody who has started it, or has had it re-run. */
  readonly starters: readonly string[];
  readonly event: string;
  /** The default branch. */
  readonly branch: string;
  /** `origin/main`, as git has it in a checkout of the job. */
  readonly policyRef: string;
  /** The run on GitHub. */
  readonly url: string;
  /** What was asked for; null: nothing. */
  readonly commit: string | null;
  readonly sha: string | null;
  readonly reason: string | null;
};

/** Events whose workflow and commit come from this repository and are started by those who may write to it. Whatever else there is or will be deploys nothing. */
const EVENTS: ReadonlySet<string> = new Set(["push", "workflow_dispatch", "schedule", "repository_dispatch", "release", "workflow_run"]);

const repository = z.object({ full_name: z.string() });
const payload = z.object({
  repository: z.object({ default_branch: z.string().min(1), full_name: z.string() }),
  workflow_run: z.object({ event: z.string(), head_repository: repository.nullable() }).optional(),
});

/** As a checkout has a branch. */
export const branchRef = (branch: string): string => `refs/remotes/origin/${branch}`;

/** Throws `CliError` where a job may not deploy, or GitHub does not say what has to be known. */
export function jobInputs(env: Variables): JobInputs {
  const event = given(env, "GITHUB_EVENT_NAME");
  const about = eventOf(env);
  mayDeploy(event, about);
  const [runId, attempt] = [wholeNumber(env, "GITHUB_RUN_ID"), wholeNumber(env, "GITHUB_RUN_ATTEMPT")];
  const starter = given(env, "GITHUB_ACTOR");
  const actor = env["GITHUB_TRIGGERING_ACTOR"] || starter;
  return {
    run: `${runId}/${attempt}`,
    runId,
    actor,
    starters: [...new Set([starter, actor])],
    event,
    branch: about.repository.default_branch,
    policyRef: branchRef(about.repository.default_branch),
    url: `${env["GITHUB_SERVER_URL"] || "https://github.com"}/${given(env, "GITHUB_REPOSITORY")}/actions/runs/${runId}`,
    commit: env["SLUICE_COMMIT"]?.trim() || null,
    sha: env["GITHUB_SHA"] || null,
    reason: env["SLUICE_REASON"]?.trim() || null,
  };
}

function mayDeploy(event: string, about: z.infer<typeof payload>): void {
  const refuse = (why: string): never => {
    throw new CliError(
      EXIT.notAllowed,
      `Nothing is deployed for ${why}`,
      "Deploy from a push to this repository, or start the workflow by hand",
    );
  };
  if (!EVENTS.has(event)) refuse(`the event ${event}`);
  if (event !== "workflow_run") return;
  const by = about.workflow_run;
  if (by?.head_repository?.full_name !== about.repository.full_name) refuse("a workflow run of another repository");
  if (!EVENTS.has(by?.event ?? "")) refuse(`a workflow run of the event ${by?.event}`);
}

function eventOf(env: Variables): z.infer<typeof payload> {
  const file = given(env, "GITHUB_EVENT_PATH");
  try {
    return payload.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    throw new CliError(
      EXIT.usage,
      `What GitHub says of the event (${file}) cannot be read`,
      "This command runs in a job of GitHub Actions",
      { cause: error },
    );
  }
}

function given(env: Variables, name: string): string {
  const value = env[name];
  if (value) return value;
  throw new CliError(EXIT.usage, `${name} is not set`, "This command runs in a job of GitHub Actions");
}

function wholeNumber(env: Variables, name: string): number {
  const text = given(env, name);
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  throw new CliError(EXIT.usage, `${name}=${text} is no number`, "This command runs in a job of GitHub Actions");
}

/** The commit that a job is about: no job that was started by hand falls back to what the branch has by now. */
export function mustSayCommit({ commit }: JobInputs): string {
  if (commit !== null) return commit;
  throw new CliError(EXIT.usage, "SLUICE_COMMIT is empty", "Give the commit or tag that is meant: the newest one is never assumed");
}

const chunk = z.strictObject({ name: z.string(), services: z.array(z.string()).min(1) });
export type Chunk = z.infer<typeof chunk>;
const waves = z.strictObject({ n: z.array(z.number().int().min(0)), waves: z.array(z.array(chunk)) });
export type Waves = z.infer<typeof waves>;

export const chunkOf = (env: Variables): Chunk => parsed(env, "SLUICE_CHUNK", chunk);
/** Of one environment; null: none were handed over. */
export const wavesOf = (env: Variables, environment: string): Waves | null =>
  env["SLUICE_WAVES"]?.trim() ? (parsed(env, "SLUICE_WAVES", z.record(z.string(), waves))[environment] ?? { n: [], waves: [] }) : null;
/** Digests by the keys of artifacts. */
export const artifactsOf = (env: Variables): Readonly<Record<string, Digest>> =>
  env["SLUICE_ARTIFACTS"]?.trim() ? parsed(env, "SLUICE_ARTIFACTS", z.record(z.string(), z.string().regex(/^sha256:[0-9a-f]{64}$/))) : {};
export const keysOf = (env: Variables): readonly string[] => parsed(env, "SLUICE_KEYS", z.array(z.string()));
export const neededJobs = (env: Variables) =>
  parsed(env, "SLUICE_NEEDS", z.record(z.string(), z.object({ result: z.enum(["success", "failure", "cancelled", "skipped"]) })));

function parsed<T>(env: Variables, name: string, schema: z.ZodType<T>): T {
  const text = given(env, name);
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new CliError(
      EXIT.usage,
      `${name} is not what the job before hands over: ${text.slice(0, 200)}`,
      "Write the workflow files again: sluice github generate",
      {
        cause: error,
      },
    );
  }
}
