import type { Command } from "commander";
import { EXIT, type ExitCode } from "../exit.ts";
import { follow } from "../follow/follow.ts";
import { environmentOption, examples, yesOption } from "../options.ts";
import type { Perform } from "../perform.ts";
import type { Session } from "../session.ts";
import { decide, decisionText, type Decision } from "./decide.ts";

type Options = { readonly env: string; readonly comment?: string; readonly expect?: string; readonly yes?: boolean };

export function addApprove(program: Command, perform: Perform): void {
  const command = program
    .command("approve")
    .description("Approve a commit in an environment: every gate that waits for it, in all runs, in one act. Shows what it opens first")
    .argument("<commit>", "the commit, which may be abbreviated")
    .addOption(environmentOption())
    .option("--comment <text>", "a word for the record")
    .option("--expect <fingerprint>", "refuse if what would be applied is not what was seen (see `sluice approvals --json`)")
    .addOption(yesOption())
    .action(perform(approve));
  examples(command, [
    ["sluice approve 4f9c2d1 --env mainnet", "show it, ask, approve"],
    ['sluice approve 4f9c2d1 --env mainnet --yes --comment "looked at canary"', "for scripts"],
  ]);
}

async function approve(session: Session, commit: string, options: Options): Promise<ExitCode> {
  const connection = await session.connect("drive");
  const { env: environment, comment = null, expect = null, yes } = options;
  const decision: Decision = { verdict: "approved", commit, environment, comment, expect, yes };
  const recorded = await decide(session, connection, decision);
  if (session.json) session.printJson({ commit, environment, ...recorded });
  else session.print(decisionText(decision, recorded));
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
