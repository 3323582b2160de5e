import { Option, type Command } from "commander";
import type { Schemas } from "../../contract/client.ts";
import { CliError, EXIT, type ExitCode } from "../exit.ts";
import { follow } from "../follow/follow.ts";
import { environmentOption, examples, said, servicesOption, yesOption } from "../options.ts";
import { listed, safe } from "../output/text.ts";
import type { Perform } from "../perform.ts";
import type { Session } from "../session.ts";
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
    .argument("<commit>", "the commit, which may be abbreviated", said)
    .addOption(environmentOption())
    .addOption(servicesOption("--only <service...>", "only these services (may be repeated; commas separate)"))
    .addOption(servicesOption("--except <service...>", "all that wait but these services").conflicts("only"))
    .addOption(new Option("--comment <text>", "a word for the record").argParser(said))
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
  if (session.json) session.printJson({ environment, ...recorded });
  else session.print(decisionText(decision, recorded));
  for (const line of standingLines(recorded.members)) session.say(line);
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

type Standing = Schemas["DecisionAnswer"]["members"][number];

/** Stops by people and policy: whoever approves does not see them otherwise. */
const STOPS: readonly string[] = ["hold", "lock", "freeze"];

/** Where several must approve, who has for which members and what becomes of these; and what stops who may start. */
export function standingLines(members: readonly Standing[]): readonly string[] {
  const said = members.flatMap((member) => {
    const words = standingOf(member);
    return words === null ? [] : [{ target: member.target, words }];
  });
  return [...Map.groupBy(said, ({ words }) => words)].map(
    ([words, all]) => `${listed([...new Set(all.map(({ target }) => target))])}: ${safe(words)}`,
  );
}

function standingOf({ approved, count, open, status, waitingFor }: Standing): string | null {
  const by = `approved by ${approved.length} of ${count}${approved.length === 0 ? "" : ` (${listed(approved)})`}`;
  if (!open) return `${by}: ${count - approved.length} more must approve`;
  const stopped = waitingFor !== undefined && STOPS.includes(waitingFor.code) ? waitingFor.message : null;
  if (count === 1) return stopped;
  const goesOn = status === "pending" || status === "waiting" ? "goes on" : "started";
  return `${by}, ${stopped ?? (waitingFor === undefined ? goesOn : waitingFor.message)}`;
}
