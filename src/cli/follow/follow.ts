import { shortCommit } from "../../contract/explain.ts";
import type { Need } from "../context.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import type { Session } from "../session.ts";
import { liveReporter } from "./live.ts";
import { plainReporter, whyOf, type Reporter } from "./reporter.ts";
import { exitOf, summarise } from "./summary.ts";
import { FOR_A_PERSON, type RunDetail, type RunView, type StepChange } from "./view.ts";
import { fetchRun, watchRun } from "./watch.ts";

export type Followed = { readonly run: RunDetail; readonly exit: ExitCode };

/**
 * Shows a run until it has ended, Ctrl-C, or, where nobody sits before it, until it stands at a gate. Says how it ended, or how to go on.
 * `waits`: stay at an undecided gate; by default where stdout is a terminal.
 */
export async function follow(
  session: Session,
  id: string,
  options: { readonly need?: Need; readonly waits?: boolean } = {},
): Promise<Followed> {
  const { need = "drive", waits = session.context.stdout.isTTY && !session.json } = options;
  const { interrupted } = session.context;
  const reporter = reporterOf(session);
  let view: RunView | null = null;
  const told = new Set<string>();
  try {
    for await (const update of watchRun(session, need, id, interrupted)) {
      const first = view === null;
      view = update.view;
      reporter.changed(view, first ? underWay(view) : update.changes);
      if (view.ended) break;
      if (!view.atGate) continue;
      if (!waits) {
        reporter.close();
        for (const line of gateLines(view)) session.note(line);
        return { run: view.run, exit: EXIT.undecided };
      }
      for (const line of gateLines(view)) {
        if (!told.has(line)) reporter.say(line);
        told.add(line);
      }
    }
  } finally {
    reporter.close();
  }
  const connection = await session.connect(need);
  if (view === null || !view.ended) {
    session.note(
      connection.drivenBy === "server"
        ? `Interrupted. Run ${id} goes on without this command: sluice run watch ${id}, or sluice run cancel ${id}`
        : `Interrupted. Run ${id} stops here and goes on with: sluice run watch ${id}`,
    );
    return { run: view?.run ?? (await fetchRun(connection, id)), exit: EXIT.interrupted };
  }
  const run = await fetchRun(connection, id);
  await summarise(session, connection, run);
  return { run, exit: exitOf(run.status) };
}

function reporterOf(session: Session): Reporter {
  const { stdout, stderr } = session.context;
  if (session.json) return plainReporter((text) => stderr.write(text), session.colors);
  if (stdout.isTTY) return liveReporter(stdout, session.colors, () => session.context.now());
  return plainReporter((text) => stdout.write(text), session.colors);
}

/** What a run that is looked at in its midst is doing. */
const underWay = (view: RunView): readonly StepChange[] =>
  view.steps
    .filter((step) => step.status === "running" || step.status === "waiting")
    .map((step) => ({ at: step.waitingFor?.since ?? step.startedAt ?? view.run.createdAt, step, before: "pending" }));

/** Who or which command ends each wait for a person. */
function gateLines(view: RunView): readonly string[] {
  const lines = view.steps.flatMap((step) => {
    const wait = step.waitingFor;
    if (step.status !== "waiting" || !wait || !FOR_A_PERSON.has(wait.code)) return [];
    if (wait.code === "approval" && step.environment !== undefined) {
      const commit = shortCommit(view.run.commit);
      return [
        `Run ${view.run.id} waits for a decision in ${step.environment}: ${wait.command ?? `sluice approve ${commit} --env ${step.environment}`}`,
      ];
    }
    return [`Run ${view.run.id} ${whyOf(step)}`];
  });
  return [...new Set(lines)];
}
