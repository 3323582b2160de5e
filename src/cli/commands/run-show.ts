import type { Command } from "commander";
import type { Schemas } from "../../contract/client.ts";
import { EXIT } from "../exit.ts";
import { moreOf, stepLine, took, whyOf } from "../follow/reporter.ts";
import { fetchRun } from "../follow/watch.ts";
import { examples } from "../options.ts";
import { paintStatus } from "../output/paint.ts";
import { table } from "../output/table.ts";
import { ago, listed, safe } from "../output/text.ts";
import type { Perform } from "../perform.ts";
import type { Session } from "../session.ts";
import { commitText, runJson } from "./shown.ts";

export function addRunShow(run: Command, perform: Perform): void {
  const command = run
    .command("show")
    .description("Print a run and its steps: what each waits for, or why it ended as it did")
    .argument("<run>", "the run's id")
    .action(
      perform(async (session, id: string) => {
        const detail = await fetchRun(await session.connect("read"), id);
        if (session.json) session.printJson(runJson(detail));
        else session.print(runText(session, detail));
        return EXIT.done;
      }),
    );
  examples(command, [
    ["sluice run show 42", "its steps"],
    ["sluice run show 42 --json", "as {id, kind, status, commit, steps}"],
  ]);
}

/** Whose attempt a step goes by, or who goes by its own. */
function sharedWith(step: Schemas["Step"]): string {
  if (step.joined) return `joined, the attempt is run ${step.joined.run}'s`;
  const others = new Set(step.attempts.at(-1)?.joined.map(({ run }) => run));
  return others.size === 0 ? "" : `shared with ${others.size === 1 ? "run" : "runs"} ${listed([...others])}`;
}

/** Explanations that are printed whole, and what of a reason a table has room for. */
const MOST_EXPLAINED = 10;
const ROOM = 40;

/** What the table cannot say: an explanation of several lines, or one that is cut there. */
function explanations({ width, colors }: Session, { id, steps }: Schemas["RunDetail"]): readonly string[] {
  const long = steps.filter(
    (step) =>
      (step.status === "failed" || step.status === "errored") && (moreOf(step).length > 0 || (width !== null && whyOf(step).length > ROOM)),
  );
  const more = long.length - MOST_EXPLAINED;
  return [
    ...long.slice(0, MOST_EXPLAINED).map((step) => `${stepLine(step, colors)}\n`),
    ...(more > 0 ? [`and ${more} more that failed: sluice run logs ${id}`] : []),
  ];
}

function runText(session: Session, run: Schemas["RunDetail"]): string {
  const { colors } = session;
  const rows = run.steps.map((step) => [
    step.id,
    { text: step.status, paint: (text: string) => paintStatus(step.status, colors, text) },
    step.attempts.length === 0 ? "" : String(step.attempts.length),
    took(step),
    [whyOf(step), sharedWith(step)].filter((text) => text !== "").join("; "),
  ]);
  return [
    `${colors.bold(`run ${run.id}`)}: ${run.kind} ${commitText(run.commit)} ${paintStatus(run.status, colors)}`,
    `started ${ago(run.createdAt, session.context.now())} by ${safe(run.by)}${run.reason ? `: ${safe(run.reason)}` : ""}${run.retryOf ? `, again after run ${run.retryOf}` : ""}`,
    ...(run.cause ? [`answers the failure of ${run.cause.step} in run ${run.cause.run}`] : []),
    ...(run.stopped ? [`${run.stopped.how} by ${safe(run.stopped.by)}${run.stopped.reason ? `: ${safe(run.stopped.reason)}` : ""}`] : []),
    "",
    table(["STEP", "STATUS", "ATTEMPTS", "TOOK", "WHY"], rows, session.width),
    ...explanations(session, run),
  ].join("\n");
}
