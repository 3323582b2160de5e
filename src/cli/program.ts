import tab from "@bomb.sh/tab/commander";
import { Command, CommanderError } from "commander";
import { addApprovals } from "./commands/approvals.ts";
import { addApprove } from "./commands/approve.ts";
import { addCi } from "./commands/ci.ts";
import { addDemo } from "./commands/demo.ts";
import { addDeploy } from "./commands/deploy.ts";
import { addDiff } from "./commands/diff.ts";
import { addDoctor } from "./commands/doctor.ts";
import { addDrift } from "./commands/drift.ts";
import { addGithub } from "./commands/github.ts";
import { addHold } from "./commands/hold.ts";
import { addInit } from "./commands/init.ts";
import { addLock } from "./commands/lock.ts";
import { addPin } from "./commands/pin.ts";
import { addPlan } from "./commands/plan.ts";
import { addReject } from "./commands/reject.ts";
import { addRollback } from "./commands/rollback.ts";
import { addRun } from "./commands/run.ts";
import { addRuns } from "./commands/runs.ts";
import { addSchema } from "./commands/schema.ts";
import { addServe } from "./commands/serve.ts";
import { addStatus } from "./commands/status.ts";
import { addUnhold } from "./commands/unhold.ts";
import { addUnlock } from "./commands/unlock.ts";
import { addUnpin } from "./commands/unpin.ts";
import { addValidate } from "./commands/validate.ts";
import type { CliContext } from "./context.ts";
import { EXIT, type ExitCode } from "./exit.ts";
import type { Perform } from "./perform.ts";
import { Session, type GlobalOptions } from "./session.ts";

const adders = [
  addInit,
  addValidate,
  addSchema,
  addPlan,
  addDiff,
  addDeploy,
  addRollback,
  addApprovals,
  addApprove,
  addReject,
  addHold,
  addUnhold,
  addLock,
  addUnlock,
  addPin,
  addUnpin,
  addStatus,
  addDrift,
  addRuns,
  addRun,
  addGithub,
  addServe,
  addDemo,
  addDoctor,
  addCi,
];

/** The commands. `ended` hears each command's exit code. */
export function createProgram(context: CliContext, ended: (exit: ExitCode) => void): Command {
  const program = new Command("sluice")
    .description("Continuous deployment for monorepos: one plan, one approval for a commit, rollback of the recorded set.")
    .version(context.version, "-V, --version", "print the version")
    .option("--json", "print data as JSON, and nothing else, on stdout")
    .option("--no-color", "print without colours (also: NO_COLOR)")
    .option("--url <address>", "the server to talk to (also: SLUICE_URL)")
    .option("-C, --directory <path>", "act as if started there")
    .helpOption("-h, --help", "print help")
    .helpCommand("help [command]", "print help of a command")
    .showHelpAfterError("Add --help for how it is used.")
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
      getOutHelpWidth: () => context.stdout.columns,
      getErrHelpWidth: () => context.stderr.columns,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .exitOverride();

  const perform: Perform =
    <Args extends unknown[]>(handler: (session: Session, ...args: Args) => Promise<ExitCode>) =>
    async (...given: unknown[]) => {
      // Commander hands over the command itself as the last argument.
      const args = given.slice(0, -1) as Args;
      const session = new Session(context, program.opts<GlobalOptions>());
      let exit: ExitCode;
      try {
        exit = await handler(session, ...args);
      } catch (error) {
        exit = session.fail(error);
      }
      try {
        await session.close();
      } catch (error) {
        exit = session.fail(error);
      }
      ended(exit);
    };
  for (const add of adders) add(program, perform);
  // In the list of commands, the first sentence.
  for (const command of program.commands) command.summary(command.description().split(/[.:] /)[0] ?? "");
  tab(program, { completionCommandName: "completion" });
  return program;
}

/** Runs one command line, without the program's own name. Never rejects; resolves with the exit code. */
export async function runCli(context: CliContext, argv: readonly string[]): Promise<ExitCode> {
  let exit: ExitCode = EXIT.done;
  const program = createProgram(context, (code) => {
    exit = code;
  });
  try {
    await program.parseAsync([...argv], { from: "user" });
    return exit;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    return new Session(context, { color: true }).fail(error);
  }
}
