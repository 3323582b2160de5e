import type { Command } from "commander";
import { CliError, EXIT, type ExitCode } from "../exit.ts";
import { attemptLog } from "../follow/logs.ts";
import { hasEnded, type RunDetail, type Step } from "../follow/view.ts";
import { fetchRun, watchRun } from "../follow/watch.ts";
import { examples } from "../options.ts";
import { safeLog } from "../output/text.ts";
import type { Perform } from "../perform.ts";
import type { Session } from "../session.ts";

type Options = { readonly follow?: boolean };

export function addRunLogs(run: Command, perform: Perform): void {
  const command = run
    .command("logs")
    .description("Print the logs of a run's attempts, or of one step's")
    .argument("<run>", "the run's id")
    .argument("[step]", "the step's id, such as deploy:api@mainnet")
    .option("-f, --follow", "go on until the run, or the step, has ended")
    .action(perform(logs));
  examples(command, [
    ["sluice run logs 42", "of every step, one after the other"],
    ["sluice run logs 42 deploy:api@mainnet --follow", "of one step, live"],
    ["sluice run logs 42 --json", "as a list of {step, attempt, text}"],
  ]);
}

async function logs(session: Session, id: string, step: string | undefined, options: Options): Promise<ExitCode> {
  const connection = await session.connect("read");
  const run = await fetchRun(connection, id);
  const steps = stepsOf(run, step);
  if (options.follow && !session.json && !(step === undefined ? hasEnded(run) : steps.every(hasEnded)))
    return followLogs(session, id, step ?? null);
  const attempts = steps.flatMap((one) => one.attempts.map((attempt) => ({ step: one.id, attempt: attempt.id })));
  const collected: { step: string; attempt: string; text: string }[] = [];
  for (const { step: of, attempt } of attempts) {
    if (!session.json && attempts.length > 1) session.print(session.colors.bold(`== ${of}, attempt ${attempt}`));
    let text = "";
    for await (const piece of attemptLog(connection, attempt, null)) {
      if (session.json) text += piece;
      else session.context.stdout.write(shown(session, piece));
    }
    if (session.json) collected.push({ step: of, attempt, text });
  }
  if (session.json) session.printJson(collected);
  else if (attempts.length === 0) session.note(`Nothing of ${step ?? `run ${id}`} has been tried yet`);
  return EXIT.done;
}

function stepsOf(run: RunDetail, step: string | undefined): readonly Step[] {
  if (step === undefined) return run.steps;
  const found = run.steps.filter((one) => one.id === step);
  if (found.length === 0) throw new CliError(EXIT.usage, `Run ${run.id} has no step ${step}`, `Its steps: sluice run show ${run.id}`);
  return found;
}

/** Colours of the tools that wrote it, where someone sees them; a file gets the bytes as they are. */
const shown = (session: Session, text: string): string =>
  session.context.stdout.isTTY ? safeLog(text, session.colors.isColorSupported) : text;

/** All attempts' logs as they are written, lines of several steps with the step's name before them. */
async function followLogs(session: Session, id: string, only: string | null): Promise<ExitCode> {
  const { interrupted } = session.context;
  const connection = await session.connect("read");
  const tails = new Map<string, Promise<void>>();
  const tail = async (step: string, attempt: string): Promise<void> => {
    const prefix = only === null ? `${session.colors.dim(`${step} |`)} ` : "";
    let rest = "";
    for await (const text of attemptLog(connection, attempt, interrupted)) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) session.print(`${prefix}${shown(session, line)}\n`);
    }
    if (rest !== "") session.print(`${prefix}${shown(session, rest)}\n`);
  };
  for await (const { view } of watchRun(session, "read", id, interrupted)) {
    const steps = view.steps.filter((step) => only === null || step.id === only);
    for (const step of steps) {
      for (const { id: attempt } of step.attempts) if (!tails.has(attempt)) tails.set(attempt, tail(step.id, attempt));
    }
    if (steps.every(hasEnded)) break;
  }
  const results = await Promise.allSettled(tails.values());
  if (interrupted.aborted) return EXIT.interrupted;
  for (const result of results) if (result.status === "rejected") throw result.reason;
  return EXIT.done;
}
