import { Option, type Command } from "commander";
import { idempotencyKey } from "../../contract/client.ts";
import { answer } from "../api.ts";
import { CliError, EXIT, type ExitCode } from "../exit.ts";
import { examples, said, yesOption } from "../options.ts";
import type { Perform } from "../perform.ts";
import type { Session } from "../session.ts";

type Options = { readonly applied?: boolean; readonly notApplied?: boolean; readonly reason: string; readonly yes?: boolean };

export function addRunSettle(run: Command, perform: Perform): void {
  const command = run
    .command("settle")
    .description("Say what is true of a target after an attempt on it was lost, where its driver cannot tell")
    .argument("<target>", "the target, such as api@mainnet")
    .option("--applied", "what the lost attempt was to apply is there")
    .addOption(new Option("--not-applied", "it is not; what was there before still is").conflicts("applied"))
    .addOption(new Option("--reason <text>", "how you know, for the record").argParser(said).makeOptionMandatory())
    .addOption(yesOption())
    .action(perform(settle));
  examples(command, [['sluice run settle api@mainnet --not-applied --reason "looked at the host"', "the target is known again"]]);
}

async function settle(session: Session, target: string, options: Options): Promise<ExitCode> {
  if (!options.applied && !options.notApplied)
    throw new CliError(EXIT.usage, "Say --applied or --not-applied", "Look at the target itself first");
  const applied = options.applied ?? false;
  const { client } = await session.connect("act");
  await session.confirm(`Record that the lost attempt ${applied ? "was" : "was not"} applied to ${target}?`, options.yes);
  const settled = await answer(
    client.POST("/api/v1/targets/{id}/settle", {
      params: { path: { id: target }, header: { "idempotency-key": idempotencyKey() } },
      body: { applied, reason: options.reason },
    }),
  );
  if (session.json) session.printJson(settled);
  else session.print(`${target} is known again: ${applied ? "applied" : "not applied"}`);
  return EXIT.done;
}
