import { randomBytes } from "node:crypto";
import { CliError, EXIT } from "../../cli/exit.ts";
import type { CommitId, Digest } from "../../core/config/config.ts";
import type { PlannedArtifact } from "../../core/plan/plan.ts";
import type { AttemptEnd, Executor } from "../../engine/ports/executor.ts";
import { LocalExecutor } from "../../executor/local/index.ts";
import { attemptRegistry } from "../attempt-registry.ts";
import { concurrencyOf } from "../concurrency.ts";
import { ATTEMPT_RUNNER } from "../package-files.ts";
import { followLog } from "./job-log.ts";
import type { Place } from "./place.ts";

/** Between TERM and KILL, in ms: GitHub gives a job that is cancelled ten seconds in all. */
export const GRACE_MS = 4_000;

/** Executes attempts of this job's. */
export const executorOf = ({ root, home, host }: Place): LocalExecutor =>
  new LocalExecutor({
    home: home.directory,
    runner: ATTEMPT_RUNNER,
    source: root,
    concurrency: concurrencyOf(host.env),
    registry: attemptRegistry,
    graceMs: GRACE_MS,
  });

export const newBuild = (): string => `build-${randomBytes(8).toString("hex")}`;

/** An artifact of a commit, made by an attempt whose log is the job's. Rejects with a `CliError` that says why there is none. */
export async function make(place: Place, attempt: string, commit: CommitId, artifact: PlannedArtifact): Promise<Digest> {
  const { interrupted } = place.host;
  const executor = executorOf(place);
  const spec = { kind: "build" as const, id: attempt, run: place.inputs.run.replace("/", "-"), project: place.project, commit, artifact };
  const ended = endOf(executor, spec.id);
  const stop = (): void => void executor.stop(spec.id);
  interrupted.addEventListener("abort", stop);
  try {
    await executor.start(spec);
    if (interrupted.aborted) stop();
    await followLog(executor, spec, place.outputs, new AbortController().signal);
    const end = await ended;
    if (end !== "lost" && end.outcome === "succeeded" && end.digest !== null) return end.digest;
    throw new CliError(
      interrupted.aborted ? EXIT.interrupted : EXIT.failed,
      `The build of ${artifact.name} ${end === "lost" ? "is gone without an outcome" : `${end.outcome}: ${end.message ?? "no message"}`}`,
    );
  } finally {
    interrupted.removeEventListener("abort", stop);
    await executor.close();
  }
}

const endOf = (executor: Executor, attempt: string): Promise<AttemptEnd | "lost"> =>
  new Promise((resolve) => executor.onEnd((id, end) => id === attempt && resolve(end)));
