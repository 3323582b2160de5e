import { Option, type Command } from "commander";
import { EXIT, type ExitCode } from "../exit.ts";
import { environmentOption, examples, said, yesOption } from "../options.ts";
import type { Perform } from "../perform.ts";
import type { Session } from "../session.ts";
import { decide, decisionText, type Decision } from "./decide.ts";

type Options = { readonly env: string; readonly reason: string; readonly yes?: boolean };

export function addReject(program: Command, perform: Perform): void {
  const command = program
    .command("reject")
    .description("Reject a commit in an environment: the members behind its gates end as cancelled, with the reason")
    .argument("<commit>", "the commit, which may be abbreviated", said)
    .addOption(environmentOption())
    .addOption(new Option("--reason <text>", "why").argParser(said).makeOptionMandatory())
    .addOption(yesOption())
    .action(perform(reject));
  examples(command, [['sluice reject 4f9c2d1 --env mainnet --reason "wait for the audit"', "nothing of it goes there"]]);
}

async function reject(session: Session, commit: string, options: Options): Promise<ExitCode> {
  const connection = await session.connect("act");
  const decision: Decision = {
    verdict: "rejected",
    commit,
    environment: options.env,
    comment: options.reason,
    expect: null,
    only: null,
    except: null,
    emergency: false,
    yes: options.yes,
  };
  const recorded = await decide(session, connection, decision);
  if (session.json) session.printJson({ environment: options.env, ...recorded });
  else session.print(decisionText(decision, recorded));
  return EXIT.done;
}
