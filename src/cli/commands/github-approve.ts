import { Option, type Command } from "commander";
import { shortCommit } from "../../contract/explain.ts";
import type { GateDecision, ReviewedGate, WaitingGates } from "../../contract/gates.ts";
import { CliError, EXIT, type ExitCode } from "../exit.ts";
import { environmentsOption, examples, repoOption, said, yesOption } from "../options.ts";
import { table } from "../output/table.ts";
import { ago, count, listed, safe } from "../output/text.ts";
import type { Perform } from "../perform.ts";
import type { Session } from "../session.ts";

type Options = {
  readonly env?: string[];
  readonly repo?: string;
  readonly comment?: string;
  readonly reject?: boolean;
  readonly yes?: boolean;
};

export function addGithubApprove(group: Command, perform: Perform): void {
  const command = group
    .command("approve")
    .description(
      "Approve a commit at GitHub's gates: everything that waits for it, over all workflow runs, in one act and as you. Shows the list first. Your token is that of GH_TOKEN, or of gh auth login",
    )
    .argument("<commit>", "the commit, which may be abbreviated, or a tag", said)
    .addOption(environmentsOption())
    .addOption(new Option("--comment <text>", "a word for the record").argParser(said))
    .option("--reject", "reject it instead; needs --comment")
    .addOption(repoOption())
    .addOption(yesOption())
    .action(perform(approve));
  examples(command, [
    ["sluice github approve 4f9c2d1", "show all that waits for it, ask, approve"],
    ["sluice github approve v1.4.0 --env mainnet", "only the gate of mainnet"],
    ['sluice github approve 4f9c2d1 --reject --comment "canary has errors"', "reject it"],
  ]);
}

async function approve(session: Session, given: string, options: Options): Promise<ExitCode> {
  const { env: environments = null, repo: repository = null, comment = "", reject = false, yes } = options;
  if (reject && comment === "") throw new CliError(EXIT.usage, "--reject needs a --comment", "It says to everybody why");
  const decision: GateDecision = {
    state: reject ? "rejected" : "approved",
    comment: comment || `${reject ? "Rejected" : "Approved"} with sluice github approve`,
  };
  const github = await session.context.github({ directory: session.directory, repository });
  const waiting = await session.patiently(github.waiting(given, environments));
  for (const { title, url, why } of waiting.unclear)
    session.warn(`"${safe(title)}" waits too, and is left to you (${safe(why)}): ${safe(url)}`);
  if (waiting.gates.length === 0) return nothingWaits(session, waiting, environments);
  session.say(gatesText(session, waiting));
  await session.confirm(`${reject ? "Reject" : "Approve"} ${waiting.gates.length === 1 ? "this" : `these ${waiting.gates.length}`}?`, yes);
  // Left in its midst with Ctrl-C, it still says what was done.
  const reviewed = await github.review(waiting.gates, decision);
  if (session.json) session.printJson(jsonOf(waiting, reviewed));
  else session.print(reviewedText(session, reviewed));
  const budget = github.budget();
  if (reviewed.some(({ result }) => result === "failed") && budget !== null) session.note(budget);
  if (session.context.interrupted.aborted) return EXIT.interrupted;
  return reviewed.every(({ result }) => result === decision.state || result === "already") ? EXIT.done : EXIT.failed;
}

function nothingWaits(session: Session, waiting: WaitingGates, environments: readonly string[] | null): ExitCode {
  if (session.json) session.printJson(jsonOf(waiting, []));
  const where = environments === null ? "" : ` in ${listed(environments)}`;
  session.note(
    `Nothing waits at a gate for ${shortCommit(waiting.commit)}${where} in ${safe(waiting.repository)}: approved already, or not there yet`,
  );
  return EXIT.failed;
}

/** What waits, each with where it is and who may let it pass. */
function gatesText(session: Session, { repository, commit, gates }: WaitingGates): string {
  const now = session.context.now();
  const rows = gates.map(({ environment, title, workflow, run, startedBy, startedAt, mayApprove, reviewers, url }) => [
    `  ${safe(environment)}`,
    safe(title === "" ? workflow : title),
    String(run),
    `${safe(startedBy)}, ${ago(new Date(startedAt).toISOString(), now)}`,
    mayApprove ? "you" : listed(reviewers.map(safe), 6),
    safe(url),
  ]);
  const head = `${shortCommit(commit)} in ${safe(repository)}: ${count(gates.length, "gate")} of ${count(new Set(gates.map(({ run }) => run)).size, "run")}`;
  return `${head}\n${table(["  ENVIRONMENT", "WORKFLOW", "RUN", "STARTED BY", "MAY APPROVE", "LINK"], rows, session.width)}`;
}

const WORDS: Readonly<Record<ReviewedGate["result"], string>> = {
  approved: "approved",
  rejected: "rejected",
  already: "was already",
  "not-allowed": "you may not",
  gone: "gone",
  failed: "failed",
};

function reviewedText(session: Session, reviewed: readonly ReviewedGate[]): string {
  const { green, red, yellow } = session.colors;
  const colour = (result: ReviewedGate["result"]) =>
    result === "approved" || result === "already" ? green : result === "rejected" ? yellow : red;
  const rows = reviewed.map(({ environment, run, result, why, url }) => [
    `  ${safe(environment)}`,
    String(run),
    { text: WORDS[result], paint: colour(result) },
    why === "" ? safe(url) : safe(why),
  ]);
  return table(["  ENVIRONMENT", "RUN", "RESULT", ""], rows, null);
}

const jsonOf = ({ repository, commit, unclear }: WaitingGates, gates: readonly ReviewedGate[]) => ({
  repository,
  commit,
  gates: gates.map(({ startedAt, ...gate }) => ({ ...gate, startedAt: new Date(startedAt).toISOString() })),
  unclear,
});
