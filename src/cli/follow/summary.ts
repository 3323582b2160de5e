import type { Schemas } from "../../contract/client.ts";
import { shortCommit } from "../../contract/explain.ts";
import type { Connection } from "../context.ts";
import { CliError, EXIT, type ExitCode } from "../exit.ts";
import { paintStatus } from "../output/paint.ts";
import { duration, safeLog } from "../output/text.ts";
import type { Session } from "../session.ts";
import { lastLines } from "./logs.ts";
import { moreOf, stepLine, tally } from "./reporter.ts";
import { hasEnded, type RunDetail, type Step } from "./view.ts";

/** Steps that are named at the end; the rest is counted. */
const MOST_STEPS = 20;
const MOST_LOGS = 3;
const LOG_LINES = 15;

export function exitOf(status: Schemas["RunStatus"]): ExitCode {
  return status === "succeeded" ? EXIT.done : EXIT.failed;
}

/** How a run ended: in a line, then each step that did not succeed and why, with the end of the log where an attempt failed and did not explain itself. */
export async function summarise(session: Session, connection: Connection, run: RunDetail): Promise<void> {
  const { colors } = session;
  session.say(headline(session, run));
  const told = run.steps.filter(isTold);
  for (const [index, step] of told.slice(0, MOST_STEPS).entries()) {
    session.say(`  ${stepLine(step, colors)}`);
    const unexplained = (step.status === "failed" || step.status === "errored") && moreOf(step).length === 0;
    if (index < MOST_LOGS && unexplained) await showLog(session, connection, step);
  }
  if (told.length > MOST_STEPS) session.say(`  and ${told.length - MOST_STEPS} more: sluice run show ${run.id}`);
}

function headline(session: Session, run: RunDetail): string {
  const counts = Object.entries(tally(run.steps)).map(([status, number]) => `${number} ${status}`);
  const time = run.endedAt === null ? "" : ` in ${duration(Date.parse(run.endedAt) - Date.parse(run.createdAt))}`;
  const stopped = run.stopped ? ` by ${run.stopped.by}${run.stopped.reason ? `: ${run.stopped.reason}` : ""}` : "";
  const status = paintStatus(run.status, session.colors);
  return `${session.colors.bold(`run ${run.id}`)} (${run.kind} ${shortCommit(run.commit)}) ${status}${time}${stopped}: ${counts.join(", ")}`;
}

/** What went well is in the headline; what follows from a step that is told is told where there is room. A skipped step is told where there is a command that goes on from it. */
function isTold(step: Step): boolean {
  if (!hasEnded(step) || step.status === "succeeded") return false;
  return step.status === "skipped" ? step.reason?.command !== undefined && step.kind !== "verify" && step.kind !== "soak" : true;
}

async function showLog(session: Session, connection: Connection, step: Step): Promise<void> {
  const attempt = step.attempts.at(-1);
  if (!attempt) return;
  try {
    const lines = await lastLines(connection, attempt.id, LOG_LINES);
    for (const line of lines) session.say(`    ${session.colors.dim("|")} ${safeLog(line, false)}`);
  } catch (error) {
    // The outcome is known; a log that is gone must not hide it.
    if (!(error instanceof CliError)) throw error;
    session.say(`    ${session.colors.dim(`| (no log: ${error.message})`)}`);
  }
}
