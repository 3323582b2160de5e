import { Option, type Command } from "commander";
import type { Schemas } from "../../contract/client.ts";
import type { Connection } from "../context.ts";
import { CliError, EXIT, type ExitCode } from "../exit.ts";
import { follow } from "../follow/follow.ts";
import { environmentOption, examples, said, servicesOption, yesOption } from "../options.ts";
import type { Perform } from "../perform.ts";
import type { Session } from "../session.ts";
import { approvedText, gatesOf, pendingApprovals } from "./approvals.ts";
import { decide, decisionText, type Decision } from "./decide.ts";

type Options = {
  readonly env: string;
  readonly comment?: string;
  readonly expect?: string;
  readonly only?: string[];
  readonly except?: string[];
  readonly emergency?: boolean;
  readonly reason?: string;
  readonly yes?: boolean;
};

export function addApprove(program: Command, perform: Perform): void {
  const command = program
    .command("approve")
    .description(
      "Approve a commit in an environment: every gate that waits for it, in all runs, in one act. Shows the set, the commits that come with it and what they change first",
    )
    .argument("<commit>", "the commit, which may be abbreviated")
    .addOption(environmentOption())
    .addOption(servicesOption("--only <service...>", "only these services (may be repeated; commas separate)"))
    .addOption(servicesOption("--except <service...>", "all that wait but these services").conflicts("only"))
    .option("--comment <text>", "a word for the record")
    .option("--expect <fingerprint>", "refuse if what waits is not what was seen (`set` in `sluice approvals --json`)")
    .option("--emergency", "as a person whom policy names for emergencies: passes alone, to be reviewed afterwards; needs --reason")
    .addOption(new Option("--reason <text>", "why it is an emergency, for the record").argParser(said).conflicts("comment"))
    .addOption(yesOption())
    .action(perform(approve));
  examples(command, [
    ["sluice approve 4f9c2d1 --env mainnet", "show it, ask, approve"],
    ["sluice approve 4f9c2d1 --env mainnet --except indexer", "all that waits but one service"],
    ['sluice approve 4f9c2d1 --env mainnet --yes --comment "looked at canary"', "for scripts"],
    ['sluice approve 4f9c2d1 --env mainnet --emergency --reason "checkout is down"', "at 3 am, by who is named for it"],
  ]);
}

async function approve(session: Session, commit: string, options: Options): Promise<ExitCode> {
  const { env: environment, expect = null, only = null, except = null, emergency = false, reason, yes } = options;
  if (emergency && reason === undefined)
    throw new CliError(EXIT.usage, "--emergency needs a --reason", "It is kept with the decision, to be reviewed afterwards");
  if (!emergency && reason !== undefined)
    throw new CliError(EXIT.usage, "--reason belongs to --emergency", "A word for the record is --comment");
  const connection = await session.connect("drive");
  const comment = reason ?? options.comment ?? null;
  const decision: Decision = { verdict: "approved", commit, environment, comment, expect, only, except, emergency, yes };
  const recorded = await decide(session, connection, decision);
  if (session.json) session.printJson({ commit, environment, ...recorded });
  else session.print(decisionText(decision, recorded));
  await sayWhatIsMissing(session, connection, decision, recorded);
  if (connection.drivenBy === "server") return EXIT.done;

  // Nobody else has the store: what was opened is driven from here, to its end or its next gate.
  let exit: ExitCode = EXIT.done;
  for (const run of recorded.runs) {
    const followed = await follow(session, run, { waits: false });
    if (followed.exit === EXIT.interrupted) return followed.exit;
    if (followed.exit === EXIT.failed) exit = EXIT.failed;
  }
  return exit;
}

/** Where others must approve too. */
async function sayWhatIsMissing(
  session: Session,
  connection: Connection,
  { environment }: Decision,
  { runs }: Schemas["DecisionAnswer"],
): Promise<void> {
  const waiting = (await pendingApprovals(connection)).filter((gate) => gate.environment === environment && runs.includes(gate.run));
  for (const gate of gatesOf(waiting.filter(({ approved, count }) => approved.length > 0 && approved.length < count)))
    session.say(`approved by ${approvedText(gate)}: it goes on when the others have approved too`);
}
